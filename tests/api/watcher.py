"""Who looks at the board, as a browser does it: a snapshot, then what a stream tells.

The app runs behind a real server on a socket; a stream is read by a real client.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

import httpx
import uvicorn
from sqlalchemy import Connection

from dispatcher.api.app import create_app
from dispatcher.api.watching import Watch
from dispatcher.core.callout import CalloutId, Progress
from dispatcher.core.event import Reported
from dispatcher.engine.launching import Launches
from dispatcher.engine.rules import sweep
from dispatcher.engine.step import step
from dispatcher.store import callouts
from tests.api.hamlet import Hamlet, bearer

PATIENCE_SECONDS = 10.0

Event = dict[str, Any]  # its name, id and data
Row = dict[str, Any]


@dataclass(slots=True)
class Page:
    """A page that keeps a board up to date.

    :ivar rows: by id
    :ivar heard: every event, in order
    """

    rows: dict[str, Row] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    towns: dict[str, dict[str, Any]] = field(default_factory=dict)
    curve: list[list[int]] = field(default_factory=list)
    heard: list[Event] = field(default_factory=list)

    @classmethod
    def of(cls, board: dict[str, Any]) -> Self:
        """A page that shows a snapshot."""
        page = cls()
        page.take(board)
        return page

    def take(self, board: dict[str, Any]) -> None:
        """Put what is told over what is known."""
        self.rows |= {row["id"]: row for row in lines(board["rows"])}
        for name in board.get("gone", ()):
            self.rows.pop(name, None)
        self.summary = board["summary"]
        for town in board["townships"]:
            self.towns[town["unit"]] = town
        if board["curve"]:
            first = board["curve"][0][0]
            self.curve = [p for p in self.curve if p[0] < first] + board["curve"]
        self.check()

    def hear(self, event: Event) -> None:
        """Take an event in."""
        self.heard.append(event)
        if event["event"] == "board":
            self.take(event["data"])

    def check(self) -> None:
        """The figures add up to the rows, in every answer."""
        rows = self.rows.values()
        assert self.summary["callouts"] == len(rows)
        assert self.summary["by_display"] == _counted("display", rows, self.summary)
        assert self.summary["by_state"] == _counted("state", rows, self.summary)
        answered = sum(row["answered_at"] is not None for row in rows)
        assert self.summary["answered"] == answered
        assert (self.curve[-1][1] if self.curve else 0) == answered
        assert sum(town["callouts"] for town in self.towns.values()) == len(rows)
        shown = sum((Counter(t["by_display"]) for t in self.towns.values()), Counter())
        assert shown == +Counter(self.summary["by_display"])

    @property
    def shown(self) -> tuple[Any, ...]:
        """All that can be seen."""
        towns = {name: town for name, town in self.towns.items() if town["callouts"]}
        return self.rows, self.summary, towns, self.curve

    def names(self) -> list[str]:
        """What was heard, by name."""
        return [event["event"] for event in self.heard]


def _counted(name: str, rows: Any, summary: dict[str, Any]) -> dict[str, int]:
    found = Counter(row[name] for row in rows)
    return {word: found[word] for word in summary[f"by_{name}"]}


def lines(rows: dict[str, list[Any]]) -> list[Row]:
    """Rows from parallel arrays."""
    assert len({len(column) for column in rows.values()}) == 1
    return [
        dict(zip(rows, cells, strict=True))
        for cells in zip(*rows.values(), strict=True)
    ]


@dataclass(slots=True)
class Stream:
    """An open stream and the page that listens to it."""

    page: Page
    lines: AsyncIterator[str]
    status: int
    ended: bool = False

    async def next(self) -> Event | None:
        """The next event; None: the stream has ended."""
        fields: dict[str, str] = {}
        async for line in self.lines:
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                event = {**fields, "data": json.loads(fields["data"])}
                self.page.hear(event)
                return event
            else:
                fields.clear()
        self.ended = True
        return None

    async def until(self, wanted: Callable[[Page], bool]) -> Page:
        """Listen until the page is as it should be."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not wanted(self.page) and await self.next():
                pass
        assert wanted(self.page), self.page.names()
        return self.page

    async def to_its_end(self) -> Page:
        """Listen until nothing more comes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.next():
                pass
        return self.page

    @property
    def last_id(self) -> str:
        """What a browser sends when it connects again."""
        return str(next(e["id"] for e in reversed(self.page.heard) if "id" in e))


def heard(name: str) -> Callable[[Page], bool]:
    """Until an event of this name has come."""
    return lambda page: name in page.names()


@dataclass(frozen=True, slots=True)
class Desk:
    """A served hamlet, and what a browser does with it."""

    hamlet: Hamlet
    http: httpx.AsyncClient
    watch: Watch

    async def board(self, alert: str, key: str = "reader") -> dict[str, Any]:
        """The whole board."""
        path = f"/api/v1/alerts/{alert}/board"
        answer = await self.http.get(path, headers=bearer(key))
        assert answer.status_code == 200, answer.text
        board: dict[str, Any] = answer.json()
        return board

    @contextlib.asynccontextmanager
    async def stream(
        self,
        alert: str | None,
        page: Page | None = None,
        *,
        cursor: str | None = None,
        last_id: str | None = None,
        key: str = "reader",
    ) -> AsyncIterator[Stream]:
        """Listen to the board of an alert, or of all."""
        path = f"/api/v1/alerts/{alert}/stream" if alert else "/api/v1/stream"
        known = {"Last-Event-ID": last_id} if last_id else {}
        async with self.http.stream(
            "GET",
            path,
            headers=bearer(key) | known,
            params={"cursor": cursor} if cursor else {},
        ) as answer:
            yield Stream(page or Page(), answer.aiter_lines(), answer.status_code)


@contextlib.asynccontextmanager
async def served(hamlet: Hamlet) -> AsyncIterator[Desk]:
    """Serve a hamlet on a socket; streams end before the server does."""
    app = create_app(hamlet.runtime, lambda: None)
    watch: Watch = app.state.front.watch
    config = uvicorn.Config(
        app,
        http="httptools",
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as front:
        serving = asyncio.create_task(server.serve(sockets=[front]))
        url = "http://{}:{}".format(*front.getsockname())
        try:
            async with httpx.AsyncClient(
                base_url=url, timeout=PATIENCE_SECONDS, trust_env=False
            ) as http:
                yield Desk(hamlet, http, watch)
        finally:
            watch.close()
            server.should_exit = True
            await serving


async def taken_over(hamlet: Hamlet, name: str) -> None:
    """Let the desk take a callout over."""
    done = await hamlet.post(f"/api/v1/callouts/{name}/takeover", {"note": "值班台"})
    assert done.status_code == 200, done.text


async def answered(hamlet: Hamlet, name: str, person: str) -> None:
    """Let somebody have answered a callout by telephone."""
    said = {
        "person": person,
        "meaning": "received",
        "how": "phone",
        "at": hamlet.clock.now().isoformat(),
        "note": "",
    }
    done = await hamlet.post(f"/api/v1/callouts/{name}/answers", said)
    assert done.status_code == 200, done.text


async def swept(hamlet: Hamlet, seconds: float) -> None:
    """Let time pass, and what fell due happen."""
    hamlet.clock.move_to(hamlet.clock.now() + timedelta(seconds=seconds))
    context, now = await hamlet.runtime.keeper.refresh(), hamlet.clock.now()
    await hamlet.runtime.database.write(lambda c: sweep(c, context, now, Launches()))


async def delivered(hamlet: Hamlet, name: str) -> None:
    """Let the newest message of a callout arrive."""
    context, now = await hamlet.runtime.keeper.refresh(), hamlet.clock.now()

    def arrive(connection: Connection) -> None:
        found = callouts.load(connection, [name])[CalloutId(name)].callout
        if found.attempts:
            told = Reported(attempt=found.attempts[-1].id, progress=Progress.DELIVERED)
            step(connection, context, {found.id: (told,)}, now)

    await hamlet.runtime.database.write(arrive)
