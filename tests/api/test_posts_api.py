"""Posts over HTTP: who holds and who fills them; and the history of the roster."""

from __future__ import annotations

from typing import Any

import pytest

from dispatcher.store.erasing import Erasure, erase
from tests.api.editor import (
    LEAD_POST,
    POSTS,
    UNITS,
    add,
    added,
    in_post,
    put,
    seen,
)
from tests.api.hamlet import (
    GRIDS,
    NOON,
    VILLAGE,
    Hamlet,
    codes,
)


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


async def history(hamlet: Hamlet, query: str = "") -> list[dict[str, Any]]:
    answer = await hamlet.get(f"/api/v1/roster/history?{query}", "clerk")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_the_history_says_who_changed_what_when(hamlet: Hamlet) -> None:
    _, etag = await seen(hamlet, f"{UNITS}/{GRIDS[0]}")
    body = {"name": "东沟网格", "parent": VILLAGE}
    await put(hamlet, f"{UNITS}/{GRIDS[0]}", body, etag, "other")
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
