"""One line in the log for each request: what was asked, by whom, and how it went.

No query string, and nothing of a path that may be a secret: of links and callbacks, and
of what we do not know, only the kind is told.
"""

from __future__ import annotations

import asyncio

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOLD_WHOLE = "/api/"
UNKNOWN = "…"

log = structlog.get_logger()


class AccessLog:
    """Logs each request when it has been served."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request and log it, whatever becomes of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clock = asyncio.get_running_loop().time
        began, status = clock(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            log.info(
                "http.request.served",
                method=scope["method"],
                path=path_of(scope),
                status=status,
                ms=round((clock() - began) * 1000, 1),
                key=scope.get("state", {}).get("key"),
            )


def path_of(scope: Scope) -> str:
    """The path as it may be told."""
    route = scope.get("route")
    if route is None:
        return UNKNOWN
    path = str(scope["path"])
    return path if path.startswith(TOLD_WHOLE) else str(route.path)
