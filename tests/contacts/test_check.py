"""The roster check on a township of two grids, one thing wrong at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from contacts.check import Checked, Fault, Finding, Known, check, updated_since
from contacts.model import (
    Address,
    AddressId,
    AddressKind,
    Flag,
    Holding,
    Person,
    PersonId,
    Post,
    PostRef,
    Unit,
    UnitId,
    UnitKind,
)
from contacts.roster import Roster
from tests.contacts.tree import COUNTY, GRID_1, GRID_2, TOWN, VILLAGE, unit

BEIJING = timezone(timedelta(hours=8))
NOW = datetime(2026, 7, 12, 12, tzinfo=BEIJING)
IN_MARCH = datetime(2026, 3, 1, tzinfo=BEIJING)
LEAD_1, BACKUP_1 = PostRef(GRID_1, Post.GRID_LEAD), PostRef(GRID_1, Post.GRID_BACKUP)
HELD = {
    "county": PostRef(COUNTY, Post.COUNTY_DUTY),
    "chief": PostRef(COUNTY, Post.COUNTY_LEADER),
    "town": PostRef(TOWN, Post.TOWNSHIP_DUTY),
    "mayor": PostRef(TOWN, Post.TOWNSHIP_LEADER),
    "head": PostRef(VILLAGE, Post.VILLAGE_HEAD),
    "lead1": LEAD_1,
    "back1": BACKUP_1,
    "lead2": PostRef(GRID_2, Post.GRID_LEAD),
    "back2": PostRef(GRID_2, Post.GRID_BACKUP),
}
UNITS = (
    unit(COUNTY, UnitKind.COUNTY, None, "澄溪县"),
    unit(TOWN, UnitKind.TOWNSHIP, COUNTY, "白鹭洲镇"),
    unit(VILLAGE, UnitKind.VILLAGE, TOWN, "石门坪村"),
    unit(GRID_1, UnitKind.GRID, VILLAGE, "一网格"),
    unit(GRID_2, UnitKind.GRID, VILLAGE, "二网格"),
)


def person(name: str, **changed: Any) -> Person:
    place = [*HELD].index(name)
    address = Address(
        id=AddressId(f"{name}-1"),
        kind=AddressKind.MOBILE,
        value=f"+9991380000000{place}",
    )
    plain = Person(id=PersonId(name), name=f"人{name}", addresses=(address,))
    return replace(plain, **changed)


def roster(
    *changed: Person,
    posts: dict[str, PostRef] | None = None,
    units: Iterable[Unit] = UNITS,
) -> Roster:
    """Everybody in his post, but for those who are given otherwise."""
    held = HELD if posts is None else posts
    everybody = {name: person(name) for name in held}
    everybody |= {one.id: one for one in changed}
    return Roster.build(
        units,
        everybody.values(),
        [Holding(ref=ref, person=PersonId(name)) for name, ref in held.items()],
    )


def known(**changed: Any) -> Known:
    """Nothing is wrong: all were confirmed in March, and the grids have outlines."""
    plain = Known(
        now=NOW,
        carried={AddressKind.MOBILE},
        flags={},
        confirmed=dict.fromkeys(map(PersonId, HELD), IN_MARCH),
        called=frozenset(),
        answered=frozenset(),
        outlined={GRID_1, GRID_2},
    )
    return replace(plain, **changed)


def without(*names: str) -> dict[str, PostRef]:
    return {name: ref for name, ref in HELD.items() if name not in names}


def found(checked: Checked) -> list[tuple[Fault, str, str | None]]:
    return [(one.fault, one.unit, one.person) for one in checked.findings]


def test_a_whole_roster_has_nothing_wrong() -> None:
    checked = check(roster(), known())

    assert (checked.findings, checked.gaps, checked.total.share) == ((), 0, 1.0)
    [town] = checked.townships
    assert (town.unit, town.score.grids, town.score.ready) == (TOWN, 2, 2)


@pytest.mark.parametrize("name", [*HELD])
def test_a_post_that_nobody_holds_is_a_gap(name: str) -> None:
    checked = check(roster(posts=without(name)), known())

    assert checked.findings == (
        Finding(fault=Fault.VACANT, unit=HELD[name].unit, post=HELD[name].post),
    )
    assert checked.gaps == 1
    assert checked.total.ready == (1 if "lead" in name or "back" in name else 2)


@pytest.mark.parametrize(
    ("changed", "beside"),
    [
        (person("lead1", addresses=()), {}),
        ("wecom", {}),
        ("wrong", {}),
        (person("lead1"), {"flags": {"lead1-1": {Flag.DEAD}}}),
        (person("lead1"), {"flags": {"lead1-1": {Flag.WRONG_PERSON}}}),
    ],
)
def test_who_has_no_means_of_use_is_a_gap(
    changed: Person | str, beside: dict[str, Any]
) -> None:
    if isinstance(changed, str):
        [address] = person("lead1").addresses
        other = (
            replace(address, kind=AddressKind.WECOM)
            if changed == "wecom"
            else replace(address, wrong=True)
        )
        changed = person("lead1", addresses=(other,))
    checked = check(roster(changed), known(**beside))

    assert (Fault.UNREACHABLE, GRID_1, "lead1") in found(checked)
    assert (checked.gaps, checked.total.ready) == (1, 1)


def test_one_means_of_use_is_enough() -> None:
    [dead] = person("lead1").addresses
    spare = replace(dead, id=AddressId("lead1-2"), value="+99913800000099")
    checked = check(
        roster(person("lead1", addresses=(dead, spare))),
        known(flags={dead.id: {Flag.DEAD}}),
    )

    assert found(checked) == [(Fault.DEAD_NUMBER, GRID_1, "lead1")]
    assert (checked.gaps, checked.total.ready) == (0, 2)


@pytest.mark.parametrize(
    ("flag", "fault"),
    [
        (Flag.WRONG_PERSON, Fault.WRONG_NUMBER),
        (Flag.DEAD, Fault.DEAD_NUMBER),
        (Flag.OPTED_OUT, Fault.OPTED_OUT),
    ],
)
def test_every_flag_is_told_with_its_number(flag: Flag, fault: Fault) -> None:
    [address] = person("head").addresses
    checked = check(roster(), known(flags={address.id: {flag}}))
    told = [one for one in checked.findings if one.fault is fault]

    assert [(one.unit, one.post, one.address) for one in told] == [
        (VILLAGE, Post.VILLAGE_HEAD, address)
    ]


def test_who_opted_out_is_still_called_and_so_reached() -> None:
    checked = check(roster(), known(flags={AddressId("lead1-1"): {Flag.OPTED_OUT}}))

    assert (checked.gaps, checked.total.ready) == (0, 2)


def test_one_person_in_both_posts_of_a_grid_is_one_person() -> None:
    plain = roster(posts=without("back1"))
    both = Roster.build(
        plain.units.values(),
        plain.people.values(),
        [*plain.holdings, Holding(ref=BACKUP_1, person=PersonId("lead1"))],
    )
    checked = check(both, known())

    assert found(checked) == [(Fault.SAME_PERSON, GRID_1, "lead1")]
    assert (checked.gaps, checked.total.ready) == (1, 1)


def test_two_versions_of_one_human_are_one_to_call() -> None:
    later = person("back1", first=PersonId("lead1"))
    checked = check(roster(later), known())

    assert found(checked) == [(Fault.SAME_PERSON, GRID_1, "back1")]


def test_two_people_with_one_number_are_one_to_call() -> None:
    shared = replace(person("lead1").addresses[0], id=AddressId("back1-1"))
    checked = check(roster(person("back1", addresses=(shared,))), known())

    assert found(checked) == [
        (Fault.SAME_PERSON, GRID_1, "back1"),
        (Fault.SHARED_NUMBER, GRID_1, "lead1"),
    ]
    assert checked.findings[1].others == ("back1",)
    assert checked.total.ready == 1


def test_a_number_that_many_share_is_told_once() -> None:
    office = replace(person("head").addresses[0], id=AddressId("o"))
    sharing = [person(name, addresses=(office,)) for name in ("town", "mayor")]
    checked = check(roster(*sharing), known())

    assert [(one.fault, one.person, one.others) for one in checked.findings] == [
        (Fault.SHARED_NUMBER, "town", ("mayor", "head"))
    ]


@pytest.mark.parametrize(
    ("now", "confirmed", "stale"),
    [
        ((2026, 7, 12), (2026, 4, 15), False),  # filed in time, before the date
        ((2026, 7, 12), (2026, 1, 1), False),
        ((2026, 7, 12), (2025, 12, 31), True),
        ((2026, 4, 20), (2025, 5, 1), True),
        ((2026, 4, 19), (2025, 5, 1), False),  # this year's is not due yet
        ((2026, 4, 19), (2024, 12, 31), True),
        ((2026, 7, 12), None, True),
    ],
)
def test_who_was_not_in_the_last_yearly_update_is_stale(
    now: tuple[int, int, int], confirmed: tuple[int, int, int] | None, *, stale: bool
) -> None:
    dates = dict(known().confirmed)
    dates.pop(PersonId("head"))
    if confirmed:
        dates[PersonId("head")] = datetime(*confirmed, tzinfo=BEIJING)
    others = dict.fromkeys(dates, NOW) | {
        name: date for name, date in dates.items() if name == "head"
    }
    at = datetime(*now, tzinfo=BEIJING)
    checked = check(roster(), known(now=at, confirmed=others))

    assert found(checked) == ([(Fault.STALE, VILLAGE, "head")] if stale else [])


def test_a_year_begins_in_january_of_our_own_time() -> None:
    assert updated_since(NOW) == datetime(2026, 1, 1, tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("called", "answered", "silent"),
    [({"head"}, {}, True), ({"head"}, {"head"}, False), ({}, {}, False)],
)
def test_who_was_called_and_never_answered_is_silent(
    called: set[PersonId], answered: set[PersonId], *, silent: bool
) -> None:
    checked = check(roster(), known(called=called, answered=answered))

    assert found(checked) == ([(Fault.SILENT, VILLAGE, "head")] if silent else [])


def test_a_person_is_told_of_once_at_the_first_post_he_holds() -> None:
    plain = roster(posts=without("lead2"))
    two = Roster.build(
        plain.units.values(),
        plain.people.values(),
        [*plain.holdings, Holding(ref=HELD["lead2"], person=PersonId("lead1"))],
    )
    checked = check(two, known(called={"lead1"}))

    assert found(checked) == [(Fault.SILENT, GRID_1, "lead1")]


def changed_units(**changes: Any) -> list[Unit]:
    """The units, where the second grid is otherwise."""
    return [*UNITS[:-1], replace(UNITS[-1], **changes)]


def test_the_smallest_units_need_an_outline_or_a_point() -> None:
    point = changed_units(lat=30.0, lon=110.0)
    half = changed_units(lat=30.0)
    bare = known(outlined={GRID_1})

    assert found(check(roster(units=point), bare)) == []
    assert found(check(roster(units=half), bare)) == [(Fault.NO_PLACE, GRID_2, None)]


def test_only_the_largest_units_may_stand_alone() -> None:
    checked = check(roster(units=changed_units(parent=None)), known())

    assert found(checked) == [(Fault.NO_PARENT, GRID_2, None)]
    assert [town.score.grids for town in checked.townships] == [1]
    assert checked.total.grids == 2


def test_units_of_one_name_below_one_parent_are_told() -> None:
    checked = check(roster(units=changed_units(name="一网格")), known())

    assert [(one.fault, one.unit, one.others) for one in checked.findings] == [
        (Fault.SAME_NAME, GRID_2, (GRID_1,))
    ]


@pytest.mark.parametrize(
    ("grid", "system", "foreign"),
    [
        ("990421100300001", "DEMO", True),
        ("990421100200009", "DEMO", False),
        ("990421100300001", "OTHER", False),  # two lists are never compared
        ("0002", "DEMO", False),  # a number of its own says nothing
        ("G-17", "DEMO", False),
    ],
)
def test_a_code_that_says_another_place_is_told(
    grid: str, system: str, *, foreign: bool
) -> None:
    units = [*UNITS[:-1], replace(UNITS[-1], id=UnitId(grid), code_system=system)]
    posts = without("lead2", "back2")
    checked = check(roster(units=units, posts=posts), known(outlined={GRID_1, grid}))
    told = [one for one in checked.findings if one.fault is not Fault.VACANT]

    assert [(one.fault, one.others) for one in told] == (
        [(Fault.FOREIGN_CODE, (VILLAGE,))] if foreign else []
    )


def test_a_village_in_the_wrong_township_is_told() -> None:
    village = replace(UNITS[2], id=UnitId("990421200200"))
    units = [*UNITS[:2], village, *(replace(u, parent=village.id) for u in UNITS[3:])]
    posts = without("head")
    checked = check(roster(units=units, posts=posts), known())

    assert (Fault.FOREIGN_CODE, village.id, None) in found(checked)


def test_the_worst_comes_first() -> None:
    checked = check(roster(posts=without("lead2", "county")), known(outlined=()))

    assert found(checked) == [
        (Fault.VACANT, COUNTY, None),
        (Fault.VACANT, GRID_2, None),
        (Fault.NO_PLACE, GRID_1, None),
        (Fault.NO_PLACE, GRID_2, None),
    ]
    assert checked.faults == {Fault.VACANT: 2, Fault.NO_PLACE: 2}


def test_the_worst_township_comes_first_and_those_without_grids_last() -> None:
    other, third = UnitId("990421200"), UnitId("990421300")
    more = [
        unit(other, UnitKind.TOWNSHIP, COUNTY, "梨树沟乡"),
        unit(third, UnitKind.TOWNSHIP, COUNTY, "青石镇"),
        unit("990421300100", UnitKind.VILLAGE, third, "上村"),
        unit("990421300100001", UnitKind.GRID, "990421300100", "上村一网格"),
    ]
    checked = check(roster(units=[*UNITS, *more]), known())

    assert [(one.unit, one.score.share) for one in checked.townships] == [
        (third, 0.0),
        (TOWN, 1.0),
        (other, None),
    ]
    assert {one.unit for one in checked.of(third)} == {
        third,
        "990421300100",
        "990421300100001",
    }
    assert checked.townships[0].faults[Fault.VACANT] == 5


def test_an_empty_roster_has_nothing_to_check() -> None:
    checked = check(Roster.build((), (), ()), known())

    assert (checked.findings, checked.townships, checked.total.share) == ((), (), None)
