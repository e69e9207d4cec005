"""Robots of groups: what is said when, at what pace, and what is given up."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from sqlalchemy import Connection, select

from channels.contract import Channel, Failed, FailureKind, Outcome, Unknown
from channels.registry import ChannelConfigError
from config.settings import Settings, Store
from config.texts import Texts
from contacts.model import PersonId, UnitId
from dispatcher.core.alert import AlertId
from dispatcher.core.answer import Evidence, Meaning
from dispatcher.core.event import Answered
from dispatcher.engine.broadcasting import (
    BYTES_MOST,
    LEASE_SECONDS,
    REQUESTS_MOST,
    TRIES_MOST,
    Broadcaster,
    Window,
)
from dispatcher.engine.desk import Cancelling, cancel
from dispatcher.engine.keeper import Fixed, Keeper
from dispatcher.engine.runtime import running
from dispatcher.store import alerts, schema
from tests.core.build import at, since
from tests.core.county import POLICIES
from tests.engine.office import COUNTY, GRIDS, TOWN, VILLAGE, Office, opened
from tests.engine.peers import Scripted

THROTTLED = Failed(kind=FailureKind.THROTTLE, code="45009", retry_after=60)
BUSY = Failed(kind=FailureKind.TRANSIENT, code="-1")
BAD_KEY = Failed(kind=FailureKind.CONFIG, code="93000")
TOO_LONG = Failed(kind=FailureKind.PERMANENT_CONTENT, code="45002")


@dataclass
class Hall:
    """An office whose groups have robots."""

    office: Office
    robots: dict[str, Scripted]
    broadcaster: Broadcaster

    async def turn(self, seconds: float = 0) -> int:
        """Let time pass, then say what is due."""
        self.office.later(seconds)
        return await self.broadcaster.turn()

    async def until(self, second: int) -> None:
        """Say all that falls due by then, each at its time."""
        while (due := await self.due()) is not None and due <= second:
            self.office.clock.move_to(max(at(due), self.office.now))
            await self.broadcaster.turn()
        self.office.clock.move_to(at(second))

    async def due(self) -> int | None:
        """The second at which something is said next."""
        due_at = await self.office.database.read(self.broadcaster.due_at)
        return since(due_at) if due_at else None

    async def cancel(self, alert: str) -> None:
        """The warning is lifted."""
        how = Cancelling(by="key:desk", reason="误报")

        def lift(desk: Any) -> None:
            found = alerts.find(desk.connection, AlertId(alert))
            assert found is not None
            cancel(desk, found, how)

        await self.office.desk(lift)

    async def rows(self) -> list[Any]:
        """Everything said or to be said, in order."""
        table = schema.broadcast

        def rows(connection: Connection) -> list[Any]:
            order = (table.c.created_at, table.c.robot, table.c.id)
            return list(connection.execute(select(table).order_by(*order)))

        return await self.office.database.read(rows)

    async def states(self) -> list[tuple[str, str]]:
        return [(row.occasion, row.state) for row in await self.rows()]


@contextlib.asynccontextmanager
async def hall(**robots: set[UnitId]) -> AsyncIterator[Hall]:
    """Robots, each with the units of its group."""
    async with opened() as office:
        fixed = Fixed(
            policies=POLICIES,
            texts=Texts.load(),
            routes={Channel.SMS: ("sms",)},
            signature="澄溪应急",
            rates={Channel.SMS: 50.0},
            lines=0,
            allow_test_numbers=True,
            robots={name: frozenset(units) for name, units in robots.items()},
        )
        office.keeper = Keeper(office.database, fixed)
        voices = {name: Scripted(name=name) for name in robots}
        broadcaster = Broadcaster(office.database, office.keeper, voices, office.clock)
        yield Hall(office, voices, broadcaster)


@pytest.fixture
async def group() -> AsyncIterator[Hall]:
    """One robot, for everybody."""
    async with hall(group=set()) as one:
        yield one


def said(one: Hall, robot: str = "group") -> list[str]:
    return [message.text for message in one.robots[robot].sent]


async def test_the_opening_is_on_disk_with_the_callouts_and_said_once(
    group: Hall,
) -> None:
    await group.office.warn()
    before = await group.states()
    turns = [await group.turn(), await group.turn()]

    assert before == [("opening", "waiting")]
    assert (turns, len(said(group))) == ([1, 0], 1)
    assert sorted(await group.states()) == [("opening", "sent"), ("summary", "waiting")]


@pytest.mark.parametrize(
    ("units", "reach"),
    [
        (set(), "柳林镇1村2个网格"),
        ({COUNTY}, "柳林镇1村2个网格"),
        ({TOWN}, "柳林镇1村2个网格"),
        ({GRIDS[0], UnitId("990499")}, "柳林镇1村1个网格"),
        ({UnitId("990499")}, None),
    ],
)
async def test_a_group_hears_of_the_units_it_is_for(
    units: set[UnitId], reach: str | None
) -> None:
    async with hall(group=units) as one:
        await one.office.warn()
        await one.turn()

        expected = [f"【澄溪应急】暴雨红色预警:{reach}已开始叫应"] if reach else []
        assert [text.partition(",")[0] for text in said(one)] == expected


async def test_a_unit_that_is_not_in_the_roster_is_told_in_the_log() -> None:
    async with hall(group={VILLAGE, UnitId("990499")}) as one:
        with structlog.testing.capture_logs() as logs:
            await one.office.warn()

        assert [log for log in logs if log["log_level"] == "warning"] == [
            {
                "event": "broadcast.units.unknown",
                "log_level": "warning",
                "robot": "group",
                "units": ["990499"],
            }
        ]


async def test_a_long_instruction_ends_at_a_clause_within_the_limit(
    group: Hall,
) -> None:
    await group.office.warn(instruction="立即转移山边河边群众。" * 100)
    await group.turn()
    [text] = said(group)

    assert BYTES_MOST - 100 < len(text.encode()) <= BYTES_MOST
    assert text.endswith("立即转移山边河边群众")


async def test_letters_of_four_bytes_are_cut_at_the_limit(group: Hall) -> None:
    await group.office.warn(instruction="🌊" * 600)
    await group.turn()
    [text] = said(group)

    assert BYTES_MOST - 4 < len(text.encode()) <= BYTES_MOST


async def test_it_is_on_disk_before_the_request_starts(group: Hall) -> None:
    seen = []

    async def look() -> None:
        seen.append(await group.states())

    group.robots["group"].sending = look
    await group.office.warn()
    await group.turn()

    assert seen == [[("opening", "sending")]]


async def test_what_a_dead_worker_held_is_said_again(group: Hall) -> None:
    await group.office.warn()

    async def die() -> None:
        await group.office.hide("broadcast")

    group.robots["group"].sending = die
    with pytest.raises(Exception, match=r"no such table|does not exist"):
        await group.turn()
    await group.office.hide("broadcast", back=True)
    group.robots["group"].sending = None
    turns = [await group.turn(LEASE_SECONDS - 1), await group.turn(1)]

    assert (turns, len(said(group))) == ([0, 1], 2)
    assert ("opening", "sent") in await group.states()


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [
        (THROTTLED, 60),
        (BUSY, 5),
        (BAD_KEY, 300),
        (Unknown(code="502"), 5),
        (RuntimeError("broken"), 5),
    ],
)
async def test_what_did_not_get_through_is_said_later(
    group: Hall, outcome: Outcome | Exception, seconds: int
) -> None:
    group.robots["group"].outcomes.append(outcome)
    await group.office.warn()
    await group.turn()

    assert await group.due() == seconds

    await group.until(seconds)

    assert [row.tries for row in await group.rows()] == [2, 0]
    assert said(group)[0] == said(group)[1]


async def test_a_throttled_robot_rests_and_others_go_on() -> None:
    async with hall(group=set(), other=set()) as one:
        one.robots["group"].outcomes.append(THROTTLED)
        await one.office.warn()
        await one.turn()
        await one.office.warn(identifier="W-2", event_code="11B15")
        await one.turn()
        early = [len(said(one, name)) for name in one.robots]
        await one.until(60)

        assert (early, [len(said(one, name)) for name in one.robots]) == (
            [1, 2],
            [3, 2],
        )


@pytest.mark.parametrize(
    ("outcome", "tries"), [(BAD_KEY, 5), (TOO_LONG, 1), (BUSY, TRIES_MOST)]
)
async def test_what_never_gets_through_is_given_up_with_an_alarm(
    group: Hall, outcome: Failed, tries: int
) -> None:
    group.robots["group"].outcomes.extend([outcome] * 30)
    await group.office.warn(expires=None)
    with structlog.testing.capture_logs() as logs:
        await group.until(9000)

    alarms = [log["event"] for log in logs if log["log_level"] == "error"]
    assert (alarms, len(said(group))) == (["broadcast.given_up"], tries)
    assert await group.states() == [("opening", "failed")]


async def test_figures_are_those_of_the_moment_they_get_through(group: Hall) -> None:
    await group.office.warn()
    await group.turn()
    group.robots["group"].outcomes.append(BUSY)
    await group.until(600)
    first = await group.office.callout(GRIDS[0])
    await group.office.happens(
        Answered(
            person=PersonId("lead"),
            meaning=Meaning.RECEIVED,
            evidence=Evidence.ON_BEHALF,
        ),
        first.id,
    )
    await group.until(605)

    assert ["应答0个" in text for text in said(group)[1:]] == [True, False]
    assert "已应答1个网格,未应答1个" in said(group)[-1]


async def test_a_group_that_heard_nothing_does_not_hear_the_end(group: Hall) -> None:
    group.robots["group"].outcomes.append(BAD_KEY)
    alert = await group.office.warn()
    await group.turn()
    await group.cancel(alert)

    assert await group.states() == [("opening", "dropped")]
    assert await group.due() is None


async def test_a_group_that_may_have_heard_hears_the_end(group: Hall) -> None:
    group.robots["group"].outcomes.append(Unknown(code="502"))
    alert = await group.office.warn()
    await group.turn()
    await group.cancel(alert)
    await group.until(60)

    assert await group.states() == [("opening", "dropped"), ("end", "sent")]


async def test_what_fails_while_the_warning_ends_is_not_said_any_more(
    group: Hall,
) -> None:
    alert = await group.office.warn()

    async def end() -> None:
        group.robots["group"].sending = None
        await group.cancel(alert)

    group.robots["group"].sending = end
    group.robots["group"].outcomes.append(BUSY)
    await group.turn()
    await group.until(60)

    assert sorted(await group.states()) == [("end", "sent"), ("opening", "dropped")]


async def test_a_house_without_robots_says_nothing() -> None:
    async with hall() as one:
        await one.office.warn()

        assert (await one.turn(), await one.due(), await one.rows()) == (0, None, [])


def test_so_many_go_in_any_minute_and_the_next_one_when_the_first_is_a_minute_old() -> (
    None
):
    window = Window()
    went = [window.spend(at(second)) for second in range(REQUESTS_MOST)]

    assert (went, window.spend(at(59))) == ([True] * REQUESTS_MOST, False)
    assert window.earliest(at(30)) == at(60)
    assert [window.spend(at(60)), window.spend(at(60))] == [True, False]


def test_who_is_told_to_rest_rests() -> None:
    window = Window()
    window.rest(at(60))

    assert [window.spend(at(59)), window.spend(at(60))] == [False, True]
    assert window.earliest(at(90)) == at(90)


def settings(routes: dict[str, list[str]], **more: str) -> Settings:
    robot: dict[str, str | int | float | bool] = {"provider": "wecom_robot", "key": "k"}
    robot |= more
    return Settings(
        store=Store(url="sqlite+aiosqlite://"),
        channels={"group": robot},
        routes=routes,
    )


@pytest.mark.parametrize(
    ("more", "units"),
    [
        ({}, frozenset()),
        ({"units": "990421100, 990421101"}, {"990421100", "990421101"}),
    ],
)
async def test_a_section_names_the_units_of_its_group(
    more: dict[str, str], units: frozenset[str]
) -> None:
    async with running(settings({}, **more)) as runtime:
        context = await runtime.keeper.context()

        assert context.robots == {"group": units}


async def test_a_robot_is_no_way_to_a_person() -> None:
    with pytest.raises(ChannelConfigError, match="remove it from wechat in"):
        async with running(settings({"wechat": ["group"]})):
            pass
