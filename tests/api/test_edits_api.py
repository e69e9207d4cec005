"""The roster edited over HTTP: one thing at a time, over what was seen; and units."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.editor import (
    LEAD_POST,
    PEOPLE,
    POSTS,
    UNITS,
    add,
    delete,
    put,
    seen,
)
from tests.api.hamlet import (
    COUNTY,
    GRIDS,
    TOWN,
    VILLAGE,
    Hamlet,
    bearer,
    codes,
)

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
