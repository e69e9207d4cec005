"""The life of a callout under everything that can happen to it, in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
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

from channels.contract import Channel, FailureKind
from contacts.model import PersonId, Post
from dispatcher.core import fact as facts
from dispatcher.core.alert import AlertId, Level
from dispatcher.core.answer import NO_FIGURES, Evidence, Figures, Meaning
from dispatcher.core.by_hand import bar_to_escalate, bar_to_retry
from dispatcher.core.callout import (
    AttemptId,
    Called,
    Callout,
    Cause,
    CloseReason,
    Mark,
    Means,
    Progress,
    Purpose,
    SkipReason,
    State,
    Via,
    callout_id,
)
from dispatcher.core.decide import NEAR_SECONDS, decide
from dispatcher.core.due import next_due, own_people_at, repeat_at, start_of
from dispatcher.core.event import (
    Answered,
    DeadlineReached,
    Escalated,
    Event,
    FeedbackHeard,
    Replanned,
    Reported,
    Retried,
    TakenOver,
    TextChanged,
    Withdrawn,
)
from dispatcher.core.evolve import evolve, opened, replay
from dispatcher.core.fact import Fact
from dispatcher.core.night import night_ends
from dispatcher.core.report import row, tally
from tests.core.build import (
    ORANGE,
    START,
    VOICE,
    A,
    opening,
)
from tests.core.circumstances import DUTIES, LADDERS, LOWER, PEOPLE

NEAR = timedelta(seconds=NEAR_SECONDS)
MOST_FACTS_AN_HOUR = 250
FACTS_A_WORD = 20  # what is said, or reported, may lead to
SPOKEN = {Purpose.HELP, Purpose.REMINDER, Purpose.TASK}
OUTCOMES = {
    "rings": (Progress.ACCEPTED, None),
    "in doubt": (Progress.UNKNOWN, None),
    "unreached": (Progress.FAILED, FailureKind.UNREACHED),
    "held back": (Progress.FAILED, FailureKind.HELD_BACK),
    "dead": (Progress.FAILED, FailureKind.PERMANENT_ADDRESS),
}


Told = facts.AttemptPlanned | facts.AttemptSkipped | facts.CallPutOff


def of_one_try(story: Iterable[Fact]) -> Iterator[Told]:
    """What became of the calls of a try: it stands right behind its beginning."""
    for fact in story:
        match fact:
            case facts.CallPutOff():
                yield fact
            case facts.AttemptPlanned() | facts.AttemptSkipped():
                if fact.channel is VOICE:
                    yield fact
            case facts.PeopleChanged():
                pass  # somebody has come, and is called with the others
            case _:
                return


def own_times(callout: Callout) -> list[tuple[object, ...]]:
    """When its rungs and tries fall due, what of them is done, and its repeats."""
    runs = enumerate(callout.runs)
    return [
        (start_of(callout, i), run.tries_done, run.flagged, repeat_at(callout))
        for i, run in runs
    ]


class Life(RuleBasedStateMachine):
    """One callout; what must hold is checked after each step and on each new fact."""

    @initialize(
        ladder=st.sampled_from(list(LADDERS)), on_duty=st.sampled_from(list(DUTIES))
    )
    def open(self, ladder: str, on_duty: str) -> None:
        first = opening(LADDERS[ladder])
        self.now = START
        self.ladder = ladder
        self.duty = DUTIES[on_duty]
        self.facts: list[Fact] = [first]
        self.callout: Callout = opened(first)
        self.planned: set[str] = set()
        self.words = 0

    @property
    def lead_awake(self) -> bool:
        """The grid lead has answered, so who is called beside him disturbs nobody."""
        return self.duty.lead_awake and self.callout.ladder.beside

    @property
    def marks(self) -> tuple[Mark, ...]:
        return self.callout.marks

    def happen(self, event: Event) -> None:
        before = self.callout
        picture = repr(before)
        followed = decide(before, event, self.now)
        assert decide(before, event, self.now) == followed
        assert repr(before) == picture
        wanted = []
        for fact in followed:
            assert fact.at == self.now
            self.check(fact)
            wanted.append(self.to_ring(fact))
            self.callout = evolve(self.callout, fact)
            self.facts.append(fact)
        self.check_calls(wanted, followed)

    def check(self, fact: Fact) -> None:
        match fact:
            case facts.AttemptPlanned():
                self.check_attempt(fact)
                if fact.channel is VOICE:
                    self.check_call(fact)
            case facts.RungReached(rung=rung):
                self.check_rung(fact, rung)
            case facts.TaskRaised() | facts.DeskReminded() | facts.Marked():
                self.check_board(fact)
            case _:
                pass

    def check_attempt(self, fact: facts.AttemptPlanned) -> None:
        assert fact.attempt not in self.planned
        self.planned.add(fact.attempt)
        callout, spoken = self.callout, fact.purpose in SPOKEN
        assert callout.state is not State.CLOSED
        assert spoken or fact.person not in {one.person for one in callout.answers}
        assert spoken or not callout.answer
        own = callout.ladder.rungs[fact.rung].own
        assert spoken or own or not callout.taking
        assert own or fact.purpose is Purpose.HELP or not self.lead_awake

    def check_call(self, fact: facts.AttemptPlanned) -> None:
        before = self.callout.rung_by_telephone(fact.person)
        label = fact.attempt.split(".")[3]
        again = [one for one in before if (one.rung, one.label) == (fact.rung, label)]
        night = self.callout.ladder.night
        asleep = night is not None and night_ends(night, self.now) is not None
        assert fact.purpose is Purpose.HELP or not asleep
        if fact.purpose is Purpose.NEXT_MEANS:
            struck = self.callout.struck_means
            left = (one for one in again if Means(VOICE, one.address) not in struck)
            assert all(one.progress is Progress.FAILED for one in left)
        elif fact.via is Via.OWN:
            assert not any(one.under_way for one in before)
            assert fact.not_after is None or any(one.placed for one in before)

    def check_board(
        self, fact: facts.TaskRaised | facts.DeskReminded | facts.Marked
    ) -> None:
        helping = isinstance(fact, facts.Marked) and Mark.NEED_HELP in self.marks
        reminded = isinstance(fact, facts.DeskReminded)
        late = isinstance(fact, facts.Marked) and fact.mark is Mark.FEEDBACK_OVERDUE
        assert helping or reminded or late or not self.lead_awake

    def to_ring(self, fact: Fact) -> tuple[int, list[PersonId]]:
        """Whom a try, or one that was put off, has to ring, and on which rung."""
        match fact:
            case facts.TryStarted(rung=rung, number=number):
                rings = VOICE in self.callout.ladder.rungs[rung].tries[number].do
                people = self.present(rung) if rings else ()
                return rung, [one.person for one in people]
            case facts.CallMadeUp(rung=rung, person=person):
                people = self.present(rung)
                return rung, [one.person for one in people if one.person == person]
            case _:
                return 0, []

    def present(self, rung: int) -> tuple[Called, ...]:
        """Who fills a rung's posts now, whoever did when it began."""
        return self.duty.of(*self.callout.ladder.rungs[rung].posts)

    def check_calls(
        self, wanted: Sequence[tuple[int, list[PersonId]]], followed: Sequence[Fact]
    ) -> None:
        """Each own try that rings was made, put off, or skipped with its reason."""
        for place, (rung, people) in enumerate(wanted):
            told = tuple(of_one_try(followed[place + 1 :]))
            own = self.callout.ladder.rungs[rung].own
            for person in people if own else ():
                if self.can_be_rung(person, rung):
                    self.check_told([one for one in told if one.person == person])

    def check_told(self, told: Sequence[Told]) -> None:
        """A night or a merge alone is not enough, unless his telephone rings by now."""
        enough = set(SkipReason) - {SkipReason.NIGHT, SkipReason.MERGED}
        assert any(
            not isinstance(fact, facts.AttemptSkipped)
            or fact.reason in enough
            or (fact.reason is SkipReason.MERGED and self.rings(fact.person))
            for fact in told
        )

    def rings(self, person: PersonId) -> bool:
        calls = self.callout.rung_by_telephone(person)
        return any(call.under_way and call.placed for call in calls)

    def can_be_rung(self, person: PersonId, rung: int) -> bool:
        callout = self.callout
        answered = {one.person for one in callout.answers}
        return person not in answered | callout.struck_people and any(
            means.channel is VOICE and means not in callout.struck_means
            for one in self.present(rung)
            if one.person == person
            for means in one.means
        )

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
        if fact.cause is Cause.WORD:
            assert any(isinstance(one, facts.Escalated) for one in self.facts)

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
        self.words += 1
        self.happen(Reported(attempt=attempt.id, progress=progress, failure=failure))

    @precondition(lambda self: self.calls())
    @rule(data=st.data(), outcome=st.sampled_from(list(OUTCOMES)))
    def hear_of_a_call(self, data: st.DataObject, outcome: str) -> None:
        call = data.draw(st.sampled_from(self.calls()))
        progress, failure = OUTCOMES[outcome]
        self.words += 1
        self.happen(Reported(attempt=call, progress=progress, failure=failure))

    def calls(self) -> list[AttemptId]:
        attempts = self.callout.attempts
        return [a.id for a in attempts if a.channel is VOICE and a.under_way]

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

    @rule(people=st.integers(0, 3))
    def feed_back(self, people: int) -> None:
        self.words += 1
        before, answered = self.callout, {State.ANSWERED, State.REPORTED}
        self.happen(FeedbackHeard(person=A.person, figures=Figures(people=people)))
        assert (self.callout == before) or before.state in answered
        assert self.callout.state in {before.state, State.REPORTED}

    @rule(taker=st.sampled_from(("desk", *PEOPLE)))
    def take_over(self, taker: str) -> None:
        self.words += 1
        self.happen(TakenOver(taker=taker, message=f"m{self.words}"))

    @rule(channel=st.sampled_from((None, *Channel)))
    def retry(self, channel: Channel | None) -> None:
        self.words += 1
        before, bar = self.callout, bar_to_retry(self.callout, self.now)
        planned = own_times(before)
        self.happen(Retried(duty=self.duty, channel=channel))
        assert (self.callout == before) is (bar is not None)
        assert own_times(self.callout) == planned

    @rule()
    def escalate(self) -> None:
        self.words += 1
        before, bar = self.callout, bar_to_escalate(self.callout, self.now)
        self.happen(Escalated(reason=f"r{self.words}"))
        assert (self.callout == before) is (bar is not None)
        self.happen(DeadlineReached(duty=self.duty))

    @rule()
    def change_the_text(self) -> None:
        self.words += 1
        open_before, before = self.callout.open, len(self.facts)
        self.happen(TextChanged(alert=AlertId(f"alert {self.words}")))
        said = next(iter(self.facts[before:]), None)
        if isinstance(said, facts.TextChanged) and open_before:
            limit = self.now if said.at_once else self.now + NEAR
            assert own_people_at(self.callout) <= limit

    @rule(data=st.data())
    def lower(self, data: st.DataObject) -> None:
        self.words += 1
        ladder = data.draw(st.sampled_from(LOWER[self.ladder]))
        before, fresh = self.callout, LADDERS.get(ladder, replace(ORANGE, rungs=()))
        self.happen(
            Replanned(
                alert=AlertId(f"alert {self.words}"),
                level=Level.ORANGE,
                policy_level=Level.ORANGE,
                ladder=fresh,
            )
        )
        after = self.callout
        self.ladder = ladder if before.open else self.ladder
        assert after.opened_at == before.opened_at
        assert after.state is before.state
        reached = [run for run in before.runs if run.started_at]
        assert [run for run in after.runs if run.started_at] == reached

    @precondition(lambda self: self.words > 3)
    @rule(reason=st.sampled_from(CloseReason))
    def withdraw(self, reason: CloseReason) -> None:
        self.happen(Withdrawn(reason=reason))

    @rule(
        event=st.sampled_from(
            (
                None,
                TakenOver(taker="head", message="race"),
                Answered(
                    person=A.person,
                    meaning=Meaning.RECEIVED,
                    evidence=Evidence.KEYPRESS,
                ),
            )
        )
    )
    def two_engines_race(self, event: Event | None) -> None:
        """Both decide from one version; the loser reloads and decides again."""
        event = event or DeadlineReached(duty=self.duty)
        won, lost = (decide(self.callout, event, self.now) for _ in range(2))
        assert won == lost
        self.happen(event)
        again = decide(self.callout, event, self.now)
        assert {fact.kind for fact in again} <= {"reply_noted"}

    @invariant()
    def replaying_its_facts_rebuilds_it(self) -> None:
        assert self.callout == replay(self.facts)

    @invariant()
    def the_record_tells_the_same_as_its_state(self) -> None:
        told, answer = row(self.facts), self.callout.answer

        assert (told.state, told.tally) == (self.callout.state, tally(self.callout))
        assert (told.marks, told.tasks) == (self.callout.marks, self.callout.tasks)
        assert told.answered_by == (answer and answer.person)

    @invariant()
    def nothing_open_is_ever_silent(self) -> None:
        if self.callout.open:
            assert next_due(self.callout) or self.callout.owner

    @invariant()
    def what_is_put_off_has_a_time_or_waits_for_a_call(self) -> None:
        for one in self.callout.later if self.callout.open else ():
            calls = self.callout.rung_by_telephone(one.person)
            waits = any(call.under_way and not call.placed for call in calls)
            assert one.at or waits

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
        assert len(self.facts) < MOST_FACTS_AN_HOUR * hours + FACTS_A_WORD * self.words


# Shrinking such a life takes minutes; the failing one is printed as it was lived.
TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=100, stateful_step_count=40, phases=[Phase.generate]
)


def test_opening_twice_is_opening_once() -> None:
    first = opening()

    names = {
        callout_id(first.chain, first.unit, post, epoch)
        for post in (Post.GRID_LEAD, Post.GRID_BACKUP)
        for epoch in (1, 2, 1)
    }

    assert len(names) == 4
