from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.model import PersonId
from dispatcher.core.callout import Mark, State
from dispatcher.core.report import Tally, summarise
from dispatcher.core.sums import Sums, point

PEOPLE = st.lists(st.sampled_from("abcde"), max_size=3).map(
    lambda names: tuple(map(PersonId, names))
)


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    """What any callout may add to the figures."""
    seconds = draw(st.none() | st.floats(0, 20_000, allow_subnormal=False))
    state = draw(st.sampled_from(State))
    return Tally(
        state=state,
        superseded=draw(st.booleans()),
        grid=draw(st.booleans()),
        seconds=seconds,
        in_time=None if seconds is None else seconds <= 300,
        marks=tuple(draw(st.sets(st.sampled_from(Mark), max_size=3))),
        attempts=draw(st.integers(0, 9)),
        called=draw(PEOPLE),
        heard=draw(PEOPLE),
        ended_in=draw(st.sampled_from((None, State.TAKEN, State.DESK))),
    )


@given(st.lists(tallies()))
def test_figures_that_are_kept_are_those_that_are_counted(told: list[Tally]) -> None:
    assert Sums(told).summary() == summarise(told)


@given(st.lists(tallies(), min_size=1), st.data())
def test_what_is_taken_away_again_was_never_there(
    told: list[Tally], data: st.DataObject
) -> None:
    sums = Sums(told)
    gone = data.draw(st.sets(st.integers(0, len(told) - 1)))
    for place in gone:
        sums.remove(told[place])
        sums.summary()
    left = [one for place, one in enumerate(told) if place not in gone]

    assert sums.summary() == summarise(left)
    assert sums.curve() == Sums(left).curve()


@given(st.lists(tallies()))
def test_the_curve_rises_to_the_number_of_the_answered(told: list[Tally]) -> None:
    sums = Sums(told)
    curve = sums.curve()
    places, counts = [p for p, _ in curve], [c for _, c in curve]

    assert places == sorted(set(places))
    assert counts == sorted(set(counts))
    assert (counts[-1] if counts else 0) == sums.summary().answered


@pytest.mark.parametrize(
    ("seconds", "place"),
    [(0.0, 0), (0.1, 1), (600.0, 600), (600.1, 610), (7200.0, 7200), (7200.5, 7260)],
)
def test_a_point_of_the_curve_is_never_before_its_answer(
    seconds: float, place: int
) -> None:
    assert point(seconds) == place


def test_one_who_answers_for_two_callouts_is_one_person() -> None:
    one = Tally(
        state=State.ANSWERED,
        superseded=False,
        grid=True,
        seconds=5.0,
        in_time=True,
        marks=(),
        attempts=1,
        called=(PersonId("a"), PersonId("b")),
        heard=("a",),
    )
    sums = Sums([one, one])
    sums.remove(one)

    assert sums.summary().answer_rate == 0.5
    assert sums.summary() == summarise([one])
    assert Sums([replace(one, superseded=True)]).summary().callouts == 0
