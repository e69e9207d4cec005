"""Calls over HTTP: the account's Calls resource, and the hands of the play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import Field

from dispatcher.sim.calls import LiveCall
from dispatcher.sim.front import (
    BAD_QUERY,
    NOT_FOUND,
    UNAUTHENTICATED,
    Front,
    order_of,
    refused,
    shown,
)
from dispatcher.sim.switchboard import Switchboard
from dispatcher.sim.trunk import CallEntry, Trunk
from dispatcher.sim.twilio_calls import (
    Status,
    call_resource,
    fresh_call,
    read_call_order,
    read_end,
)
from dispatcher.sim.twilio_wire import API_VERSION, Refusal, Shelf, since
from dispatcher.sim.twiml import KEYS, MOST_DIGITS


@dataclass(frozen=True, slots=True, kw_only=True)
class HandKeys:
    """Keys pressed by hand."""

    keys: Annotated[str, Field(pattern=rf"^[{KEYS}]+$", max_length=MOST_DIGITS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandCall:
    """A call placed by hand; ``to`` is whoever called or wrote last, if None."""

    to: str | None = None


class CallDesk:
    """The two faces of the exchange's calls.

    :ivar trunk: the calls themselves
    """

    def __init__(
        self, account_sid: str, front: Front, trunk: Trunk, board: Switchboard
    ) -> None:
        self._account_sid = account_sid
        self._shelf = Shelf(account_sid=account_sid, noun="Calls")
        self._front = front
        self.trunk = trunk
        self._board = board

    def mount(self, app: FastAPI) -> None:
        """Put calls on the web."""
        calls = f"/{API_VERSION}/Accounts/{{account}}/Calls"
        app.add_route(f"{calls}.json", self.create, ["POST"])
        app.add_route(f"{calls}.json", self.list_calls, ["GET"])
        app.add_route(f"{calls}/{{call}}.json", self.fetch, ["GET"])
        app.add_route(f"{calls}/{{call}}.json", self.update, ["POST"])
        app.get("/control/calls")(self.entries)
        phone = "/control/phones/{number}"
        app.post(f"{phone}/pick_up", status_code=204)(self.pick_up)
        app.post(f"{phone}/press", status_code=204)(self.press)
        app.post(f"{phone}/hang_up", status_code=204)(self.hang_up)
        app.post(f"{phone}/ring")(self.ring)

    async def create(self, request: Request) -> Response:
        """Place a new call: POST Calls.json."""
        mode = self._front.receive(request)
        if isinstance(mode, Refusal):
            return refused(mode)
        order = await order_of(request, read_call_order)
        call = order if isinstance(order, Refusal) else self.trunk.place(order, mode)
        if isinstance(call, Refusal):
            return refused(call)
        body = fresh_call(call, self._account_sid)
        return await self._front.confirm(request, mode, body)

    async def fetch(self, request: Request) -> Response:
        """Show one call: GET Calls/{sid}.json."""
        if not self._front.admits(request):
            return refused(UNAUTHENTICATED)
        call = self.trunk.find(request.path_params["call"])
        if call is None:
            return refused(NOT_FOUND)
        return shown(call_resource(call, self._account_sid))

    async def list_calls(self, request: Request) -> Response:
        """Show calls newest first: GET Calls.json?To=&StartTime>=&PageSize=."""
        if not self._front.admits(request):
            return refused(UNAUTHENTICATED)
        query = request.query_params
        try:
            found = self.trunk.listed(query.get("To", ""), since(query, "StartTime>"))
            page = self._shelf.page(found, call_resource, query)
        except ValueError:
            return refused(BAD_QUERY)
        return shown(page)

    async def update(self, request: Request) -> Response:
        """End a call: POST Calls/{sid}.json with Status=canceled or completed."""
        if not self._front.admits(request):
            return refused(UNAUTHENTICATED)
        status = await order_of(request, read_end)
        if isinstance(status, Refusal):
            return refused(status)
        call = self.trunk.finish(request.path_params["call"], status)
        if call is None:
            return refused(NOT_FOUND)
        return shown(call_resource(call, self._account_sid))

    async def entries(self) -> list[CallEntry]:
        """Show every call, oldest first."""
        return self.trunk.entries()

    async def pick_up(self, number: str) -> None:
        """Pick up for a person."""
        self._live(number, Status.RINGING).pick_up()

    async def press(self, number: str, hand: HandKeys) -> None:
        """Press keys for a person."""
        self._live(number, Status.IN_PROGRESS).conversation.press(hand.keys)

    async def hang_up(self, number: str) -> None:
        """Hang up for a person; turn the call away while it rings."""
        self._live(number, Status.IN_PROGRESS, Status.RINGING).hang_up()

    async def ring(self, number: str, hand: HandCall) -> dict[str, str]:
        """Call the account for a person."""
        to = hand.to or self.trunk.caller_of(number) or self._board.writer_to(number)
        if to is None:
            raise HTTPException(409, "nobody has called this number: give 'to'")
        call = self.trunk.ring(number, to)
        if call.status is Status.FAILED:
            reason = "no voice_url is set: start the exchange with --voice-url"
            raise HTTPException(409, reason)
        return {"sid": call.sid}

    def _live(self, number: str, *statuses: Status) -> LiveCall:
        live = self.trunk.of(number, *statuses)
        if live is None:
            wanted = " or ".join(statuses)
            raise HTTPException(409, f"this number has no call that is {wanted}")
        return live
