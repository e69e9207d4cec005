"""The calling policy as the desk shows it, and the kinds of event it is for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path as File
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import ConfigDict

from config.actions import action_text
from config.explain import explain
from config.hazards import event_name, event_names
from config.idle import NOT_YET
from config.load import PolicyError, PolicyProblem, load_policies
from config.policy import PolicySet
from config.words import LEVELS
from contacts.model import Post
from dispatcher.api.auth import Scope, needs
from dispatcher.api.courses import COLOURS, OccasionView, drawn
from dispatcher.api.front import FrontOf
from dispatcher.api.lookup import POLICY, PageQuery, unknown
from dispatcher.api.problem import answers
from dispatcher.api.views import Page, View, page
from dispatcher.core.alert import Level
from dispatcher.engine.course import Occasion
from dispatcher.engine.tying import group_of

router = APIRouter(prefix="/api/v1", tags=["policies"])

READS = [Depends(needs(Scope.ALERTS_READ))]


class FromPolicy(View):
    """A part of the policy, shown as it is."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class RepeatView(FromPolicy):
    """How own people go on being called; seconds between, and how often so."""

    every: int
    do: list[str]
    most: int
    voice_every: int | None
    voice_most: int


class DeadlinesView(FromPolicy):
    """Seconds from opening; null where nothing is asked."""

    received: int
    first_feedback: int | None
    household_reach: int | None
    report_every: int | None
    final_after_cancel: int | None


class LevelView(FromPolicy):
    """What holds for one level, whatever the kind of event.

    :ivar start_list: posts that are called by themselves
    """

    level: Level
    night_voice: str
    start_list: list[Post]
    repeat: RepeatView
    taken_result: int
    deadlines: DeadlinesView


class KindView(FromPolicy):
    """What a kind of event changes; ``default`` stands for all that are not named."""

    code: str
    name: str
    level_shift: int
    ack: str
    ttl_hours: Mapping[str, int]
    night_voice: Mapping[str, str]
    ladder_first: list[str]
    require: list[str]


class ComplaintView(FromPolicy):
    """What is wrong in the policy file as it lies there now."""

    line: int
    where: str
    what: str
    remedy: str


class PoliciesView(View):
    """The policy in force.

    :ivar version: fingerprint of its file, kept with every callout
    :ivar words: the same in plain words
    :ivar notes: keys of the file that this version does not act on
    :ivar on_disk: version of the file as it lies there now; null: it can't be used
    :ivar complaints: then, why
    """

    name: str
    version: str
    timezone: str
    night_from: str
    night_to: str
    levels: list[LevelView]
    kinds: list[KindView]
    merge_groups: Mapping[str, list[str]]
    words: list[str]
    notes: list[str]
    on_disk: str | None
    complaints: list[ComplaintView]


class LaddersView(View):
    """Ladders by day and by night."""

    version: str
    occasions: list[OccasionView]


class HazardView(View):
    """A kind of event for a menu.

    :ivar group: kinds of one group join one chain; a kind by itself is its own
    :ivar actions: what to do, by level, where a warning does not say it
    """

    code: str
    name: str
    group: str
    actions: Mapping[Level, str]


@router.get("/policies", dependencies=READS, responses=answers(401, 403))
async def show_policies(front: FrontOf) -> PoliciesView:
    """The policy in force, and what is wrong with its file if that has changed."""
    policies = (await front.runtime.keeper.context()).policies
    given = front.runtime.settings.policies.dir
    on_disk, complaints = await asyncio.to_thread(_on_disk, given)
    return PoliciesView(
        name=policies.name,
        version=policies.version,
        timezone=policies.timezone,
        night_from=policies.night_from,
        night_to=policies.night_to,
        levels=[_level(policies, name) for name in policies.levels],
        kinds=_kinds(policies),
        merge_groups={
            name: list(codes) for name, codes in policies.merge_groups.items()
        },
        words=explain(policies),
        notes=[*NOT_YET, *policies.idle],
        on_disk=on_disk,
        complaints=[ComplaintView.model_validate(one) for one in complaints],
    )


def _on_disk(given: File | None) -> tuple[str | None, tuple[PolicyProblem, ...]]:
    """The version of the file as it lies there, or what is wrong with it."""
    try:
        return load_policies(given).version, ()
    except PolicyError as error:
        return None, error.problems


def _level(policies: PolicySet, name: str) -> LevelView:
    level = policies.levels[name]
    return LevelView(
        level=Level(name),
        night_voice=level.night_voice,
        start_list=[Post(post) for post in level.ladders],
        repeat=RepeatView.model_validate(level.repeat),
        taken_result=level.taken_result,
        deadlines=DeadlinesView.model_validate(level.deadlines),
    )


def _kinds(policies: PolicySet) -> list[KindView]:
    every = {"default": policies.default_hazard, **policies.hazards}
    return [
        KindView(
            code=code,
            name=one.name,
            level_shift=one.level_shift,
            ack=one.ack,
            ttl_hours=one.ttl_hours,
            night_voice=one.night_voice,
            ladder_first=list(one.ladder_first),
            require=list(one.require),
        )
        for code, one in every.items()
    ]


@router.get(
    "/policies/{name}",
    dependencies=READS,
    responses=answers(401, 403, 404, 422),
)
async def show_ladders(
    front: FrontOf, name: Annotated[str, Path(max_length=64)]
) -> LaddersView:
    """The ladders of a level, or of a kind of event at all levels; by day and night."""
    context = await front.runtime.keeper.context()
    every = [
        Occasion(level=level, event_code=code, night=night)
        for level, code in _asked(context.policies, name)
        for night in (False, True)
    ]
    return LaddersView(
        version=context.policies.version,
        occasions=[await drawn(front, context, one) for one in every],
    )


def _asked(policies: PolicySet, name: str) -> list[tuple[Level, str]]:
    """What a name stands for; raises the refusal of one that is none."""
    if name in LEVELS:
        return [(Level(name), "")]
    if name in policies.hazards or event_name(name):
        return [(level, name) for level in COLOURS]
    raise unknown(POLICY, name)


@router.get("/hazards", dependencies=READS, responses=answers(401, 403, 422))
async def list_hazards(
    front: FrontOf, query: Annotated[PageQuery, Query()]
) -> Page[HazardView]:
    """Kinds of event by code, with what to do at each level."""
    policies = (await front.runtime.keeper.context()).policies
    named = dict(event_names()) | {
        code: one.name for code, one in policies.hazards.items() if one.name
    }
    after = query.cursor or ""
    codes = sorted(code for code in named if code > after)[: query.limit + 1]
    views = [
        HazardView(
            code=code,
            name=named[code],
            group=group_of(policies, code),
            actions={level: action_text(code, level.value) for level in COLOURS},
        )
        for code in codes
    ]
    return page(views, query.limit, lambda view: view.code)
