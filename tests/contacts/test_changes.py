"""What a new roster changes, as an officer would say it."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from contacts.importers.changes import Change, Changes, PostChange, compare
from contacts.importers.merge import merge
from contacts.importers.sheet import (
    ListedAddress,
    ListedHolding,
    ListedPerson,
    Sheet,
)
from contacts.model import AddressKind, Post, PostRef, Unit
from contacts.roster import Roster
from tests.contacts.tree import GRID_1, GRID_2, UNITS

EMPTY = Roster.build((), (), ())
LEAD, OTHER = PostRef(GRID_1, Post.GRID_LEAD), PostRef(GRID_2, Post.GRID_LEAD)
IDS = map(str, count(1))


def listed(name: str, *numbers: str) -> ListedPerson:
    kind = AddressKind.MOBILE
    return ListedPerson(
        name=name,
        addresses=tuple(ListedAddress(kind=kind, value=value) for value in numbers),
    )


WANG = listed("王建国", "+99913800000001")
LI = listed("李秀英", "+99913800000002")


def roster(
    before: Roster, *held: tuple[PostRef, ListedPerson], units: tuple[Unit, ...] = UNITS
) -> Roster:
    sheet = Sheet(
        units=units,
        people=tuple(dict.fromkeys(person for _, person in held)),
        holdings=tuple(ListedHolding(ref, person.key) for ref, person in held),
    )
    return merge(before, sheet, IDS.__next__)


FIRST = roster(EMPTY, (LEAD, WANG), (OTHER, LI))


def told(changes: Changes) -> list[tuple[str | None, str | None]]:
    return [
        (
            one.before.name if one.before else None,
            one.after.name if one.after else None,
        )
        for one in changes.people
    ]


def test_the_same_roster_again_changes_nothing() -> None:
    again = roster(FIRST, (LEAD, WANG), (OTHER, LI))

    assert compare(FIRST, again) == Changes(units=(), people=(), posts=())


def test_the_first_roster_is_all_new() -> None:
    changes = compare(EMPTY, FIRST)

    assert (len(changes.units), told(changes), len(changes.posts)) == (
        len(UNITS),
        [(None, "王建国"), (None, "李秀英")],
        2,
    )


@pytest.mark.parametrize(
    "corrected",
    [
        listed("王建国", "+99913800000001", "+99913800000003"),
        listed("王建国", "+99913800000003"),
        listed("王建军", "+99913800000001"),
    ],
    ids=["another number", "a new number", "a slip in the name"],
)
def test_a_correction_is_a_change_of_one_person_and_of_no_post(
    corrected: ListedPerson,
) -> None:
    changes = compare(FIRST, roster(FIRST, (LEAD, corrected), (OTHER, LI)))

    assert (told(changes), changes.posts) == ([("王建国", corrected.name)], ())


def test_who_comes_for_who_goes_is_two_people_and_one_post() -> None:
    zhao = listed("赵勇", "+99913800000009")
    after = roster(FIRST, (LEAD, zhao), (OTHER, LI))
    changes = compare(FIRST, after)

    assert (told(changes), changes.posts) == (
        [("王建国", None), (None, "赵勇")],
        (
            PostChange(
                ref=LEAD, before=FIRST.appointed(LEAD), after=after.appointed(LEAD)
            ),
        ),
    )


def test_who_swaps_posts_is_the_same_person() -> None:
    changes = compare(FIRST, roster(FIRST, (LEAD, LI), (OTHER, WANG)))

    assert (told(changes), [one.ref for one in changes.posts]) == ([], [LEAD, OTHER])


def test_of_two_namesakes_each_is_matched_once() -> None:
    both = roster(EMPTY, (LEAD, WANG), (OTHER, listed("王建国", "+99913800000007")))
    changed = [listed("王建国", f"+9991380000000{end}") for end in (3, 4)]
    changes = compare(both, roster(both, (LEAD, changed[0]), (OTHER, changed[1])))

    assert (told(changes), changes.posts) == ([("王建国", "王建国")] * 2, ())


def test_a_unit_that_is_renamed_has_changed() -> None:
    *rest, last = UNITS
    renamed = replace(last, name="新网格")
    held = ((LEAD, WANG), (OTHER, LI))
    changes = compare(FIRST, roster(FIRST, *held, units=(*rest, renamed)))

    assert changes.units == (Change(before=last, after=renamed),)


def test_a_unit_that_is_dropped_goes_with_its_people() -> None:
    *rest, last = UNITS
    changes = compare(FIRST, roster(FIRST, (LEAD, WANG), units=tuple(rest)))

    assert (changes.units, told(changes), [one.after for one in changes.posts]) == (
        (Change(before=last, after=None),),
        [("李秀英", None)],
        [()],
    )
