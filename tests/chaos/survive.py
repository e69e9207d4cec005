"""Kills a calling server again and again, and counts what that cost.

``python -m tests.chaos.survive --kills 20 --grids 1000 [--store postgresql]`` prints a
table and fails on any loss. A text or a call that may have gone out twice is no loss as
long as the store knows.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random

import yaml
from sqlalchemy import ColumnElement, Connection, func, select

from channels.contract import Channel
from config.load import load_policies
from contacts.model import AddressKind, UnitId
from contacts.roster import Roster
from dispatcher.core.alert import AlertId
from dispatcher.core.callout import State
from dispatcher.core.evolve import replay
from dispatcher.core.plan import audience
from dispatcher.sim.callee import Ring
from dispatcher.sim.twilio_calls import Direction, Status
from dispatcher.sim.world import Habit, Phone, populate
from dispatcher.store import alerts, callouts, outbox, schema
from dispatcher.store.database import one_state
from dispatcher.store.outbox import UNSETTLED, MessageState
from tests.chaos.house import IN_A_FILE, STARTED, House, Plan, housed, pause
from tests.postgres import SQLITE, STORES, places
from tests.stories.test_realtime import POLICY

# Everybody can be reached in the end, some only by going up the ladder.
PEOPLE = {Habit.ANSWER: 50, Habit.LATE: 6, Habit.EVACUATE: 3, Habit.DEAD: 3}
PEOPLE |= {Habit.IGNORE: 38}
RINGS = {Ring.ANSWER: 70, Ring.EVACUATE: 5, Ring.RING_OUT: 12, Ring.BUSY: 5}
RINGS |= {Ring.RING_BACK: 5, Ring.DEAD: 3}
SEED = 11
LINES = 100
ONCE = {
    "per_minute": 1,
    "per_hour": 1,
    "per_24h": 1,
    "kept_for_red": {"per_hour": 0, "per_24h": 0},
}
LATENCY_MS = 100.0
MOST_SECONDS = 3.0  # between a start and the next kill
SETTLE_SECONDS = 300.0
AGAIN_SECONDS = 60.0
LOOK_SECONDS = 0.5
CLIMBING = (State.WAITING.value, State.CALLING.value)
SENT = (MessageState.ACCEPTED.value, MessageState.DELIVERED.value)
CALL = schema.message.c.call == schema.message.c.id  # read by itself, or first of some

Text = tuple[str, str]  # a number and what it is sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What the server is put through.

    :ivar speed: seconds of its clock in a real one
    :ivar store: where its store is
    """

    kills: int
    grids: int
    speed: float
    store: str = IN_A_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the store says at the end.

    :ivar climbing: callouts that nobody has answered, taken over or got at the desk
    :ivar broken: callouts whose facts do not add up to their state
    :ivar texts: numbers and what it believes they were sent
    :ivar calls: those it believes to have been placed
    :ivar doubtful: texts and calls it counts as possible duplicates
    """

    callouts: int
    climbing: int
    ownerless: int
    stuck: int
    broken: int
    texts: frozenset[Text]
    calls: frozenset[str]
    doubtful: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Toll:
    """What the kills cost.

    :ivar expected: how many callouts there must be
    :ivar accepted: how often the provider accepted each text and each call
    :ivar texts: numbers and what they were sent
    :ivar calls: how many requests were calls
    :ivar perceived: the same, but for calls that failed before any telephone rang
    :ivar restarts: seconds from each start to a working worker
    :ivar in_doubt: messages on the wire at the kills
    """

    books: Books
    expected: int
    accepted: Counter[str]
    texts: frozenset[Text]
    calls: int
    perceived: Counter[str]
    restarts: tuple[float, ...]
    in_doubt: int

    @property
    def doubled(self) -> frozenset[str]:
        """Texts and calls that somebody may have noticed more than once."""
        return frozenset(name for name, times in self.perceived.items() if times > 1)

    def losses(self) -> dict[str, int]:
        """What must not be, by name; empty when nothing was lost."""
        books = self.books
        found = {
            "callouts missing": self.expected - books.callouts,
            "callouts still climbing": books.climbing,
            "callouts without time or owner": books.ownerless,
            "messages without an outcome": books.stuck,
            "callouts their facts do not add up to": books.broken,
            "texts believed sent that nobody got": len(books.texts - self.texts),
            "calls believed placed that were not": len(
                books.calls - self.accepted.keys()
            ),
            "doubles nobody counted": len(self.doubled - books.doubtful),
        }
        return {name: count for name, count in found.items() if count}

    def table(self) -> str:
        """Say it."""
        restarts = sorted(self.restarts)
        rows = {
            "callouts": self.books.callouts,
            "requests accepted": self.accepted.total(),
            "calls among them": self.calls,
            "on the wire when killed": self.in_doubt,
            "messages sent twice": len(self.doubled),
            "counted as possible duplicates": len(self.books.doubtful),
            "kills": len(restarts),
            "restart, median s": f"{restarts[len(restarts) // 2]:.2f}",
            "restart, longest s": f"{restarts[-1]:.2f}",
            "lost": self.losses() or 0,
        }
        return "\n".join(f"{name:34}{value}" for name, value in rows.items())


Blow = Callable[[House], Awaitable[None]]


async def survive(trial: Trial, folder: Path, blow: Blow | None = None) -> Toll:
    """Put a server through a trial; everything but the kills is an ordinary night.

    :param blow: what is done to it instead of killing it
    """
    plan = Plan(
        folder=folder,
        grids=trial.grids,
        lines=LINES,
        policies=ringing_once(folder),
        speed=trial.speed,
        latency_ms=LATENCY_MS,
        store=trial.store,
    )
    rng = Random(SEED)
    async with housed(plan) as house:
        await house.exchange.phones(phones(house.roster))
        await house.server.start()
        alert = AlertId(await house.warn())
        restarts = [await _struck(house, rng, blow) for _ in range(trial.kills)]
        await _settled(house, alert)
        await house.server.stop()
        books = await _audited(house, alert)
        ledger = await house.exchange.ledger()
        texts = [entry.reference for entry in ledger]
        calls = await house.exchange.calls()
        ours = [call for call in calls if call.direction is Direction.OUT]
        rang = [call for call in ours if call.status is not Status.FAILED]
        return Toll(
            books=books,
            expected=await expected(house, alert),
            accepted=Counter([*texts, *(call.reference for call in ours)]),
            texts=frozenset((entry.to, entry.body) for entry in ledger),
            calls=len(ours),
            perceived=Counter([*texts, *(call.reference for call in rang)]),
            restarts=tuple(restarts),
            in_doubt=sum(s["in_doubt"] for s in house.server.told(STARTED)),
        )


def ringing_once(folder: Path) -> Path:
    """The shipped policy, but no number is rung again.

    A provider is asked for a call by its number and the time, give or take a real
    minute; on a fast clock the call before would be found as well.
    """
    policy = yaml.safe_load(POLICY.read_text(encoding="utf-8"))
    policy["provider_limits_default"] = {"voice_same_callee": ONCE}
    file = folder / "ringing_once.yaml"
    file.write_text(yaml.safe_dump(policy, allow_unicode=True), encoding="utf-8")
    return file


def phones(roster: Roster) -> tuple[Phone, ...]:
    """Somebody behind every number."""
    return populated(roster, PEOPLE, RINGS)


def populated(
    roster: Roster, people: Mapping[Habit, int], rings: Mapping[Ring, int]
) -> tuple[Phone, ...]:
    """Somebody behind every number, in these shares of a hundred."""
    return populate(
        (
            address.value
            for person in roster.people.values()
            for address in person.addresses
            if address.kind is AddressKind.MOBILE
        ),
        SEED,
        people,
        rings,
    )


async def _struck(house: House, rng: Random, blow: Blow | None) -> float:
    """Kill the server some time from now; gives how long its return took."""
    await pause(rng.uniform(0, MOST_SECONDS))
    if blow:
        await blow(house)
        return 0.0
    await house.server.kill()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await house.server.start()
    return loop.time() - began


async def _settled(house: House, alert: AlertId) -> None:
    """Wait until nothing climbs and nothing is in doubt, or for too long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + SETTLE_SECONDS
    while loop.time() < until:
        if not await house.database.read(lambda c: unsettled(c, alert)):
            return
        await pause(LOOK_SECONDS)


async def _audited(house: House, alert: AlertId) -> Books:
    """Read the books when nothing climbs, or after a while.

    Another machine may still be at work, and call again where whoever took over was
    silent.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + AGAIN_SECONDS
    while True:
        now = house.clock.now()
        books = await house.database.read(partial(audit, alert=alert, now=now))
        if not books.climbing or loop.time() > until:
            return books
        await pause(LOOK_SECONDS)


def unsettled(connection: Connection, alert: AlertId) -> int:
    """Callouts that climb, messages in doubt, and a launch that is not done."""
    found = alerts.find(connection, alert)
    doubt = select(func.count()).where(
        schema.message.c.state.in_([state.value for state in UNSETTLED])
    )
    launching = found is None or found.launched_at is None
    return (
        climbing(connection, alert)
        + connection.execute(doubt).scalar_one()
        + int(launching)
    )


def climbing(connection: Connection, alert: AlertId) -> int:
    """Callouts nobody has answered, taken over or got at the desk."""
    table = schema.callout
    return connection.execute(
        select(func.count()).where(table.c.alert == alert, table.c.state.in_(CLIMBING))
    ).scalar_one()


def audit(connection: Connection, alert: AlertId, now: datetime) -> Books:
    """Read the books, all of one moment: a second machine may still be at work."""
    with one_state(connection):
        return _books(connection, alert, now)


def _books(connection: Connection, alert: AlertId, now: datetime) -> Books:
    facts = callouts.facts_by_callout(connection, alert)
    stored = callouts.load(connection, facts)
    message = schema.message.c
    return Books(
        callouts=len(stored),
        climbing=climbing(connection, alert),
        ownerless=callouts.ownerless(connection),
        stuck=outbox.stuck(connection, now),
        broken=sum(replay(facts[name]) != one.callout for name, one in stored.items()),
        texts=_texts(connection),
        calls=_messages(connection, CALL & message.accepted_at.isnot(None)),
        doubtful=_messages(connection, message.possible_duplicate),
    )


def _texts(connection: Connection) -> frozenset[Text]:
    message = schema.message
    names = connection.scalars(
        select(message.c.id).where(
            message.c.channel == Channel.SMS.value, message.c.state.in_(SENT)
        )
    )
    return frozenset((one.number, one.text) for one in outbox.find(connection, names))


def _messages(connection: Connection, which: ColumnElement[bool]) -> frozenset[str]:
    return frozenset(connection.scalars(select(schema.message.c.id).where(which)))


async def expected(house: House, alert: AlertId) -> int:
    """How many callouts a warning has to open."""
    found = await house.database.read(lambda c: alerts.find(c, alert))
    assert found, f"alert {alert} was accepted and is not in the store"
    inside = [UnitId(unit) for unit in found.inside]
    policies = load_policies(house.settings.policies.dir)
    return len(
        audience(policies, house.roster, found.content, inside, found.received_at).posts
    )


def main() -> None:
    """Run a trial from the command line; exit code 1 on any loss."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--grids", type=int, default=1000)
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--store", choices=STORES, default=SQLITE)
    given = vars(parser.parse_args())
    with (
        places(given.pop("store"), IN_A_FILE) as place,
        tempfile.TemporaryDirectory() as folder,
    ):
        trial = Trial(**given, store=place())
        toll = asyncio.run(survive(trial, Path(folder)))
    sys.stdout.write(f"{toll.table()}\n")
    sys.exit(1 if toll.losses() else 0)


if __name__ == "__main__":
    main()
