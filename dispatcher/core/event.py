"""Events: what reaches a callout from outside. Past tense, nothing decided yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channels.contract import Channel, FailureKind
from contacts.model import AddressId, PersonId, PostRef
from dispatcher.core.answer import NO_FIGURES, Evidence, Figures, Meaning
from dispatcher.core.callout import AttemptId, Called, CloseReason, Progress
from dispatcher.core.fact import SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Who can be called at this moment, and by what.

    :ivar holders: people in a post, each with the means that have a route
    :ivar routes: channels with a configured route
    :ivar desk: who owns what the ladder could not solve; None: nobody on duty
    """

    holders: Mapping[PostRef, tuple[Called, ...]]
    routes: frozenset[Channel]
    desk: Called | None = None

    def of(self, *posts: PostRef) -> tuple[Called, ...]:
        """Everybody in these posts, each person once."""
        people: dict[PersonId, Called] = {}
        for post in posts:
            for called in self.holders.get(post, ()):
                people.setdefault(called.person, called)
        return tuple(people.values())


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
    """

    person: PersonId
    meaning: Meaning
    evidence: Evidence
    figures: Figures = NO_FIGURES
    address: AddressId | None = None
    message: str | None = None
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
class Withdrawn:
    """The alert was cancelled, or its time is over."""

    reason: CloseReason
    by: str = SYSTEM


Event = DeadlineReached | Reported | Answered | TakenOver | Withdrawn
