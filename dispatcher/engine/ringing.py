"""Which calls begin now: by lane and place, as lines and numbers allow.

Several messages that wait for one number are read in one call. What is held back waits
with its reason; what a number bears no more of today is given up, and the person's next
number is tried, but the first call of anybody is never given up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from channels.contract import FailureKind
from dispatcher.core.alert import Lane
from dispatcher.core.callout import Progress
from dispatcher.core.lines import Hold, HoldReason, Rung, hold, line_free
from dispatcher.engine.context import Context
from dispatcher.engine.outcome import reported, tell
from dispatcher.store import calls
from dispatcher.store.calls import Call, Waiting
from dispatcher.store.outbox import Lease

LOOKED_AT = 500  # waiting messages, for one round of placing


def place(
    connection: Connection,
    context: Context,
    now: datetime,
    lease: Lease,
    most: int,
) -> list[Call]:
    """Claim the calls that may begin now, at most so many."""
    busy = calls.busy(connection)
    if len(busy) >= context.lines:
        return []
    waiting = [
        one for one in calls.waiting(connection, now, LOOKED_AT) if one.line not in busy
    ]
    rung = calls.recent(connection, {one.line for one in waiting}, now)
    held = _held(context, waiting, rung, now)
    _hold_back(connection, context, waiting, held, now)
    free = [one for one in waiting if one.id not in held]
    chosen = _chosen(free, context.lines, list(busy.values()), most)
    return calls.claim(connection, chosen, now, lease) if chosen else []


def next_due_at(connection: Connection, lines: int) -> datetime | None:
    """When a call may begin next; None while no line is free for any that waits."""
    busy = calls.busy(connection)
    lanes = [lane for lane in Lane if line_free(lane, lines, list(busy.values()))]
    return calls.next_due_at(connection, lanes, busy) if lanes else None


def _held(
    context: Context,
    waiting: Sequence[Waiting],
    rung: Mapping[str, Sequence[Rung]],
    now: datetime,
) -> dict[str, Hold]:
    limits = context.policies.number_limits
    found = {
        one.id: hold(rung.get(one.line, ()), limits, now, red=one.red)
        for one in waiting
    }
    return {name: one for name, one in found.items() if one}


def _hold_back(
    connection: Connection,
    context: Context,
    waiting: Sequence[Waiting],
    held: Mapping[str, Hold],
    now: datetime,
) -> None:
    spent = {
        one.id: held[one.id].reason
        for one in waiting
        if one.id in held
        and held[one.id].reason is not HoldReason.GAP
        and not one.first
    }
    later = {name: one for name, one in held.items() if name not in spent}
    calls.put_off(connection, later)
    calls.drop(connection, spent)
    told = {
        name: reported(Progress.FAILED, FailureKind.HELD_BACK, reason)
        for name, reason in spent.items()
    }
    tell(connection, context, told, now)


def _chosen(
    waiting: Sequence[Waiting], lines: int, busy: list[Lane], most: int
) -> list[list[str]]:
    """One call a number, the most urgent message first in each; no drill with live."""
    together: dict[str, list[Waiting]] = {}
    for one in waiting:
        if one.line in together:
            if _read_together(one, together[one.line][0]):
                together[one.line].append(one)
        elif len(together) < most and line_free(one.lane, lines, busy):
            together[one.line] = [one]
            busy.append(one.lane)
    return [[one.id for one in call] for call in together.values()]


def _read_together(one: Waiting, first: Waiting) -> bool:
    return one.drill == first.drill and not (one.alone or first.alone)
