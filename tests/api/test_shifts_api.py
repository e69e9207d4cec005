"""Rotations, overrides, swaps and leaves over HTTP, and who is on duty by them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contacts.model import PersonId
from dispatcher.core.journal import HOUSE, DutyChange, DutyChanged
from dispatcher.store import journal
from dispatcher.store.erasing import Erasure, erase
from tests.api.hamlet import COUNTY, GRIDS, NOON, TOWN, Hamlet, bearer, codes

SHIFTS = "/api/v1/shifts"
ON_DUTY = f"{SHIFTS}/on-duty?from=2026-07-12T00:00:00Z&to=2026-07-14T00:00:00Z"
POST = {"unit": COUNTY, "post": "county_duty"}
SPAN = {"begins": "2026-07-12T08:30:00+08:00", "ends": "2026-07-13T08:30:00+08:00"}
OVERRIDE = {"type": "override", **POST, "people": ["p8"], **SPAN}
LEAVE = {"type": "leave", **POST, "person": "p7", "substitute": "p6", **SPAN}
ROTATION = {
    "type": "rotation",
    **POST,
    "people": ["p7", "p8"],
    "starts_on": "2026-07-01",
}
SWAP = {
    "type": "swap",
    **POST,
    "turns": [
        {"person": "p7", **SPAN},
        {
            "person": "p8",
            "begins": "2026-07-13T08:30:00+08:00",
            "ends": "2026-07-14T08:30:00+08:00",
        },
    ],
}


async def make(hamlet: Hamlet, body: object) -> dict[str, Any]:
    """Make one; gives it as it is shown."""
    answer = await hamlet.post(SHIFTS, body, "editor")
    assert answer.status_code == 201, answer.text
    [item] = answer.json()["items"]
    assert isinstance(item, dict)
    return item


async def change(
    hamlet: Hamlet, method: str, number: str, etag: str, body: object = None
) -> httpx.Response:
    headers = bearer("editor") | {"If-Match": etag}
    path = f"{SHIFTS}/{number}"
    return await hamlet.http.request(method, path, headers=headers, json=body)


async def etag_of(hamlet: Hamlet, number: str) -> str:
    return str((await hamlet.get(f"{SHIFTS}/{number}", "clerk")).headers["etag"])


async def noted(hamlet: Hamlet) -> list[DutyChanged]:
    database = hamlet.runtime.database
    entries = await database.read(lambda c: journal.entries_of(c, HOUSE))
    return [one for one in entries if isinstance(one, DutyChanged)]


async def test_what_was_made_is_shown_with_the_names_of_its_people(
    hamlet: Hamlet,
) -> None:
    answer = await hamlet.post(SHIFTS, LEAVE, "editor")
    [leave] = answer.json()["items"]

    assert leave == {
        "id": "1",
        "type": "leave",
        "unit": COUNTY,
        "unit_name": "澄溪县",
        "post": "county_duty",
        "people": [{"person": "p7", "name": "王建国7"}],
        "substitute": {"person": "p6", "name": "王建国6"},
        "begins": "2026-07-12T00:30:00Z",
        "ends": "2026-07-13T00:30:00Z",
        "lapsed": False,
    }
    assert answer.headers["location"] == f"{SHIFTS}/1"
    assert answer.headers["etag"] == await etag_of(hamlet, "1")
    assert hamlet.wakes


async def test_a_rotation_says_from_when_on_its_holidays_are_reckoned_by_the_week(
    hamlet: Hamlet,
) -> None:
    far = {**ROTATION, "starts_on": "2090-07-01"}
    known = {**ROTATION, "kind": "workday", "ends_on": "2026-07-31"}
    told = [
        (await make(hamlet, body))["holidays_unknown_from"]
        for body in (far, {**far, "kind": "day_off"}, known)
    ]

    assert told == [None, "2090-07-01", None]


async def test_a_swap_is_two_overrides(hamlet: Hamlet) -> None:
    await make(hamlet, ROTATION)
    answer = await hamlet.post(SHIFTS, SWAP, "editor")
    items = answer.json()["items"]

    assert [one["people"][0]["person"] for one in items] == ["p8", "p7"]
    assert {one["type"] for one in items} == {"override"}
    assert "location" not in answer.headers


async def test_who_is_on_duty_is_told_in_spans_with_gaps_and_overlaps(
    hamlet: Hamlet,
) -> None:
    for body in (LEAVE | {"substitute": None}, OVERRIDE, OVERRIDE):
        await make(hamlet, body)
    await make(
        hamlet,
        LEAVE
        | {
            "substitute": None,
            "begins": "2026-07-13T12:00:00Z",
            "ends": "2026-07-13T13:00:00Z",
        },
    )
    found = (await hamlet.get(ON_DUTY, "clerk")).json()
    [post] = found["items"]

    assert [
        (one["begins"][8:16], "".join(p["person"] for p in one["people"]))
        for one in post["spans"]
    ] == [
        ("12T00:00", "p7"),
        ("12T00:30", "p8"),
        ("13T00:30", "p7"),
        ("13T12:00", ""),
        ("13T13:00", "p7"),
    ]
    assert post["gaps"] == [
        {"begins": "2026-07-13T12:00:00Z", "ends": "2026-07-13T13:00:00Z"}
    ]
    assert [one["shifts"] for one in post["overlaps"]] == [["2", "3"]]
    assert (post["unit_name"], post["holidays_unknown_from"]) == ("澄溪县", None)


async def test_of_a_unit_all_posts_are_told_planned_or_not(hamlet: Hamlet) -> None:
    found = (await hamlet.get(f"{ON_DUTY}&unit={TOWN}", "clerk")).json()["items"]
    one = await hamlet.get(f"{ON_DUTY}&unit={TOWN}&post=township_duty", "clerk")
    none = await hamlet.get(f"{ON_DUTY}&unit=000000", "clerk")

    assert [one["post"] for one in found] == ["township_duty", "township_leader"]
    assert [item["post"] for item in one.json()["items"]] == ["township_duty"]
    assert none.json()["items"] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=2026-07-12T00:00:00Z&to=2026-07-12T00:00:00Z", "span_backwards"),
        ("from=2026-07-12T00:00:00Z&to=2026-09-12T00:00:00Z", "span_too_long"),
        ("from=2026-07-12T00:00:00&to=2026-07-13T00:00:00Z", "time_without_zone"),
        ("from=2026-07-12T00:00:00Z", "required"),
    ],
)
async def test_a_span_that_is_none_is_refused(
    hamlet: Hamlet, query: str, code: str
) -> None:
    answer = await hamlet.get(f"{SHIFTS}/on-duty?{query}", "clerk")

    assert (answer.status_code, codes(answer)) == (422, [code])


async def test_the_list_is_cut_by_place_post_and_span_and_comes_in_pages(
    hamlet: Hamlet,
) -> None:
    town = {**OVERRIDE, "unit": TOWN, "post": "township_duty"}
    for body in (ROTATION, OVERRIDE, LEAVE, town):
        await make(hamlet, body)

    async def ids(query: str) -> list[str]:
        answer = await hamlet.get(f"{SHIFTS}?{query}", "clerk")
        return [one["id"] for one in answer.json()["items"]]

    first = (await hamlet.get(f"{SHIFTS}?limit=3", "clerk")).json()

    assert await ids(f"unit={COUNTY}") == ["1", "2", "3"]
    assert await ids("post=township_duty") == ["4"]
    assert await ids("from=2026-07-13T00:30:00Z") == ["1"]
    assert await ids("to=2026-07-12T00:30:00Z") == ["1"]
    assert [one["id"] for one in first["items"]] == ["1", "2", "3"]
    assert await ids(f"cursor={first['cursor']}") == ["4"]


BAD = [
    ({"type": "dance"}, "type", "unknown_value"),
    ([], "type", "unknown_value"),
    ({**OVERRIDE, "unit": "990000"}, "unit", "unknown_unit"),
    ({**OVERRIDE, "unit": TOWN}, "post", "no_such_post"),
    ({**OVERRIDE, "people": ["p8", "nobody"]}, "people.1", "unknown_person"),
    ({**OVERRIDE, "people": []}, "people", "too_few"),
    ({**OVERRIDE, "ends": SPAN["begins"]}, "ends", "span_backwards"),
    ({**OVERRIDE, "ends": "2026-07-13T08:30:00"}, "ends", "time_without_zone"),
    ({**LEAVE, "substitute": "p7"}, "substitute", "own_substitute"),
    ({**LEAVE, "ends": SPAN["begins"]}, "ends", "span_backwards"),
    ({**ROTATION, "hours": 7}, "hours", "bad_hours"),
    ({**ROTATION, "ends_on": "2026-06-30"}, "ends_on", "last_before_first"),
    ({**ROTATION, "starts_on": "1.7.2026"}, "starts_on", "date_expected"),
    ({**ROTATION, "starts_on": "1026-07-01"}, "starts_on", "too_small"),
    ({**ROTATION, "handover": "halb neun"}, "handover", "clock_expected"),
    ({**ROTATION, "handover": "08:30Z"}, "handover", "clock_expected"),
    ({**SWAP, "turns": [SWAP["turns"][0]] * 2}, "turns", "same_person"),
    (
        {**SWAP, "turns": [{"person": "p7", **SPAN, "ends": SPAN["begins"]}] * 2},
        "turns.0.ends",
        "span_backwards",
    ),
]


@pytest.mark.parametrize(("body", "where", "code"), BAD)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    hamlet: Hamlet, body: object, where: str, code: str
) -> None:
    answer = await hamlet.post(SHIFTS, body, "editor")
    error = answer.json()["errors"][0]

    assert answer.status_code == 422
    assert (".".join(map(str, error["loc"])), error["code"]) == (where, code)
    assert (await hamlet.get(SHIFTS, "clerk")).json()["items"] == []
    assert await noted(hamlet) == []


async def test_who_holds_no_post_any_more_or_is_erased_takes_no_shift(
    hamlet: Hamlet,
) -> None:
    etag = (await hamlet.get("/api/v1/people/p8", "clerk")).headers["etag"]
    headers = bearer("editor") | {"If-Match": etag}
    await hamlet.http.delete("/api/v1/people/p8", headers=headers)
    gone = await hamlet.post(SHIFTS, OVERRIDE, "editor")
    wanted = Erasure(person=PersonId("p8"), by="key:admin", reason="离任")
    await hamlet.runtime.database.write(lambda c: erase(c, wanted, NOON))
    erased = await hamlet.post(SHIFTS, OVERRIDE, "editor")

    assert [codes(gone), codes(erased)] == [["holds_no_post"], ["person_erased"]]


async def test_one_is_another_under_its_number_and_who_is_on_duty_changes(
    hamlet: Hamlet,
) -> None:
    made = await make(hamlet, OVERRIDE)
    new = {**OVERRIDE, "people": ["p6"]}
    etag = await etag_of(hamlet, made["id"])
    answer = await change(hamlet, "PUT", made["id"], etag, new)
    [post] = (await hamlet.get(ON_DUTY, "clerk")).json()["items"]

    assert answer.json() == made | {"people": [{"person": "p6", "name": "王建国6"}]}
    assert answer.headers["etag"] == await etag_of(hamlet, made["id"])
    assert post["spans"][1]["people"] == answer.json()["people"]


async def test_what_is_taken_back_is_no_more(hamlet: Hamlet) -> None:
    made = await make(hamlet, OVERRIDE)
    etag = await etag_of(hamlet, made["id"])
    answer = await change(hamlet, "DELETE", made["id"], etag)
    again = await change(hamlet, "DELETE", made["id"], etag)

    assert (answer.status_code, again.status_code) == (204, 404)
    assert codes(again) == ["unknown_shift"]
    assert (await hamlet.get(ON_DUTY, "clerk")).json()["items"] == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_who_has_not_seen_the_present_state_changes_nothing(
    hamlet: Hamlet, method: str
) -> None:
    made = await make(hamlet, OVERRIDE)
    path, new = f"{SHIFTS}/{made['id']}", {**OVERRIDE, "people": ["p6"]}
    unseen = await hamlet.http.request(method, path, headers=bearer("editor"), json=new)
    late = await change(hamlet, method, made["id"], '"0123"', new)

    assert (unseen.status_code, late.status_code) == (428, 412)
    assert (await hamlet.get(path, "clerk")).json() == made
    assert late.headers["etag"] == await etag_of(hamlet, made["id"])


async def test_a_leave_stays_a_leave(hamlet: Hamlet) -> None:
    made = await make(hamlet, LEAVE)
    etag = await etag_of(hamlet, made["id"])
    answer = await change(hamlet, "PUT", made["id"], etag, OVERRIDE)

    assert (answer.status_code, codes(answer)) == (422, ["another_form"])


async def test_the_house_notes_by_whom_a_shift_was_made_changed_and_taken_back(
    hamlet: Hamlet,
) -> None:
    made = await make(hamlet, OVERRIDE)
    etag = await etag_of(hamlet, made["id"])
    new = {**OVERRIDE, "people": ["p6"]}
    put = await change(hamlet, "PUT", made["id"], etag, new)
    await change(hamlet, "DELETE", made["id"], put.headers["etag"])
    entries = await noted(hamlet)

    assert [(one.how, one.people) for one in entries] == [
        (DutyChange.ADDED, ("p8",)),
        (DutyChange.REPLACED, ("p6",)),
        (DutyChange.REMOVED, ("p6",)),
    ]
    assert {(one.by, one.at, one.number, one.unit) for one in entries} == {
        ("key:editor", NOON, 1, COUNTY)
    }


async def test_a_shift_whose_people_are_gone_is_shown_as_lapsed(
    hamlet: Hamlet,
) -> None:
    await make(hamlet, OVERRIDE)
    etag = (await hamlet.get("/api/v1/people/p8", "clerk")).headers["etag"]
    headers = bearer("editor") | {"If-Match": etag}
    await hamlet.http.delete("/api/v1/people/p8", headers=headers)
    shown = (await hamlet.get(f"{SHIFTS}/1", "clerk")).json()

    assert (shown["lapsed"], shown["people"][0]["name"]) == (True, "王建国8")


async def test_a_grid_may_have_a_plan_too(hamlet: Hamlet) -> None:
    grid = {**ROTATION, "unit": GRIDS[0], "post": "grid_lead", "people": ["p1", "p2"]}

    assert (await make(hamlet, grid))["zone"] == "Asia/Shanghai"
