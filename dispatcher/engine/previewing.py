"""What a warning would say, to whom and by what ways, told without issuing it.

Texts come from the callouts that its launch would open and from the letters that would
be written for them: what is shown is what is then sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from channels.contract import Channel
from contacts.model import AddressId, Person, Post, PostRef, UnitId, UnitKind
from dispatcher.core.alert import Alert, Content, Status
from dispatcher.core.callout import Callout, State
from dispatcher.core.fact import AttemptPlanned
from dispatcher.core.plan import audience_of, filling, start_list
from dispatcher.engine.accept import (
    Located,
    Request,
    located,
    rehearsed,
    standing_of,
    submission,
)
from dispatcher.engine.broadcasting import concerned, opening
from dispatcher.engine.compose import (
    Desk,
    Letter,
    Planned,
    crowded_people,
    key_of,
    letters_of,
    new_questions,
    voice_of,
)
from dispatcher.engine.context import Chain, Context
from dispatcher.engine.step import begun
from dispatcher.engine.tying import inherited
from dispatcher.engine.wording import Voice
from dispatcher.store.outbox import About

NOBODY = AddressId("")  # of a text that does not go out now


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What goes out, or would, on one channel.

    :ivar goes: it leaves at the opening; else no route, no address, or it is night
    """

    channel: Channel
    text: str
    about: About
    goes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What one person is told first.

    :ivar units: those he is told about
    """

    person: Person
    post: PostRef
    units: tuple[UnitId, ...]
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How many grids a township has inside the area, and how many people are called."""

    grids: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A warning before it is issued.

    :ivar alert: as it would stand once it was accepted; it is nowhere
    :ivar where: what its areas come to
    :ivar spoken: None where nobody is to be called
    :ivar groups: what each robot would say, by its name
    :ivar townships: by unit; empty for what lies in none
    """

    alert: Alert
    where: Located
    spoken: Spoken | None
    groups: Mapping[str, str]
    townships: Mapping[str, Reach]


def preview(
    connection: Connection,
    context: Context,
    content: Content,
    now: datetime,
    unit: UnitId | None = None,
) -> Preview:
    """Reckon what accepting a warning would do; nothing is written.

    :param unit: whose people's texts are wanted; None: the first grid's
    """
    full = _ready(inherited(connection, content))
    where = located(context, full)
    alert = _accepted(context, full, where, now)
    voice = voice_of(context, alert)
    posts = _posts(context, alert)
    desk = Desk(connection, context, now)
    return Preview(
        alert=alert,
        where=where,
        spoken=_spoken(desk, alert, _of_unit(posts, unit) if unit else posts, posts),
        groups={
            robot: opening(context, voice, units)
            for robot in context.robots
            if (units := concerned(context, robot, alert))
        },
        townships=_townships(context, alert, posts),
    )


def _ready(content: Content) -> Content:
    """A draft is shown as if it were issued."""
    drafted = content.status is Status.DRAFT
    return replace(content, status=Status.ACTUAL) if drafted else content


def _accepted(
    context: Context, content: Content, where: Located, now: datetime
) -> Alert:
    request = Request(
        content=content,
        said=content,
        by="",
        idempotency_key=None,
        may_cancel=False,
        at=now,
    )
    return standing_of(context, submission(context, request, where).alert, where)


def _posts(context: Context, alert: Alert) -> tuple[PostRef, ...]:
    """Its start list, each post once."""
    found = (
        ref
        for content, share in alert.covers
        for ref in start_list(
            context.policies, context.roster, content, map(UnitId, share)
        )
    )
    return tuple(dict.fromkeys(found))


def _of_unit(posts: Sequence[PostRef], unit: UnitId) -> tuple[PostRef, ...]:
    return tuple(ref for ref in posts if ref.unit == unit)


def _spoken(
    desk: Desk, alert: Alert, wanted: Sequence[PostRef], posts: Sequence[PostRef]
) -> Spoken | None:
    """What the first person of these posts hears; a grid lead before all others."""
    roster, now = desk.context.roster, desk.now
    leads = sorted(wanted, key=lambda ref: ref.post is not Post.GRID_LEAD)
    for ref in leads:
        for person in filling(roster, ref, now)[:1]:
            own = [one for one in posts if _fills(desk, person, one)]
            return _said(desk, alert, person, ref, own)
    return None


def _fills(desk: Desk, person: Person, ref: PostRef) -> bool:
    held = filling(desk.context.roster, ref, desk.now)
    return any(one.id == person.id for one in held)


def _said(
    desk: Desk, alert: Alert, person: Person, ref: PostRef, own: Sequence[PostRef]
) -> Spoken:
    context = desk.context
    chains = {alert.chain: Chain()}
    begins = [
        begun(context, first, chains, desk.now)
        for first in rehearsed(context, alert, own)
    ]
    planned = [
        Planned(one.callout, fact)
        for one in begins
        for fact in one.facts
        if isinstance(fact, AttemptPlanned) and fact.person == person.id
    ]
    callouts = [one.callout for one in begins]
    voice = voice_of(context, alert)
    told = all(one.state is State.NOTIFIED for one in callouts)
    texts = _told(voice, callouts, planned) if told else _asked(desk, voice, planned)
    units = tuple(one.unit for one in callouts)
    return Spoken(person=person, post=ref, units=units, texts=tuple(texts))


def _told(
    voice: Voice, callouts: Sequence[Callout], planned: Sequence[Planned]
) -> list[Text]:
    """The texts where nothing is asked."""
    units = [one.unit for one in callouts]
    said = voice.of(units).told(units)
    going = {one.fact.channel for one in planned}
    written = {Channel.SMS: said, Channel.WECHAT: voice.of(units).card(said)}
    return [
        Text(channel=channel, text=text, about=About.INFO, goes=channel in going)
        for channel, text in written.items()
    ]


def _asked(desk: Desk, voice: Voice, planned: Sequence[Planned]) -> list[Text]:
    """A text for each channel, from the letters that would be written."""
    if not planned:
        return []
    missing = {key_of(one): one for one in reversed(planned)}
    asked = {question.key: question for question in new_questions(desk, missing)}
    letters = {one.channel: one for one in letters_of(planned, asked)}
    crowded = crowded_people(desk, asked)
    first = next(iter(letters.values()))
    return [
        _text(letters.get(channel), _unsent(first, channel), voice, crowded)
        for channel in Channel
    ]


def _unsent(like: Letter, channel: Channel) -> Letter:
    """The letter of a channel that says nothing now, as it would be."""
    return replace(like, channel=channel, address=NOBODY)


def _text(
    going: Letter | None, unsent: Letter, voice: Voice, crowded: frozenset[object]
) -> Text:
    letter = going or unsent
    question = letter.question
    code = question.code if question.key in crowded else None
    return Text(
        channel=letter.channel,
        text=letter.text(voice, question.messages + 1, code),
        about=letter.about,
        goes=going is not None,
    )


def _townships(
    context: Context, alert: Alert, posts: Sequence[PostRef]
) -> dict[str, Reach]:
    """What each township has to bear; people of several are counted in each."""
    roster, at = context.roster, alert.received_at
    grids = Counter(
        _township(context, UnitId(unit))
        for unit in alert.inside
        if roster.unit(UnitId(unit)).kind is UnitKind.GRID
    )
    below: dict[str, list[PostRef]] = {}
    for ref in posts:
        below.setdefault(_township(context, ref.unit), []).append(ref)
    return {
        town: Reach(
            grids=grids[town], people=audience_of(roster, tuple(refs), at).people
        )
        for town, refs in sorted(below.items())
    }


def _township(context: Context, unit: UnitId) -> str:
    above = context.roster.above(unit, UnitKind.TOWNSHIP)
    return above.id if above else ""
