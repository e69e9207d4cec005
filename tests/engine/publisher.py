"""A warning centre that publishes: a real HTTP server with a list and its alerts."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

ENTRY = """\
<entry><id>{name}</id><updated>2026-07-12T04:00:00Z</updated>
<link type="application/cap+xml" href="{link}"/></entry>
"""
FEED = '<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'


@dataclass
class Publisher:
    """What is published, and what was asked for.

    :ivar alerts: documents by name; the list names the newest, the last one, first
    :ivar down: status that every answer has meanwhile; 0: none
    :ivar missing: alerts that the list names and that can't be had yet
    :ivar links: where the list says alerts are, other than here
    """

    alerts: dict[str, str] = field(default_factory=dict)
    down: int = 0
    wait: str = ""
    missing: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    moved: bool = False
    asked: list[tuple[str, int]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Where the list is."""
        return f"http://127.0.0.1:{self.port}/atom.xml"

    def count(self, path: str, status: int) -> int:
        """Count the answers that a path gave."""
        return self.asked.count((path, status))

    def listed(self) -> str:
        """Give the list."""
        return FEED.format(
            entries="".join(
                ENTRY.format(name=name, link=self.links.get(name, f"/cap/{name}"))
                for name in reversed(self.alerts)
            )
        )

    async def answer(self, request: Request) -> Response:
        """Answer, and note it."""
        self.tokens.append(request.headers.get("authorization", ""))
        said = self._answer(request)
        self.asked.append((request.url.path, said.status_code))
        return said

    def _answer(self, request: Request) -> Response:
        if self.down:
            after = {"Retry-After": self.wait} if self.wait else None
            return Response(status_code=self.down, headers=after)
        if self.moved and request.url.path == "/atom.xml":
            return RedirectResponse("/new.xml", status_code=301)
        name = request.path_params.get("name")
        if name is None:
            etag = f'"{hash(self.listed())}"'
            if request.headers.get("if-none-match") == etag:
                return Response(status_code=304)
            return Response(self.listed(), headers={"ETag": etag})
        if name in self.missing or name not in self.alerts:
            return Response(status_code=404)
        return Response(self.alerts[name], media_type="application/cap+xml")


@contextlib.asynccontextmanager
async def publishing() -> AsyncIterator[Publisher]:
    """Serve on a port of its own while the block runs."""
    publisher = Publisher()
    routes = [
        Route("/atom.xml", publisher.answer),
        Route("/new.xml", publisher.answer),
        Route("/cap/{name}", publisher.answer),
    ]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        publisher.port = listening.getsockname()[1]
        config = uvicorn.Config(Starlette(routes=routes), log_config=None)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield publisher
        finally:
            server.should_exit = True
            await serving
