"""The life of a callout under everything that can happen to it, in any order."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from channels.contract import FailureKind
from contacts.model import PersonId, Post
from dispatcher.core import fact as facts
from dispatcher.core.answer import NO_FIGURES, Evidence, Figures, Meaning
from dispatcher.core.callout import (
    Callout,
    Cause,
    CloseReason,
    Progress,
    Purpose,
    State,
    callout_id,
)
from dispatcher.core.decide import decide
from dispatcher.core.due import next_due
from dispatcher.core.event import (
    Answered,
    DeadlineReached,
    Event,
    Reported,
    TakenOver,
    Withdrawn,
)
from dispatcher.core.evolve import evolve, opened, replay
from dispatcher.core.fact import Fact
from tests.core.build import (
    COUNTY,
    EVERYBODY,
    HEAD,
    LEADER,
    ORANGE,
    RED,
    SMS,
    START,
    TOWN,
    WATCHMAN,
    WECHAT,
    A,
    B,
    called,
    duty,
    opening,
    own,
    small,
)

TWO_NUMBERS = called("a", Post.GRID_LEAD, numbers=2)
BUSY_HEAD = called("a", Post.VILLAGE_HEAD, numbers=2)
DUTIES = {
    "everybody": duty(),
    "no voice": duty(
        TWO_NUMBERS, B, HEAD, WATCHMAN, TOWN, COUNTY, LEADER, routes=(SMS, WECHAT)
    ),
    "no desk": duty(A, HEAD, TOWN, COUNTY, desk=None),
    "head is lead": duty(TWO_NUMBERS, BUSY_HEAD, TOWN, COUNTY),
    "new lead": duty(called("new", Post.GRID_LEAD), B, COUNTY),
    "almost nobody": duty(LEADER, desk=None),
}
PAIR = small(own(0, Post.GRID_LEAD, Post.GRID_BACKUP, need=2), *RED.rungs[2:])
LADDERS = {"red": RED, "orange": ORANGE, "pair": PAIR}
PEOPLE = (*(one.person for one in EVERYBODY), PersonId("stand-in"))
MOST_FACTS_AN_HOUR = 250
SPOKEN = {Purpose.HELP, Purpose.REMINDER}


class Life(RuleBasedStateMachine):
    """One callout; what must hold is checked after each step and on each new fact."""

    @initialize(
        ladder=st.sampled_from(list(LADDERS)), on_duty=st.sampled_from(list(DUTIES))
    )
    def open(self, ladder: str, on_duty: str) -> None:
        first = opening(LADDERS[ladder])
        self.now = START
        self.duty = DUTIES[on_duty]
        self.facts: list[Fact] = [first]
        self.callout: Callout = opened(first)
        self.planned: set[str] = set()
        self.words = 0

    def happen(self, event: Event) -> None:
        before = self.callout
        picture = repr(before)
        followed = decide(before, event, self.now)
        assert decide(before, event, self.now) == followed
        assert repr(before) == picture
        for fact in followed:
            assert fact.at == self.now
            self.check(fact)
            self.callout = evolve(self.callout, fact)
            self.facts.append(fact)

    def check(self, fact: Fact) -> None:
        match fact:
            case facts.AttemptPlanned():
                self.check_attempt(fact)
            case facts.RungReached(rung=rung):
                self.check_rung(fact, rung)
            case _:
                pass

    def check_attempt(self, fact: facts.AttemptPlanned) -> None:
        assert fact.attempt not in self.planned
        self.planned.add(fact.attempt)
        assert self.callout.state is not State.CLOSED
        if self.callout.answer:
            # The next number of who is asked for help or feedback is part of asking.
            label = fact.attempt.split(".")[3]
            assert fact.purpose in SPOKEN or label in {"h", "f"}
        if self.callout.taking and fact.purpose is not Purpose.HELP:
            assert self.callout.ladder.rungs[fact.rung].own

    def check_rung(self, fact: facts.RungReached, rung: int) -> None:
        callout = self.callout
        assert callout.runs[rung].started_at is None
        above = callout.runs[rung + 1 :]
        assert all(run.started_at is None for run in above)
        assert not callout.taking or callout.ladder.rungs[rung].own
        planned = START + timedelta(seconds=callout.ladder.rungs[rung].at)
        if fact.cause is Cause.TIME:
            assert self.now >= planned
        if fact.cause is Cause.STRUCK:
            assert any(run.struck for run in callout.runs[:rung])
        if fact.cause is Cause.RESUMED:
            assert any(isinstance(one, facts.TakingLapsed) for one in self.facts)

    @precondition(lambda self: next_due(self.callout) is not None)
    @rule()
    def reach_the_next_due_second(self) -> None:
        due = next_due(self.callout)
        assert due
        self.now = max(self.now, due.at)
        self.happen(DeadlineReached(duty=self.duty))

    @rule(seconds=st.integers(0, 5000))
    def sleep_and_sweep(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.happen(DeadlineReached(duty=self.duty))
        due = next_due(self.callout)
        assert due is None or due.at > self.now

    @rule(on_duty=st.sampled_from(list(DUTIES)))
    def change_the_duty(self, on_duty: str) -> None:
        self.duty = DUTIES[on_duty]

    @precondition(lambda self: bool(self.callout.attempts))
    @rule(
        data=st.data(),
        progress=st.sampled_from(Progress),
        failure=st.sampled_from((None, *FailureKind)),
    )
    def report(
        self, data: st.DataObject, progress: Progress, failure: FailureKind | None
    ) -> None:
        attempt = data.draw(st.sampled_from(self.callout.attempts))
        self.happen(Reported(attempt=attempt.id, progress=progress, failure=failure))

    @rule(
        person=st.sampled_from(PEOPLE),
        meaning=st.sampled_from(Meaning),
        figures=st.sampled_from((NO_FIGURES, Figures(households=2), Figures(people=3))),
    )
    def answer(self, person: PersonId, meaning: Meaning, figures: Figures) -> None:
        self.words += 1
        self.happen(
            Answered(
                person=person,
                meaning=meaning,
                evidence=Evidence.SMS_CODE,
                figures=figures,
            )
        )

    @rule(taker=st.sampled_from(("desk", *PEOPLE)))
    def take_over(self, taker: str) -> None:
        self.words += 1
        self.happen(TakenOver(taker=taker, message=f"m{self.words}"))

    @precondition(lambda self: self.words > 3)
    @rule(reason=st.sampled_from(CloseReason))
    def withdraw(self, reason: CloseReason) -> None:
        self.happen(Withdrawn(reason=reason))

    @rule(
        event=st.sampled_from(
            (
                DeadlineReached(duty=duty()),
                TakenOver(taker="head", message="race"),
                Answered(
                    person=A.person,
                    meaning=Meaning.RECEIVED,
                    evidence=Evidence.KEYPRESS,
                ),
            )
        )
    )
    def two_engines_race(self, event: Event) -> None:
        """Both decide from one version; the loser reloads and decides again."""
        won, lost = (decide(self.callout, event, self.now) for _ in range(2))
        assert won == lost
        self.happen(event)
        again = decide(self.callout, event, self.now)
        assert {fact.kind for fact in again} <= {"reply_noted"}

    @invariant()
    def replaying_its_facts_rebuilds_it(self) -> None:
        assert self.callout == replay(self.facts)

    @invariant()
    def nothing_open_is_ever_silent(self) -> None:
        if self.callout.open:
            assert next_due(self.callout) or self.callout.owner

    @invariant()
    def who_has_answered_is_known_by_its_state(self) -> None:
        answered = self.callout.state in {State.ANSWERED, State.REPORTED}
        closed = self.callout.state is State.CLOSED
        assert closed or answered == (self.callout.answer is not None)

    @invariant()
    def it_is_taken_exactly_while_somebody_owes_a_result(self) -> None:
        taken = self.callout.state is State.TAKEN
        closed = self.callout.state is State.CLOSED
        assert closed or taken == (self.callout.taking is not None)

    @invariant()
    def its_facts_are_bounded(self) -> None:
        hours = 1 + (self.now - START) / timedelta(hours=1)
        assert len(self.facts) < MOST_FACTS_AN_HOUR * hours + 20 * self.words


# Shrinking such a life takes minutes; the failing one is printed as it was lived.
TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, phases=[Phase.generate]
)


def test_opening_twice_is_opening_once() -> None:
    first = opening()

    names = {
        callout_id(first.chain, first.unit, post, epoch)
        for post in (Post.GRID_LEAD, Post.GRID_BACKUP)
        for epoch in (1, 2, 1)
    }

    assert len(names) == 4
