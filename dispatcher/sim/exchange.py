"""A telephone exchange of its own: Twilio's Messages HTTP in front of virtual people.

Run as ``python -m dispatcher.sim.exchange``; it prints one JSON line ``{"port": N}``
when it listens. Loopback only: the routes under /control ask for no password.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from starlette.requests import ClientDisconnect

from dispatcher.sim.postman import Errand, Letter, Postman, Settled, pause, write
from dispatcher.sim.switchboard import (
    ExchangeSettings,
    LedgerEntry,
    Line,
    Network,
    NetworkMode,
    Switchboard,
    entry,
    new_sid,
)
from dispatcher.sim.twilio_wire import (
    API_VERSION,
    Inbound,
    Message,
    Order,
    Refusal,
    fresh,
    inbound_fields,
    page,
    read_order,
    resource,
    status_fields,
)
from dispatcher.sim.world import Phone

BACKLOG = 2048

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


@dataclass(frozen=True, slots=True, kw_only=True)
class HandReply:
    """A text written by hand; ``to`` is whoever wrote to the phone last, if None."""

    text: str
    to: str | None = None


class Exchange:
    """The exchange's two faces: the provider's HTTP, and the control of the play."""

    def __init__(self, settings: ExchangeSettings) -> None:
        self._settings = settings
        self._board = Switchboard(_now)
        self._line = Line()
        self.postman = Postman(settings.auth_token, self._line)
        pair = f"{settings.account_sid}:{settings.auth_token}".encode()
        self._authorization = f"Basic {b64encode(pair).decode()}"

    async def create(self, request: Request) -> Response:
        """Take a new message: POST Messages.json."""
        if not self._admits(request):
            return _refused(UNAUTHENTICATED)
        mode = self._line.take(calling_back=False)
        if mode in REFUSALS:
            return _refused(REFUSALS[mode])
        order = await _order(request)
        taken = order if isinstance(order, Refusal) else self._board.accept(order)
        if isinstance(taken, Refusal):
            return _refused(taken)
        await self._carry(taken, mode)
        if mode is NetworkMode.HANG:
            await _hang_up(request)
        elif self._settings.latency_ms:
            await pause(self._settings.latency_ms / 1000)
        return _json(201, fresh(taken, self._settings.account_sid))

    async def fetch(self, request: Request) -> Response:
        """Show one message: GET Messages/{sid}.json."""
        if not self._admits(request):
            return _refused(UNAUTHENTICATED)
        message = self._board.find(request.path_params["message"])
        if message is None:
            return _refused(NOT_FOUND)
        return _json(200, resource(message, self._settings.account_sid))

    async def list_messages(self, request: Request) -> Response:
        """Show messages newest first: GET Messages.json?To=&DateSent>=&PageSize=."""
        if not self._admits(request):
            return _refused(UNAUTHENTICATED)
        query = request.query_params
        try:
            found = self._board.listed(query.get("To", ""), _since(query))
            listed = page(found, self._settings.account_sid, query)
        except ValueError:
            return _refused(BAD_QUERY)
        return _json(200, listed)

    async def install(self, phones: list[Phone]) -> None:
        """Put people behind numbers."""
        self._board.install(phones)

    async def reply(self, number: str, reply: HandReply) -> dict[str, str]:
        """Speak for a person; answers when the account's server has taken it."""
        received = self._board.received(number)
        to = reply.to or (received[-1].order.sender if received else None)
        if to is None:
            raise HTTPException(409, f"nobody has written to {number}: give 'to'")
        inbound = Inbound(sid=new_sid(), sender=number, to=to, body=reply.text)
        if not await self.postman.deliver(self._letter(inbound)):
            raise HTTPException(502, f"{self._settings.reply_url} took no reply")
        return {"sid": inbound.sid}

    async def messages(self, number: str) -> list[LedgerEntry]:
        """Show what has reached a phone, oldest first."""
        return [entry(message) for message in self._board.received(number)]

    async def settle(self) -> Settled:
        """Answer when nothing that is due now is left to do."""
        return await self.postman.settle()

    async def network(self, network: Network) -> None:
        """Misbehave, or be well again."""
        self._line.order(network)

    async def ledger(self) -> list[LedgerEntry]:
        """Show every accepted message, oldest first."""
        return self._board.ledger()

    async def hold(self) -> None:
        """Keep back every callback and every reply but those made by hand."""
        await self.postman.hold()

    async def release(self) -> None:
        """Let go what was held."""
        self.postman.release()

    def _admits(self, request: Request) -> bool:
        return (
            request.headers.get("authorization") == self._authorization
            and request.path_params["account"] == self._settings.account_sid
        )

    async def _carry(self, message: Message, mode: NetworkMode) -> None:
        """Set out to tell of a message, and to bring what its reader writes back."""
        letters = self._receipts(message, mode)
        reaction = self._board.reaction(message)
        if reaction is None:
            if letters:
                await self.postman.submit(Errand(letters=letters))
            return
        order = message.order
        inbound = Inbound(
            sid=new_sid(),
            sender=order.to,
            to=order.sender,
            body=reaction.text,
            service_sid=order.service_sid,
        )
        answer = Errand(letters=(self._letter(inbound),))
        seconds = reaction.delay_seconds / self._settings.speed
        after = partial(self.postman.submit_later, answer, seconds)
        await self.postman.submit(Errand(letters=letters, after=after))

    def _receipts(self, message: Message, mode: NetworkMode) -> tuple[Letter, ...]:
        url = message.order.callback
        if not url:
            return ()
        account = self._settings.account_sid
        sent, end = (
            write(url, status_fields(message, account, status))
            for status in ("sent", message.end)
        )
        match mode:
            case NetworkMode.OUT_OF_ORDER:
                return (end, sent)
            case NetworkMode.DUPLICATE:
                return (sent, sent, end, end)
            case _:
                return (sent, end)

    def _letter(self, inbound: Inbound) -> Letter:
        form = inbound_fields(inbound, self._settings.account_sid)
        return write(self._settings.reply_url, form)


def build(exchange: Exchange, port: int) -> FastAPI:
    """Put an exchange on the web; its start is told by one JSON line with the port."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with exchange.postman.on_duty():
            sys.stdout.write(json.dumps({"port": port}) + "\n")
            sys.stdout.flush()
            yield

    app = FastAPI(openapi_url=None, lifespan=lifespan)
    account = f"/{API_VERSION}/Accounts/{{account}}"
    app.add_route(f"{account}/Messages.json", exchange.create, ["POST"])
    app.add_route(f"{account}/Messages.json", exchange.list_messages, ["GET"])
    app.add_route(f"{account}/Messages/{{message}}.json", exchange.fetch, ["GET"])
    app.put("/control/phones", status_code=204)(exchange.install)
    app.post("/control/phones/{number}/reply")(exchange.reply)
    app.get("/control/phones/{number}/messages")(exchange.messages)
    app.post("/control/settle")(exchange.settle)
    app.put("/control/network", status_code=204)(exchange.network)
    app.get("/control/ledger")(exchange.ledger)
    app.post("/control/hold", status_code=204)(exchange.hold)
    app.post("/control/release", status_code=204)(exchange.release)
    return app


def main() -> None:
    """Run an exchange until SIGTERM."""
    settings = _read_arguments()
    with socket.create_server(
        (settings.host, settings.port), backlog=BACKLOG
    ) as listener:
        app = build(Exchange(settings), listener.getsockname()[1])
        config = uvicorn.Config(
            app,
            access_log=False,
            backlog=BACKLOG,
            log_level="error",
            timeout_graceful_shutdown=1,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _read_arguments() -> ExchangeSettings:
    parser = argparse.ArgumentParser(prog="python -m dispatcher.sim.exchange")
    for name in ("--account-sid", "--auth-token", "--reply-url"):
        parser.add_argument(name, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    return ExchangeSettings(**vars(parser.parse_args()))


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  the outside world has its own clock


def _since(query: Mapping[str, str]) -> datetime | None:
    """Read ``DateSent>``: a UTC day or an ISO time; ValueError when it is neither."""
    text = query.get("DateSent>")
    if not text:
        return None
    since = datetime.fromisoformat(text)
    return since if since.tzinfo else since.replace(tzinfo=UTC)


async def _order(request: Request) -> Order | Refusal:
    """Read an order; who dies while he speaks has ordered nothing."""
    try:
        return read_order(await request.body())
    except ClientDisconnect:
        return BAD_QUERY


async def _hang_up(request: Request) -> None:
    """Keep silent until the client has had enough."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _refused(refusal: Refusal) -> Response:
    response = _json(refusal.status, refusal.body())
    response.headers.update(REFUSAL_HEADERS.get(HTTPStatus(refusal.status), {}))
    return response


def _json(status: int, body: Mapping[str, object]) -> Response:
    return Response(
        json.dumps(body, ensure_ascii=False), status, media_type="application/json"
    )


if __name__ == "__main__":
    main()
