"""Correct rows of a sheet over the roster that is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contacts.importers.merge import merge
from contacts.importers.sheet import LeftOut, ListedPerson, Sheet
from contacts.model import Post, PostRef, UnitId, UnitKind
from contacts.roster import Roster
from tests.contacts.test_merge import LEAD, LI, TWO, WANG, ids, mobile, sheet
from tests.contacts.tree import COUNTY, GRID_1, GRID_2, TOWN, VILLAGE, unit

NOTHING = LeftOut(rows=1, names=frozenset(), nameless=False)
SECOND = PostRef(GRID_2, Post.GRID_LEAD)
HEAD = PostRef(VILLAGE, Post.VILLAGE_HEAD)
NEW = ListedPerson(name="新来的", addresses=(mobile("+99913800000009"),))
EMPTY = Roster.build((), (), ())
NOW = merge(EMPTY, sheet((LEAD, WANG), (SECOND, LI), (HEAD, LI)), ids("a"))


def part(told: Sheet, left_out: LeftOut = NOTHING) -> Roster:
    return merge(NOW, replace(told, left_out=left_out), ids("b"))


def held(roster: Roster, ref: PostRef) -> list[str]:
    return [person.name for person in roster.appointed(ref)]


def test_what_the_correct_rows_do_not_tell_of_stays() -> None:
    after = part(sheet((LEAD, NEW)))

    assert held(after, LEAD) == ["新来的"]
    assert (held(after, SECOND), held(after, HEAD)) == (["李秀英"], ["李秀英"])
    assert {one.name for one in after.people.values()} == {"新来的", "李秀英"}


@pytest.mark.parametrize(
    "left_out",
    [
        replace(NOTHING, names=frozenset({"王建国"})),
        replace(NOTHING, nameless=True),
    ],
)
def test_whom_a_row_left_out_may_mean_stays_in_his_post(left_out: LeftOut) -> None:
    assert held(part(sheet((LEAD, NEW)), left_out), LEAD) == ["王建国", "新来的"]


def test_who_is_told_again_is_not_there_twice() -> None:
    left_out = replace(NOTHING, names=frozenset({"王建国"}))

    assert held(part(sheet((LEAD, WANG)), left_out), LEAD) == ["王建国"]


def test_a_new_number_is_his_in_every_post() -> None:
    moved = replace(LI, addresses=(mobile("+99913800000077"), TWO))
    after = part(sheet((SECOND, moved)))
    [grid], [village] = after.appointed(SECOND), after.appointed(HEAD)

    assert grid is village
    assert grid.addresses[0].value == "+99913800000077"
    assert grid.human == NOW.appointed(HEAD)[0].human


def test_a_unit_keeps_what_only_its_own_row_would_tell() -> None:
    risky = replace(NOW.units[VILLAGE], lat=30.5, lon=110.5, risk=2)
    before = Roster.build(
        {**NOW.units, VILLAGE: risky}.values(), NOW.people.values(), NOW.holdings
    )
    told = replace(sheet((LEAD, WANG)), left_out=NOTHING)
    after = merge(before, told, ids("b"))
    village = after.units[VILLAGE]

    assert (village.lat, village.lon, village.risk) == (30.5, 110.5, 2)


def test_a_township_whose_county_no_row_names_stays_in_it() -> None:
    other = unit(f"{COUNTY}101", UnitKind.TOWNSHIP, None, "新镇")
    without = tuple(
        replace(one, parent=None) if one.id == TOWN else one
        for one in NOW.units.values()
        if one.id not in {COUNTY, GRID_2}
    )
    told = Sheet(
        units=(*without, other),
        people=(WANG,),
        holdings=sheet((LEAD, WANG)).holdings,
        left_out=NOTHING,
    )
    after = merge(NOW, told, ids("b"))

    assert after.units[TOWN].parent == COUNTY
    assert after.units[UnitId(other.id)].parent == COUNTY
    assert {GRID_1, GRID_2} <= {*after.units}
