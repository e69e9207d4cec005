"""Brings the exchange's callbacks to the account's server, again until taken.

One bounded queue, some workers, a few HTTP clients. An errand is a row of letters that
keep their order; a letter not taken is offered again for about half a minute, so
that a server killed and started again misses nothing. A question, such as what to say
in a call, is offered once. The exchange is the outside world: the postman's waits are
real time, on the event loop's own timers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import urlencode
from uuid import uuid4

import httpx

from channels import http
from dispatcher.sim.switchboard import Line, NetworkMode
from dispatcher.sim.twilio_wire import sign

LIMITS = httpx.Limits(  # httpx's pool slows down steeply above 8
    max_connections=8, max_keepalive_connections=8
)
CLIENTS = 4  # a provider calls back many at a time
WORKERS = 6 * CLIENTS  # the connections left are for replies asked for by hand
QUEUE_LENGTH = 10_000
CALLBACK_TIMEOUT = httpx.Timeout(15.0, pool=None)  # Twilio's own limit
RETRY_SECONDS = (0.1, 0.3, 1.0, 2.0, 4.0, 6.0, 8.0, 8.0)
BUSY_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One webhook request; its token stays the same however often it is sent."""

    url: str
    fields: Mapping[str, str]
    token: str
    method: str = "POST"


def write(url: str, fields: Mapping[str, str], method: str = "POST") -> Letter:
    """Write a letter with a token of its own; a GET carries its fields in the URL."""
    token = str(uuid4())
    if method == "POST":
        return Letter(url=url, fields=fields, token=token)
    joined = f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"
    return Letter(url=joined, fields={}, token=token, method=method)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A letter was taken, with these words."""

    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Letters to bring one after the other, and what happens when all are done."""

    letters: tuple[Letter, ...]
    after: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What has been done since last asked: letters taken, letters given up."""

    delivered: int
    given_up: int


class Postman:
    """Owns the queue of errands and the workers who run them."""

    def __init__(self, auth_token: str, line: Line) -> None:
        self._clients = [
            httpx.AsyncClient(
                limits=LIMITS,
                timeout=CALLBACK_TIMEOUT,
                verify=http.trusted(),
                trust_env=False,
            )
            for _ in range(CLIENTS)
        ]
        self._turns = cycle(self._clients)
        self._auth_token = auth_token
        self._line = line
        self._queue: asyncio.Queue[Errand] = asyncio.Queue(QUEUE_LENGTH)
        self._open = asyncio.Event()
        self._open.set()
        self._changed = asyncio.Condition()
        self._pending = 0  # errands due and not done
        self._posting = 0  # letters on their way, between tries too
        self._questions: set[asyncio.Task[None]] = set()
        self._delivered = 0
        self._given_up = 0

    async def submit(self, errand: Errand) -> None:
        """Queue an errand, waiting for room: a full queue slows the sender down."""
        self._pending += 1
        await self._queue.put(errand)

    def submit_soon(self, errand: Errand) -> None:
        """Queue an errand without waiting; a full queue is tried again later."""
        self._pending += 1
        self._put(errand)

    async def deliver(self, letter: Letter) -> Taken | None:
        """Offer a letter until it is taken; None when given up."""
        return await self._deliver(letter, RETRY_SECONDS)

    def ask(self, letter: Letter, then: Callable[[Taken | None], None]) -> None:
        """Offer a letter once, held or not; what follows on it counts as due now."""
        self._pending += 1
        self._posting += 1
        question = asyncio.create_task(self._ask(letter, then))
        self._questions.add(question)
        question.add_done_callback(self._questions.discard)

    async def hold(self) -> None:
        """Keep back every errand from now on; letters on their way still go."""
        self._open.clear()
        await self._tell()

    def release(self) -> None:
        """Let the errands go on."""
        self._open.set()

    async def settle(self) -> Settled:
        """Wait until nothing is due (while held: on its way); report and reset."""
        await self.quiet()
        settled = Settled(delivered=self._delivered, given_up=self._given_up)
        self._delivered = self._given_up = 0
        return settled

    async def quiet(self) -> None:
        """Wait as :meth:`settle` does, and leave its figures alone."""
        async with self._changed:
            await self._changed.wait_for(self._quiet)

    @asynccontextmanager
    async def on_duty(self) -> AsyncIterator[None]:
        """Keep the workers at work; what isn't done at the end is dropped."""
        workers = [asyncio.create_task(self._work()) for _ in range(WORKERS)]
        try:
            yield
        finally:
            tasks = (*workers, *self._questions)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for client in self._clients:
                await client.aclose()

    async def _work(self) -> None:
        while True:
            errand = await self._queue.get()
            for letter in errand.letters:
                await self._open.wait()
                await self.deliver(letter)
            if errand.after:
                errand.after()
            self._pending -= 1
            await self._tell()

    async def _ask(self, letter: Letter, then: Callable[[Taken | None], None]) -> None:
        try:
            then(await self._deliver(letter, ()))
        finally:
            self._posting -= 1
            self._pending -= 1
            await self._tell()

    async def _deliver(self, letter: Letter, pauses: Iterable[float]) -> Taken | None:
        self._posting += 1
        taken = await self._offer(letter)
        for seconds in pauses:
            if taken:
                break
            await pause(seconds)
            taken = await self._offer(letter)
        self._posting -= 1
        self._delivered += taken is not None
        self._given_up += taken is None
        await self._tell()
        return taken

    def _put(self, errand: Errand) -> None:
        if self._queue.full():
            asyncio.get_running_loop().call_later(BUSY_SECONDS, self._put, errand)
        else:
            self._queue.put_nowait(errand)

    def _quiet(self) -> bool:
        return not (self._pending if self._open.is_set() else self._posting)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _offer(self, letter: Letter) -> Taken | None:
        """Post a letter once; anything but a 2xx, or no answer, is a refusal."""
        mode = self._line.take(calling_back=True)
        if mode is NetworkMode.REFUSE_CALLBACKS:
            return None
        headers = {
            "X-Twilio-Signature": sign(self._auth_token, letter.url, letter.fields),
            "I-Twilio-Idempotency-Token": letter.token,
            "User-Agent": "TwilioProxy/1.1",
        }
        try:
            answer = await next(self._turns).request(
                letter.method, letter.url, data=letter.fields or None, headers=headers
            )
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return None  # nobody there, or a host name nobody can have
        return Taken(body=answer.text) if answer.is_success else None


async def pause(seconds: float) -> None:
    """Let real time pass."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    await over.wait()
