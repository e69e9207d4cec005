"""A play for tests: the account's own server and client beside a real exchange."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Self
from urllib.parse import parse_qsl, urlsplit

import anyio.to_thread
import httpx

from dispatcher.sim.control import ExchangeClient
from dispatcher.sim.world import Habit, Phone

ACCOUNT = "AC" + "a" * 32
TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105  Twilio's published example
SERVICE = "MG" + "b" * 32
SENDER = "+99955500007"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
QUESTION = "暴雨红色预警,收到回1"
SPEED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A webhook request as it came in."""

    path: str
    signature: str
    token: str
    form: dict[str, str]
    method: str = "POST"

    @property
    def page(self) -> str:
        """The path without its query."""
        return urlsplit(self.path).path


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the account's server says to it."""

    status: int = 204
    body: str = ""


Script = Callable[[Posted], Answered]
SILENCE = Answered()


def twiml(verbs: str) -> Script:
    """Answer with a document."""
    answer = Answered(status=200, body=f"<Response>{verbs}</Response>")
    return lambda _: answer


def webhook(take: Script) -> type[BaseHTTPRequestHandler]:
    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self.answer(self.rfile.read(length).decode())

        def do_GET(self) -> None:
            self.answer("")

        def answer(self, body: str) -> None:
            posted = Posted(
                path=self.path,
                signature=self.headers["X-Twilio-Signature"],
                token=self.headers["I-Twilio-Idempotency-Token"],
                form=dict(parse_qsl(body, keep_blank_values=True)),
                method=self.command,
            )
            answered = take(posted)
            self.send_response_only(answered.status)  # it alone writes no log line
            self.end_headers()
            self.wfile.write(answered.body.encode())

    return Webhook


class Inbox:
    """The account's server: keeps what is posted, refuses as often as told.

    :ivar script: what it answers, by page
    """

    def __init__(self, port: int = 0) -> None:
        self.posted: list[Posted] = []
        self.refused: list[Posted] = []
        self.refuse_next = 0
        self.script: dict[str, Script] = {}
        self._news = Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), webhook(self.take))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, posted: Posted) -> Answered:
        with self._news:
            if self.refuse_next:
                self.refuse_next -= 1
                self.refused.append(posted)
                return Answered(status=503)
            self.posted.append(posted)
            self._news.notify_all()
            script = self.script.get(posted.page)
            return script(posted) if script else SILENCE

    async def wait(self, count: int) -> None:
        def arrived() -> bool:
            with self._news:
                return self._news.wait_for(lambda: len(self.posted) >= count, 10)

        assert await anyio.to_thread.run_sync(arrived)

    def statuses(self) -> list[str]:
        return [posted.form["MessageStatus"] for posted in self.posted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """An exchange, its account's server and the account's HTTP client."""

    inbox: Inbox
    exchange: ExchangeClient
    account: httpx.AsyncClient

    async def send(self, to: str, **form: str) -> httpx.Response:
        defaults = {
            "To": to,
            "From": SENDER,
            "Body": QUESTION,
            "StatusCallback": f"{self.inbox.url}/status?a=ABCDEFGH23&k=x",
        }
        filled = {key: value for key, value in (defaults | form).items() if value}
        return await self.account.post(MESSAGES, data=filled)

    async def person(self, to: str, habit: Habit, delay_seconds: float = 0) -> None:
        phone = Phone(number=to, habit=habit, delay_seconds=delay_seconds)
        await self.exchange.phones([phone])
