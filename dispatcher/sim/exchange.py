"""A telephone exchange of its own: Twilio's HTTP, and WeCom's, before virtual people.

Run as ``python -m dispatcher.sim.exchange``; it prints one JSON line ``{"port": N}``
when it listens. Loopback only: the routes under /control ask for no password.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import Field, TypeAdapter

from dispatcher.console.page import simulator
from dispatcher.sim.call_desk import CallDesk
from dispatcher.sim.calls import Wires
from dispatcher.sim.front import (
    BAD_QUERY,
    NOT_FOUND,
    UNAUTHENTICATED,
    Front,
    order_of,
    refused,
    shown,
)
from dispatcher.sim.playroom import Playroom
from dispatcher.sim.postman import Errand, Letter, Postman, Settled, write
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
from dispatcher.sim.timetable import ManualTime, RunningTime, Time, Timetable
from dispatcher.sim.trunk import Trunk
from dispatcher.sim.twilio_wire import (
    API_VERSION,
    Inbound,
    Message,
    Refusal,
    Shelf,
    fresh,
    inbound_fields,
    read_order,
    resource,
    since,
    status_fields,
)
from dispatcher.sim.wecom import Wecom
from dispatcher.sim.wecom_wire import WecomAccount
from dispatcher.sim.world import Phone

BACKLOG = 2048
LONGEST_PLAY = 10_000_000  # seconds: four months
ACCOUNT = TypeAdapter(WecomAccount)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandReply:
    """A text written by hand; ``to`` is whoever wrote to the phone last, if None."""

    text: str
    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandTime:
    """The time to go on to, in seconds since the start."""

    to: Annotated[float, Field(ge=0, le=LONGEST_PLAY)]


class Exchange:
    """The exchange's two faces: the provider's HTTP, and the control of the play."""

    def __init__(self, settings: ExchangeSettings) -> None:
        self._settings = settings
        self._board = Switchboard(_now)
        self._line = Line()
        self._front = Front(settings, self._line)
        self._shelf = Shelf(account_sid=settings.account_sid, noun="Messages")
        self.postman = Postman(settings.auth_token, self._line)
        self.timetable: Timetable = (
            ManualTime(_now())
            if settings.manual_time
            else RunningTime(_now(), settings.speed)
        )
        self.calls = self._calls()
        self.wecom = self._wecom()
        self.playroom = Playroom(
            self._board, self._line, self.calls.trunk, self.wecom, settings
        )

    async def create(self, request: Request) -> Response:
        """Take a new message: POST Messages.json."""
        mode = self._front.receive(request)
        if isinstance(mode, Refusal):
            return refused(mode)
        order = await order_of(request, read_order)
        taken = order if isinstance(order, Refusal) else self._board.accept(order)
        if isinstance(taken, Refusal):
            return refused(taken)
        await self._carry(taken, mode)
        body = fresh(taken, self._settings.account_sid)
        return await self._front.confirm(request, mode, body)

    async def fetch(self, request: Request) -> Response:
        """Show one message: GET Messages/{sid}.json."""
        if not self._front.admits(request):
            return refused(UNAUTHENTICATED)
        message = self._board.find(request.path_params["message"])
        if message is None:
            return refused(NOT_FOUND)
        return shown(resource(message, self._settings.account_sid))

    async def list_messages(self, request: Request) -> Response:
        """Show messages newest first: GET Messages.json?To=&DateSent>=&PageSize=."""
        if not self._front.admits(request):
            return refused(UNAUTHENTICATED)
        query = request.query_params
        try:
            found = self._board.listed(query.get("To", ""), since(query, "DateSent>"))
            listed = self._shelf.page(found, resource, query)
        except ValueError:
            return refused(BAD_QUERY)
        return shown(listed)

    async def install(self, phones: list[Phone]) -> None:
        """Put people behind numbers."""
        self._board.install(phones)

    async def reply(self, number: str, reply: HandReply) -> dict[str, str]:
        """Speak for a person; answers when the account's server has taken it."""
        to = reply.to or self._board.writer_to(number)
        if to is None:
            raise HTTPException(409, f"nobody has written to {number}: give 'to'")
        inbound = Inbound(sid=new_sid(), sender=number, to=to, body=reply.text)
        if await self.postman.deliver(self._letter(inbound)) is None:
            raise HTTPException(502, f"{self._settings.reply_url} took no reply")
        self._board.write_down(inbound)
        return {"sid": inbound.sid}

    async def messages(self, number: str) -> list[LedgerEntry]:
        """Show what has reached a phone, oldest first."""
        return [entry(message) for message in self._board.received(number)]

    async def settle(self) -> Settled:
        """Answer when nothing that is due now is left to do."""
        await self._quiet()
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

    async def time(self) -> Time:
        """Show how late it is, and when the next thing falls due."""
        return self.timetable.time()

    async def move_time(self, hand: HandTime) -> Time:
        """Go on to a time, doing all that is due until then; answers when quiet."""
        if not isinstance(self.timetable, ManualTime):
            raise HTTPException(409, "time runs by itself: start with --manual-time")
        try:
            await self.timetable.move_to(hand.to, self._quiet)
        except ValueError as error:
            raise HTTPException(409, str(error)) from error
        return self.timetable.time()

    @asynccontextmanager
    async def on_duty(self) -> AsyncIterator[None]:
        """Keep those who bring callbacks at work."""
        async with AsyncExitStack() as duties:
            await duties.enter_async_context(self.postman.on_duty())
            if self.wecom:
                await duties.enter_async_context(self.wecom.courier.on_duty())
            yield

    async def _quiet(self) -> None:
        """Wait until neither a letter nor an event of WeCom's is on its way."""
        await self.postman.quiet()
        if self.wecom:
            await self.wecom.courier.settle()

    def _wecom(self) -> Wecom | None:
        if not self._settings.wecom:
            return None
        account = ACCOUNT.validate_json(self._settings.wecom)
        return Wecom(account, self.timetable.later, self.timetable.moment)

    def _calls(self) -> CallDesk:
        settings = self._settings
        wires = Wires(
            account_sid=settings.account_sid,
            timetable=self.timetable,
            postman=self.postman,
            diary=self._board.diary,
        )
        trunk = Trunk(self._board, wires, settings.voice_url)
        return CallDesk(settings.account_sid, self._front, trunk, self._board)

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
        send = partial(self._write_back, inbound)
        after = partial(self.timetable.later, send, reaction.delay_seconds)
        await self.postman.submit(Errand(letters=letters, after=after))

    def _write_back(self, inbound: Inbound) -> None:
        """Bring what a person writes by habit, unless somebody speaks for him now."""
        if not self._board.in_hand(inbound.sender):
            self._board.write_down(inbound)
            self.postman.submit_soon(Errand(letters=(self._letter(inbound),)))

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
        async with exchange.on_duty():
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
    app.get("/control/time")(exchange.time)
    app.post("/control/time")(exchange.move_time)
    exchange.calls.mount(app)
    exchange.playroom.mount(app)
    app.include_router(simulator())
    if exchange.wecom:
        exchange.wecom.mount(app)
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
    parser.add_argument("--voice-url", default="")
    parser.add_argument("--wecom", default="")
    parser.add_argument(
        "--manual-time", type=_truth, nargs="?", const=True, default=False
    )
    return ExchangeSettings(**vars(parser.parse_args()))


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  the outside world has its own clock


def _truth(text: str) -> bool:
    """Read True or False, as Python writes them."""
    try:
        return {"True": True, "False": False}[text]
    except KeyError:
        message = f"{text!r} is neither True nor False"
        raise argparse.ArgumentTypeError(message) from None


if __name__ == "__main__":
    main()
