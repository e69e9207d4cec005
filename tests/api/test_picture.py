from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from contacts.model import Post, UnitId
from dispatcher.api.picture import Changed, Line, Picture
from dispatcher.api.township import Place
from dispatcher.core.alert import AlertId, ChainId
from dispatcher.core.answer import Meaning
from dispatcher.core.board import Display, face
from dispatcher.core.callout import Callout
from dispatcher.core.report import tally
from dispatcher.store.faces import Standing
from tests.core.build import Life, at, opening

NORTH, SOUTH = Place("990421100", "北镇"), Place("990421101", "南镇")
LATE = at(100_000)


def line(callout: Callout, place: Place = NORTH, *, superseded: bool = False) -> Line:
    standing = Standing(
        id=callout.id,
        alert=AlertId("alert"),
        chain=ChainId("chain"),
        unit=UnitId("u"),
        post=Post.GRID_LEAD,
        owner=None,
        face=face(callout),
        tally=replace(tally(callout), superseded=superseded),
        changed_at=at(0),
    )
    return Line(standing=standing, place=place, person="人")


def answered(name: str, seconds: int) -> Callout:
    life = Life(opening(name=name))
    life.wake(0)
    life.say("a", Meaning.RECEIVED, seconds)
    return life.callout


def picture(*lines: Line) -> Picture:
    found = Picture(AlertId("alert"))
    for one in lines:
        found.put(one, at(0))
    return found


def test_the_same_line_again_is_no_news() -> None:
    one = line(Life().callout)

    assert not picture(one).put(one, at(0))


def test_a_line_that_moves_is_counted_where_it_is() -> None:
    one = line(Life().callout)
    shown = picture(one)
    changed = shown.put(replace(one, place=SOUTH), at(0))
    counts = {p.name: tier.sums.summary().callouts for p, tier in shown.towns.items()}

    assert changed.places == {NORTH, SOUTH}
    assert counts == {"北镇": 0, "南镇": 1}
    assert shown.whole.sums.summary().callouts == 1


def test_what_was_superseded_is_gone_and_takes_its_answer_with_it() -> None:
    first, second = answered("c1", 10), answered("c2", 50)
    shown = picture(line(first), line(second))
    before = shown.curve
    changed = shown.put(line(second, superseded=True), at(60))

    assert (changed.lines, changed.since) == ({"c2"}, 50)
    assert shown.tail(changed.since) == ((50, 1),)
    assert (before, shown.curve) == (((10, 1), (50, 2)), ((10, 1),))
    assert shown.cells(changed.lines)["id"] == []


def test_a_curve_that_is_as_it_was_has_no_tail() -> None:
    assert picture(line(answered("c1", 10))).tail(None) == ()


def test_time_makes_a_line_overdue_once() -> None:
    life = Life()
    life.wake(0)
    shown = picture(line(life.callout))
    limit = at(300)
    before = shown.pass_time(limit)
    after = shown.pass_time(limit + timedelta(microseconds=1))

    assert (before, after.lines) == (Changed(), {life.callout.id})
    assert shown.whole.displays[Display.OVERDUE] == 1
    assert not shown.pass_time(LATE)
    assert [*shown.overdue_since(limit)] == [life.callout.id]
    assert not [*shown.overdue_since(limit + timedelta(seconds=1))]
