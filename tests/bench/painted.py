"""A server that only looks like ours: a board of any size that changes at any rate.

What is measured with it is the page; ``python -m tests.bench.painted GRIDS RATE PORT``.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random
from typing import Any

import uvicorn
from fastapi import FastAPI, Response
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.sse import EventSourceResponse, ServerSentEvent

from dispatcher.console.page import console
from dispatcher.engine.clock import SystemClock, wait_for

BATCH_SECONDS = 0.25
SIDE = 400  # steps of a grid's edge
CORNERS = 4  # on each edge, so that a grid has sixteen
TOWNS = 12
WORDS = ("pending", "sent", "delivered", "overdue", "escalated", "failed", "acked")
DISPLAYS = (*WORDS, "taken", "closed")


class Painted:
    """A square county whose callouts change at random."""

    def __init__(self, grids: int, rate: int) -> None:
        self.grids, self.rate = grids, rate
        self.random = Random(7)
        self.began = SystemClock().now()
        self.shown = ["pending"] * grids

    def layer(self) -> dict[str, Any]:
        """Draw the map."""
        columns = math.isqrt(self.grids) + 1
        towns = [f"t{n}" for n in range(TOWNS)]
        many = range(self.grids)
        rings = [[_ring(n // columns * SIDE, n % columns * SIDE)] for n in many]
        above = [towns[n * TOWNS // self.grids] for n in many]
        total = TOWNS + self.grids
        units = {
            "id": [*towns, *(f"g{n}" for n in many)],
            "name": [
                *(f"第{n}镇" for n in range(TOWNS)),
                *(f"第{n}网格" for n in many),
            ],
            "kind": ["township"] * TOWNS + ["grid"] * self.grids,
            "parent": [None] * TOWNS + above,
            "township": [*towns, *above],
            "lat": [None] * total,
            "lon": [None] * total,
            "risk": [0] * total,
            "rings": [None] * TOWNS + [*rings],
        }
        return {"version": "1", "origin": [30, 110], "scale": 100_000, "units": units}

    def rows(self, places: list[int]) -> dict[str, list[Any]]:
        """Show these lines."""
        limit = (self.began + timedelta(minutes=5)).isoformat()
        many = len(places)
        return {
            "id": [f"c{n}" for n in places],
            "unit": [f"g{n}" for n in places],
            "post": ["grid_lead"] * many,
            "state": ["calling"] * many,
            "display": [self.shown[n] for n in places],
            "marks": [[]] * many,
            "person": [f"网格长{n}" for n in places],
            "rung": [0] * many,
            "owner": [None] * many,
            "next_at": [limit] * many,
            "next_what": ["try"] * many,
            "deadline_at": [limit] * many,
            "answered_at": [None] * many,
            "evidence": [None] * many,
            "changed_at": [SystemClock().now().isoformat()] * many,
        }

    def figures(self) -> dict[str, Any]:
        """What stands beside the lines."""
        counts = Counter(self.shown)
        displays = {word: counts[word] for word in DISPLAYS}
        rate = counts["acked"] / self.grids
        summary = {
            "callouts": self.grids,
            "by_display": displays,
            "answer_rate": rate,
            "grid_coverage_rate": rate,
            "drill": False,
        }
        towns = [
            {
                "unit": f"t{n}",
                "name": f"第{n}镇",
                "callouts": self.grids // TOWNS,
                "answer_rate": rate,
                "overdue": 1,
                "failed": 0,
            }
            for n in range(TOWNS)
        ]
        now = SystemClock().now()
        seconds = int((now - self.began).total_seconds())
        curve = [[seconds, counts["acked"]]]
        told = {"summary": summary, "townships": towns, "curve": curve}
        return told | {"at": now.isoformat(), "cursor": "c"}

    def change(self) -> list[int]:
        """Change as many lines as one batch holds."""
        places = self.random.sample(range(self.grids), int(self.rate * BATCH_SECONDS))
        for place in places:
            self.shown[place] = self.random.choice(WORDS)
        return places


def _ring(north: int, east: int) -> list[int]:
    """A square with corners on its edges, as steps."""
    step = SIDE // CORNERS
    turns = ((step, 0), (0, step), (-step, 0), (0, -step))
    walked = [turn for turn in turns for _ in range(CORNERS)][:-1]
    return [north, east, *(part for turn in walked for part in turn)]


def served(painted: Painted) -> FastAPI:
    """Give the app: what the page asks for, and the page."""
    app = FastAPI()
    app.add_middleware(GZipMiddleware)
    alert = {
        "id": "a1",
        "state": "active",
        "status": "Actual",
        "level": "red",
        "headline": "暴雨红色预警",
        "received_at": painted.began.isoformat(),
        "expires": None,
        "units": painted.grids,
        "people": painted.grids,
    }
    officer = {"name": "limin", "display": "李敏", "role": "officer"}

    @app.get("/api/v1/session")
    async def session() -> dict[str, Any]:
        scopes = ["alerts:read", "callouts:write", "alerts:cancel"]
        return {"officer": officer, "scopes": scopes, "csrf": "", "watch": None}

    drawn = json.dumps(painted.layer())  # once, as our own server does

    @app.get("/api/v1/map")
    async def layer() -> Response:
        return Response(drawn, media_type="application/json")

    @app.get("/api/v1/map/tiles")
    async def tiles() -> dict[str, Any]:
        return {"tiles": []}

    @app.get("/api/v1/alerts/a1/board")
    async def board() -> dict[str, Any]:
        rows = painted.rows([*range(painted.grids)])
        target = {"rate": 1.0, "seconds": 300}
        return {"alert": alert, "target": target, "rows": rows} | painted.figures()

    @app.get("/api/v1/stream", response_class=EventSourceResponse)
    async def stream() -> AsyncIterator[ServerSentEvent]:
        never = asyncio.Event()
        while not await wait_for(never, BATCH_SECONDS):
            rows = painted.rows(painted.change())
            news = {"alert": "a1", "rows": rows, "gone": []} | painted.figures()
            yield ServerSentEvent(event="board", raw_data=json.dumps(news))

    @app.get("/healthz")
    async def healthz() -> dict[str, Any]:
        return {}

    app.include_router(console())
    return app


if __name__ == "__main__":
    size, changes, port = map(int, sys.argv[1:])
    painted = Painted(size, changes)
    config = uvicorn.Config(served(painted), port=port, log_level="warning")
    config.timeout_graceful_shutdown = 1
    uvicorn.Server(config).run()
