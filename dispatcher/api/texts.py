"""What a warning would say, shown while it is still being written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from sqlalchemy import Connection

from channels.contract import Button, Channel
from channels.text import segments
from config.texts import TextName, Texts
from contacts.model import Post, UnitId
from contacts.roster import Roster
from dispatcher.api.advice import warnings
from dispatcher.api.auth import Scope, needs
from dispatcher.api.body import JsonBody, documented
from dispatcher.api.courses import COLOURS, OccasionView, drawn
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.lookup import UNIT, unknown
from dispatcher.api.problem import answers, language, refused
from dispatcher.api.views import View
from dispatcher.core.alert import Alert, AlertState, Level, Load, MsgType, ParkReason
from dispatcher.core.night import night_ends
from dispatcher.core.plan import hours_of
from dispatcher.engine import accept
from dispatcher.engine.context import Context
from dispatcher.engine.course import Occasion
from dispatcher.engine.envelope import buttons_of
from dispatcher.engine.previewing import Preview, Spoken, Text, preview
from dispatcher.engine.wording import spoken_seconds
from dispatcher.intake.form import AlertForm, Sketch, sketch
from dispatcher.intake.problem import problem

router = APIRouter(prefix="/api/v1/texts", tags=["texts"])

READS = [Depends(needs(Scope.ALERTS_READ))]
MISSING_MOST = 1000
SHOWN = (MsgType.ALERT, MsgType.UPDATE)


class SmsView(View):
    """A text message; ``segments`` is what the network counts and charges."""

    text: str
    characters: int
    segments: int
    goes: bool


class CallView(View):
    """A call: its first sentence is said once, the rest twice.

    :ivar opening_seconds: until a key is listened for, about
    :ivar seconds: until all of it was read once, about
    """

    text: str
    opening: str
    opening_seconds: float
    seconds: float
    goes: bool


class ButtonView(View):
    """What can be pressed under a card."""

    text: str
    key: str


class CardView(View):
    """A WeCom card."""

    text: str
    title: str
    body: str
    buttons: list[ButtonView]
    goes: bool


class SpokenView(View):
    """What one person is told first.

    :ivar person: a version of a person
    :ivar units: what he is told about
    :ivar voice: null where nothing is asked: then nobody is rung
    """

    person: str
    post: Post
    unit: str
    units: list[str]
    sms: SmsView | None
    voice: CallView | None
    wechat: CardView | None


class GroupView(View):
    """What a group robot says when all callouts are open."""

    robot: str
    text: str
    bytes: int


class VacantView(View):
    """A post that would be called, and that nobody holds."""

    unit: str
    unit_name: str
    post: Post


class ReachView(View):
    """A township's part; ``unit`` is empty for the county's own posts."""

    unit: str
    name: str
    grids: int
    people: int


class AudienceView(View):
    """Whom it would reach, as accepting it would answer.

    :ivar state: where it would stand; ``reason`` where that is parked
    :ivar missing: the first thousand of ``missing_total`` vacant posts
    """

    state: AlertState
    reason: ParkReason | None
    level: Level
    policy_level: Level
    units: int
    grids: int
    people: int
    missing: list[VacantView]
    missing_total: int
    townships: list[ReachView]
    unresolved: list[str]
    unknown_units: list[str]
    mismatched: list[str]
    capacity: Mapping[str, Load]
    warnings: list[str]


class DrillWords(View):
    """The first words of a drill; empty in what is live."""

    written: str
    spoken: str


class PreviewView(View):
    """A warning before it is issued; nothing has been accepted.

    :ivar absent: what it has to say yet before it can be sent
    :ivar spoken: null where nobody would be called
    :ivar ladders: what would follow silence, by the level it could have, at this hour
    """

    absent: list[str]
    drill: bool
    first_words: DrillWords
    spoken: SpokenView | None
    groups: list[GroupView]
    audience: AudienceView
    ladders: list[OccasionView]


@router.post(
    "/preview",
    dependencies=READS,
    responses=answers(400, 401, 403, 404, 408, 413, 415, 422),
    openapi_extra=documented(AlertForm),
)
async def preview_texts(
    front: FrontOf,
    body: JsonBody,
    unit: Annotated[UnitId | None, Query(max_length=64)] = None,
    accept_language: Annotated[str, Header()] = "",
) -> PreviewView:
    """The exact texts of a warning as it is written so far, and whom it would reach."""
    context, now = await front.runtime.keeper.refresh(), front.now()
    if unit is not None and unit not in context.roster.units:
        raise unknown(UNIT, unit)
    drafted = _sketch(body, now)

    def look(connection: Connection) -> Preview:
        return preview(connection, context, drafted.content, now, unit)

    found = await front.runtime.database.read(look)
    english = language(accept_language) == "en"
    content = found.alert.content
    return PreviewView(
        absent=list(drafted.absent),
        drill=content.drill,
        first_words=_first_words(context.texts, drill=content.drill),
        spoken=_spoken(context.texts, found.spoken) if found.spoken else None,
        groups=[
            GroupView(robot=robot, text=text, bytes=len(text.encode()))
            for robot, text in found.groups.items()
        ],
        audience=_audience(context, found, english=english),
        ladders=await _ladders(front, context, found.alert, now),
    )


def _sketch(body: object, now: datetime) -> Sketch:
    read = sketch(body, now)
    if not isinstance(read, Sketch):
        raise refused(422, *read)
    if read.content.msg_type not in SHOWN:
        expected = ", ".join(SHOWN)
        raise refused(422, problem(("msg_type",), "unknown_value", expected=expected))
    return read


def _first_words(texts: Texts, *, drill: bool) -> DrillWords:
    if not drill:
        return DrillWords(written="", spoken="")
    return DrillWords(
        written=texts.say(TextName.DRILL_WORDS), spoken=texts.say(TextName.DRILL_SPOKEN)
    )


def _spoken(texts: Texts, said: Spoken) -> SpokenView:
    by_channel = {one.channel: one for one in said.texts}
    sms, voice, card = map(by_channel.get, (Channel.SMS, Channel.VOICE, Channel.WECHAT))
    return SpokenView(
        person=said.person.id,
        post=said.post.post,
        unit=said.post.unit,
        units=list(said.units),
        sms=_sms(sms) if sms else None,
        voice=_call(voice) if voice else None,
        wechat=_card(card, buttons_of(texts, card.about)) if card else None,
    )


def _sms(one: Text) -> SmsView:
    return SmsView(
        text=one.text,
        characters=len(one.text),
        segments=segments(one.text),
        goes=one.goes,
    )


def _call(one: Text) -> CallView:
    opening, _, _ = one.text.partition("\n")
    return CallView(
        text=one.text,
        opening=opening,
        opening_seconds=spoken_seconds(opening),
        seconds=spoken_seconds(one.text),
        goes=one.goes,
    )


def _card(one: Text, buttons: tuple[Button, ...]) -> CardView:
    title, _, body = one.text.partition("\n")
    return CardView(
        text=one.text,
        title=title,
        body=body,
        buttons=[ButtonView(text=each.text, key=each.key) for each in buttons],
        goes=one.goes,
    )


def _audience(context: Context, found: Preview, *, english: bool) -> AudienceView:
    alert, roster, whole = found.alert, context.roster, found.where.whole
    return AudienceView(
        state=alert.state,
        reason=alert.reason,
        level=alert.content.level,
        policy_level=alert.policy_level,
        units=len(alert.inside),
        grids=alert.grids,
        people=alert.people,
        missing=[
            VacantView(unit=unit, unit_name=_name(roster, unit), post=Post(post))
            for unit, post in alert.missing[:MISSING_MOST]
        ],
        missing_total=len(alert.missing),
        townships=[
            ReachView(
                unit=unit,
                name=_name(roster, unit),
                grids=reach.grids,
                people=reach.people,
            )
            for unit, reach in found.townships.items()
        ],
        unresolved=list(alert.unresolved),
        unknown_units=list(whole.unknown_units),
        mismatched=list(map(accept.shown, whole.mismatched)),
        capacity=alert.capacity,
        warnings=warnings(context, alert, english=english),
    )


def _name(roster: Roster, unit: str) -> str:
    return roster.unit(UnitId(unit)).name if unit else ""


async def _ladders(
    front: Front, context: Context, alert: Alert, now: datetime
) -> list[OccasionView]:
    night = night_ends(hours_of(context.policies), now) is not None
    code = alert.content.event_code
    every = (Occasion(level=one, event_code=code, night=night) for one in COLOURS)
    return [await drawn(front, context, one) for one in every]
