"""A decision in the making: facts so far, and the callout they would make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from channels.contract import Channel
from contacts.model import PersonId
from dispatcher.core import fact as facts
from dispatcher.core.callout import (
    Attempt,
    AttemptId,
    Called,
    Callout,
    Later,
    Means,
    Purpose,
    SkipReason,
    Via,
)
from dispatcher.core.evolve import evolve
from dispatcher.core.fact import Fact


@dataclass(frozen=True, slots=True)
class Call:
    """What the attempts of one decision have in common.

    :ivar label: the try's number, or r1, r2.. for repeats
    :ivar overtaken: channels on which a later try is due already
    :ivar number: of the try in the plan of its rung
    """

    rung: int
    label: str
    via: Via = Via.OWN
    purpose: Purpose = Purpose.TRY
    not_after: datetime | None = None
    overtaken: frozenset[Channel] = frozenset()
    number: int | None = None


class Draft:
    """Collects facts; each is taken down at once, so the next sees its effect."""

    def __init__(self, callout: Callout, now: datetime) -> None:
        self.callout = callout
        self.now = now
        self.facts: list[Fact] = []

    def add(self, *new: Fact) -> None:
        """Let these happen."""
        for fact in new:
            self.callout = evolve(self.callout, fact)
            self.facts.append(fact)

    def unstruck(self, called: Called) -> tuple[Means, ...]:
        """The means by which this person can still be called."""
        if called.person in self.callout.struck_people:
            return ()
        struck = self.callout.struck_means
        return tuple(means for means in called.means if means not in struck)

    @property
    def answered(self) -> set[PersonId]:
        """Everybody who has given an own answer."""
        return {answer.person for answer in self.callout.answers}

    def people(self) -> Iterator[tuple[int, Called]]:
        """Everybody reached so far, with his rung, from the lowest up."""
        for index, run in enumerate(self.callout.runs):
            for called in run.people:
                yield index, called

    def tried(
        self, called: Called, channel: Channel, call: Call
    ) -> tuple[Attempt, ...]:
        """What this very try has made of a person on a channel so far."""
        same = (call.rung, called.person, call.label, channel)
        return tuple(
            attempt
            for attempt in self.callout.attempts
            if (attempt.rung, attempt.person, attempt.label, attempt.channel) == same
        )

    def reach(self, called: Called, channel: Channel, call: Call) -> None:
        """Try a person's first unstruck address on a channel, each once in a try."""
        tried = {attempt.address for attempt in self.tried(called, channel, call)}
        for means in self.unstruck(called):
            if means.channel is channel and means.address not in tried:
                self._attempt(called, means, call)
                return

    def _attempt(self, called: Called, means: Means, call: Call) -> None:
        parts = (self.callout.id, call.rung, called.person, call.label)
        name = ".".join(map(str, (*parts, means.channel, means.address)))
        self.add(
            facts.AttemptPlanned(
                at=self.now,
                attempt=AttemptId(name),
                rung=call.rung,
                person=called.person,
                channel=means.channel,
                address=means.address,
                via=call.via,
                purpose=call.purpose,
                not_after=call.not_after,
            )
        )

    def skip(
        self, rung: int, person: PersonId, channel: Channel, why: SkipReason
    ) -> None:
        """Put down that a try was not made."""
        self.add(
            facts.AttemptSkipped(
                at=self.now, rung=rung, person=person, channel=channel, reason=why
            )
        )

    def put_off(
        self, one: Later, why: SkipReason, hush: datetime | None = None
    ) -> None:
        """Put down that a call has to wait, in a night that ends at ``hush``."""
        self.add(
            facts.CallPutOff(
                at=self.now,
                rung=one.rung,
                number=one.number,
                person=one.person,
                reason=why,
                until=one.at,
                hush=hush,
            )
        )

    def strike_rungs(self) -> None:
        """Bring the next rung forward when nobody up to here can be reached."""
        callout = self.callout
        if not callout.open or callout.taking:
            return
        started = [i for i, run in enumerate(callout.runs) if run.started_at]
        for top, above in zip(started, (*started[1:], None), strict=False):
            # What an officer called early is also what would have been next.
            if above is None or callout.runs[above].by_word:
                self._strike_rung(top)

    def _strike_rung(self, top: int) -> None:
        callout = self.callout
        if callout.runs[top].struck:
            return
        if any(self.unstruck(called) for i, called in self.people() if i <= top):
            return
        following = (
            index
            for index in range(top + 1, len(callout.runs))
            if callout.ladder.rungs[index].posts
        )
        self.add(
            facts.RungStruck(at=self.now, rung=top, next=next(following, None)),
        )
