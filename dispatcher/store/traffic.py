"""What each route has carried, minute by minute: counted as it happens.

Counting the messages themselves would read all of a day's; these are a few rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select, text

from channels.contract import FailureKind
from dispatcher.core.alert import Lane
from dispatcher.store import dialect, schema
from dispatcher.store.moment import Moment

ACCEPTED = "accepted"  # the provider took it
FAILED = "failed:"  # before the kind of failure
DELAY = "delay:"  # before the seconds that a receipt was not slower than
DELAYS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
SLOWER = 3600
OF_THE_ROUTE = frozenset(
    {
        FailureKind.THROTTLE,
        FailureKind.TRANSIENT,
        FailureKind.CONFIG,
        FailureKind.PERMANENT_CONTENT,
    }
)
MINUTE = timedelta(minutes=1)
COUNTED_MOST = 5_000  # in one lane: more is not counted

Counts = Mapping[tuple[str, str], int]  # (route, what) -> how often

ADD = text(
    """
    INSERT INTO traffic (route, what, minute, count, last_at)
    VALUES (:route, :what, :minute, :count, :at)
    ON CONFLICT (route, what, minute)
    DO UPDATE SET count = traffic.count + excluded.count, last_at = excluded.last_at
    """
).bindparams(bindparam("minute", type_=Moment()), bindparam("at", type_=Moment()))


def add(connection: Connection, counts: Counts, now: datetime) -> None:
    """Count what has happened on routes now."""
    minute = now.replace(second=0, microsecond=0)
    for (route, what), count in sorted(counts.items()):
        given = {"route": route, "what": what, "count": count}
        connection.execute(ADD, given | {"minute": minute, "at": now})


def failed(kind: FailureKind) -> str:
    """What a failure is counted as."""
    return f"{FAILED}{kind.value}"


def delayed(span: timedelta) -> str:
    """What a receipt is counted as that took so long."""
    seconds = span.total_seconds()
    return f"{DELAY}{next((most for most in DELAYS if seconds <= most), SLOWER)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What one route has carried.

    :ivar last_fault_at: of a failure that is the route's own
    :ivar failures: by kind, in the last so many minutes
    :ivar today: accepted since the beginning of the day
    :ivar receipt_within: seconds within which half of the last hour's receipts came
    """

    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None
    last_fault_at: datetime | None = None
    failures: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    today: int = 0
    receipt_within: int | None = None


def carried(
    connection: Connection,
    route: str,
    now: datetime,
    today: datetime,
    spans: Sequence[int] = (5, 60),
) -> Carried:
    """What a route has carried.

    :param today: when the day began
    :param spans: minutes over which failures are counted
    """
    last = _last(connection, route)
    failures = {
        span: {
            what.removeprefix(FAILED): count
            for what, count in _counted(
                connection, route, FAILED, now - span * MINUTE
            ).items()
        }
        for span in spans
    }
    delays = _counted(connection, route, DELAY, now - 60 * MINUTE)
    accepted = _counted(connection, route, ACCEPTED, today)
    return Carried(
        last_success_at=last.get(ACCEPTED),
        last_failure_at=_newest(last, FailureKind),
        last_fault_at=_newest(last, OF_THE_ROUTE),
        failures=failures,
        today=accepted.get(ACCEPTED, 0),
        receipt_within=_median(delays),
    )


def outcomes(connection: Connection, route: str, since: datetime) -> dict[str, int]:
    """How often a route has taken a message, or failed in each way."""
    taken = _counted(connection, route, ACCEPTED, since)
    return taken | _counted(connection, route, FAILED, since)


def _newest(
    last: Mapping[str, datetime], kinds: Iterable[FailureKind]
) -> datetime | None:
    names = {failed(kind) for kind in kinds}
    return max((at for what, at in last.items() if what in names), default=None)


def _last(connection: Connection, route: str) -> dict[str, datetime]:
    """When each thing happened last; a step through the key for each."""
    table = schema.traffic
    found: dict[str, datetime] = {}
    for what in (ACCEPTED, *(failed(kind) for kind in FailureKind)):
        query = (
            select(table.c.last_at)
            .where(table.c.route == route, table.c.what == what)
            .order_by(table.c.minute.desc())
            .limit(1)
        )
        at = connection.execute(query).scalar()
        found |= {what: at} if at else {}
    return found


def _counted(
    connection: Connection, route: str, begins: str, since: datetime
) -> dict[str, int]:
    table = schema.traffic
    names = [one for one in COUNTED if one.startswith(begins)]
    rows = connection.execute(
        select(table.c.what, func.sum(table.c.count))
        .where(
            table.c.route == route,
            table.c.what.in_(names),
            table.c.minute > since - MINUTE,
        )
        .group_by(table.c.what)
    )
    return dict(rows.all())


COUNTED = (
    ACCEPTED,
    *(failed(kind) for kind in FailureKind),
    *(f"{DELAY}{seconds}" for seconds in (*DELAYS, SLOWER)),
)


def _median(delays: Mapping[str, int]) -> int | None:
    """The shortest of our spans within which half of them came."""
    counts = Counter(
        {int(what.removeprefix(DELAY)): count for what, count in delays.items()}
    )
    half, seen = counts.total() / 2, 0
    for seconds in sorted(counts):
        seen += counts[seconds]
        if seen >= half:
            return seconds
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits in a lane for a channel.

    :ivar due: how much may go already; at most 5,000 of a lane are counted
    :ivar oldest_at: when the first of them fell due
    :ivar held: those of them that something holds back, by reason
    """

    lane: Lane
    channel: str
    due: int
    oldest_at: datetime
    held: Mapping[str, int]


def queue(connection: Connection, now: datetime) -> list[Waiting]:
    """What waits although it is due, by lane and channel, from the index alone."""
    return [
        one
        for place, lane in enumerate(Lane)
        for one in _lane(connection, lane, place, now)
    ]


LANE = dialect.spoken(
    """
    SELECT channel, reason, count(*) AS due, min(due_at) AS oldest_at FROM (
        SELECT channel, reason, due_at FROM message INDEXED BY message_waiting
        WHERE state = 'waiting' AND lane = :lane AND due_at <= :now LIMIT :most
    ) AS due_by_now GROUP BY channel, reason
    """
).bindparams(bindparam("now", type_=Moment()))


def _lane(
    connection: Connection, lane: Lane, place: int, now: datetime
) -> Iterable[Waiting]:
    given = {"lane": place, "now": now, "most": COUNTED_MOST}
    query = LANE.columns(schema.message.c.channel, oldest_at=Moment())
    rows = connection.execute(query, given).all()
    for channel in sorted({row.channel for row in rows}):
        own = [row for row in rows if row.channel == channel]
        yield Waiting(
            lane=lane,
            channel=channel,
            due=sum(row.due for row in own),
            oldest_at=min(row.oldest_at for row in own),
            held={row.reason: row.due for row in own if row.reason},
        )


def lines_busy(connection: Connection) -> Mapping[str, int]:
    """How many calls are on the line, by route; a call that reads several is one."""
    table = schema.message
    rows = connection.execute(
        select(
            table.c.route,
            func.count(func.distinct(func.coalesce(table.c.call, table.c.id))),
        )
        .where(schema.ON_THE_LINE, table.c.route.isnot(None))
        .group_by(table.c.route)
    )
    return dict(rows.all())
