"""Events: what reaches a callout from outside. Past tense, nothing decided yet."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from channels.contract import Channel, FailureKind
from contacts.model import AddressId, PersonId, PostRef
from dispatcher.core.alert import AlertId, Level
from dispatcher.core.answer import NO_FIGURES, Evidence, Figures, Meaning
from dispatcher.core.callout import (
    AttemptId,
    Called,
    CloseReason,
    Ladder,
    Progress,
)
from dispatcher.core.fact import SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Who can be called at this moment, and by what.

    :ivar holders: people in a post, each with the means that have a route
    :ivar routes: channels with a configured route
    :ivar desk: who owns what the ladder could not solve; None: nobody on duty
    :ivar door: posts that may be sent to a door of this unit, the first choice first
    :ivar awake: who has answered in this chain
    :ivar lead_awake: the grid lead of the unit has answered
    """

    holders: Mapping[PostRef, tuple[Called, ...]]
    routes: frozenset[Channel]
    desk: Called | None = None
    door: tuple[PostRef, ...] = ()
    awake: Container[PersonId] = frozenset()
    lead_awake: bool = False

    def of(self, *posts: PostRef) -> tuple[Called, ...]:
        """Everybody in these posts, each person once."""
        people: dict[PersonId, Called] = {}
        for post in posts:
            for called in self.holders.get(post, ()):
                people.setdefault(called.person, called)
        return tuple(people.values())

    def for_the_door(self) -> Called | None:
        """Who is to go there: the first who is known to be awake, else on duty."""
        choice = self.of(*self.door)
        awake = (called for called in choice if called.person in self.awake)
        return next(awake, choice[0] if choice else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineReached:
    """Time has come for something."""

    duty: Duty


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A provider, or the sender on its behalf, tells what became of an attempt."""

    attempt: AttemptId
    progress: Progress
    failure: FailureKind | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A person who stands in one of the unit's own posts said something.

    :ivar address: the address he said it from, where that is known
    :ivar heard_seconds: how long he had listened, where he pressed a key
    """

    person: PersonId
    meaning: Meaning
    evidence: Evidence
    figures: Figures = NO_FIGURES
    address: AddressId | None = None
    message: str | None = None
    note: str = ""
    heard_seconds: float | None = None
    by: str = SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackHeard:
    """An officer typed in what a post that had answered told him since.

    :ivar person: who told it
    """

    person: PersonId
    figures: Figures
    note: str = ""
    by: str = SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """Somebody above, or the desk, answered for it.

    :ivar help: he takes it over and asks for help himself
    """

    taker: str
    message: str
    help: bool = False
    by: str = SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """An officer wants who is being called tried once more, now.

    :ivar channel: None: over the usual means
    """

    duty: Duty
    channel: Channel | None = None
    note: str = ""
    by: str = SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated:
    """An officer wants the next rung called now."""

    reason: str
    by: str = SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChanged:
    """Another alert of its chain speaks for it now, at the same level."""

    alert: AlertId
    by: str = SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned:
    """Another alert of its chain speaks for it now, at a lower level.

    :ivar ladder: what the lower level would have opened it with
    """

    alert: AlertId
    level: Level
    policy_level: Level
    ladder: Ladder
    by: str = SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """The alert was cancelled, or its time is over."""

    reason: CloseReason
    by: str = SYSTEM


Event = (
    DeadlineReached
    | Reported
    | Answered
    | FeedbackHeard
    | TakenOver
    | Retried
    | Escalated
    | TextChanged
    | Replanned
    | Withdrawn
)
