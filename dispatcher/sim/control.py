"""Starts a local exchange and directs its play, from a test, a demo or a bench."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter

from channels import http
from dispatcher.sim.crowd import Crowd
from dispatcher.sim.playroom import Playing, Screen
from dispatcher.sim.postman import Settled
from dispatcher.sim.switchboard import (
    ExchangeSettings,
    LedgerEntry,
    Network,
    NetworkMode,
)
from dispatcher.sim.timetable import Time
from dispatcher.sim.trunk import CallEntry
from dispatcher.sim.world import Phone

START_SECONDS = 20
STOP_SECONDS = 5
ANSWER_SECONDS = 60.0  # longer than the exchange's own retries
MOVE_SECONDS = 600.0  # a whole play may fall due on the way

LEDGER = TypeAdapter(list[LedgerEntry])
PLAYING = TypeAdapter(Playing)
SCREEN = TypeAdapter(Screen)
CALLS = TypeAdapter(list[CallEntry])


class ExchangeClient:
    """The control API of one exchange. An HTTP error raises httpx.HTTPStatusError."""

    def __init__(self, url: str) -> None:
        self._http = http.client(f"{url}/control", timeout_seconds=ANSWER_SECONDS)

    async def phones(self, phones: Iterable[Phone]) -> None:
        """Put people behind numbers; other numbers stay as they are."""
        await self._call("PUT", "phones", [asdict(phone) for phone in phones])

    async def reply(self, number: str, text: str, to: str | None = None) -> str:
        """Speak for a person, wait until it is taken, give the message sid."""
        path = f"phones/{quote(number)}/reply"
        answer = await self._call("POST", path, {"text": text, "to": to})
        return str(answer.json()["sid"])

    async def messages(self, number: str) -> list[LedgerEntry]:
        """Give what has reached a phone, oldest first."""
        answer = await self._call("GET", f"phones/{quote(number)}/messages")
        return LEDGER.validate_json(answer.content)

    async def playing(self, phones: int = 0, members: int = 0) -> Playing:
        """Tell what has changed since two cursors, and how everything stands."""
        path = f"play?phones={phones}&members={members}"
        answer = await self._call("GET", path)
        return PLAYING.validate_json(answer.content)

    async def screen(self, number: str) -> Screen:
        """Show all that is on a phone."""
        answer = await self._call("GET", f"phones/{quote(number)}")
        return SCREEN.validate_json(answer.content)

    async def hand(self, number: str, *, held: bool) -> None:
        """Take a phone in hand, or leave its person to his habits again."""
        await self._call("PUT", f"phones/{quote(number)}/hand", {"held": held})

    async def sway(self, crowd: Crowd) -> None:
        """Let so many answer and so many sleep from now on."""
        await self._call("PUT", "crowd", asdict(crowd))

    async def settle(self) -> Settled:
        """Wait until no callback or reply that is due now is left."""
        answer = await self._call("POST", "settle")
        return Settled(**answer.json())

    async def network(self, mode: NetworkMode, for_next: int | None = None) -> None:
        """Make the exchange misbehave, or be well again."""
        order = Network(mode=mode, for_next=for_next)
        await self._call("PUT", "network", asdict(order))

    async def ledger(self) -> list[LedgerEntry]:
        """Give every message accepted, oldest first."""
        answer = await self._call("GET", "ledger")
        return LEDGER.validate_json(answer.content)

    async def hold(self) -> None:
        """Keep back every callback and every reply but those made by hand."""
        await self._call("POST", "hold")

    async def release(self) -> None:
        """Let go what was held."""
        await self._call("POST", "release")

    async def calls(self) -> list[CallEntry]:
        """Give every call, oldest first; how many were up at once is in their times."""
        answer = await self._call("GET", "calls")
        return CALLS.validate_json(answer.content)

    async def pick_up(self, number: str) -> None:
        """Pick up for a person whose telephone rings."""
        await self._call("POST", f"phones/{quote(number)}/pick_up")

    async def press(self, number: str, keys: str) -> None:
        """Press keys for a person who is on the telephone."""
        await self._call("POST", f"phones/{quote(number)}/press", {"keys": keys})

    async def hang_up(self, number: str) -> None:
        """Hang up for a person; a call that rings is turned away."""
        await self._call("POST", f"phones/{quote(number)}/hang_up")

    async def ring(self, number: str, to: str | None = None) -> str:
        """Call the account for a person, give the call sid.

        :param to: the number called; None: whoever called or wrote last
        """
        answer = await self._call("POST", f"phones/{quote(number)}/ring", {"to": to})
        return str(answer.json()["sid"])

    async def time(self) -> Time:
        """Tell how late it is there; settle first, or what is on its way is missing."""
        answer = await self._call("GET", "time")
        return Time(**answer.json())

    async def move_time(self, to: float) -> Time:
        """Let manual time go on to so many seconds since the start."""
        answer = await self._call("POST", "time", {"to": to}, MOVE_SECONDS)
        return Time(**answer.json())

    async def aclose(self) -> None:
        """Give back connections."""
        await self._http.aclose()

    async def _call(
        self,
        method: str,
        path: str,
        body: object = None,
        seconds: float = ANSWER_SECONDS,
    ) -> httpx.Response:
        answer = await self._http.request(method, path, json=body, timeout=seconds)
        return answer.raise_for_status()


class ExchangeProcess:
    """An exchange in a process of its own, from entering to leaving the context.

    :ivar url: where it listens, without a slash at the end
    :ivar client: its control API
    """

    url: str
    client: ExchangeClient
    _process: Process

    def __init__(self, settings: ExchangeSettings) -> None:
        self._settings = settings

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "dispatcher.sim.exchange"),
            *_arguments(self._settings),
            stdout=PIPE,
        )
        try:
            port = await asyncio.wait_for(self._port(), START_SECONDS)
        except BaseException:
            await self._stop()
            raise
        self.url = f"http://{self._settings.host}:{port}"
        self.client = ExchangeClient(self.url)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.client.aclose()
        await self._stop()

    async def _port(self) -> int:
        """Read the line that says where it listens."""
        pipe = self._process.stdout
        line = await pipe.readline() if pipe else b""
        if not line:
            message = "exchange: ended before it listened; its reason is on stderr"
            raise RuntimeError(message)
        return int(json.loads(line)["port"])

    async def _stop(self) -> None:
        """End the process by its id: first asked, then made to."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.communicate(), STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.communicate()


def _arguments(settings: ExchangeSettings) -> list[str]:
    """Write settings as the command line reads them."""
    return [
        f"--{name.replace('_', '-')}={value}"
        for name, value in asdict(settings).items()
    ]
