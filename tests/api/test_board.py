from __future__ import annotations

import asyncio
import gzip
import json
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import delete, update

from config.settings import Settings
from dispatcher.api import boards, viewer, watching
from dispatcher.engine.clock import wait_for
from dispatcher.store import people, schema
from tests.api.conftest import opened
from tests.api.hamlet import GRIDS, NOON, SETTINGS, TOWN, Hamlet, bearer, cancelling
from tests.api.visitor import renamed
from tests.api.watcher import (
    Desk,
    Page,
    answered,
    delivered,
    heard,
    lines,
    served,
    swept,
    taken_over,
)

LIMIT = timedelta(minutes=5)  # of red, in the policy shipped


async def test_a_board_tells_every_callout_and_what_they_add_up_to(
    hamlet: Hamlet, desk: Desk
) -> None:
    alert = await hamlet.launched()
    board = await desk.board(alert)
    page = Page.of(board)
    shown = (await hamlet.get(f"/api/v1/alerts/{alert}")).json()
    figures = (await hamlet.get(f"/api/v1/alerts/{alert}/summary")).json()
    lead = next(row for row in page.rows.values() if row["unit"] == GRIDS[0])

    assert board["alert"] == shown
    assert board["target"] == {"rate": 1.0, "seconds": LIMIT.total_seconds()}
    assert figures.items() <= page.summary.items()
    assert {row["display"] for row in page.rows.values()} == {"pending"}
    assert lead == {
        "id": await hamlet.callout(GRIDS[0]),
        "unit": GRIDS[0],
        "post": "grid_lead",
        "state": "calling",
        "display": "pending",
        "marks": [],
        "person": "王建国1",
        "rung": 0,
        "owner": None,
        "next_at": lead["next_at"],
        "next_what": "try",
        "deadline_at": "2026-07-12T04:05:00Z",
        "answered_at": None,
        "evidence": None,
        "changed_at": "2026-07-12T04:00:00Z",
    }


async def test_an_answer_stands_in_the_row_the_figures_and_the_curve(
    hamlet: Hamlet, desk: Desk
) -> None:
    alert = await hamlet.launched()
    hamlet.clock.move_to(NOON + timedelta(seconds=42))
    await answered(hamlet, await hamlet.callout(GRIDS[0]), "p1")
    board = await desk.board(alert)
    row = next(row for row in lines(board["rows"]) if row["unit"] == GRIDS[0])
    town = next(town for town in board["townships"] if town["unit"] == TOWN)

    assert (row["display"], row["evidence"]) == ("acked", "on_behalf")
    assert row["answered_at"] == row["changed_at"] == "2026-07-12T04:00:42Z"
    assert row["deadline_at"] is None
    assert board["curve"] == [[42, 1]]
    assert (town["answered"], town["answered_in_time"], town["overdue"]) == (1, 1, 0)


async def test_who_was_corrected_keeps_the_name_he_was_called_by(
    hamlet: Hamlet, desk: Desk
) -> None:
    """The version that was called is not in the roster any more."""
    alert = await hamlet.launched()
    lives = renamed("p1", "王建国1")
    await hamlet.runtime.database.write(lambda c: people.save_roster(c, lives))
    await hamlet.runtime.database.write(
        lambda c: c.execute(
            delete(schema.holding).where(schema.holding.c.person == "p1")
        )
    )
    await hamlet.runtime.database.write(people.raise_version)
    board = await desk.board(alert)

    assert "王建国1" in board["rows"]["person"]


async def test_before_anybody_is_called_the_row_names_who_will_be(
    hamlet: Hamlet, desk: Desk
) -> None:
    """A blue warning calls the village's head only later."""
    alert = await hamlet.launched(level="blue", headline="暴雨蓝色预警")
    rows = lines((await desk.board(alert))["rows"])

    assert all(row["person"] for row in rows)


async def test_large_answers_are_packed_for_who_takes_that(
    hamlet: Hamlet, desk: Desk
) -> None:
    alert = await hamlet.launched()
    path = f"/api/v1/alerts/{alert}/board"
    keys = bearer("reader")
    plain = await desk.http.get(path, headers=keys | {"Accept-Encoding": "gzip;q=0"})
    async with desk.http.stream(
        "GET", path, headers=keys | {"Accept-Encoding": "br, gzip"}
    ) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])

    assert (answer.headers["content-encoding"], answer.headers["vary"]) == (
        "gzip",
        "Accept-Encoding",
    )
    assert json.loads(gzip.decompress(raw)) == plain.json()
    assert "content-encoding" not in plain.headers
    assert len(raw) < len(plain.content) / 2


async def test_a_stream_goes_on_where_the_board_ended(
    hamlet: Hamlet, desk: Desk
) -> None:
    alert = await hamlet.launched()
    board = await desk.board(alert)
    name = await hamlet.callout(GRIDS[0])
    await taken_over(hamlet, name)
    async with desk.stream(alert, Page.of(board), cursor=board["cursor"]) as stream:
        await stream.until(lambda page: page.rows[name]["display"] == "taken")
        await answered(hamlet, name, "p1")
        page = await stream.until(lambda page: page.rows[name]["display"] == "acked")

    assert set(page.names()) == {"board"}
    assert [len(e["data"]["rows"]["id"]) for e in page.heard] == [1, 1]
    assert page.shown == Page.of(await desk.board(alert)).shown


async def test_only_what_changed_is_told(hamlet: Hamlet, desk: Desk) -> None:
    alert = await hamlet.launched()
    board = await desk.board(alert)
    async with desk.stream(alert, Page.of(board), cursor=board["cursor"]) as stream:
        name = await hamlet.callout(GRIDS[0])
        await taken_over(hamlet, name)
        event = (await stream.until(heard("board"))).heard[0]["data"]

    assert event["rows"]["id"] == [name]
    assert [town["unit"] for town in event["townships"]] == [TOWN]
    assert (event["gone"], event["curve"]) == ([], [])


async def test_the_clock_alone_makes_rows_overdue(hamlet: Hamlet, desk: Desk) -> None:
    alert = await hamlet.launched()
    board = await desk.board(alert)
    async with desk.stream(alert, Page.of(board), cursor=board["cursor"]) as stream:
        hamlet.clock.move_to(NOON + LIMIT + timedelta(seconds=1))
        page = await stream.until(
            lambda page: page.summary["by_display"]["overdue"] == len(page.rows)
        )
        seen = stream.last_id

    assert page.shown == Page.of(await desk.board(alert)).shown
    assert seen > board["cursor"]


async def test_rows_that_turned_overdue_meanwhile_are_told_on_return(
    hamlet: Hamlet, desk: Desk
) -> None:
    alert = await hamlet.launched()
    board = await desk.board(alert)
    hamlet.clock.move_to(NOON + LIMIT + timedelta(seconds=1))
    async with desk.stream(alert, Page.of(board), last_id=board["cursor"]) as stream:
        page = await stream.until(heard("board"))

    assert page.summary["by_display"]["overdue"] == len(page.rows)


@pytest.mark.parametrize("seed", range(4))
async def test_a_board_and_its_stream_are_the_board_of_later(
    desk: Desk, seed: int
) -> None:
    """Whatever is written while the snapshot is taken is neither lost nor doubled."""
    await _races(desk, Random(seed))


async def test_they_are_on_a_file_too_where_reads_wait_for_no_write(
    tmp_path: Path,
) -> None:
    folder = {"store": {"url": f"sqlite+aiosqlite:///{tmp_path / 'board.db'}"}}
    private = {"security": {"keys_dir": tmp_path, "allow_test_numbers": True}}
    given = SETTINGS.model_dump(mode="json") | folder | private
    async with opened(Settings.model_validate(given)) as hamlet, served(hamlet) as desk:
        await _races(desk, Random(7))


async def _races(desk: Desk, rng: Random) -> None:
    """Take snapshots and open streams while everything changes; all end alike."""
    hamlet = desk.hamlet
    alert = await hamlet.launched()
    names = (await desk.board(alert))["rows"]["id"]
    async with AsyncExitStack() as stack:
        streams = []
        for _ in range(12):
            await asyncio.gather(*(_anything(hamlet, rng, names) for _ in range(3)))
            _, board = await asyncio.gather(
                _anything(hamlet, rng, names), desk.board(alert)
            )
            live = desk.stream(alert, Page.of(board), cursor=board["cursor"])
            _, stream = await asyncio.gather(
                _anything(hamlet, rng, names), stack.enter_async_context(live)
            )
            streams.append(stream)
        later = Page.of(await desk.board(alert))
        for stream in streams:
            await stream.until(lambda page: page.shown == later.shown)


async def _anything(hamlet: Hamlet, rng: Random, names: list[str]) -> None:
    name = rng.choice(names)
    match rng.randrange(5):
        case 0:
            await hamlet.post(f"/api/v1/callouts/{name}/takeover", {"note": "值班台"})
        case 1:
            grid = rng.randrange(3)
            who = await hamlet.callout(GRIDS[grid])
            said = {"meaning": "received", "how": "phone", "note": ""}
            at = hamlet.clock.now().isoformat()
            body = {"person": f"p{grid + 1}", "at": at, **said}
            await hamlet.post(f"/api/v1/callouts/{who}/answers", body)
        case 2 | 3:
            await delivered(hamlet, name)
        case _:
            await swept(hamlet, rng.choice((5, 30, 90)))


async def test_a_stricter_warning_takes_its_callouts_off_the_board(
    hamlet: Hamlet, desk: Desk
) -> None:
    first = await hamlet.launched(level="orange", headline="暴雨橙色预警")
    board = await desk.board(first)
    async with desk.stream(first, Page.of(board), cursor=board["cursor"]) as stream:
        second = await hamlet.launched(identifier="RG7-2", level="red")
        page = await stream.until(lambda page: not page.rows)

    assert page.summary["callouts"] == 0
    assert page.shown == Page.of(await desk.board(first)).shown
    assert {*board["rows"]["unit"]} <= {*(await desk.board(second))["rows"]["unit"]}


async def test_one_stream_tells_of_all_warnings_and_of_the_desk(
    hamlet: Hamlet, desk: Desk
) -> None:
    async with desk.stream(None) as stream:
        await stream.until(heard("desk"))
        alert = await hamlet.launched()
        page = await stream.until(lambda page: len(page.rows) == 8)
        told = next(e["data"] for e in page.heard if e["event"] == "alert")
        await hamlet.post(f"/api/v1/alerts/{alert}/cancel", {"reason": "误发"})
        await stream.until(
            lambda page: any(
                e["event"] == "alert" and e["data"]["state"] == "cancelled"
                for e in page.heard
            )
        )

    assert (told["id"], told["state"]) == (alert, "active")


async def test_a_parked_warning_waits_for_the_desk(hamlet: Hamlet, desk: Desk) -> None:
    async with desk.stream(None) as stream:
        first = (await stream.until(heard("desk"))).heard[-1]["data"]
        await hamlet.send(cancelling(), key="officer")
        page = await stream.until(lambda page: page.names().count("desk") == 2)

    assert first == {
        "parked": 0,
        "pending": 0,
        "to_desk": 0,
        "unread": 0,
        "held_back": [],
    }
    assert page.heard[-1]["data"]["parked"] == 1


async def test_a_drill_is_told_as_one(hamlet: Hamlet, desk: Desk) -> None:
    alert = await hamlet.launched(status="Exercise")
    board = await desk.board(alert)

    assert (board["alert"]["status"], board["summary"]["drill"]) == ("Exercise", True)


async def test_who_comes_again_hears_all_he_missed_once(
    hamlet: Hamlet, desk: Desk
) -> None:
    alert = await hamlet.launched()
    board = await desk.board(alert)
    first, second = [await hamlet.callout(grid) for grid in GRIDS[:2]]
    async with desk.stream(alert, Page.of(board), cursor=board["cursor"]) as stream:
        await taken_over(hamlet, first)
        page = await stream.until(heard("board"))
        seen = stream.last_id
    await taken_over(hamlet, second)
    async with desk.stream(alert, page, last_id=seen, cursor="1.1.1") as stream:
        await stream.until(lambda page: page.rows[second]["display"] == "taken")

    assert page.heard[-1]["data"]["rows"]["id"] == [second]


async def test_an_alert_that_ended_meanwhile_is_told_on_return(
    hamlet: Hamlet, desk: Desk
) -> None:
    alert = await hamlet.launched()
    seen = (await desk.board(alert))["cursor"]
    await hamlet.post(f"/api/v1/alerts/{alert}/cancel", {"reason": "误发"})
    async with desk.stream(None, last_id=seen) as stream:
        page = await stream.until(heard("alert"))

    assert page.heard[0]["data"]["state"] == "cancelled"


@pytest.mark.parametrize(
    "cursor", ["yesterday", "999999.1.1", "1.999999.1", f"1.1.{10**18 - 1}"]
)
async def test_a_cursor_that_is_none_of_ours_begins_anew(
    hamlet: Hamlet, desk: Desk, cursor: str
) -> None:
    alert = await hamlet.launched()
    async with desk.stream(alert, cursor=cursor) as stream:
        page = await stream.until(heard("resync"))

    assert page.names() == ["resync"]


async def test_who_would_have_too_much_to_read_begins_anew(
    hamlet: Hamlet, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer, "LINES_MOST", 2)
    alert = await hamlet.launched()
    board = await desk.board(alert)
    async with desk.stream(alert, Page.of(board), cursor=board["cursor"]) as stream:
        await swept(hamlet, 301)
        page = await stream.until(heard("resync"))
        page.take(await desk.board(alert))
        name = await hamlet.callout(GRIDS[0])
        await taken_over(hamlet, name)
        await stream.until(lambda page: page.rows[name]["display"] == "taken")


async def test_more_windows_than_a_browser_opens_are_told_the_same(
    hamlet: Hamlet, desk: Desk
) -> None:
    alert = await hamlet.launched()
    board = await desk.board(alert)
    name = await hamlet.callout(GRIDS[0])
    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(
                desk.stream(alert, Page.of(board), cursor=board["cursor"])
            )
            for _ in range(9)
        ]
        await taken_over(hamlet, name)
        for stream in streams:
            await stream.until(lambda page: page.rows[name]["display"] == "taken")


async def test_a_key_that_is_taken_away_ends_its_streams(
    hamlet: Hamlet, desk: Desk
) -> None:
    alert = await hamlet.launched()
    table = schema.api_key
    async with desk.stream(alert) as stream:
        await stream.until(heard("alert"))
        await hamlet.runtime.database.write(
            lambda c: c.execute(delete(table).where(table.c.name == "reader"))
        )
        page = await stream.to_its_end()

    assert page.heard[-1] == {"event": "closing", "data": {"reason": "key"}}


async def test_a_key_that_loses_its_scope_ends_its_streams(
    hamlet: Hamlet, desk: Desk
) -> None:
    table = schema.api_key
    async with desk.stream(None) as stream:
        await stream.until(heard("desk"))
        await hamlet.runtime.database.write(
            lambda c: c.execute(
                update(table).where(table.c.name == "reader").values(scopes="[]")
            )
        )
        page = await stream.to_its_end()

    assert page.heard[-1]["data"] == {"reason": "key"}


async def test_a_server_that_stops_says_so(desk: Desk) -> None:
    async with desk.stream(None) as stream:
        await stream.until(heard("desk"))
        desk.watch.close()
        page = await stream.to_its_end()

    assert page.heard[-1] == {"event": "closing", "data": {"reason": "stopping"}}


async def test_nobody_reads_the_store_while_nobody_watches(
    hamlet: Hamlet, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "KEEP_SECONDS", 0.0)
    alert = await hamlet.launched()
    async with desk.stream(alert) as stream:
        await stream.until(heard("alert"))
        assert len(desk.watch.boards) == 1
    async with asyncio.timeout(5):
        while len(desk.watch.boards):
            await wait_for(asyncio.Event(), 0.05)


@pytest.mark.parametrize("key", ["gauge", "records"])
@pytest.mark.parametrize(
    "path", ["/api/v1/alerts/{}/board", "/api/v1/alerts/{}/stream", "/api/v1/stream"]
)
async def test_a_board_is_for_who_may_read_alerts(
    hamlet: Hamlet, path: str, key: str
) -> None:
    alert = await hamlet.launched()

    assert (await hamlet.get(path.format(alert), key=key)).status_code == 403


@pytest.mark.parametrize("what", ["board", "stream", "replay"])
async def test_an_alert_that_is_not_there_has_no_board(
    hamlet: Hamlet, what: str
) -> None:
    answer = await hamlet.get(f"/api/v1/alerts/nothing/{what}", key="reader")

    assert answer.status_code == 404


async def test_a_callout_written_before_there_were_faces_is_shown_all_the_same(
    hamlet: Hamlet, desk: Desk
) -> None:
    alert = await hamlet.launched()
    before = await desk.board(alert)
    await hamlet.runtime.database.write(
        lambda c: c.execute(update(schema.callout).values(face=""))
    )
    async with served(hamlet) as again:
        after = await again.board(alert)

    assert after["rows"] == before["rows"]


async def test_a_board_that_can_t_be_read_does_not_look_alive(
    hamlet: Hamlet, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = await hamlet.launched()
    board = await desk.board(alert)
    name = await hamlet.callout(GRIDS[0])
    async with desk.stream(alert, Page.of(board), cursor=board["cursor"]) as stream:
        await taken_over(hamlet, await hamlet.callout(GRIDS[1]))
        await stream.until(heard("board"))
        with monkeypatch.context() as broken:
            broken.setattr(boards, "news", _unreadable)
            page = await stream.until(heard("resync"))
        await taken_over(hamlet, name)
        await stream.until(lambda page: page.rows[name]["display"] == "taken")

    assert page.names().count("resync") == 1


def _unreadable(*_: object) -> None:
    message = "disk I/O error"
    raise OSError(message)
