"""One order for many callouts: each by itself, once, and quickly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from dispatcher.engine import bulk
from dispatcher.store import retention, schema
from dispatcher.store.writer import Work
from tests.api.hamlet import GRIDS, Hamlet, codes

BULK = "/api/v1/callouts/bulk"
HEARD = {"meaning": "received", "how": "phone", "at": "2026-07-12T12:00:00+08:00"}


async def grids(hamlet: Hamlet) -> list[str]:
    """Launch the warning; give the callouts of the grids."""
    await hamlet.launched()
    return [await hamlet.callout(grid) for grid in GRIDS]


def rewritten(name: str, change: Callable[[dict[str, Any]], None]) -> Work[object]:
    """Change what the store keeps of a callout, behind everybody's back."""
    table = schema.callout

    def write(connection: Connection) -> None:
        query = select(table.c.body).where(table.c.id == name)
        body = json.loads(connection.execute(query).scalar_one())
        change(body)
        values = {"body": json.dumps(body)}
        connection.execute(update(table).where(table.c.id == name).values(values))

    return write


async def test_each_is_told_what_became_of_it(hamlet: Hamlet) -> None:
    names = await grids(hamlet)
    answered = HEARD | {"person": "p1"}
    await hamlet.post(f"/api/v1/callouts/{names[0]}/answers", answered)
    body = {"callouts": [*names, "none", names[1]], "verb": "retry", "reason": "再叫"}
    told = await hamlet.post(BULK, body)

    assert told.status_code == 200
    assert told.json() == {
        "done": 2,
        "refused": 2,
        "results": [
            {"id": names[0], "ok": False, "code": "callout_answered"},
            {"id": names[1], "ok": True, "code": None},
            {"id": names[2], "ok": True, "code": None},
            {"id": "none", "ok": False, "code": "unknown_callout"},
        ],
    }
    shown = (await hamlet.get(f"/api/v1/callouts/{names[2]}")).json()
    said = next(f for f in shown["timeline"] if f["kind"] == "retried")
    assert (said["by"], said["note"]) == ("key:officer", "再叫")


@pytest.mark.parametrize(
    ("verb", "state"), [("takeover", "taken"), ("escalate", "calling")]
)
async def test_one_reason_stands_at_each(hamlet: Hamlet, verb: str, state: str) -> None:
    names = await grids(hamlet)
    body = {"callouts": names, "verb": verb, "reason": "水位猛涨"}
    assert (await hamlet.post(BULK, body)).json()["done"] == len(names)

    for name in names:
        shown = (await hamlet.get(f"/api/v1/callouts/{name}")).json()
        assert shown["state"] == state
        assert "水位猛涨" in str(shown["timeline"])


async def test_answers_are_those_of_who_stands_there(hamlet: Hamlet) -> None:
    names = await grids(hamlet)
    body = {"callouts": names, "verb": "answers", "reason": "逐一去电", **HEARD}
    await hamlet.post(BULK, body)
    shown = [(await hamlet.get(f"/api/v1/callouts/{name}")).json() for name in names]

    assert [one["answered"]["person"] for one in shown] == ["p1", "p2", "p3"]


async def test_a_superior_who_spoke_for_all_takes_all_over(hamlet: Hamlet) -> None:
    names = await grids(hamlet)
    body = {"callouts": names, "verb": "answers", "reason": "已派人", **HEARD}
    told = await hamlet.post(BULK, body | {"person": "p4"})

    assert told.json()["done"] == len(names)
    for name in names:
        shown = (await hamlet.get(f"/api/v1/callouts/{name}")).json()
        assert (shown["state"], shown["taken"]["by"]) == ("taken", "p4")


async def test_who_is_nobody_there_has_to_be_named(hamlet: Hamlet) -> None:
    names = await grids(hamlet)

    def forgotten(body: dict[str, Any]) -> None:
        body["runs"][0]["people"] = []

    await hamlet.runtime.database.write(rewritten(names[0], forgotten))
    body = {"callouts": names, "verb": "answers", "reason": "逐一去电", **HEARD}
    told = (await hamlet.post(BULK, body)).json()["results"]

    assert [one["code"] for one in told] == ["person_needed", None, None]


async def test_sent_again_with_its_key_it_does_only_what_was_not_done(
    hamlet: Hamlet,
) -> None:
    names = await grids(hamlet)
    body = {"callouts": names, "verb": "escalate", "reason": "快"}
    first = await hamlet.post(BULK, body, Idempotency_Key="k1")
    hamlet.clock.move_to(hamlet.clock.now() + timedelta(seconds=20))
    again = await hamlet.post(BULK, body, Idempotency_Key="k1")
    shown = (await hamlet.get(f"/api/v1/callouts/{names[0]}")).json()

    assert (first.json(), first.json()["done"]) == (again.json(), 3)
    assert [f["kind"] for f in shown["timeline"]].count("escalated") == 1

    def forget_the_last(connection: Connection) -> None:
        """As if we had died before the chunk of the last one."""
        table = schema.order_done
        connection.execute(table.delete().where(table.c.callout == names[2]))

    await hamlet.runtime.database.write(forget_the_last)
    await hamlet.post(BULK, body, Idempotency_Key="k1")
    counted = [
        [
            f["kind"]
            for f in (await hamlet.get(f"/api/v1/callouts/{name}")).json()["timeline"]
        ].count("escalated")
        for name in names
    ]
    assert counted == [1, 1, 2]


async def test_a_key_stands_for_one_order_until_it_is_dropped(hamlet: Hamlet) -> None:
    names = await grids(hamlet)
    body = {"callouts": names, "verb": "retry", "reason": "快"}
    await hamlet.post(BULK, body, Idempotency_Key="k1")
    other = await hamlet.post(BULK, body | {"reason": "慢"}, Idempotency_Key="k1")

    assert (other.status_code, codes(other)) == (409, ["key_of_other_order"])

    now = hamlet.clock.now()
    drop = retention.drop_orders
    kept = await hamlet.runtime.database.write(lambda c: drop(c, now, 10))
    gone = await hamlet.runtime.database.write(
        lambda c: drop(c, now + timedelta(seconds=1), 10)
    )
    assert (kept, gone) == (0, len(names))


async def test_sent_again_while_the_first_still_runs_it_does_nothing_twice(
    hamlet: Hamlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = await grids(hamlet)
    monkeypatch.setattr(bulk, "CHUNK", 1)  # so that the two take turns
    body = {"callouts": names, "verb": "escalate", "reason": "快"}
    first, second = await asyncio.gather(
        hamlet.post(BULK, body, Idempotency_Key="k1"),
        hamlet.post(BULK, body, Idempotency_Key="k1"),
    )
    shown = [(await hamlet.get(f"/api/v1/callouts/{name}")).json() for name in names]

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    for one in shown:
        assert [f["kind"] for f in one["timeline"]].count("escalated") == 1


async def test_two_orders_at_once_with_one_key_are_refused(hamlet: Hamlet) -> None:
    names = await grids(hamlet)
    body = {"callouts": names, "verb": "escalate", "reason": "快"}
    told = await asyncio.gather(
        hamlet.post(BULK, body, Idempotency_Key="k1"),
        hamlet.post(BULK, body | {"reason": "慢"}, Idempotency_Key="k1"),
    )

    assert sorted(one.status_code for one in told) == [200, 409]


async def test_a_bad_one_fails_alone(hamlet: Hamlet) -> None:
    names = await grids(hamlet)

    def spoil(body: dict[str, Any]) -> None:
        """Let a callout speak of a warning that is not there."""
        body["alert"] = "gone"

    await hamlet.runtime.database.write(rewritten(names[1], spoil))
    body = {"callouts": names, "verb": "retry", "reason": "快"}
    told = await hamlet.post(BULK, body)

    assert [one["code"] for one in told.json()["results"]] == [
        None,
        "order_failed",
        None,
    ]
    texts = await hamlet.runtime.database.read(
        lambda c: c.execute(
            select(func.count()).select_from(schema.message)
        ).scalar_one()
    )
    assert texts > 0


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"callouts": []}, ["too_few"]),
        ({"callouts": ["c"] * 5001}, ["too_many"]),
        ({"verb": "cancel"}, ["unknown_value"]),
        ({"reason": None}, ["text_expected"]),
        ({"verb": "answers"}, ["required"] * 3),
        (
            {"verb": "answers", **HEARD, "at": "2026-07-12T12:02:00+08:00"},
            ["heard_in_future"],
        ),
        ({"channel": "voice"}, ["channel_without_route"]),
    ],
)
async def test_a_wrong_order_does_nothing(
    hamlet: Hamlet, changed: dict[str, object], found: list[str]
) -> None:
    body = {"callouts": ["c"], "verb": "retry", "reason": "快"}
    refused = await hamlet.post(BULK, body | changed)

    assert (refused.status_code, codes(refused)) == (422, found)


async def test_a_key_without_the_scope_orders_nothing(hamlet: Hamlet) -> None:
    refused = await hamlet.post(BULK, {}, key="reader")

    assert (refused.status_code, codes(refused)) == (403, ["scope_missing"])
