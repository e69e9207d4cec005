from __future__ import annotations

from datetime import timedelta

import pytest

from dispatcher.api import replay
from tests.api.hamlet import GRIDS, NOON, TOWN, VILLAGE, Hamlet, cancelling
from tests.api.watcher import Desk, Page, answered, delivered

LIMIT = timedelta(minutes=5)  # of red, in the policy shipped


async def test_a_night_can_be_played_again(hamlet: Hamlet, desk: Desk) -> None:
    alert = await hamlet.launched()
    name = await hamlet.callout(GRIDS[0])
    await delivered(hamlet, name)
    hamlet.clock.move_to(NOON + LIMIT + timedelta(seconds=60))
    await answered(hamlet, name, "p1")
    hamlet.clock.move_to(NOON + LIMIT + timedelta(seconds=90))
    board = Page.of(await desk.board(alert))
    tape = (await hamlet.get(f"/api/v1/alerts/{alert}/replay")).json()
    told = [
        (ms, word)
        for ms, row, word in tape["changes"]
        if tape["rows"]["id"][row] == name
    ]
    last = {tape["rows"]["id"][row]: word for _, row, word in tape["changes"]}

    assert told == [
        (0, "pending"),
        (0, "delivered"),
        (300_000, "overdue"),
        (360_000, "acked"),
    ]
    assert last == {row["id"]: row["display"] for row in board.rows.values()}
    assert set(tape["rows"]["unit"]) >= {VILLAGE, *GRIDS}


async def test_a_replay_in_many_pieces_is_the_same(
    hamlet: Hamlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = await hamlet.launched()
    whole = (await hamlet.get(f"/api/v1/alerts/{alert}/replay")).json()
    monkeypatch.setattr(replay, "PIECE", 3)

    assert (await hamlet.get(f"/api/v1/alerts/{alert}/replay")).json() == whole


async def test_a_warning_without_callouts_is_played_too(hamlet: Hamlet) -> None:
    sent = await hamlet.send(cancelling(), key="officer")
    tape = (await hamlet.get(f"/api/v1/alerts/{sent.json()['id']}/replay")).json()

    assert (tape["changes"], tape["rows"]["id"]) == ([], [])


async def test_a_drawer_names_who_is_called_when_and_where(hamlet: Hamlet) -> None:
    await hamlet.launched()
    name = await hamlet.callout(GRIDS[0])
    await answered(hamlet, name, "p1")
    shown = (await hamlet.get(f"/api/v1/callouts/{name}")).json()
    first = shown["rungs"][0]
    village = next(
        r for r in shown["rungs"] if r["posts"] and r["posts"][0]["unit"] == VILLAGE
    )

    assert (shown["unit_name"], shown["township"]) == (
        "1网格",
        {"unit": TOWN, "name": "白鹭洲镇"},
    )
    assert (shown["display"], shown["deadline_at"]) == ("acked", None)
    assert (first["reached_at"], first["own"], first["people"]) == (
        "2026-07-12T04:00:00Z",
        True,
        ["p1"],
    )
    assert first["tries"][0]["done"]
    assert (village["reached_at"], village["people"]) == (None, ["p4"])
    assert village["posts"][0]["unit_name"] == "石门坪村"
    assert shown["people"]["p1"]["name"] == "王建国1"
    assert shown["people"]["p1"]["human"] == "p1"
    assert "0000001" not in shown["people"]["p1"]["numbers"][0]["value"]
