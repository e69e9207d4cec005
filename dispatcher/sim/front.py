"""The door the account's requests come in by: who asks, and how the exchange feels."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TypeVar

from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from dispatcher.sim.postman import pause
from dispatcher.sim.switchboard import ExchangeSettings, Line, NetworkMode
from dispatcher.sim.twilio_wire import Refusal

UNAUTHENTICATED = Refusal(status=401, code=20003, message="Authenticate")
NOT_FOUND = Refusal(status=404, code=20404, message="The resource was not found")
BAD_QUERY = Refusal(status=400, code=20001, message="Invalid query parameter")
REFUSALS = {
    NetworkMode.THROTTLE: Refusal(status=429, code=20429, message="Too Many Requests"),
    NetworkMode.AUTH: UNAUTHENTICATED,
    NetworkMode.ERROR500: Refusal(
        status=500, code=20500, message="Internal Server Error"
    ),
}
REFUSAL_HEADERS = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": 'Basic realm="Twilio API"'},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "1"},
}

Read = TypeVar("Read")


class Front:
    """Lets in who has the account's password, and answers as well as told."""

    def __init__(self, settings: ExchangeSettings, line: Line) -> None:
        self._settings = settings
        self._line = line
        pair = f"{settings.account_sid}:{settings.auth_token}".encode()
        self._authorization = f"Basic {b64encode(pair).decode()}"

    def admits(self, request: Request) -> bool:
        """Tell whether the request is the account's."""
        return (
            request.headers.get("authorization") == self._authorization
            and request.path_params["account"] == self._settings.account_sid
        )

    def receive(self, request: Request) -> NetworkMode | Refusal:
        """Tell how a new message or call fares, or why it is not taken."""
        if not self.admits(request):
            return UNAUTHENTICATED
        mode = self._line.take(calling_back=False)
        return REFUSALS.get(mode, mode)

    async def confirm(
        self, request: Request, mode: NetworkMode, body: Mapping[str, object]
    ) -> Response:
        """Answer what was taken, as late as told."""
        if mode is NetworkMode.HANG:
            await _hang_up(request)
        elif self._settings.latency_ms:
            await pause(self._settings.latency_ms / 1000)
        return shown(body, HTTPStatus.CREATED)


async def order_of(
    request: Request, read: Callable[[bytes], Read | Refusal]
) -> Read | Refusal:
    """Read an order; who dies while he speaks has ordered nothing."""
    try:
        return read(await request.body())
    except ClientDisconnect:
        return BAD_QUERY


def refused(refusal: Refusal) -> Response:
    """Answer with a refusal."""
    response = shown(refusal.body(), refusal.status)
    response.headers.update(REFUSAL_HEADERS.get(HTTPStatus(refusal.status), {}))
    return response


def shown(body: Mapping[str, object], status: int = HTTPStatus.OK) -> Response:
    """Answer with JSON."""
    return Response(
        json.dumps(body, ensure_ascii=False), status, media_type="application/json"
    )


async def _hang_up(request: Request) -> None:
    """Keep silent until the client has had enough."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
