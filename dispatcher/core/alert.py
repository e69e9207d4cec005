"""A warning as the dispatcher knows it, whatever dialect it came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType

AlertId = NewType("AlertId", str)
ChainId = NewType("ChainId", str)  # the first alert and all that follow it


class Level(StrEnum):
    """Colour of a warning, strictest first."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    BLUE = "blue"
    WHITE = "white"  # only some provinces: told, not called
    UNKNOWN = "unknown"  # called as yellow, and the desk is asked

    @property
    def zh(self) -> str:
        """The colour as the warning centres write it."""
        return LEVEL_ZH[self]


LEVEL_ZH = {
    Level.RED: "红色",
    Level.ORANGE: "橙色",
    Level.YELLOW: "黄色",
    Level.BLUE: "蓝色",
    Level.WHITE: "白色",
    Level.UNKNOWN: "未知",
}


class Lane(StrEnum):
    """Order of sending; a lane never waits behind a lower one."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    BLUE = "blue"
    DRILL = "drill"

    @property
    def order(self) -> int:
        """0 goes first."""
        return LANE_ORDER[self]


LANE_ORDER = {lane: place for place, lane in enumerate(Lane)}


class Status(StrEnum):
    """CAP's status: who is meant to act."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"
    DRAFT = "Draft"


class MsgType(StrEnum):
    """CAP's message type."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


class AlertState(StrEnum):
    """Where an alert stands."""

    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    PARKED = "parked"  # valid, but can't be called out now; shown at the desk
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    CLOSED = "closed"
    REJECTED = "rejected"


class ParkReason(StrEnum):
    """Why a valid alert is kept without calling anybody."""

    UNKNOWN_REFERENCE = "unknown_reference"
    FOREIGN_SENDER = "foreign_sender"
    UNRESOLVED_AREA = "unresolved_area"
    NAME_CODE_MISMATCH = "name_code_mismatch"
    NO_AUDIENCE = "no_audience"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Another alert, named by the triple of CAP."""

    sender: str
    identifier: str
    sent: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCode:
    """A code and the list it comes from; the same code in two lists is two places."""

    system: str
    code: str


Point = tuple[float, float]  # degrees north and east, WGS-84
Ring = tuple[Point, ...]  # closed: the last point is the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Polygon:
    """A piece of land; :ivar holes: lie inside and do not belong to it."""

    outer: Ring
    holes: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """All that is no further from a point."""

    centre: Point
    radius_km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One area of a warning, as it was given; its parts add up."""

    name: str = ""
    codes: tuple[AreaCode, ...] = ()
    units: tuple[str, ...] = ()
    polygons: tuple[Polygon, ...] = ()
    circles: tuple[Circle, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What one part of an alert says of its areas: CAP's info, in our language.

    :ivar effective: start of the danger
    :ivar description: what to watch
    :ivar instruction: what to do
    """

    event_code: str = ""
    event: str = ""
    level: Level = Level.UNKNOWN
    headline: str = ""
    description: str = ""
    instruction: str = ""
    issuer: str = ""
    effective: datetime | None = None
    expires: datetime | None = None
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Content(Segment):
    """What an alert says. Equality of two alerts is equality of this.

    Its own fields are its strictest segment.

    :ivar others: further segments, the strictest first
    """

    sender: str
    identifier: str
    sent: datetime
    status: Status
    msg_type: MsgType
    references: tuple[Reference, ...] = ()
    others: tuple[Segment, ...] = ()

    @property
    def drill(self) -> bool:
        """Exercise and Test go down the drill lane."""
        return self.status in {Status.EXERCISE, Status.TEST}

    @property
    def parts(self) -> tuple[Content, ...]:
        """Each segment as an alert of its own, the strictest first."""
        own = {f.name for f in fields(Segment)}
        rest = (
            replace(self, others=(), **{name: getattr(one, name) for name in own})
            for one in self.others
        )
        return (replace(self, others=()), *rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one channel has to carry for a launch.

    :ivar seconds: until everybody has been tried once, if nobody answers
    :ivar never_rung: people who can't be rung before the limit of the policy
    :ivar first_seconds: until the people of the first rungs have been tried once
    """

    people: int
    seconds: float
    never_rung: int = 0
    first_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """A later end that a warning was given; ``by`` is a key or the system itself."""

    at: datetime
    until: datetime
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An accepted warning and where it stands.

    :ivar inside: codes of all units inside its area
    :ivar shares: the same for each of its segments, where it has several
    :ivar grids: how many of them are grids
    :ivar missing: posts of the start list that nobody fills, as (unit, post)
    :ivar filled: fields that a rule completed
    :ivar unresolved: areas that matched no unit of ours
    :ivar due_at: when the engine has to launch it, or to look after its expiry
    :ivar asked_at: when the desk was asked last whether it goes on
    :ivar renewals: the newest of them last
    :ivar mistaken: it was sent by mistake, so what it withdrew by merging holds again
    """

    id: AlertId
    chain: ChainId
    content: Content
    state: AlertState
    received_at: datetime
    received_by: str
    policy_level: Level
    reason: ParkReason | None = None
    epoch: int = 1
    inside: tuple[str, ...] = ()
    shares: tuple[tuple[str, ...], ...] = ()
    grids: int = 0
    people: int = 0
    missing: tuple[tuple[str, str], ...] = ()
    filled: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()
    capacity: Mapping[str, Load] = field(default_factory=dict)
    due_at: datetime | None = None
    launched_at: datetime | None = None
    asked_at: datetime | None = None
    renewals: tuple[Renewal, ...] = ()
    ended_at: datetime | None = None
    ended_by: str | None = None
    end_reason: str = ""
    mistaken: bool = False

    @property
    def covers(self) -> tuple[tuple[Content, tuple[str, ...]], ...]:
        """Each of its segments with the units inside that."""
        shares = self.shares or (self.inside,)
        return tuple(zip(self.content.parts, shares, strict=True))

    @property
    def merged(self) -> bool:
        """Whether it joined a chain without naming any alert of it."""
        return str(self.chain) != str(self.id) and not self.content.references

    @property
    def held_until(self) -> datetime | None:
        """When it is launched, where an officer asked for time to take it back."""
        waits = self.state is AlertState.ACTIVE and self.launched_at is None
        due_at = self.due_at if waits else None
        return due_at if due_at and due_at > self.received_at else None

    def held(self, now: datetime) -> bool:
        """Whether it still waits for that: nobody has heard of it."""
        return self.held_until is not None and self.held_until > now

    @property
    def expires_at(self) -> datetime | None:
        """When it ends unless it is renewed; None: it goes on until it is lifted."""
        return self.renewals[-1].until if self.renewals else self.content.expires
