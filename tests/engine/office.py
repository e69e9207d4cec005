"""An office with everything but HTTP: a store in memory, a scripted provider, a roster.

The roster: county, township, village, two grids. One person leads both grids; his two
stand-ins share a telephone. Telephones and cards are there for who asks for them.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Container
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, select, text

from channels.contract import Callback, Channel, HookRequest, Reply
from config.texts import Texts
from contacts.model import (
    Address,
    AddressId,
    AddressKind,
    Holding,
    Person,
    PersonId,
    Post,
    PostRef,
    Unit,
    UnitId,
    UnitKind,
)
from contacts.roster import Roster
from dispatcher.core.alert import Area, Content, Level, MsgType, Status
from dispatcher.core.callout import Callout, CalloutId
from dispatcher.core.event import Event
from dispatcher.engine.accept import Request, located, submission
from dispatcher.engine.clock import ManualClock
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.engine.feeds import Feeds, Sources
from dispatcher.engine.inbox import Told, interpret
from dispatcher.engine.keeper import Fixed, Keeper
from dispatcher.engine.keyring import new_key
from dispatcher.engine.launching import Launches
from dispatcher.engine.rules import sweep
from dispatcher.engine.runtime import Engine, Singletons
from dispatcher.engine.sealing import Sealer
from dispatcher.engine.signet import Signet
from dispatcher.engine.step import step
from dispatcher.engine.tying import inherited, take
from dispatcher.store import callouts, people, schema, vault
from dispatcher.store.callbacks import Unread
from dispatcher.store.database import Database
from dispatcher.store.migrate import migrate
from dispatcher.store.vault import MemoryRing, Vault
from tests.core.build import START
from tests.core.county import POLICIES
from tests.engine.peers import Cards, Scripted, Telephones

COUNTY, TOWN, VILLAGE = UnitId("990421"), UnitId("990421100"), UnitId("990421100200")
GRIDS = (UnitId(f"{VILLAGE}001"), UnitId(f"{VILLAGE}002"))
SHARED = "+99900000008"

UNITS = (
    (COUNTY, UnitKind.COUNTY, None, "澄溪县"),
    (TOWN, UnitKind.TOWNSHIP, COUNTY, "柳林镇"),
    (VILLAGE, UnitKind.VILLAGE, TOWN, "青石村"),
    (GRIDS[0], UnitKind.GRID, VILLAGE, "青石村第一网格"),
    (GRIDS[1], UnitKind.GRID, VILLAGE, "2网格"),
)
NUMBERS = {
    "lead": "+99900000001",
    "head": "+99900000003",
    "town": "+99900000004",
    "county": "+99900000005",
    "chief": "+99900000006",
    "backup-1": SHARED,
    "backup-2": SHARED,
}
POSTS = (
    ("lead", GRIDS[0], Post.GRID_LEAD),
    ("lead", GRIDS[1], Post.GRID_LEAD),
    ("backup-1", GRIDS[0], Post.GRID_BACKUP),
    ("backup-2", GRIDS[1], Post.GRID_BACKUP),
    ("head", VILLAGE, Post.VILLAGE_HEAD),
    ("town", TOWN, Post.TOWNSHIP_DUTY),
    ("county", COUNTY, Post.COUNTY_DUTY),
    ("chief", COUNTY, Post.COUNTY_LEADER),
)
RED_RAIN = Content(
    sender="rain@chengxi",
    identifier="W-1",
    sent=START,
    status=Status.ACTUAL,
    msg_type=MsgType.ALERT,
    event_code="11B03",
    event="暴雨",
    level=Level.RED,
    headline="暴雨红色预警",
    description="3小时超100毫米",
    instruction="立即转移山边河边群众",
    issuer="澄溪县气象台",
    effective=START,
    expires=START + timedelta(hours=12),
    areas=(Area(units=(VILLAGE,)),),
)


def person(
    name: str, spare: Container[str] = (), accounts: Container[str] = ()
) -> Person:
    """Somebody with a number, and with what else he is among those to have."""
    values = [(AddressKind.MOBILE, NUMBERS[name])]
    if name in spare:
        values.append((AddressKind.MOBILE, spare_number(name)))
    if name in accounts:
        values.append((AddressKind.WECOM, f"wx-{name}"))
    addresses = tuple(
        Address(id=AddressId(f"{name}{place}"), kind=kind, value=value)
        for place, (kind, value) in enumerate(values)
    )
    return Person(id=PersonId(name), name=f"人{name}", addresses=addresses)


def spare_number(name: str) -> str:
    """Somebody's second number, where he has one."""
    return f"{NUMBERS[name]}9"


def village(spare: Container[str] = (), accounts: Container[str] = ()) -> Roster:
    """The roster everybody in here is in."""
    units = [
        Unit(id=name, kind=kind, name=words, parent=above, code_system="DEMO", risk=1)
        for name, kind, above, words in UNITS
    ]
    holdings = [
        Holding(ref=PostRef(unit, post), person=PersonId(who))
        for who, unit, post in POSTS
    ]
    everybody = [person(name, spare, accounts) for name in NUMBERS]
    return Roster.build(units, everybody, holdings)


@dataclass
class Office:
    """What a test of the engine plays with."""

    database: Database
    keeper: Keeper
    clock: ManualClock
    provider: Scripted
    telephones: Telephones
    cards: Cards
    engine: Engine

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def later(self, seconds: float) -> None:
        self.clock.move_to(self.now + timedelta(seconds=seconds))

    async def context(self) -> Context:
        return await self.keeper.context()

    async def desk(self, work: Callable[[Desk], Any]) -> Any:
        """Do something in a transaction, with the context at hand."""
        context, now = await self.context(), self.now
        return await self.database.write(lambda c: work(Desk(c, context, now)))

    async def warn(self, **changes: Any) -> str:
        """Accept a warning and open its callouts; nothing is sent yet."""
        name = await self._accept(replace(RED_RAIN, **changes))
        await self.sweep()
        return name

    async def warn_later(self, identifier: str) -> None:
        """Accept a warning of an unknown kind; the engine is to open it."""
        await self._accept(replace(RED_RAIN, identifier=identifier, event_code=""))

    async def _accept(self, content: Content) -> str:
        said = await self.database.read(lambda c: inherited(c, content))
        request = Request(
            content=content,
            said=said,
            by="key:gauge",
            idempotency_key=None,
            may_cancel=False,
            at=self.now,
        )
        context = await self.context()
        offered = submission(context, request, located(context, said))
        now = self.now
        stored = await self.database.write(
            lambda c: take(Desk(c, context, now), request, offered)
        )
        return stored.alert.id

    async def sweep(self) -> None:
        """Let happen what is due."""
        context, now = await self.context(), self.now
        await self.database.write(lambda c: sweep(c, context, now, Launches()))

    async def hears(
        self, who: str, words: str, *, key: str = "", at: datetime | None = None
    ) -> str:
        """Somebody writes, or a number does; tells what it was taken for."""
        reply = Reply(
            event_key=key or f"{who} {words} {self.now}",
            sender=NUMBERS.get(who, who),
            to="+9990000",
            text=words,
            provider_id="SMin",
        )
        [taken_for] = await self.told(reply, at=at)
        return taken_for

    async def told(self, *what: Callback, at: datetime | None = None) -> list[str]:
        """Providers tell something now, in one batch; gives what each was taken for."""
        request, received_at = HookRequest(url="", headers={}, form=()), at or self.now
        one_by_one = [
            Told(
                Unread(id=i, channel="sms", received_at=received_at, request=request),
                one,
            )
            for i, one in enumerate(what)
        ]
        outcomes = await self.desk(
            lambda d: interpret(d.connection, d.context, one_by_one, d.now)
        )
        return [outcomes[place] for place in range(len(what))]

    async def happens(self, event: Event, *names: CalloutId) -> None:
        """Something happens to callouts."""
        events = dict.fromkeys(names, (event,))
        await self.desk(lambda d: step(d.connection, d.context, events, d.now))

    async def messages(self, *who: str) -> list[Any]:
        """Rows of the outbox, oldest first."""
        table = schema.message

        def rows(connection: Connection) -> list[Any]:
            found = connection.execute(
                select(table).order_by(table.c.created_at, table.c.person, table.c.id)
            )
            texts = vault.texts_of(connection)
            return [
                SimpleNamespace(
                    **row._asdict()
                    | {"text": texts.read(vault.text_place(row.id), row.text)}
                )
                for row in found
                if not who or row.person in who
            ]

        return await self.database.read(rows)

    async def texts(self, *who: str) -> list[str]:
        return [row.text for row in await self.messages(*who)]

    async def states(self, *who: str) -> list[str]:
        return [row.state for row in await self.messages(*who)]

    async def hide(self, table: str, *, back: bool = False) -> None:
        """Let the store fail wherever it needs a table, or be well again."""
        names = (f"{table}_gone", table) if back else (table, f"{table}_gone")
        order = text("ALTER TABLE {} RENAME TO {}".format(*names))
        await self.database.write(lambda c: c.execute(order))

    async def ends_at(self, who: str, moment: datetime) -> None:
        """Let somebody's messages be of use until then only."""
        table = schema.message
        change = table.update().where(table.c.person == who).values(not_after=moment)
        await self.database.write(lambda c: c.execute(change))

    async def callout(self, unit: str, post: Post = Post.GRID_LEAD) -> Callout:
        """The one callout of a unit's post."""
        [found] = await self.callouts(unit, post)
        return found

    async def callouts(self, unit: str, post: Post = Post.GRID_LEAD) -> list[Callout]:
        """Every callout of a unit's post."""

        def find(connection: Connection) -> list[Callout]:
            table = schema.callout
            query = select(table.c.id).where(
                table.c.unit == unit, table.c.post == post.value
            )
            names = connection.execute(query).scalars().all()
            return [one.callout for one in callouts.load(connection, names).values()]

        return await self.database.read(find)


@contextlib.asynccontextmanager
async def opened(
    routes: tuple[str, ...] = ("sms",),
    rate: float = 1000.0,
    lines: int = 0,
    spare: Container[str] = (),
    accounts: Collection[str] = (),
) -> AsyncIterator[Office]:
    """An office; every route of texts leads to the one provider.

    :param lines: telephones are there, with so many lines
    :param spare: who has a second number
    :param accounts: who has an account for cards; then cards are there
    """
    provider, telephones, cards = Scripted(), Telephones(), Cards()
    ways: dict[Channel, tuple[str, ...]] = {Channel.SMS: routes}
    ways |= {Channel.VOICE: ("voice",)} if lines else {}
    ways |= {Channel.WECHAT: ("wecom",)} if accounts else {}
    memory = Database("sqlite+aiosqlite://", Vault(MemoryRing()))
    async with memory.running() as database:
        await database.write(migrate)
        await database.write(lambda c: people.save_roster(c, village(spare, accounts)))
        fixed = Fixed(
            policies=POLICIES,
            texts=Texts.load(),
            routes=ways,
            signature="澄溪应急",
            rates=dict.fromkeys(ways, rate),
            lines=lines,
            allow_test_numbers=True,
            link="https://jiaoying.example.org/{}".format,
        )
        keeper, clock = Keeper(database, fixed), ManualClock(START)
        providers = dict.fromkeys(routes, provider)
        everybody = {**providers, "voice": telephones, "wecom": cards}
        feeds = Feeds(database, keeper, clock, Sources())
        sealer = Sealer(database, clock, Signet(new_key()), None)
        singletons = Singletons(feeds=feeds, sealer=sealer)
        engine = Engine(database, keeper, everybody, singletons, clock)
        yield Office(database, keeper, clock, provider, telephones, cards, engine)
