"""What the tests of WeCom play on: its exchange, our server, the real providers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple, Self

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from channels.contract import (
    Button,
    HookRequest,
    Outgoing,
)
from channels.providers.wecom_app import WecomApp, WecomAppSettings
from channels.providers.wecom_robot import WecomRobot, WecomRobotSettings
from dispatcher.sim.timetable import Moment
from dispatcher.sim.wecom import Wecom
from dispatcher.sim.wecom_control import WecomClient
from dispatcher.sim.wecom_wire import (
    Card,
    CardButton,
    WecomAccount,
)

AT = datetime(2026, 7, 12, 1, 12, tzinfo=UTC)
USER = "wang.jianguo"
KEY = "693a91f6-7abc-4bc4-97a0-0ec2bf5aaaaa"
RECEIVED, HELP = Button("收到", "received"), Button("求助", "need_help")
CARD = Outgoing(
    id="ABCDEFGHJK",
    to=USER,
    text="青石村3组立即转移",
    valid_seconds=600,
    title="山洪灾害红色预警",
    buttons=(RECEIVED, HELP),
    link="https://jiaoying.example.cn/a/T",
)
TEXT = replace(CARD, buttons=())
SHOWN = Card(
    user=USER,
    text=CARD.text,
    title=CARD.title,
    task_id=CARD.id,
    link=CARD.link,
    buttons=(
        CardButton(text="收到", key=f"received:{CARD.id}"),
        CardButton(text="求助", key=f"need_help:{CARD.id}"),
    ),
)
ACCOUNT = WecomAccount(
    corp_id="ww0123456789abcdef",
    secret="the-secret-of-the-app",  # noqa: S106  made up
    agent_id=1000002,
    token="the-token",  # noqa: S106  made up
    aes_key="jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    callback_url="",
)


class Office:
    """The account's own server: keeps the events it takes, answers as it is told."""

    def __init__(self) -> None:
        self.posted: list[HookRequest] = []
        self.answers: list[int] = []

    async def take(self, request: Request) -> Response:
        body = (await request.body()).decode()
        told = HookRequest(url=str(request.url), headers={}, form=(), body=body)
        self.posted.append(told)
        return Response(status_code=self.answers.pop(0) if self.answers else 200)


class Stage:
    """A WeCom, the account's server, and the providers; time stands still."""

    def __init__(self, account: WecomAccount, url: str, office: Office) -> None:
        self.office = office
        self.account = account
        self.seconds = 0.0
        self.agenda: list[tuple[Callable[[], object], float]] = []
        self.wecom = Wecom(account, self.later, self.moment)
        self.client = WecomClient(url)
        settings = WecomAppSettings(
            corp_id=account.corp_id,
            secret=account.secret,
            agent_id=account.agent_id,
            token=account.token,
            aes_key=account.aes_key,
            base_url=url,
            timeout_seconds=5,
        )
        self.settings = settings
        self.app = WecomApp("wecom", settings)
        self.robot = WecomRobot("group", WecomRobotSettings(key=KEY, base_url=url))
        self.http = httpx.AsyncClient(base_url=url, trust_env=False)

    def later(self, action: Callable[[], object], seconds: float) -> None:
        self.agenda.append((action, seconds))

    def moment(self) -> Moment:
        return Moment(seconds=self.seconds, at=AT)

    async def play(self) -> None:
        """Do what is planned, and wait until its events are taken."""
        for action, _ in self.agenda:
            action()
        await self.wecom.courier.settle()

    def heard(self) -> list[object]:
        """What the provider reads in the events taken; each must be genuine."""
        assert all(self.app.verify(posted) for posted in self.office.posted)
        return [
            told for posted in self.office.posted for told in self.app.parse(posted)
        ]

    async def aclose(self) -> None:
        for each in (self.client, self.app, self.robot, self.http):
            await each.aclose()


class Stand:
    """An address whose application each test brings along."""

    app: ASGIApp

    def __init__(self) -> None:
        # A socket that does not say TCP is left without TCP_NODELAY by asyncio, and
        # each answer of uvicorn then waits 40 ms.
        self.listener = socket.socket(proto=socket.IPPROTO_TCP)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        config = uvicorn.Config(self, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[self.listener]))
        try:
            yield self
        finally:
            server.should_exit = True
            await task
            self.listener.close()


class Stands(NamedTuple):
    office: Stand
    wecom: Stand


@asynccontextmanager
async def staged(stands: Stands, *, callback: bool = True) -> AsyncIterator[Stage]:
    office, at_office, at_wecom = Office(), FastAPI(), FastAPI()
    at_office.add_route("/hooks/wecom/event", office.take, ["POST"])
    stands.office.app, stands.wecom.app = at_office, at_wecom
    there = f"{stands.office.url}/hooks/wecom/event" if callback else ""
    stage = Stage(replace(ACCOUNT, callback_url=there), stands.wecom.url, office)
    stage.wecom.mount(at_wecom)
    async with stage.wecom.courier.on_duty():
        yield stage
    await stage.aclose()
