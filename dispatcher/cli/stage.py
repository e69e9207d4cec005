"""What a demo plays on: a made-up county, a local exchange, a real server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import httpx

from config.settings import Settings, load
from config.sources import PREFIX
from contacts.importers.outlines import Source
from contacts.model import AddressKind, UnitKind
from contacts.roster import Roster
from dispatcher.api.auth import Scope
from dispatcher.api.words import POSTS
from dispatcher.cli import outlines, rosters
from dispatcher.cli.failure import CommandError
from dispatcher.cli.ground import BACKLOG, handed_on
from dispatcher.cli.leash import leash
from dispatcher.engine.clock import Clock, wait_for
from dispatcher.engine.runtime import DRAIN_SECONDS, clock_of, database_file, opened
from dispatcher.sim.callee import Ring
from dispatcher.sim.control import ExchangeProcess
from dispatcher.sim.county import CODE_SYSTEM, COUNTY_NAME, county_csv
from dispatcher.sim.land import county_geojson
from dispatcher.sim.switchboard import ExchangeSettings
from dispatcher.sim.world import Habit, Phone, populate
from dispatcher.store.database import Database
from dispatcher.store.keys import ApiKey, add, draw
from dispatcher.store.lock import lock_file

SIGNATURE = "澄溪应急"
TIMEOUT_SECONDS = 60.0
LOOK_SECONDS = 0.1
START_LOOKS = 600
SENDER = "+99900000001"
VOICE_LINES = 100
KEY = ApiKey(
    name="demo",
    scopes=(
        Scope.ALERTS_WRITE,
        Scope.ALERTS_CANCEL,
        Scope.ALERTS_READ,
        Scope.CALLOUTS_WRITE,
        Scope.RECORDS_READ,
    ),
    senders=("*",),
)

PATIENCE_SECONDS = DRAIN_SECONDS + 10  # the supervisor's own and a little more

# Shares in a hundred. It is night: most people sleep through a text, and some
# through a telephone as well.
PEOPLE = {
    Habit.ANSWER: 35,
    Habit.LATE: 5,
    Habit.IGNORE: 49,
    Habit.NONSENSE: 2,
    Habit.AUTO_REPLY: 1,
    Habit.DECLINE: 2,
    Habit.HELP: 1,
    Habit.EVACUATE: 3,
    Habit.WRONG_PERSON: 1,
    Habit.DEAD: 1,
}
RINGS = {
    Ring.ANSWER: 47,
    Ring.EARLY: 4,
    Ring.AGAIN: 3,
    Ring.EVACUATE: 4,
    Ring.HELP: 1,
    Ring.DECLINE: 2,
    Ring.WRONG_PERSON: 1,
    Ring.RING_OUT: 20,
    Ring.BUSY: 5,
    Ring.MACHINE: 5,
    Ring.HANG_UP: 3,
    Ring.RING_BACK: 3,
    Ring.DEAD: 2,
}
# Who stands above is on duty, awake, and so many times as quick.
QUICKER = 3
SUPERIORS = {Habit.ANSWER: 86, Habit.LATE: 10, Habit.IGNORE: 4}
SUPERIOR_RINGS = {Ring.ANSWER: 90, Ring.AGAIN: 6, Ring.RING_BACK: 4}
ABOVE = frozenset({UnitKind.TOWNSHIP, UnitKind.COUNTY})

TOML = """\
[server]
public_base_url = "{base}"
[store]
url = "sqlite+aiosqlite:///jiaoying.db"
[engine]
speed = {speed}
clock_origin = {origin}
[intake]
code_system = "{code_system}"
[security]
allow_test_numbers = true
[texts]
signature = "{signature}"
[desk]
simulator_url = "{exchange}/sim/"
[channels.sms]
provider = "twilio_sms"
account_sid = "{account}"
auth_token = "{token}"
from = "{sender}"
base_url = "{exchange}"
[channels.voice]
provider = "twilio_voice"
account_sid = "{account}"
auth_token = "{token}"
from = "{sender}"
base_url = "{exchange}"
lines = {lines}
[routes]
sms = ["sms"]
voice = ["voice"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a stage is to be.

    :ivar folder: an empty one, for the settings and the store
    :ivar log: where the server's log goes
    :ivar seed: of the county and its people
    """

    folder: Path
    log: Path
    seed: int
    speed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that is up while a demo plays.

    :ivar base: where the server answers, without a slash at the end
    :ivar simulator: where the people can be played with
    :ivar key: an API key with all it takes
    :ivar client: the API, with that key
    """

    base: str
    simulator: str
    key: str
    client: httpx.AsyncClient
    clock: Clock
    roster: Roster
    database: Database


@contextlib.asynccontextmanager
async def staged(plan: Plan, origin: datetime) -> AsyncIterator[Stage]:
    """Build the stage, and take all of it down at the end.

    :param origin: now
    """
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as front:
        base = f"http://127.0.0.1:{front.getsockname()[1]}"
        account = ExchangeSettings(
            account_sid=f"AC{secrets.token_hex(16)}",
            auth_token=secrets.token_hex(16),
            reply_url=f"{base}/hooks/sms/sms/reply",
            voice_url=f"{base}/hooks/voice/voice/inbound",
            speed=plan.speed,
        )
        async with ExchangeProcess(account) as exchange:
            file = plan.folder / "jiaoying.toml"
            file.write_text(_toml(base, account, exchange.url, origin))
            settings = load(file, {})
            async with opened(settings) as database:
                clock = clock_of(settings)
                roster = await _county(database, settings, plan.seed)
                key = draw()
                await database.write(lambda c: add(c, KEY, key, clock.now()))
                await exchange.client.phones(phones(roster, plan.seed))
                async with (
                    _server(file, front, plan.log) as server,
                    _client(base, key) as client,
                ):
                    await _up(server, lock_file(str(database_file(settings))), plan.log)
                    await client.get("/healthz")
                    yield Stage(
                        base=base,
                        simulator=settings.desk.simulator_url,
                        key=key,
                        client=client,
                        clock=clock,
                        roster=roster,
                        database=database,
                    )


def _toml(base: str, account: ExchangeSettings, exchange: str, origin: datetime) -> str:
    return TOML.format(
        base=base,
        speed=account.speed,
        origin=origin.isoformat(),
        code_system=CODE_SYSTEM,
        signature=SIGNATURE,
        account=account.account_sid,
        token=account.auth_token,
        sender=SENDER,
        lines=VOICE_LINES,
        exchange=exchange,
    )


async def _county(database: Database, settings: Settings, seed: int) -> Roster:
    """Import people and land as the commands do."""
    roster = await rosters.move_in(database, settings, county_csv(seed), COUNTY_NAME)
    source = Source(code_system=settings.intake.code_system)
    found = outlines.read(county_geojson(seed), roster, source, COUNTY_NAME)
    await database.write(lambda c: outlines.save(c, found))
    return roster


def phones(roster: Roster, seed: int) -> tuple[Phone, ...]:
    """Put somebody behind every number of a roster; superiors mostly answer."""
    names = dict(_names(roster))
    return tuple(
        replace(one, name=names.get(one.number, "")) for one in _people(roster, seed)
    )


def _names(roster: Roster) -> Iterator[tuple[str, str]]:
    """Whose each number is, and what he answers for first."""
    places: dict[str, str] = {}
    for holding in roster.holdings:
        unit = roster.unit(holding.ref.unit)
        post = f"{unit.name}{POSTS[holding.ref.post]}"
        places.setdefault(holding.person, post)
    for person in roster.people.values():
        for address in person.addresses:
            yield address.value, f"{person.name} {places.get(person.id, '')}".strip()


def _people(roster: Roster, seed: int) -> tuple[Phone, ...]:
    above = {
        holding.person
        for holding in roster.holdings
        if holding.ref.post.unit_kind in ABOVE
    }
    numbers: dict[bool, list[str]] = {False: [], True: []}
    for person in roster.people.values():
        numbers[person.id in above].extend(
            address.value
            for address in person.addresses
            if address.kind is AddressKind.MOBILE
        )
    return (
        *map(_gone, populate(numbers[False], seed, PEOPLE, RINGS)),
        *map(_on_duty, populate(numbers[True], seed, SUPERIORS, SUPERIOR_RINGS)),
    )


def _gone(phone: Phone) -> Phone:
    """A number that does not exist takes no texts either."""
    return replace(phone, habit=Habit.DEAD) if phone.ring is Ring.DEAD else phone


def _on_duty(phone: Phone) -> Phone:
    """Who sits beside the telephone is quicker than who has to wake up."""
    return replace(
        phone,
        delay_seconds=phone.delay_seconds / QUICKER,
        ring_delay_seconds=phone.ring_delay_seconds / QUICKER,
    )


def _client(base: str, key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=base,
        headers={"Authorization": f"Bearer {key}"},
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
    )


@contextlib.asynccontextmanager
async def _server(
    config: Path, front: socket.socket, log: Path
) -> AsyncIterator[Process]:
    """Run ``jiaoying serve`` behind a listening socket."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(PREFIX)
    }
    with leash() as held, log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dispatcher.cli", "serve", "--config", str(config)),
            *handed_on({"listen": front.fileno(), "leash": held}),
            pass_fds=(front.fileno(), held),
            env=environment,
            stdout=DEVNULL,
            stderr=stderr,
            start_new_session=True,  # Ctrl-C is ours to pass on
        )
        front.close()  # or callers would wait for a server that has died
        try:
            yield process
        finally:
            await _ended(process)


async def _up(server: Process, worker: Path, log: Path) -> None:
    """Wait until there is a worker; the API makes callers wait by itself.

    :raises CommandError: when the server ends, or takes too long
    """
    never = asyncio.Event()
    for _ in range(START_LOOKS):
        if await asyncio.to_thread(worker.exists):
            return
        if server.returncode is not None:
            break
        await wait_for(never, LOOK_SECONDS)
    problem = f"the server does not start; see {log}"
    raise CommandError([problem])


async def _ended(process: Process) -> None:
    """End a process by its id: first asked, then made to."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), PATIENCE_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
