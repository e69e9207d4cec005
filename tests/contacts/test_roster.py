from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contacts.duty import Duties, Leave, Override, Span
from contacts.model import (
    Holding,
    HumanId,
    PersonId,
    Post,
    PostRef,
    Unit,
    UnitId,
    UnitKind,
)
from contacts.roster import Roster, RosterError
from tests.contacts.tree import (
    COUNTY,
    GRID_1,
    GRID_2,
    TOWN,
    UNITS,
    VILLAGE,
    person,
    unit,
)

LEAD = PostRef(GRID_1, Post.GRID_LEAD)
FIRST, SECOND = person("first"), person("second")
HOLDINGS = (
    Holding(ref=LEAD, person=SECOND.id),
    Holding(ref=LEAD, person=FIRST.id),
)
AT = datetime(2026, 7, 12, tzinfo=UTC)
ROSTER = Roster.build(UNITS, (FIRST, SECOND), HOLDINGS)


def test_the_units_above_come_nearest_first() -> None:
    found = [above.id for above in ROSTER.ancestors(GRID_1)]

    assert found == [VILLAGE, TOWN, COUNTY]


def test_a_unit_is_among_its_own_descendants() -> None:
    found = ROSTER.descendants(VILLAGE)

    assert found == (VILLAGE, GRID_1, GRID_2)


def test_units_come_with_all_that_is_below_and_above_them() -> None:
    below = ROSTER.with_all_below([VILLAGE, GRID_1])
    above = ROSTER.with_above([GRID_1, VILLAGE])

    assert below == {VILLAGE, GRID_1, GRID_2}
    assert {unit.id for unit in above.values()} == {GRID_1, VILLAGE, TOWN, COUNTY}
    assert ROSTER.with_all_below([]) == frozenset()


def test_parents_come_before_their_children_in_any_order_of_building() -> None:
    backwards = Roster.build(reversed(UNITS), (), ())

    found = backwards.descendants(COUNTY)

    assert found == (COUNTY, TOWN, VILLAGE, GRID_2, GRID_1)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (UnitKind.GRID, GRID_1),
        (UnitKind.VILLAGE, VILLAGE),
        (UnitKind.TOWNSHIP, TOWN),
        (UnitKind.COUNTY, COUNTY),
    ],
)
def test_above_gives_the_unit_of_the_kind_or_the_unit_itself(
    kind: UnitKind, expected: UnitId
) -> None:
    found = ROSTER.above(GRID_1, kind)

    assert expected == (found and found.id)


def test_there_is_no_grid_above_a_village() -> None:
    found = ROSTER.above(VILLAGE, UnitKind.GRID)

    assert None is found


def test_holders_come_in_the_order_of_the_roster() -> None:
    found = ROSTER.holders(LEAD, AT)

    assert found == (SECOND, FIRST)


def test_a_vacant_post_has_no_holders() -> None:
    found = ROSTER.holders(PostRef(GRID_2, Post.GRID_LEAD), AT)

    assert found == ()


def test_what_is_bound_to_time_decides_who_fills_a_post_and_when_that_changes() -> None:
    away = Leave(ref=LEAD, human=SECOND.human, span=Span(begins=AT))
    roster = Roster.build(UNITS, (FIRST, SECOND), HOLDINGS, Duties(leaves=(away,)))

    assert roster.bound == {LEAD}
    assert roster.holders(LEAD, AT) == (FIRST,)
    assert roster.appointed(LEAD) == (SECOND, FIRST)
    assert roster.next_change(LEAD, AT - timedelta(days=1)) == AT
    assert ROSTER.next_change(LEAD, AT) is None


@pytest.mark.parametrize(
    ("ref", "who"),
    [
        (PostRef(UnitId("nowhere"), Post.GRID_LEAD), FIRST.human),
        (PostRef(VILLAGE, Post.GRID_LEAD), FIRST.human),
        (LEAD, HumanId("nobody")),
    ],
)
def test_a_plan_that_finds_no_post_or_nobody_is_left_out(
    ref: PostRef, who: HumanId
) -> None:
    plan = Override(ref=ref, humans=(who,), span=Span())
    roster = Roster.build(UNITS, (FIRST, SECOND), HOLDINGS, Duties(overrides=(plan,)))

    assert (roster.duties, roster.bound) == (Duties(), frozenset())


def test_a_post_that_is_only_planned_is_held_by_whom_the_plan_names() -> None:
    ref = PostRef(GRID_2, Post.GRID_LEAD)
    plan = Override(ref=ref, humans=(FIRST.human,), span=Span())
    roster = Roster.build(UNITS, (FIRST, SECOND), HOLDINGS, Duties(overrides=(plan,)))

    assert (roster.holders(ref, AT), roster.appointed(ref)) == ((FIRST,), ())


def test_a_term_that_ends_before_it_begins_is_refused() -> None:
    term = Holding(ref=LEAD, person=FIRST.id, valid_from=AT, valid_until=AT)

    with pytest.raises(RosterError, match="grid_lead: a span must end after it begins"):
        Roster.build(UNITS, (FIRST,), (term,))


def test_a_person_is_found_by_his_version() -> None:
    found = ROSTER.person(FIRST.id)

    assert found == FIRST


def test_units_without_a_parent_are_the_roots() -> None:
    assert ROSTER.roots == (COUNTY,)


def test_units_of_one_name_are_all_found_by_it() -> None:
    found = ROSTER.named("某网格")

    assert found == (GRID_1, GRID_2)


@pytest.mark.parametrize(
    ("units", "message"),
    [
        (
            [unit("v", UnitKind.VILLAGE, "nowhere", "某地")],
            "unit v: its parent nowhere is not in the roster",
        ),
        (
            [
                unit("a", UnitKind.VILLAGE, "b", "某地"),
                unit("b", UnitKind.VILLAGE, "a", "某地"),
            ],
            "unit a: a village can't be the parent of a village",
        ),
        (
            [unit("a", UnitKind.VILLAGE, "a", "某地")],
            "unit a: a village can't be the parent of a village",
        ),
        (
            [
                unit("t", UnitKind.TOWNSHIP, "g", "某地"),
                unit("g", UnitKind.GRID, None, "某地"),
            ],
            "unit t: a grid can't be the parent of a township",
        ),
        (
            [
                unit("v", UnitKind.VILLAGE, None, "某地"),
                unit("v", UnitKind.VILLAGE, None, "某地"),
            ],
            "unit v is given twice",
        ),
    ],
)
def test_a_tree_that_is_none_is_refused_by_the_name_of_the_unit(
    units: list[Unit], message: str
) -> None:
    with pytest.raises(RosterError) as refused:
        Roster.build(units, (), ())

    assert message == str(refused.value)


@pytest.mark.parametrize(
    ("ref", "holder", "message"),
    [
        (
            PostRef(UnitId("nowhere"), Post.GRID_LEAD),
            FIRST.id,
            "post grid_lead of unit nowhere: the unit is not in the roster",
        ),
        (
            PostRef(VILLAGE, Post.GRID_LEAD),
            FIRST.id,
            "unit 990421100200: a village has no post grid_lead",
        ),
        (
            LEAD,
            PersonId("nobody"),
            "unit 990421100200001: grid_lead is held by unknown person nobody",
        ),
    ],
)
def test_a_holding_that_does_not_fit_is_refused(
    ref: PostRef, holder: PersonId, message: str
) -> None:
    with pytest.raises(RosterError) as refused:
        Roster.build(UNITS, (FIRST,), (Holding(ref=ref, person=holder),))

    assert message == str(refused.value)


def test_a_person_given_twice_is_refused() -> None:
    with pytest.raises(RosterError, match="person first is given twice"):
        Roster.build((), (FIRST, person("first")), ())


def test_an_unknown_unit_is_refused_by_name() -> None:
    with pytest.raises(RosterError, match="unit nowhere is not in the roster"):
        ROSTER.descendants(UnitId("nowhere"))


def test_an_unknown_person_is_refused_by_name() -> None:
    with pytest.raises(RosterError, match="person nobody is not in the roster"):
        ROSTER.person(PersonId("nobody"))
