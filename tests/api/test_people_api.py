"""People over HTTP: masked for all, in clear for few, and then it is noted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contacts.model import AddressKind, PersonId
from dispatcher.core.journal import HOUSE, Revealed
from dispatcher.store import journal, people
from dispatcher.store.erasing import Erasure, erase
from tests.api.hamlet import GRIDS, LEAD_NUMBER, NOON, Hamlet, codes, roster

LEAD = {
    "id": "p1",
    "human": "p1",
    "name": "王建国1",
    "posts": [{"unit": GRIDS[0], "unit_name": "1网格", "post": "grid_lead"}],
    "numbers": [
        {"id": "a1", "kind": "mobile", "value": "+999 138****0001", "wrong": False}
    ],
    "replaced_by": None,
}


async def revealed(hamlet: Hamlet) -> list[object]:
    return [*await hamlet.runtime.database.read(lambda c: journal.entries_of(c, HOUSE))]


async def test_people_are_listed_masked_with_their_posts(hamlet: Hamlet) -> None:
    answer = await hamlet.get("/api/v1/people", "clerk")
    items = answer.json()["items"]

    assert (len(items), items[0], answer.json()["cursor"]) == (8, LEAD, None)
    assert LEAD_NUMBER.removeprefix("+999") not in answer.text


async def test_the_list_is_read_page_by_page(hamlet: Hamlet) -> None:
    seen: list[str] = []
    cursor = ""
    told: dict[str, Any] = {}
    for _ in range(3):
        path = f"/api/v1/people?limit=3{cursor}"
        told = (await hamlet.get(path, "clerk")).json()
        seen += [one["id"] for one in told["items"]]
        cursor = f"&cursor={told['cursor']}"

    assert (seen, told["cursor"]) == ([f"p{n}" for n in range(1, 9)], None)


async def test_one_person_is_shown_masked_without_a_word_in_the_journal(
    hamlet: Hamlet,
) -> None:
    assert (await hamlet.get("/api/v1/people/p1", "clerk")).json() == LEAD
    assert await revealed(hamlet) == []


async def test_a_number_in_clear_is_noted_before_it_is_shown(hamlet: Hamlet) -> None:
    told = (await hamlet.get("/api/v1/people/p1?reveal=true", "caller")).json()

    assert [one["value"] for one in told["numbers"]] == [LEAD_NUMBER]
    assert await revealed(hamlet) == [
        Revealed(at=NOON, by="key:caller", person=PersonId("p1"), what="numbers")
    ]


@pytest.mark.parametrize(
    ("path", "key"), [("p1?reveal=true", "clerk"), ("p1", "caller"), ("p1", "reader")]
)
async def test_each_way_of_looking_needs_its_scope(
    hamlet: Hamlet, path: str, key: str
) -> None:
    answer = await hamlet.get(f"/api/v1/people/{path}", key)

    assert (answer.status_code, codes(answer)) == (403, ["scope_missing"])
    assert await revealed(hamlet) == []


async def test_nobody_is_not_revealed(hamlet: Hamlet) -> None:
    answer = await hamlet.get("/api/v1/people/p99?reveal=true", "caller")

    assert (answer.status_code, codes(answer)) == (404, ["unknown_person"])
    assert await revealed(hamlet) == []


async def test_who_is_erased_is_shown_as_such(hamlet: Hamlet) -> None:
    wanted = Erasure(person="p1", by="user:office", reason="离任")
    await hamlet.runtime.database.write(lambda c: erase(c, wanted, NOON))
    answer = await hamlet.get("/api/v1/people/p1", "clerk")
    listed = (await hamlet.get("/api/v1/people", "clerk")).json()["items"]

    gone = {"id": "p1", "human": "p1", "name": "已删除人员 p1"}
    assert answer.json() == gone | {
        "posts": [],
        "numbers": [],
        "replaced_by": None,
    }
    assert [one["id"] for one in listed] == [f"p{n}" for n in range(2, 9)]


async def test_of_an_account_only_the_first_letter_is_shown(hamlet: Hamlet) -> None:
    lives = roster()
    lead = lives.people[PersonId("p1")]
    account = replace(lead.addresses[0], kind=AddressKind.WECOM, value="wang.jg")
    other = replace(lead, id=PersonId("p1b"), addresses=(account,))
    holdings = [
        replace(one, person=other.id) if one.person == lead.id else one
        for one in lives.holdings
    ]
    everybody = [other, *(p for p in lives.people.values() if p is not lead)]
    lives = type(lives).build(lives.units.values(), everybody, holdings)
    await hamlet.runtime.database.write(lambda c: people.save_roster(c, lives))
    told = (await hamlet.get("/api/v1/people/p1b", "clerk")).json()

    assert [one["value"] for one in told["numbers"]] == ["w****"]
