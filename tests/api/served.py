"""The small county's API on a socket, for tools that knock from outside.

It is the app of the composition root behind the real server, in a thread of its own;
some warnings run in it, so that what is asked for is sometimes there.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import uvicorn
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from sqlalchemy import Connection

from config.settings import Settings
from contacts.duty import Override, Span
from contacts.importers.sheet import ListedAddress
from contacts.model import AddressKind, HumanId, Person, Post, PostRef, UnitId
from dispatcher.api.app import create_app, farewell
from dispatcher.api.auth import Scope
from dispatcher.core.todo import TodoKind
from dispatcher.engine.import_orders import Try
from dispatcher.engine.importing import carry_out
from dispatcher.store import duty, imports, keys, todo
from dispatcher.store.keys import ApiKey
from dispatcher.store.roster_edits import Described, Editing, add_person, add_unit
from dispatcher.store.todo import Todo
from tests.api.desk import hire
from tests.api.hamlet import (
    GRIDS,
    NOON,
    SETTINGS,
    TOKEN,
    VILLAGE,
    Hamlet,
    alert,
    roster,
)
from tests.api.visitor import link, opened, warned
from tests.contacts.offices import HEADER, as_csv, row

IDLE = f"{VILLAGE}008"
MASTER = "key-of-master"  # opens everything
TICK = timedelta(seconds=3)  # between requests: no limit of the link page is reached

TWILIO = {
    "account_sid": "AC00000000000000000000000000000001",
    "auth_token": TOKEN,
    "from": "+9990000",
    "base_url": "http://127.0.0.1:9",
}
WECOM = {
    "provider": "wecom_app",
    "corp_id": "wx5823bf96d3bd56c7",
    "secret": "secret-of-the-app",
    "agent_id": 1000002,
    "token": "QDG6eK",
    "aes_key": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    "base_url": "http://127.0.0.1:9",
}
CHANNELS = {
    "sms": {"provider": "twilio_sms", **TWILIO},
    "voice": {"provider": "twilio_voice", **TWILIO},
    "wecom": WECOM,
}
ROUTES = {"sms": ["sms"], "voice": ["voice"], "wechat": ["wecom"]}


HEARD = {"meaning": "received", "how": "phone", "at": NOON.isoformat(), "person": "p2"}
NOWHERE = [{"name": "三道沟"}]
STRANGERS = [
    Todo(kind=TodoKind.STRANGER_REPLY, subject=f"event-{n}", at=NOON) for n in range(9)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where it listens, and what is there.

    :ivar known: names that mean something, by the path and parameter they stand in
    """

    hamlet: Hamlet
    url: str
    page: dict[str, Any]
    known: dict[tuple[str, str], list[Any]]

    def tick(self) -> None:
        """Let a little time pass."""
        self.hamlet.clock.move_to(self.hamlet.clock.now() + TICK)


@contextlib.contextmanager
def served(settings: Settings = SETTINGS) -> Iterator[Served]:
    """Serve until the block ends; under other settings with more channels."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_standing(settings)) as standing,
    ):
        yield standing


@contextlib.asynccontextmanager
async def _standing(settings: Settings) -> AsyncIterator[Served]:
    async with opened(_with_channels(settings)) as hamlet:
        await hamlet.runtime.database.write(_cut_master_key)
        app = create_app(hamlet.runtime, lambda: None)
        farewell(app)()  # a stream that begins ends at once: its answer can be read
        async with _listening(app) as url:
            yield Served(
                hamlet=hamlet,
                url=url,
                page=_page(app),
                known=await _lived_in(hamlet),
            )


_pages: list[dict[str, Any]] = []


def _page(app: FastAPI) -> dict[str, Any]:
    """What the app says of itself: that is of the code alone, and takes a while."""
    _pages[:] = _pages or [app.openapi()]
    return copy.deepcopy(_pages[0])


def _add_idle(connection: Connection) -> str:
    """A grid that nobody leads, and somebody whom no warning calls."""
    number = ListedAddress(kind=AddressKind.MOBILE, value="+99913700000001")
    described = Described(name="赵红", addresses=(number,))
    editing = Editing(by="key:master", at=NOON)
    grid = replace(roster().unit(UnitId(GRIDS[0])), id=UnitId(IDLE), name="荒滩网格")
    add_unit(connection, grid, editing)
    added = add_person(connection, described, editing)
    assert isinstance(added, Person)
    return added.id


def _add_shifts(connection: Connection) -> list[str]:
    """More than any tool takes back in its time."""
    ref = PostRef(UnitId(VILLAGE), Post.VILLAGE_HEAD)
    one = Override(
        ref=ref, humans=(HumanId("p1"),), span=Span(begins=NOON, ends=NOON + TICK)
    )
    return [str(shift.number) for shift in duty.add(connection, [one] * 60).every]


def _with_channels(settings: Settings) -> Settings:
    given = settings.model_dump(mode="json") | {"channels": CHANNELS, "routes": ROUTES}
    return Settings.model_validate(given)


def _cut_master_key(connection: Connection) -> None:
    key = ApiKey(name="master", scopes=(*Scope,), senders=("*",))
    keys.add(connection, key, MASTER, NOON)


@contextlib.asynccontextmanager
async def _listening(app: FastAPI) -> AsyncIterator[str]:
    config = uvicorn.Config(app, http="httptools", log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as front:
        serving = asyncio.create_task(server.serve(sockets=[front]))
        try:
            yield "http://{}:{}".format(*front.getsockname())
        finally:
            server.should_exit = True
            await serving


async def _imported(hamlet: Hamlet) -> list[int]:
    """Try a roster; another one is applied, and changed nothing."""
    database = hamlet.runtime.database
    order = Try(
        file="county.csv",
        by="key:master",
        at=NOON,
        code_system="DEMO",
        allow_test_numbers=True,
    )
    tries = [
        (await carry_out(database, order, as_csv([HEADER, row()]))).number
        for _ in range(2)
    ]
    await database.write(
        lambda c: imports.applied(c, tries[1], "key:master", NOON, None)
    )
    return tries


async def _lived_in(hamlet: Hamlet) -> dict[tuple[str, str], list[Any]]:
    """Let warnings run: two go on, one has ended, two are parked."""
    await hamlet.runtime.database.write(lambda c: todo.put(c, STRANGERS))
    grids = [{"units": [grid]} for grid in GRIDS]
    alerts = [
        await warned(hamlet, identifier=f"lives-{n}", areas=[area], expires=None)
        for n, area in enumerate(grids)
    ]
    parked = [
        (await hamlet.send(alert(identifier=f"parked-{n}", areas=NOWHERE), "officer"))
        for n in range(2)
    ]
    alerts += [str(answer.json()["id"]) for answer in parked]
    token = (await link(hamlet)).rpartition("/")[2]
    reason = {"reason": "雨停了"}
    await hire(hamlet, "limin")
    await hire(hamlet, "zhaolei", "administrator")
    await hamlet.post(f"/api/v1/alerts/{alerts[2]}/cancel", reason)
    callouts = [await hamlet.callout(grid) for grid in GRIDS]
    await hamlet.post(f"/api/v1/callouts/{callouts[1]}/answers", HEARD)
    shifts = await hamlet.runtime.database.write(_add_shifts)
    bystander = await hamlet.runtime.database.write(_add_idle)
    tried, applied = await _imported(hamlet)
    return {
        ("/api/v1/alerts/", "id"): alerts,
        ("/api/v1/alerts/", "unit"): [*GRIDS],
        ("/api/v1/callouts/", "id"): callouts,
        ("/api/v1/people/", "id"): ["p1", bystander],
        ("/api/v1/people/", "If-Match"): ["*"],
        ("/api/v1/roster/imports/{id}", "id"): [tried],
        ("/api/v1/roster/imports/{id}/undo", "id"): [applied],
        ("/api/v1/units/", "id"): [IDLE, VILLAGE],
        ("/api/v1/units/", "If-Match"): ["*"],
        ("/api/v1/posts/", "unit"): [GRIDS[0]],
        ("/api/v1/posts/", "post"): ["grid_backup"],
        ("/api/v1/posts/", "If-Match"): ["*"],
        ("/api/v1/shifts/", "id"): shifts,
        ("/api/v1/shifts/", "If-Match"): ["*"],
        ("/api/v1/shifts/on-duty", "from"): [NOON.isoformat()],
        ("/api/v1/shifts/on-duty", "to"): [(NOON + TICK).isoformat()],
        ("/api/v1/officers/", "name"): ["limin", "zhaolei"],
        ("/api/v1/keys/", "name"): ["officer"],
        ("/api/v1/inbox/", "id"): [str(n) for n in range(1, len(STRANGERS) + 1)],
        ("/api/v1/policies/", "name"): ["red", "11B03"],
        ("/api/v1/texts/", "unit"): [*GRIDS],
        ("/hooks/", "channel"): [*CHANNELS],
        ("/a/", "token"): [token],
    }
