"""The journal: what happens beside callouts, in the past tense, never changed.

Each alert has one, and the house has one for its roster, people, keys and exports. Like
facts, entries name people by the id of a version of a person and keys by their names;
none holds a name or a number of a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, assert_never

from contacts.model import HumanId, PersonId, Post, UnitId
from dispatcher.core.alert import Alert, AlertId, AlertState, ChainId, ParkReason
from dispatcher.core.fact import SYSTEM, Happened
from dispatcher.core.officer import OfficerChange, OfficerRole

HOUSE = "house"  # whose journal it is where it is no alert's


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Happened):
    """An alert came in; ``digest`` is the SHA-256 of its content as it is kept."""

    kind: Literal["received"] = "received"
    digest: str
    chain: ChainId
    state: AlertState
    reason: ParkReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended(Happened):
    """What it had left out was filled in; ``digest`` is that of its content now."""

    kind: Literal["amended"] = "amended"
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tied(Happened):
    """It joined a chain."""

    kind: Literal["tied"] = "tied"
    chain: ChainId


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Happened):
    """It is kept without calling anybody: parked, a draft, or not approved yet."""

    kind: Literal["held"] = "held"
    state: AlertState
    reason: ParkReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Released(Happened):
    """It was held, and calls people from now on."""

    kind: Literal["released"] = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved(Happened):
    """An officer let it call that was parked; ``units``: those he chose, if any."""

    kind: Literal["approved"] = "approved"
    reason: str
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched(Happened):
    """All callouts it opens by itself are open."""

    kind: Literal["launched"] = "launched"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskAsked(Happened):
    """The desk was asked whether it goes on."""

    kind: Literal["desk_asked"] = "desk_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed(Happened):
    """It was given a later end."""

    kind: Literal["renewed"] = "renewed"
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Happened):
    """It calls nobody any more; ``state`` says how it ended."""

    kind: Literal["ended"] = "ended"
    state: AlertState
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed(Happened):
    """Somebody was shown what is masked otherwise; ``what``: number, say."""

    kind: Literal["revealed"] = "revealed"
    person: PersonId
    what: str


class RosterChange(StrEnum):
    """What changed the roster."""

    IMPORT = "import"
    EDIT = "edit"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterChanged(Happened):
    """The roster has a new edition.

    :ivar version: the edition's number
    :ivar figures: how much of it changed, by what: ``people_added``, say
    :ivar digest: SHA-256 of what changed: the history vouches for it line by line
    """

    kind: Literal["roster_changed"] = "roster_changed"
    how: RosterChange
    version: int
    figures: Mapping[str, int]
    digest: str


class DutyForm(StrEnum):
    """What is bound to time in a post."""

    ROTATION = "rotation"
    OVERRIDE = "override"
    LEAVE = "leave"


class DutyChange(StrEnum):
    """What became of it."""

    ADDED = "added"
    REPLACED = "replaced"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyChanged(Happened):
    """A rotation, an override or a leave was made, replaced or taken back.

    :ivar number: which; a replaced one keeps it
    :ivar people: as it is now, or was before it was taken back; in order
    :ivar begins: from when it holds; None: from ever
    :ivar ends: up to when; None: without end
    """

    kind: Literal["duty_changed"] = "duty_changed"
    how: DutyChange
    number: int
    form: DutyForm
    unit: UnitId
    post: Post
    people: tuple[HumanId, ...]
    begins: datetime | None
    ends: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErased(Happened):
    """Nobody can read any more who these versions of a person were."""

    kind: Literal["person_erased"] = "person_erased"
    people: tuple[PersonId, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRotated(Happened):
    """A key of the installation was replaced; ``name`` is its file's."""

    kind: Literal["key_rotated"] = "key_rotated"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported(Happened):
    """The proof of an alert's chain was written out."""

    kind: Literal["exported"] = "exported"
    alert: AlertId


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredFrom(Happened):
    """The store was brought back from a backup.

    :ivar backup: what names it
    :ivar taken_at: when it was made; what happened after that is not in here
    """

    kind: Literal["restored_from"] = "restored_from"
    backup: str
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerChanged(Happened):
    """An officer's account was changed.

    :ivar officer: his login name
    :ivar role: the one he has from now on
    """

    kind: Literal["officer_changed"] = "officer_changed"
    officer: str
    what: OfficerChange
    role: OfficerRole


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMade(Happened):
    """An API key was made; ``name`` is what it goes by."""

    kind: Literal["key_made"] = "key_made"
    name: str
    scopes: tuple[str, ...]
    senders: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEnded(Happened):
    """An API key opens nothing any more."""

    kind: Literal["key_ended"] = "key_ended"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchBegun(Happened):
    """The officer it is by watches the desk from now on, 开始值守."""

    kind: Literal["watch_begun"] = "watch_begun"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchEnded(Happened):
    """An officer watches the desk no longer.

    :ivar officer: his login name; somebody else may end it for him
    """

    kind: Literal["watch_ended"] = "watch_ended"
    officer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTried(Happened):
    """An officer tried a channel with a message to his own number.

    :ivar channel: by the name of its section in the configuration
    :ivar message: the one that was sent
    :ivar person: himself, as the roster has him
    """

    kind: Literal["channel_tried"] = "channel_tried"
    channel: str
    message: str
    person: PersonId


Entry = (
    Received
    | Amended
    | Tied
    | Held
    | Released
    | Approved
    | Launched
    | DeskAsked
    | Renewed
    | Ended
    | Revealed
    | RosterChanged
    | DutyChanged
    | PersonErased
    | KeyRotated
    | Exported
    | RestoredFrom
    | OfficerChanged
    | KeyMade
    | KeyEnded
    | WatchBegun
    | WatchEnded
    | ChannelTried
)


def received(alert: Alert, digest: str) -> Received:
    """What is noted of an alert that is new."""
    return Received(
        at=alert.received_at,
        by=alert.received_by,
        digest=digest,
        chain=alert.chain,
        state=alert.state,
        reason=alert.reason,
    )


def passed(before: Alert, after: Alert, digest: str, now: datetime) -> Iterator[Entry]:
    """What has happened to an alert between two of its stands, in its natural order.

    :param digest: of its content as it is after
    """
    if after.chain != before.chain:
        yield Tied(at=now, chain=after.chain)
    if after.content != before.content:
        yield Amended(at=now, digest=digest)
    if (after.state, after.reason) != (before.state, before.reason):
        yield _stand(after, now)
    if after.launched_at and not before.launched_at:
        yield Launched(at=after.launched_at)
    if after.asked_at and after.asked_at != before.asked_at:
        yield DeskAsked(at=after.asked_at)
    if after.renewals and after.renewals[-1:] != before.renewals[-1:]:
        new = after.renewals[-1]
        yield Renewed(at=new.at, by=new.by, until=new.until, reason=new.reason)


def _stand(alert: Alert, now: datetime) -> Held | Released | Ended:
    match alert.state:
        case AlertState.DRAFT | AlertState.PENDING_APPROVAL | AlertState.PARKED:
            return Held(at=now, state=alert.state, reason=alert.reason)
        case AlertState.ACTIVE:
            return Released(at=now)
        case (
            AlertState.SUPERSEDED
            | AlertState.CANCELLED
            | AlertState.EXPIRED
            | AlertState.CLOSED
            | AlertState.REJECTED
        ):
            return Ended(
                at=alert.ended_at or now,
                by=alert.ended_by or SYSTEM,
                state=alert.state,
                reason=alert.end_reason,
            )
        case _:
            assert_never(alert.state)
