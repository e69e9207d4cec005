"""Ladders as data for a time axis, shown by policies and previews."""

from __future__ import annotations

import asyncio

from pydantic import ConfigDict

from channels.contract import Channel
from config.words import LEVELS
from contacts.model import Post
from dispatcher.api.front import Front
from dispatcher.api.views import View
from dispatcher.core.alert import Level
from dispatcher.core.callout import Mark, SkipReason, Task, Via
from dispatcher.engine.context import Context
from dispatcher.engine.course import Course, Occasion, courses, policy_level_of

COLOURS = tuple(Level(name) for name in LEVELS)


class Drawn(View):
    """Something of the core's own, shown as it is."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class StepView(Drawn):
    """A try: seconds from the opening, by what; ``why_not``: it is not made."""

    at: int
    channel: Channel
    why_not: SkipReason | None


class FlagView(Drawn):
    """What is put on the board, or raised as a task, at so many seconds."""

    at: int
    name: Mark | Task


class RungView(Drawn):
    """A rung; ``at`` is null where it is never reached by silence."""

    rung: int
    posts: list[Post]
    via: Via
    need: int
    at: int | None
    tries: list[StepView]
    marks: list[FlagView]


class CourseView(Drawn):
    """What becomes of the callout of a post where nobody answers.

    :ivar asks: false: told once, nothing is asked
    :ivar desk_at: when the desk owns it; null: never by itself
    """

    post: Post
    asks: bool
    rungs: list[RungView]
    desk_at: int | None


class OccasionView(View):
    """All ladders of one level and kind of event, by day or by night.

    :ivar policy_level: whose timing holds
    :ivar event_code: empty: every kind that the policy does not name
    """

    level: Level
    policy_level: Level
    event_code: str
    night: bool
    ladders: list[CourseView]


async def drawn(front: Front, context: Context, when: Occasion) -> OccasionView:
    """The ladders of an occasion; reckoned once, for policies don't change."""
    known = when.event_code in context.policies.hazards
    kind = (
        when if known else Occasion(level=when.level, event_code="", night=when.night)
    )
    if kind not in front.courses:
        front.courses[kind] = await asyncio.to_thread(courses, context, kind)
    found: tuple[Course, ...] = front.courses[kind]
    return OccasionView(
        level=kind.level,
        policy_level=policy_level_of(context.policies, kind),
        event_code=kind.event_code,
        night=kind.night,
        ladders=[CourseView.model_validate(one) for one in found],
    )
