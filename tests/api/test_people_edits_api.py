"""People edited over HTTP, taken out of their posts, and erased."""

from __future__ import annotations

import pytest

from dispatcher.store import people
from tests.api.editor import (
    LEAD_POST,
    LI,
    NEW_NUMBER,
    PEOPLE,
    add,
    delete,
    put,
    seen,
)
from tests.api.hamlet import (
    GRIDS,
    LEAD_NUMBER,
    VILLAGE,
    Hamlet,
    codes,
)


async def test_who_cannot_see_a_number_can_keep_it(hamlet: Hamlet) -> None:
    before, etag = await seen(hamlet, f"{PEOPLE}/p1")
    kept = before["numbers"][0]["id"]
    body = {"name": "王建军", "numbers": [{"value": NEW_NUMBER}, {"id": kept}]}
    answer = await put(hamlet, f"{PEOPLE}/p1", body, etag)
    after = answer.json()
    shown = await hamlet.get(f"{PEOPLE}/{after['id']}?reveal=true", "caller")

    assert (answer.status_code, after["name"], after["human"]) == (200, "王建军", "p1")
    assert after["posts"] == before["posts"]
    assert after["numbers"][1] == before["numbers"][0]
    values = [one["value"] for one in shown.json()["numbers"]]
    assert values == [NEW_NUMBER, LEAD_NUMBER]
    assert answer.headers["location"] == f"{PEOPLE}/{after['id']}"
    assert (await seen(hamlet, answer.headers["location"])) == (
        after,
        answer.headers["etag"],
    )


async def test_a_version_that_was_replaced_is_edited_no_more(hamlet: Hamlet) -> None:
    _, first = await seen(hamlet, f"{PEOPLE}/p1")
    body = {"name": "王建军", "numbers": [{"id": "a1"}]}
    new = (await put(hamlet, f"{PEOPLE}/p1", body, first)).json()["id"]
    late = await put(hamlet, f"{PEOPLE}/p1", body, first)
    old, now = await seen(hamlet, f"{PEOPLE}/p1")
    again = await put(hamlet, f"{PEOPLE}/p1", body, now)
    removed = await delete(hamlet, f"{PEOPLE}/p1", now)

    assert (late.status_code, late.headers["etag"]) == (412, now)
    assert (old["name"], old["posts"], old["replaced_by"]) == ("王建国1", [], new)
    assert [one.status_code for one in (again, removed)] == [409, 409]
    assert codes(again) == ["replaced"]
    assert new in again.json()["detail"]


async def test_a_number_that_was_found_wrong_stays_so(hamlet: Hamlet) -> None:
    await hamlet.runtime.database.write(lambda c: people.flag_wrong(c, ["a1"]))
    for number in ({"id": "a1"}, {"value": LEAD_NUMBER}):
        lead, _ = await seen(hamlet, LEAD_POST)
        path = f"{PEOPLE}/{lead['holders'][0]['person']}"
        _, etag = await seen(hamlet, path)
        body = {"name": f"王{len(number)}{path[-1]}", "numbers": [number]}
        after = (await put(hamlet, path, body, etag)).json()

        assert [(one["id"], one["wrong"]) for one in after["numbers"]] == [("a1", True)]


@pytest.mark.parametrize(
    ("numbers", "loc", "code"),
    [
        ([], ["numbers"], "too_few"),
        ([{"value": "110"}], ["numbers", 0, "value"], "number_not_callable"),
        ([{"value": "95533"}], ["numbers", 0, "value"], "number_not_callable"),
        ([{"value": "4001234567"}], ["numbers", 0, "value"], "number_not_callable"),
        ([{"value": "1380000"}], ["numbers", 0, "value"], "number_not_callable"),
        ([{"value": "王建国"}], ["numbers", 0, "value"], "number_unreadable"),
        ([{"value": NEW_NUMBER}] * 2, ["numbers"], "listed_twice"),
        ([{}], ["numbers", 0], "id_or_value"),
        ([{"id": "a1", "value": NEW_NUMBER}], ["numbers", 0], "id_or_value"),
        ([{"id": "a2"}], ["numbers"], "unknown_address"),
        ([{"id": "a1"}, {"value": LEAD_NUMBER}], ["numbers"], "same_address"),
        (
            [{"value": "13800001234", "kind": "landline"}],
            ["numbers", 0, "kind"],
            "kind_is_another",
        ),
        (
            [{"value": "王 建国", "kind": "wecom"}],
            ["numbers", 0, "value"],
            "bad_account",
        ),
    ],
)
async def test_what_no_importer_lets_pass_is_no_number(
    hamlet: Hamlet, numbers: object, loc: list[object], code: str
) -> None:
    _, etag = await seen(hamlet, f"{PEOPLE}/p1")
    body = {"name": "王建国1", "numbers": numbers}
    answer = await put(hamlet, f"{PEOPLE}/p1", body, etag)
    [told] = answer.json()["errors"]

    assert (answer.status_code, told["loc"], told["code"]) == (422, loc, code)
    assert (await seen(hamlet, f"{PEOPLE}/p1"))[1] == etag


@pytest.mark.parametrize("name", ["王建国、李卫民", "王13800001234", "\u200b"])
async def test_what_no_importer_lets_pass_is_no_name(hamlet: Hamlet, name: str) -> None:
    answer = await add(hamlet, PEOPLE, LI | {"name": name})

    assert answer.status_code == 422
    assert [one["loc"] for one in answer.json()["errors"]] == [["name"]]


async def test_people_are_read_as_an_importer_reads_them(hamlet: Hamlet) -> None:
    numbers = [
        {"value": "138 0000 1234"},
        {"value": "024-2345 6789", "kind": "landline"},
        {"value": "wang.jg", "kind": "wecom"},
    ]
    answer = await add(hamlet, PEOPLE, {"name": "李 卫", "numbers": numbers})
    person = answer.json()

    assert (answer.status_code, person["name"], person["posts"]) == (201, "李卫", [])
    assert [(one["kind"], one["value"]) for one in person["numbers"]] == [
        ("mobile", "138****1234"),
        ("landline", "242****6789"),
        ("wecom", "w****"),
    ]


async def test_who_is_there_already_is_not_added_twice(hamlet: Hamlet) -> None:
    body = {"name": "王建国1", "numbers": [{"value": LEAD_NUMBER}]}
    answer = await add(hamlet, PEOPLE, body)

    assert (answer.status_code, codes(answer)) == (409, ["exists"])
    assert "p1" in answer.json()["detail"]


async def test_a_namesake_with_the_same_telephone_in_the_office_is_somebody_else(
    hamlet: Hamlet,
) -> None:
    office, own = {"value": "024-23456789"}, {"value": NEW_NUMBER}
    _, etag = await seen(hamlet, f"{PEOPLE}/p1")
    body = {"name": "王建国1", "numbers": [{"id": "a1"}, office]}
    await put(hamlet, f"{PEOPLE}/p1", body, etag)
    answer = await add(hamlet, PEOPLE, {"name": "王建国1", "numbers": [own, office]})
    person = answer.json()

    assert (answer.status_code, person["human"]) == (201, person["id"])


async def test_who_comes_back_is_the_human_he_was_with_his_flags(
    hamlet: Hamlet,
) -> None:
    await hamlet.runtime.database.write(lambda c: people.flag_wrong(c, ["a1"]))
    _, etag = await seen(hamlet, f"{PEOPLE}/p1")
    gone = await delete(hamlet, f"{PEOPLE}/p1", etag)
    listed = (await hamlet.get(PEOPLE, "clerk")).json()["items"]
    body = {"name": "王建国1", "numbers": [{"value": LEAD_NUMBER}]}
    back = (await add(hamlet, PEOPLE, body)).json()

    assert (gone.status_code, gone.content) == (204, b"")
    assert "p1" not in [one["id"] for one in listed]
    assert (back["human"], back["id"] == "p1") == ("p1", False)
    assert [(one["id"], one["wrong"]) for one in back["numbers"]] == [("a1", True)]


async def test_who_was_taken_out_of_his_posts_leaves_them_vacant(
    hamlet: Hamlet,
) -> None:
    _, etag = await seen(hamlet, f"{PEOPLE}/p1")
    await delete(hamlet, f"{PEOPLE}/p1", etag)
    post, _ = await seen(hamlet, LEAD_POST)
    person, now = await seen(hamlet, f"{PEOPLE}/p1")
    again = await delete(hamlet, f"{PEOPLE}/p1", now)

    assert (post["holders"], post["on_duty"], person["posts"]) == ([], [], [])
    assert again.status_code == 204


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"unit={VILLAGE}", ["p1", "p2", "p3", "p4"]),
        (f"unit={GRIDS[1]}", ["p2"]),
        ("unit=nowhere", []),
        ("q=国7", ["p7"]),
        (f"unit={VILLAGE}&q=国7", []),
        (f"unit={VILLAGE}&limit=2&cursor=p2", ["p3", "p4"]),
    ],
)
async def test_people_are_found_by_place_and_by_name(
    hamlet: Hamlet, query: str, found: list[str]
) -> None:
    told = (await hamlet.get(f"{PEOPLE}?{query}", "clerk")).json()

    assert [one["id"] for one in told["items"]] == found


async def test_who_is_erased_over_http_is_gone(hamlet: Hamlet) -> None:
    wrong = await hamlet.post(f"{PEOPLE}/p1/erase", {"reason": "离任"}, "editor")
    answer = await hamlet.post(f"{PEOPLE}/p1/erase", {"reason": "离任"}, "admin")
    again = await hamlet.post(f"{PEOPLE}/p1/erase", {"reason": "离任"}, "admin")
    nobody = await hamlet.post(f"{PEOPLE}/p99/erase", {"reason": "离任"}, "admin")
    unsaid = await hamlet.post(f"{PEOPLE}/p2/erase", {"reason": " "}, "admin")
    person, etag = await seen(hamlet, f"{PEOPLE}/p1")
    body = {"name": "王建国1", "numbers": [{"value": LEAD_NUMBER}]}
    edited = await put(hamlet, f"{PEOPLE}/p1", body, etag)
    post, _ = await seen(hamlet, LEAD_POST)
    back = (await add(hamlet, PEOPLE, body)).json()

    assert (answer.status_code, answer.json()["erased"]) == (200, ["p1"])
    statuses = [one.status_code for one in (wrong, again, nobody, unsaid, edited)]
    assert statuses == [403, 409, 404, 422, 409]
    assert (codes(again), codes(edited)) == (["erased"], ["erased"])
    assert (person["name"], person["posts"]) == ("已删除人员 p1", [])
    assert post["holders"] == []
    assert back["human"] == back["id"]


async def test_who_is_being_called_is_not_erased(hamlet: Hamlet) -> None:
    await hamlet.launched()
    await hamlet.runtime.engine.turn()
    answer = await hamlet.post(f"{PEOPLE}/p1/erase", {"reason": "离任"}, "admin")

    assert (answer.status_code, codes(answer)) == (409, ["called"])
    assert "先免去他的职务" in answer.json()["detail"]
    assert (await seen(hamlet, f"{PEOPLE}/p1"))[0]["name"] == "王建国1"
