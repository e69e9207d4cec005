"""Somebody with a link in his hand, for the tests of the link page."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from html import unescape
from typing import Any

import httpx
from sqlalchemy import Connection, select

from channels.contract import FailureKind
from config.settings import Settings
from contacts.model import Address, AddressId, AddressKind
from contacts.roster import Roster
from dispatcher.api.app import create_app
from dispatcher.core.callout import Callout, Progress
from dispatcher.core.event import Reported
from dispatcher.engine.clock import ManualClock
from dispatcher.engine.launching import Launches
from dispatcher.engine.rules import next_due_at, sweep
from dispatcher.engine.runtime import running
from dispatcher.engine.step import step
from dispatcher.store import callouts, keys, outbox, people, schema
from dispatcher.store.keys import ApiKey
from dispatcher.store.questions import Kind
from tests.api.hamlet import KEYS, NOON, PUBLIC, SETTINGS, Hamlet, roster
from tests.store.stock import lease

LEAD, HEAD, TOWN_DUTY, COUNTY_LEADER = "p1", "p4", "p5", "p8"
LEASE_SECONDS = 30
MESSAGES_MOST = 100
TAGS = re.compile(r"<style>.*?</style>|<[^>]+>", re.DOTALL)


@contextlib.asynccontextmanager
async def opened(
    settings: Settings = SETTINGS, lives: Roster | None = None
) -> AsyncIterator[Hamlet]:
    """The small county under other settings, or with other people."""
    clock = ManualClock(NOON)
    async with running(settings, clock) as runtime:
        await runtime.database.write(lambda c: _furnish(c, lives or roster()))
        wakes: list[None] = []
        app = create_app(runtime, lambda: wakes.append(None))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://api"
        ) as http:
            yield Hamlet(runtime=runtime, clock=clock, http=http, wakes=wakes)


def _furnish(connection: Connection, lives: Roster) -> None:
    people.save_roster(connection, lives)
    scopes, senders = KEYS["officer"]
    key = ApiKey(name="officer", scopes=scopes, senders=senders)
    keys.add(connection, key, "key-of-officer", NOON)


def settings_with(section: str, **changed: Any) -> Settings:
    """The settings of the county with something else in one section."""
    own = getattr(SETTINGS, section).model_copy(update=changed)
    return SETTINGS.model_copy(update={section: own})


def renamed(person: str, name: str) -> Roster:
    """The county, with another name for somebody."""
    lives = roster()
    everybody = (
        replace(one, name=name) if one.id == person else one
        for one in lives.people.values()
    )
    return Roster.build(lives.units.values(), everybody, lives.holdings)


def with_spare(person: str, number: str) -> Roster:
    """The county, with a second number for somebody."""
    lives = roster()
    spare = Address(id=AddressId("spare"), kind=AddressKind.MOBILE, value=number)
    everybody = (
        replace(one, addresses=(*one.addresses, spare)) if one.id == person else one
        for one in lives.people.values()
    )
    return Roster.build(lives.units.values(), everybody, lives.holdings)


async def fails(hamlet: Hamlet, unit: str) -> None:
    """Let the number tried first for a unit be dead, and the next one be tried."""
    found = await callout(hamlet, unit)
    dead = Reported(
        attempt=found.attempts[0].id,
        progress=Progress.FAILED,
        failure=FailureKind.PERMANENT_ADDRESS,
    )
    context, now = await hamlet.runtime.keeper.context(), hamlet.clock.now()
    await hamlet.runtime.database.write(
        lambda c: step(c, context, {found.id: (dead,)}, now)
    )
    await send(hamlet)


async def until(hamlet: Hamlet, seconds: float) -> None:
    """Let happen what falls due until so many seconds after noon; texts leave."""
    end = NOON + timedelta(seconds=seconds)
    database = hamlet.runtime.database
    await send(hamlet)
    while (due_at := await database.read(next_due_at)) and due_at <= end:
        context = await hamlet.runtime.keeper.refresh()
        hamlet.clock.move_to(max(due_at, hamlet.clock.now()))
        now = hamlet.clock.now()
        due = partial(sweep, context=context, now=now, launches=Launches())
        await database.write(due)
        await send(hamlet)
    hamlet.clock.move_to(end)


async def send(hamlet: Hamlet) -> None:
    """Let every text that waits leave the house."""
    now = hamlet.clock.now()
    until = now + timedelta(seconds=LEASE_SECONDS)
    await hamlet.runtime.database.write(
        lambda c: outbox.claim(c, now, lease(until), MESSAGES_MOST)
    )


async def warned(hamlet: Hamlet, **changed: object) -> str:
    """Let a warning go out; gives the alert's id."""
    alert = await hamlet.launched(**changed)
    await send(hamlet)
    return alert


async def link(hamlet: Hamlet, person: str = LEAD, kind: Kind = Kind.OWN) -> str:
    """The path of a person's page, as his link gives it."""
    table = schema.question
    wanted = select(table.c.id).where(table.c.person == person, table.c.kind == kind)
    question = await hamlet.runtime.database.read(
        lambda c: c.execute(wanted).scalar_one()
    )
    context = await hamlet.runtime.keeper.context()
    return context.link(question).removeprefix(PUBLIC)


async def press(hamlet: Hamlet, path: str, button: str, **fields: str) -> str:
    """Press a button, and give the words of the page that follows."""
    answer = await post(hamlet, path, button, **fields)
    assert answer.status_code == 303, answer.text
    there = httpx.URL(f"http://api{path}").join(answer.headers["location"])
    assert there.path == path
    return await look(hamlet, path)


async def post(hamlet: Hamlet, path: str, button: str, **fields: str) -> httpx.Response:
    """Post the form of a page."""
    return await hamlet.http.post(path, data={"answer": button, **fields})


async def look(hamlet: Hamlet, path: str) -> str:
    """The words of a page."""
    return words((await hamlet.http.get(path)).text)


def words(html: str) -> str:
    """What can be read on a page."""
    return " ".join(unescape(TAGS.sub(" ", html)).split())


def buttons(html: str) -> list[str]:
    """What the buttons of a page say."""
    return re.findall(r"<button[^>]*>([^<]+)</button>", html)


async def everything(hamlet: Hamlet) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""

    def rows(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in schema.metadata.sorted_tables
        }

    return await hamlet.runtime.database.read(rows)


async def callout(hamlet: Hamlet, unit: str) -> Callout:
    """The first callout of a unit, as it is in the store."""
    table = schema.callout
    wanted = select(table.c.id).where(table.c.unit == unit).order_by(table.c.post)

    def found(connection: Connection) -> Callout:
        name = connection.execute(wanted).scalars().first()
        return callouts.load(connection, [str(name)]).popitem()[1].callout

    return await hamlet.runtime.database.read(found)


async def noted(hamlet: Hamlet, unit: str) -> list[tuple[str, str]]:
    """By whom, and as what, something was said to a unit that was no answer."""
    shown = await hamlet.get(f"/api/v1/callouts/{await hamlet.callout(unit)}")
    return [
        (fact["by"], fact["meaning"])
        for fact in shown.json()["timeline"]
        if fact["kind"] == "reply_noted"
    ]
