"""Units, people and posts edited over HTTP: one at a time, over what was seen."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from dispatcher.store import people
from dispatcher.store.erasing import Erasure, erase
from tests.api.hamlet import (
    COUNTY,
    GRIDS,
    LEAD_NUMBER,
    NOON,
    TOWN,
    VILLAGE,
    Hamlet,
    bearer,
    codes,
)

UNITS, PEOPLE, POSTS = "/api/v1/units", "/api/v1/people", "/api/v1/posts"
LEAD_POST = f"{POSTS}/{GRIDS[0]}/grid_lead"
NEW_NUMBER = "+99913900000001"
LI = {"name": "李卫民", "numbers": [{"value": NEW_NUMBER}]}


async def seen(hamlet: Hamlet, path: str) -> tuple[dict[str, Any], str]:
    """What stands there, and its ETag."""
    answer = await hamlet.get(path, "editor")
    assert answer.status_code == 200, answer.text
    return answer.json(), answer.headers["etag"]


async def put(
    hamlet: Hamlet, path: str, body: object, etag: str, key: str = "editor"
) -> httpx.Response:
    headers = bearer(key) | {"If-Match": etag}
    return await hamlet.http.put(path, json=body, headers=headers)


async def delete(hamlet: Hamlet, path: str, etag: str) -> httpx.Response:
    headers = bearer("editor") | {"If-Match": etag}
    return await hamlet.http.delete(path, headers=headers)


async def add(hamlet: Hamlet, path: str, body: object) -> httpx.Response:
    return await hamlet.post(path, body, "editor")


async def added(hamlet: Hamlet, body: object = LI) -> str:
    """Somebody new; gives his id."""
    answer = await add(hamlet, PEOPLE, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def in_post(hamlet: Hamlet, person: str, post: str = LEAD_POST) -> None:
    """Let somebody alone hold a post."""
    _, etag = await seen(hamlet, post)
    answer = await put(hamlet, post, {"holders": [{"person": person}]}, etag)
    assert answer.status_code == 200, answer.text


# --- what every edit has


THINGS = [
    (f"{UNITS}/{GRIDS[0]}", {"name": "东沟网格", "parent": VILLAGE}),
    (f"{PEOPLE}/p1", {"name": "王建国1", "numbers": [{"id": "a1"}]}),
    (LEAD_POST, {"holders": []}),
]


@pytest.mark.parametrize(("path", "body"), THINGS)
async def test_who_does_not_say_what_he_has_seen_changes_nothing(
    hamlet: Hamlet, path: str, body: object
) -> None:
    before = await seen(hamlet, path)
    headers = bearer("editor")
    answers = [
        await hamlet.http.put(path, json=body, headers=headers),
        await hamlet.http.delete(path, headers=headers),
    ]

    assert [one.status_code for one in answers] == [428, 428]
    assert codes(answers[0]) == ["if_match_required"]
    assert await seen(hamlet, path) == before


@pytest.mark.parametrize(("path", "body"), THINGS)
async def test_who_has_seen_another_state_is_told_the_present_one(
    hamlet: Hamlet, path: str, body: object
) -> None:
    _, etag = await seen(hamlet, path)
    answers = [
        await put(hamlet, path, body, '"0123"'),
        await put(hamlet, path, body, f"W/{etag}"),
        await delete(hamlet, path, '"0123"'),
    ]

    assert [one.status_code for one in answers] == [412] * 3
    assert codes(answers[0]) == ["changed_meanwhile"]
    assert {one.headers["etag"] for one in answers} == {etag}
    assert (await seen(hamlet, path))[1] == etag


async def test_of_two_who_edit_at_once_one_is_told_that_he_was_late(
    hamlet: Hamlet,
) -> None:
    path = f"{UNITS}/{GRIDS[0]}"
    _, etag = await seen(hamlet, path)
    bodies = [{"name": name, "parent": VILLAGE} for name in ("东沟网格", "西沟网格")]
    answers = await asyncio.gather(
        *(
            put(hamlet, path, body, etag, key)
            for body, key in zip(bodies, ("editor", "other"), strict=True)
        )
    )
    late = next(one for one in answers if one.status_code == 412)
    unit, now = await seen(hamlet, path)

    assert sorted(one.status_code for one in answers) == [200, 412]
    assert late.headers["etag"] == now
    assert unit["name"] in {"东沟网格", "西沟网格"}
    again = await put(hamlet, path, bodies[0], late.headers["etag"], "other")
    assert again.status_code == 200


async def test_one_of_several_etags_or_any_will_do(hamlet: Hamlet) -> None:
    path = f"{UNITS}/{GRIDS[0]}"
    _, etag = await seen(hamlet, path)
    several = await put(hamlet, path, THINGS[0][1], f'"0123", {etag}')
    whatever = await put(hamlet, path, THINGS[0][1], "*")

    assert (several.status_code, whatever.status_code) == (200, 200)


async def test_an_edit_wakes_the_worker_and_one_that_changes_nothing_is_no_change(
    hamlet: Hamlet,
) -> None:
    wakes = len(hamlet.wakes)
    for path, body in (
        (f"{UNITS}/{GRIDS[0]}", {"name": "1网格", "parent": VILLAGE}),
        THINGS[1],
        (LEAD_POST, {"holders": [{"person": "p1"}]}),
    ):
        _, etag = await seen(hamlet, path)
        answer = await put(hamlet, path, body, etag)
        assert (answer.status_code, answer.headers["etag"]) == (200, etag), answer.text
    told = (await hamlet.get("/api/v1/roster/history", "clerk")).json()

    assert (len(hamlet.wakes) - wakes, told["items"]) == (3, [])


# --- units


async def test_a_unit_is_added_where_it_can_be_read(hamlet: Hamlet) -> None:
    body = {
        "id": f"{VILLAGE}004",
        "kind": "grid",
        "name": " 河湾网格 ",
        "parent": VILLAGE,
        "lat": 42.68,
        "lon": 125.53,
        "risk": 1,
    }
    answer = await add(hamlet, UNITS, body)
    there, etag = await seen(hamlet, answer.headers["location"])

    assert answer.status_code == 201
    assert there == body | {"name": "河湾网格", "code_system": "DEMO"} == answer.json()
    assert etag == answer.headers["etag"]
    twice = await add(hamlet, UNITS, body)
    assert (twice.status_code, codes(twice)) == (409, ["exists"])


async def test_the_code_of_a_grid_may_hold_a_slash(hamlet: Hamlet) -> None:
    body = {"id": "丙/1", "kind": "grid", "name": "丙1", "parent": VILLAGE}
    answer = await add(hamlet, UNITS, body)
    path = answer.headers["location"]
    _, etag = await seen(hamlet, path)
    holder = {"unit": "丙/1", "post": "grid_lead", "person": "p1"}
    post = (await add(hamlet, POSTS, holder)).headers["location"]
    held, of_post = await seen(hamlet, post)

    assert path == f"{UNITS}/%E4%B8%99%2F1"
    assert [one["person"] for one in held["holders"]] == ["p1"]
    assert (await delete(hamlet, post, of_post)).status_code == 204
    assert (await delete(hamlet, path, etag)).status_code == 204
    assert (await hamlet.get(path, "editor")).status_code == 404


@pytest.mark.parametrize(
    ("changed", "loc", "code"),
    [
        ({"id": "99042110020"}, ["id"], "bad_unit_code"),
        ({"id": "990421100201000"}, ["id"], "bad_unit_code"),
        ({"kind": "grid", "id": "x" * 33}, ["id"], "bad_unit_code"),
        ({"parent": COUNTY}, ["parent"], "bad_parent"),
        ({"parent": None}, ["parent"], "bad_parent"),
        ({"parent": "990421101", "id": "990421101200"}, ["parent"], "wrong_parent"),
        ({"kind": "grid", "id": "甲", "parent": TOWN}, ["parent"], "wrong_parent"),
        ({"lat": 42.68}, ["lon"], "lat_and_lon"),
        ({"lon": 125.5}, ["lat"], "lat_and_lon"),
        ({"lat": 91, "lon": 1}, ["lat"], "too_large"),
        ({"risk": 0}, ["risk"], "too_small"),
        ({"name": "\u200b"}, ["name"], "required"),
        ({"colour": "red"}, ["colour"], "unknown_field"),
    ],
)
async def test_what_no_importer_lets_pass_is_no_unit(
    hamlet: Hamlet, changed: dict[str, object], loc: list[str], code: str
) -> None:
    sound = {"id": "990421100201", "kind": "village", "name": "柳河村", "parent": TOWN}
    answer = await add(hamlet, UNITS, sound | changed)
    [told] = answer.json()["errors"]

    assert (answer.status_code, told["loc"], told["code"]) == (422, loc, code)


async def test_a_unit_stays_while_something_hangs_on_it(hamlet: Hamlet) -> None:
    refused = []
    for unit in (VILLAGE, GRIDS[0]):
        path = f"{UNITS}/{unit}"
        _, etag = await seen(hamlet, path)
        refused.append(await delete(hamlet, path, etag))

    assert [one.status_code for one in refused] == [409, 409]
    assert [codes(one) for one in refused] == [["children"], ["holders"]]
    assert GRIDS[0] in refused[0].json()["detail"]
    assert "grid_lead" in refused[1].json()["detail"]
    _, etag = await seen(hamlet, LEAD_POST)
    assert (await delete(hamlet, LEAD_POST, etag)).status_code == 204
    _, etag = await seen(hamlet, f"{UNITS}/{GRIDS[0]}")
    assert (await delete(hamlet, f"{UNITS}/{GRIDS[0]}", etag)).status_code == 204


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"parent={VILLAGE}", [*GRIDS]),
        ("kind=township", [TOWN]),
        ("q=石门", [VILLAGE]),
        (f"q={VILLAGE}&kind=village", [VILLAGE]),
        ("q=nobody", []),
        ("limit=2", [COUNTY, TOWN]),
        (f"limit=2&cursor={VILLAGE}", [*GRIDS[:2]]),
    ],
)
async def test_units_are_listed_by_what_they_are(
    hamlet: Hamlet, query: str, found: list[str]
) -> None:
    told = (await hamlet.get(f"{UNITS}?{query}", "clerk")).json()

    assert [one["id"] for one in told["items"]] == found
    assert (told["cursor"] is None) is not query.startswith("limit")


async def test_what_was_edited_is_in_the_list_at_once(hamlet: Hamlet) -> None:
    _, etag = await seen(hamlet, f"{UNITS}/{GRIDS[0]}")
    await put(hamlet, f"{UNITS}/{GRIDS[0]}", THINGS[0][1], etag)
    told = (await hamlet.get(f"{UNITS}?q=东沟", "clerk")).json()

    assert [one["id"] for one in told["items"]] == [GRIDS[0]]


# --- people


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


# --- posts


async def test_a_post_tells_who_holds_it_and_until_when(hamlet: Hamlet) -> None:
    person = await added(hamlet)
    begin, end = "2026-07-12T08:00:00Z", "2026-08-01T00:00:00Z"
    body = {
        "holders": [
            {"person": "p1", "valid_until": "2026-07-12T16:00:00+08:00"},
            {"person": person, "valid_from": begin, "valid_until": end},
        ]
    }
    _, etag = await seen(hamlet, LEAD_POST)
    answer = await put(hamlet, LEAD_POST, body, etag)
    first = {"person": "p1", "name": "王建国1"}
    second = {"person": person, "name": "李卫民"}

    assert answer.json() == {
        "unit": GRIDS[0],
        "unit_name": "1网格",
        "post": "grid_lead",
        "holders": [
            first | {"valid_from": None, "valid_until": begin},
            second | {"valid_from": begin, "valid_until": end},
        ],
        "on_duty": [first],
    }
    assert await seen(hamlet, LEAD_POST) == (answer.json(), answer.headers["etag"])


async def test_one_holder_more_stands_after_the_others(hamlet: Hamlet) -> None:
    person = await added(hamlet)
    body = {"unit": GRIDS[0], "post": "grid_lead", "person": person}
    answer = await add(hamlet, POSTS, body)
    twice = await add(hamlet, POSTS, body)
    post, etag = await seen(hamlet, answer.headers["location"])

    assert (answer.status_code, answer.json(), answer.headers["etag"]) == (
        201,
        post,
        etag,
    )
    assert [one["person"] for one in post["holders"]] == ["p1", person]
    assert (twice.status_code, codes(twice)) == (422, ["twice"])


@pytest.mark.parametrize(
    ("holders", "status", "code"),
    [
        ([{"person": "nobody"}], 422, "unknown_person"),
        ([{"person": "p1"}, {"person": "p1"}], 422, "twice"),
        (
            [
                {
                    "person": "p1",
                    "valid_from": "2026-08-01T00:00:00Z",
                    "valid_until": "2026-08-01T00:00:00Z",
                }
            ],
            *(422, "ends_before_it_begins"),
        ),
        ([{"person": "p1", "valid_from": "2026-08-01"}], 422, "time_expected"),
    ],
)
async def test_who_can_not_hold_a_post_does_not(
    hamlet: Hamlet, holders: object, status: int, code: str
) -> None:
    _, etag = await seen(hamlet, LEAD_POST)
    answer = await put(hamlet, LEAD_POST, {"holders": holders}, etag)

    assert (answer.status_code, codes(answer)) == (status, [code])
    assert (await seen(hamlet, LEAD_POST))[1] == etag


async def test_a_post_is_of_the_kind_of_its_unit(hamlet: Hamlet) -> None:
    paths = (f"{VILLAGE}/grid_lead", f"{GRIDS[0]}/village_head", "nowhere/grid_lead")
    answers = [await hamlet.get(f"{POSTS}/{path}", "editor") for path in paths]
    body = {"unit": VILLAGE, "post": "grid_lead", "person": "p1"}
    wrong = await add(hamlet, POSTS, body)

    assert [one.status_code for one in answers] == [404] * 3
    assert [codes(one)[0] for one in answers] == [
        *("unknown_post", "unknown_post", "unknown_unit")
    ]
    assert (wrong.status_code, codes(wrong)) == (404, ["no_such_post"])


async def test_gaps_are_the_posts_that_nobody_fills_now(hamlet: Hamlet) -> None:
    gaps = f"{POSTS}?gaps=true"
    before = (await hamlet.get(gaps, "clerk")).json()["items"]
    body = {"holders": [{"person": "p1", "valid_until": "2026-07-01T00:00:00Z"}]}
    _, etag = await seen(hamlet, LEAD_POST)
    await put(hamlet, LEAD_POST, body, etag)
    after = (await hamlet.get(f"{gaps}&unit={GRIDS[0]}", "clerk")).json()["items"]

    assert [(one["unit"], one["post"]) for one in before] == [
        (grid, "grid_backup") for grid in GRIDS
    ]
    assert [one["post"] for one in after] == ["grid_backup", "grid_lead"]
    assert [len(one["holders"]) for one in after] == [0, 1]


async def test_the_posts_of_a_unit_are_listed_page_by_page(hamlet: Hamlet) -> None:
    path = f"{POSTS}?unit={VILLAGE}&limit=2"
    first = (await hamlet.get(path, "clerk")).json()
    cursor = first["cursor"]
    second = (await hamlet.get(f"{path}&cursor={cursor}", "clerk")).json()

    assert [one["post"] for one in first["items"]] == ["forest_ranger", "village_duty"]
    assert [one["post"] for one in second["items"]] == ["village_head"]
    assert second["items"][0]["on_duty"] == [{"person": "p4", "name": "王建国4"}]
    assert second["cursor"] is None


# --- erasing


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


# --- history


async def history(hamlet: Hamlet, query: str = "") -> list[dict[str, Any]]:
    answer = await hamlet.get(f"/api/v1/roster/history?{query}", "clerk")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_the_history_says_who_changed_what_when(hamlet: Hamlet) -> None:
    _, etag = await seen(hamlet, f"{UNITS}/{GRIDS[0]}")
    await put(hamlet, f"{UNITS}/{GRIDS[0]}", THINGS[0][1], etag, "other")
    person = await added(hamlet)
    await in_post(hamlet, person)
    post, came, unit = await history(hamlet)

    for told in (post, came, unit):
        assert (told["at"], told["how"], told["source"]) == (
            *("2026-07-12T04:00:00Z", "edit", None),
        )
    assert [one["by"] for one in (unit, came, post)] == [
        *("key:other", "key:editor", "key:editor")
    ]
    assert [one["edition"] for one in (unit, came, post)] == [1, 2, 3]
    assert (unit["kind"], unit["subject"], unit["fields"]) == (
        *("unit", GRIDS[0], ["name"]),
    )
    assert (unit["before"]["name"], unit["after"]["name"]) == ("1网格", "东沟网格")
    number = {"kind": "mobile", "value": "+999 139****0001", "wrong": False}
    [shown] = came["after"]["numbers"]
    assert (came["before"], came["after"]["name"]) == (None, "李卫民")
    assert shown | number == shown
    names = [[one["name"] for one in post[side]] for side in ("before", "after")]
    assert (post["subject"], names) == (
        f"{GRIDS[0]}/grid_lead",
        [["王建国1"], ["李卫民"]],
    )


async def test_the_history_is_read_by_kind_subject_and_page(hamlet: Hamlet) -> None:
    for name in ("一", "二", "三"):
        _, etag = await seen(hamlet, f"{UNITS}/{GRIDS[0]}")
        body = {"name": f"{name}号网格", "parent": VILLAGE}
        await put(hamlet, f"{UNITS}/{GRIDS[0]}", body, etag)
    await added(hamlet)
    path = "/api/v1/roster/history?kind=unit&limit=2"
    first = (await hamlet.get(path, "clerk")).json()
    second = (await hamlet.get(f"{path}&cursor={first['cursor']}", "clerk")).json()
    editions = [[one["edition"] for one in part["items"]] for part in (first, second)]
    wrong = await hamlet.get("/api/v1/roster/history?cursor=x", "clerk")

    assert (editions, second["cursor"]) == ([[3, 2], [1]], None)
    assert len(await history(hamlet, f"subject={GRIDS[0]}")) == 3
    assert [one["kind"] for one in await history(hamlet, "kind=person")] == ["person"]
    assert await history(hamlet, "subject=nobody") == []
    assert wrong.status_code == 422


async def test_who_is_erased_is_erased_in_the_history_too(hamlet: Hamlet) -> None:
    person = await added(hamlet)
    await in_post(hamlet, person)
    wanted = Erasure(person=person, by="user:office", reason="离任")
    await hamlet.runtime.database.write(lambda c: erase(c, wanted, NOON))
    answer = await hamlet.get("/api/v1/roster/history", "clerk")
    vacated, gone, *_ = answer.json()["items"]

    assert "李卫民" not in answer.text
    assert gone["before"]["name"].startswith("已删除人员")
    assert (vacated["by"], vacated["after"]) == ("user:office", None)
