"""Tells groups how a warning goes, through their robots; nobody is called by that.

A group hears when all callouts are open, every ten minutes how many have not answered
as long as there are any, and the end. It hears how many, never who, and at most one
message of one chain in a minute (rules of calling, section 11).
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

import structlog
from sqlalchemy import Connection

from channels.contract import (
    Accepted,
    Failed,
    FailureKind,
    Outcome,
    Outgoing,
    Provider,
    Unknown,
)
from config.texts import TextName
from contacts.model import Post, UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.core.alert import Alert, AlertState
from dispatcher.core.callout import OPEN_STATES, State
from dispatcher.core.policy import hazard, notify_only
from dispatcher.engine.clock import Clock
from dispatcher.engine.compose import Desk, short_id
from dispatcher.engine.context import Context
from dispatcher.engine.keeper import Keeper
from dispatcher.engine.outcome import back_off
from dispatcher.engine.wording import Voice, cut, shortened
from dispatcher.store import alerts, broadcasts, traffic
from dispatcher.store.broadcasts import Broadcast, BroadcastState, Occasion, Settled
from dispatcher.store.database import Database

PACE = timedelta(seconds=60)  # between two messages of one chain to one group
SUMMARY_AFTER = timedelta(minutes=10)
REQUESTS_MOST = 20  # of one robot in any minute (WeCom's guide 99110)
MINUTE = timedelta(seconds=60)
BYTES_MOST = 2048  # of a text, in UTF-8 (likewise)
BYTES_OF_A_CHARACTER = 3  # of a Chinese one
MOST = 20  # taken at a time
LEASE_SECONDS = 30.0
VALID_SECONDS = 60
TRIES_MOST = 20
# Somebody may mend our set-up; a text that was refused is refused again.
TRIES_OF_KIND = {FailureKind.CONFIG: 5, FailureKind.PERMANENT_CONTENT: 1}
ANSWERED = (State.ANSWERED, State.REPORTED)

log = structlog.get_logger()


def announce(desk: Desk, alert: Alert) -> None:
    """Let the groups concerned hear that a warning is being called out."""
    broadcasts.drop_chain(desk.connection, alert.chain)  # what waited is out of date
    voice = desk.voice(alert.id)
    said = {
        robot: opening(desk.context, voice, units)
        for robot in desk.context.robots
        if (units := concerned(desk.context, robot, alert))
    }
    _put(desk, alert, Occasion.OPENING, said)


def farewell(desk: Desk, alert: Alert, text: str) -> None:
    """Let the groups that heard of a warning hear its end, and nothing after it."""
    broadcasts.drop_chain(desk.connection, alert.chain)
    heard = broadcasts.heard(desk.connection, alert.chain)
    said = dict.fromkeys(heard.keys() & desk.context.robots.keys(), fitting(text))
    _put(desk, alert, Occasion.END, said)


def _put(desk: Desk, alert: Alert, occasion: Occasion, said: Mapping[str, str]) -> None:
    heard = broadcasts.heard(desk.connection, alert.chain)
    paced = {robot: max(desk.now, at + PACE) for robot, at in heard.items()}
    broadcasts.put(
        desk.connection,
        [
            Broadcast(
                id=short_id("broadcast", robot, alert.id, occasion),
                chain=alert.chain,
                alert=alert.id,
                robot=robot,
                occasion=occasion,
                text=text,
                created_at=desk.now,
                due_at=paced.get(robot, desk.now),
            )
            for robot, text in said.items()
        ],
    )


def concerned(context: Context, robot: str, alert: Alert) -> list[UnitId]:
    """The units of a warning that a robot's group is for."""
    roster, its = context.roster, context.robots[robot]
    if unknown := its - roster.units.keys():
        log.warning("broadcast.units.unknown", robot=robot, units=sorted(unknown))
    served = {unit for own in its - unknown for unit in roster.descendants(own)}
    inside = [UnitId(unit) for unit in alert.inside if unit in roster.units]
    return [unit for unit in inside if unit in served or not its]


def opening(context: Context, voice: Voice, units: Sequence[UnitId]) -> str:
    """What a group hears first of a warning for these units."""
    roster, content = context.roster, voice.content
    kind = hazard(context.policies, content.event_code)
    told = notify_only(content.level, kind)
    name = TextName.BROADCAST_TOLD if told else TextName.BROADCAST_OPENING
    about = {"place": _place(voice, units), "reach": _reach(roster, units)}
    bare = voice.group(name, **about, instruction="")
    room = (BYTES_MOST - len(bare.encode())) // BYTES_OF_A_CHARACTER
    action = content.instruction
    said = shortened(action, room) or cut(action, room)
    return fitting(voice.group(name, **about, instruction=said))


def _place(voice: Voice, units: Sequence[UnitId]) -> str:
    """Their township; of several, and above, what all of them lie in."""
    above = (voice.roster.above(unit, UnitKind.TOWNSHIP) for unit in units)
    townships = {town.id: None for town in above if town}
    return voice.common_place([*townships] or units)


def _reach(roster: Roster, units: Sequence[UnitId]) -> str:
    """How many villages and grids are called."""
    above = (roster.above(unit, UnitKind.VILLAGE) for unit in units)
    villages = len({village.id for village in above if village})
    grids = sum(roster.unit(unit).kind is UnitKind.GRID for unit in units)
    counts = {"村": villages, "个网格": grids}
    return "".join(f"{count}{what}" for what, count in counts.items() if count)


def fitting(text: str) -> str:
    """As much of a text as a robot may say."""
    return text.encode()[:BYTES_MOST].decode(errors="ignore")


class Broadcaster:
    """Says what is due, each robot at the pace that its provider allows."""

    def __init__(
        self,
        database: Database,
        keeper: Keeper,
        providers: Mapping[str, Provider],
        clock: Clock,
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._providers = providers
        self._clock = clock
        self._windows = {robot: Window() for robot in keeper.robots}

    async def turn(self) -> int:
        """Say what is due; returns how many broadcasts were looked at."""
        due_at = await self._database.read(self.due_at) if self._windows else None
        now = self._clock.now()
        if due_at is None or due_at > now:
            return 0
        context = await self._keeper.context()
        until = now + self._clock.span(LEASE_SECONDS)
        taken = await self._database.write(
            lambda c: self._take(Desk(c, context, now), until)
        )
        results = await asyncio.gather(*(self._say(one) for one in taken.said))
        if results:
            await self._database.write(lambda c: record(c, results, now))
        return taken.looked_at

    def due_at(self, connection: Connection) -> datetime | None:
        """When something may be said next, as far as the robots' pace goes."""
        if not self._windows:
            return None
        due = broadcasts.due_by_robot(connection)
        moments = [
            window.earliest(due[robot])
            for robot, window in self._windows.items()
            if robot in due
        ]
        return min(moments, default=None)

    def _take(self, desk: Desk, until: datetime) -> Taken:
        """Choose what is said now, and have it on disk before it leaves."""
        now = desk.now
        free = [name for name, one in self._windows.items() if one.earliest(now) <= now]
        due = broadcasts.due(desk.connection, free, now, MOST)
        said = []
        for one in due:
            text = _text(desk, one)
            if text and self._windows[one.robot].spend(now):
                said.append(replace(one, text=text, tries=one.tries + 1))
        broadcasts.claim(desk.connection, said, now, until)
        return Taken(looked_at=len(due), said=tuple(said))

    async def _say(self, one: Broadcast) -> Said:
        outgoing = Outgoing(
            id=one.id, to=one.robot, text=one.text, valid_seconds=VALID_SECONDS
        )
        outcome: Outcome
        try:
            outcome = await self._providers[one.robot].send(outgoing)
        except Exception as failure:
            log.exception("broadcast.provider.crashed", robot=one.robot)
            outcome = Unknown(code=type(failure).__name__)
        if isinstance(outcome, Failed) and outcome.kind is FailureKind.THROTTLE:
            rest = back_off(outcome, one.tries)
            self._windows[one.robot].rest(self._clock.now() + rest)
        return Said(one, outcome)


class Window:
    """So many requests in any minute, and none while the provider wants none."""

    def __init__(self) -> None:
        self._times: deque[datetime] = deque(maxlen=REQUESTS_MOST)
        self._rests_until: datetime | None = None

    def earliest(self, moment: datetime) -> datetime:
        """The first time from a moment on at which one more may go."""
        full = len(self._times) == REQUESTS_MOST
        ends = [self._times[0] + MINUTE] if full else []
        return max(moment, *ends, self._rests_until or moment)

    def spend(self, now: datetime) -> bool:
        """Count one that goes now; False when it must not."""
        if self.earliest(now) > now:
            return False
        self._times.append(now)
        return True

    def rest(self, until: datetime) -> None:
        """Let none go before then."""
        self._rests_until = until


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one turn has found.

    :ivar said: what goes on the wire
    """

    looked_at: int
    said: tuple[Broadcast, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A broadcast, and what its provider said."""

    broadcast: Broadcast
    outcome: Outcome


def _text(desk: Desk, one: Broadcast) -> str:
    """What it says now; empty when that is nothing, which is written down then."""
    if one.occasion is Occasion.END:
        return one.text
    alert = alerts.find(desk.connection, one.alert)
    if alert is None or alert.state is not AlertState.ACTIVE:
        dropped = Settled(id=one.id, state=BroadcastState.DROPPED)
        broadcasts.settle(desk.connection, [dropped])
        return ""
    opening = one.occasion is Occasion.OPENING
    return one.text if opening else _summary(desk, one, alert)


def _summary(desk: Desk, one: Broadcast, alert: Alert) -> str:
    """How many grids have answered; put off while there is none that has not."""
    voice, units = desk.voice(alert.id), concerned(desk.context, one.robot, alert)
    found = broadcasts.states(desk.connection, alert.chain, units)
    silent, answered = (
        sum(found.get((Post.GRID_LEAD, state), 0) for state in states)
        for states in (OPEN_STATES, ANSWERED)
    )
    if not silent:
        later = Settled(
            id=one.id, state=BroadcastState.WAITING, due_at=desk.now + SUMMARY_AFTER
        )
        broadcasts.settle(desk.connection, [later])
        return ""
    return fitting(
        voice.group(
            TextName.BROADCAST_SUMMARY,
            place=_place(voice, units),
            answered=answered,
            count=silent,
        )
    )


def record(connection: Connection, results: Sequence[Said], now: datetime) -> None:
    """Write down what was said, and when each group hears more."""
    broadcasts.settle(connection, [_settled(one, now) for one in results])
    traffic.add(connection, Counter(map(_counted, results)), now)
    broadcasts.put(
        connection,
        [
            _next_summary(said.broadcast, now)
            for said in results
            if isinstance(said.outcome, Accepted)
            and said.broadcast.occasion is not Occasion.END
        ],
    )


def _counted(said: Said) -> tuple[str, str]:
    robot = said.broadcast.robot
    match said.outcome:
        case Accepted():
            return robot, traffic.ACCEPTED
        case Failed(kind=kind):
            return robot, traffic.failed(kind)
        case Unknown():
            return robot, traffic.failed(FailureKind.TRANSIENT)
        case _:
            assert_never(said.outcome)


def _next_summary(before: Broadcast, now: datetime) -> Broadcast:
    due_at = now + SUMMARY_AFTER
    return replace(
        before,
        id=short_id("broadcast", before.robot, before.alert, due_at.isoformat()),
        occasion=Occasion.SUMMARY,
        text="",
        created_at=now,
        due_at=due_at,
        tries=0,
    )


def _settled(said: Said, now: datetime) -> Settled:
    one = said.broadcast
    match said.outcome:
        case Accepted():
            return Settled(id=one.id, state=BroadcastState.SENT, sent_at=now)
        case Unknown(code=code):
            # Nobody can be asked. Told twice is better than not at all.
            doubt = Failed(kind=FailureKind.TRANSIENT, code=code)
            return _again(one, doubt, now, sent_at=now)
        case Failed() as failed:
            return _again(one, failed, now)
        case _:
            assert_never(said.outcome)


def _again(
    one: Broadcast, failed: Failed, now: datetime, sent_at: datetime | None = None
) -> Settled:
    """Say it once more, later; what never gets through is given up, with an alarm."""
    last = one.tries >= TRIES_OF_KIND.get(failed.kind, TRIES_MOST)
    tell = log.error if last else log.warning
    tell(
        "broadcast.given_up" if last else "broadcast.failed",
        robot=one.robot,
        broadcast=one.id,
        kind=failed.kind.value,
        code=failed.code,
        tries=one.tries,
    )
    return Settled(
        id=one.id,
        state=BroadcastState.FAILED if last else BroadcastState.WAITING,
        due_at=None if last else now + back_off(failed, one.tries),
        sent_at=sent_at,
        failure_code=failed.code,
    )
