"""Who fills a post at an instant: holdings, rotations, overrides and leaves. Pure.

The rule, in order:

1. Of the overrides (替换、换班) that cover the instant, the one made last is on duty;
   without one, the rotation (轮值) made last that has a turn then.
2. Where neither names anybody, the holders whose time it is, in the roster's order.
3. Who is on leave (请假) is not called: his substitute (替班) stands in his place;
   where he has none, the post falls to its other people.
4. If nobody is left of 1, it is 2 again; if nobody is left at all, the post is vacant.

People are named by human, so that a corrected number makes no hole. All spans are
half-open: who comes at 08:30 is on duty at 08:30 sharp, who goes is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import count
from zoneinfo import ZoneInfo

from contacts.days import DayKind, day_of
from contacts.model import HumanId, Person, PostRef

HANDOVER = time(8, 30)
CHINA = "Asia/Shanghai"
DAY = timedelta(days=1)
HOURS_A_DAY = 24
LOOKED_AHEAD = timedelta(days=400)  # for the next change
INSTANTS_KEPT = 16


class DutyError(ValueError):
    """A rotation, an override or a leave that can't be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From one instant up to another, which is not inside; None: without end."""

    begins: datetime | None = None
    ends: datetime | None = None

    def __post_init__(self) -> None:
        if self.begins and self.ends and self.begins >= self.ends:
            msg = f"a span must end after it begins, not {self.begins} to {self.ends}"
            raise DutyError(msg)

    def covers(self, at: datetime) -> bool:
        """Whether an instant lies inside."""
        begun = self.begins is None or self.begins <= at
        return begun and (self.ends is None or at < self.ends)

    def meets(self, other: Span) -> bool:
        """Whether some instant lies in both."""
        return _before(self.begins, other.ends) and _before(other.begins, self.ends)

    @property
    def bounds(self) -> tuple[datetime, ...]:
        """The instants at which it begins and ends, where it does."""
        return tuple(at for at in (self.begins, self.ends) if at)


def _before(begins: datetime | None, ends: datetime | None) -> bool:
    return begins is None or ends is None or begins < ends


ALWAYS = Span()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """A time in which somebody in a post is not called.

    :ivar substitute: who stands in his place; None: nobody
    :ivar number: counts up; of two that overlap the higher, made later, holds
    """

    ref: PostRef
    human: HumanId
    span: Span
    substitute: HumanId | None = None
    number: int = 0

    @property
    def humans(self) -> tuple[HumanId, ...]:
        """Everybody it needs."""
        return (self.human, self.substitute) if self.substitute else (self.human,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Who is on duty in a post for a span, whatever the rotation says.

    :ivar humans: in the order of calling; at least one
    :ivar number: counts up; of two that overlap the higher, made later, holds
    """

    ref: PostRef
    humans: tuple[HumanId, ...]
    span: Span
    number: int = 0

    def __post_init__(self) -> None:
        if not self.humans:
            msg = f"an override of {self.ref.post} in {self.ref.unit} names nobody"
            raise DutyError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Somebody's time on duty, as it is exchanged."""

    human: HumanId
    span: Span


def swap(ref: PostRef, one: Turn, other: Turn) -> tuple[Override, Override]:
    """Let two people exchange their turns in a post: two overrides, made together."""
    return (
        Override(ref=ref, humans=(other.human,), span=one.span),
        Override(ref=ref, humans=(one.human,), span=other.span),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A shift plan: people take turns, in order, from a day on.

    A day of duty begins at the handover and belongs to the date on which it begins:
    Friday's night shift is Friday's still on Saturday at 03:00. Only days of its kind
    count as turns.

    :ivar hours: of one turn; a part of 24, or whole days
    :ivar starts_on: the date of the first turn of the first member
    :ivar ends_on: the last date; None: without end
    :ivar kind: the days it is for; None: all
    :ivar number: counts up; of two that both have a turn the higher, made later, holds
    """

    ref: PostRef
    members: tuple[HumanId, ...]
    starts_on: date
    hours: int = HOURS_A_DAY
    handover: time = HANDOVER
    ends_on: date | None = None
    kind: DayKind | None = None
    zone: str = CHINA
    number: int = 0

    def __post_init__(self) -> None:
        where = f"a rotation of {self.ref.post} in {self.ref.unit}"
        if not self.members:
            msg = f"{where} has no members"
            raise DutyError(msg)
        if self.hours < 1 or (HOURS_A_DAY % self.hours and self.hours % HOURS_A_DAY):
            msg = f"{where}: a turn of {self.hours} hours, not a part of 24 or days"
            raise DutyError(msg)

    @property
    def humans(self) -> tuple[HumanId, ...]:
        """Everybody in it, in the order of turns."""
        return self.members

    def on_duty(self, at: datetime) -> HumanId | None:
        """Whose turn it is; None: nobody's, it has a gap."""
        day, step = self._slot(at)
        if day < self.starts_on or (self.ends_on and day > self.ends_on):
            return None
        if self.kind and day_of(day).kind is not self.kind:
            return None
        past = _days_between(self.starts_on, day, self.kind)
        days = self.hours // HOURS_A_DAY
        turn = past // days if days else past * self._steps + step
        return self.members[turn % len(self.members)]

    @property
    def begins(self) -> datetime:
        """When its first day of duty begins."""
        return self._begins(self.starts_on, 0)

    @property
    def ends(self) -> datetime | None:
        """When its last day of duty ends; None: without end."""
        return self._begins(self.ends_on + DAY, 0) if self.ends_on else None

    def over(self, at: datetime) -> bool:
        """Whether its last turn has ended."""
        return self.ends is not None and self.ends <= at

    def next_handover(self, after: datetime) -> datetime:
        """When a turn can end next: at a handover, or between the turns of a day."""
        day, _ = self._slot(after)
        ahead = (
            begins
            for number in count()
            for step in range(self._steps)
            if (begins := self._begins(day + number * DAY, step)) > after
        )
        return next(ahead)

    @property
    def _steps(self) -> int:
        """Turns of one day; of turns longer than that, one."""
        return max(HOURS_A_DAY // self.hours, 1)

    def _slot(self, at: datetime) -> tuple[date, int]:
        """The day of duty that an instant belongs to, and which turn of it."""
        latest = at.astimezone(ZoneInfo(self.zone)).date()
        slots = (
            (latest - number * DAY, step)
            for number in count()
            for step in reversed(range(self._steps))
        )
        return next(slot for slot in slots if self._begins(*slot) <= at)

    def _begins(self, day: date, step: int) -> datetime:
        """By the clock on the wall, whatever summer time does to the hours."""
        wall = datetime.combine(day, self.handover) + step * timedelta(hours=self.hours)
        zone = ZoneInfo(self.zone)
        return wall.replace(tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=4096)
def _days_between(first: date, day: date, kind: DayKind | None) -> int:
    """Days of a kind from one date up to another, which is not counted."""
    days = (day - first).days
    if kind is None:
        return days
    return sum(day_of(first + number * DAY).kind is kind for number in range(days))


TimeBound = Rotation | Override | Leave


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """All that is bound to time, of all posts."""

    rotations: tuple[Rotation, ...] = ()
    overrides: tuple[Override, ...] = ()
    leaves: tuple[Leave, ...] = ()

    @classmethod
    def sorted_out(cls, every: Iterable[TimeBound]) -> Duties:
        """Put each with its like."""
        mixed = tuple(every)
        return cls(
            rotations=tuple(one for one in mixed if isinstance(one, Rotation)),
            overrides=tuple(one for one in mixed if isinstance(one, Override)),
            leaves=tuple(one for one in mixed if isinstance(one, Leave)),
        )

    @property
    def every(self) -> tuple[TimeBound, ...]:
        """Each of them."""
        return (*self.rotations, *self.overrides, *self.leaves)

    def of(self, wanted: Callable[[TimeBound], bool]) -> Duties:
        """Those that somebody wants."""
        return Duties.sorted_out(filter(wanted, self.every))


NO_DUTIES = Duties()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """A human in a post, and for how long he holds it."""

    human: HumanId
    span: Span = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """Everything that decides who fills one post.

    :ivar tenures: in the roster's order, which is the order of calling
    :ivar people: the present version of everybody; who is not in it can't be called
    """

    tenures: tuple[Tenure, ...] = ()
    duties: Duties = NO_DUTIES
    people: Mapping[HumanId, Person] = field(default_factory=dict)
    _asked: dict[datetime, tuple[Person, ...]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def on_duty(self, at: datetime) -> tuple[Person, ...]:
        """Who fills the post, in the order of calling; nobody: it is vacant."""
        found = self._asked.get(at)
        if found is None:  # a sweep asks for one instant again and again
            if len(self._asked) >= INSTANTS_KEPT:
                self._asked.clear()
            found = self._asked[at] = self.filling(at)
        return found

    def filling(self, at: datetime) -> tuple[Person, ...]:
        """As :meth:`on_duty`, for who asks for many instants, each once."""
        holding = (one.human for one in self.tenures if one.span.covers(at))
        return self._standing(self._named(at), at) or self._standing(holding, at)

    def next_change(self, after: datetime) -> datetime | None:
        """When somebody else fills it; None: the same for the next 400 days."""
        present = self.filling(after)
        bound = self._next_bound(after)
        while bound and bound - after <= LOOKED_AHEAD:
            if self.filling(bound) != present:
                return bound
            bound = self._next_bound(bound)
        return None

    def bounds(self, span: Span) -> Iterator[datetime]:
        """Go through the instants inside a span at which anything can be another."""
        at = span.begins
        while at and (at := self._next_bound(at)) and span.covers(at):
            yield at

    def planned(self, at: datetime) -> tuple[tuple[TimeBound, ...], ...]:
        """What holds at an instant, each with its like, of which only one counts."""
        duties = self.duties
        away: dict[HumanId, list[TimeBound]] = {}
        for leave in duties.leaves:
            if leave.span.covers(at):
                away.setdefault(leave.human, []).append(leave)
        return (
            tuple(one for one in duties.overrides if one.span.covers(at)),
            tuple(one for one in duties.rotations if one.on_duty(at)),
            *map(tuple, away.values()),
        )

    def _named(self, at: datetime) -> tuple[HumanId, ...]:
        """Who is on duty by a plan; nobody: there is none for this instant."""
        covering = (one for one in self.duties.overrides if one.span.covers(at))
        if override := max(covering, key=_number, default=None):
            return override.humans
        for rotation in sorted(self.duties.rotations, key=_number, reverse=True):
            if human := rotation.on_duty(at):
                return (human,)
        return ()

    def _standing(self, humans: Iterable[HumanId], at: datetime) -> tuple[Person, ...]:
        """Those of them, or their substitutes, who can be called; each once."""
        found = (self._stands_for(human, at) for human in humans)
        present = dict.fromkeys(human for human in found if human)
        return tuple(self.people[one] for one in present if one in self.people)

    def _stands_for(self, human: HumanId, at: datetime) -> HumanId | None:
        """Himself, or at the end of all leaves his substitute; None: nobody does."""
        seen: set[HumanId] = set()
        place: HumanId | None = human
        while place and (leave := self._leave(place, at)):
            if place in seen:  # they stand in for one another
                return None
            seen.add(place)
            place = leave.substitute
        return place

    def _leave(self, human: HumanId, at: datetime) -> Leave | None:
        of_his = (one for one in self.duties.leaves if one.human == human)
        covering = (one for one in of_his if one.span.covers(at))
        return max(covering, key=_number, default=None)

    def _next_bound(self, after: datetime) -> datetime | None:
        return min((at for at in self._bounds(after) if at > after), default=None)

    def _bounds(self, after: datetime) -> Iterator[datetime]:
        duties = self.duties
        spans = (one.span for one in self.tenures)
        covers = (one.span for one in duties.overrides)
        away = (one.span for one in duties.leaves)
        for span in (*spans, *covers, *away):
            yield from span.bounds
        for rotation in duties.rotations:
            yield rotation.next_handover(after)


def _number(one: TimeBound) -> int:
    return one.number
