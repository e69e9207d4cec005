"""What the demo shows beside the API's figures: the wires, how answers came, what next.

It reads only, and only what is committed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, literal_column, select

from channels.contract import Channel, Rank
from contacts.model import Post
from dispatcher.core.alert import AlertId
from dispatcher.core.answer import Evidence
from dispatcher.core.callout import Rung, State
from dispatcher.core.due import Due, next_due
from dispatcher.store import schema
from dispatcher.store.codec import CALLOUT
from dispatcher.store.outbox import About, MessageState

CLIMBING = (State.WAITING.value, State.CALLING.value)
TOGETHER = timedelta(seconds=1)  # what falls due within it is one thing to an officer
BY_TEXT = (Evidence.SMS_BARE, Evidence.SMS_CODE, Evidence.SMS_EXT_CODE)
BY_KEY = (Evidence.KEYPRESS,)
BY_RINGING_BACK = (Evidence.KEYPRESS_INBOUND,)

MESSAGE = schema.message.c
LEFT = MESSAGE.state.not_in([MessageState.WAITING.value, MessageState.DROPPED.value])
TEXT = MESSAGE.channel == Channel.SMS.value
DIGEST = TEXT & LEFT & (MESSAGE.purpose == About.DIGEST.value)
FIRST_READ = MESSAGE.call == MESSAGE.id  # a call is counted once, whatever it reads
PLACED = FIRST_READ & MESSAGE.accepted_at.isnot(None)
TALKS = MESSAGE.rank >= int(Rank.SENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What has gone over the wires for one alert.

    :ivar calls: placed so far, each once however much it reads
    :ivar ringing: calls that nobody has picked up yet
    :ivar talking: calls that go on
    :ivar picked_up: calls that somebody, or something, has picked up so far
    :ivar digests: texts to superiors about those below them
    :ivar covered: grids that such texts named
    :ivar answers: own answers by what shows them
    """

    texts: int
    calls: int
    ringing: int
    talking: int
    picked_up: int
    digests: int
    covered: int
    answers: Mapping[Evidence, int]

    def answered(self, *evidences: Evidence) -> int:
        """Own answers that came in one of these ways."""
        return sum(self.answers.get(evidence, 0) for evidence in evidences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """What happens next to those who do not answer.

    :ivar rung: where in the ladder; None where it belongs to no rung
    :ivar callouts: how many it happens to
    """

    due: Due
    rung: Rung | None
    callouts: int


def traffic(connection: Connection, alert: AlertId) -> Traffic:
    """Count what has gone over the wires."""
    on_the_line = schema.ON_THE_LINE & FIRST_READ
    row = connection.execute(
        select(
            func.count().filter(TEXT & LEFT).label("texts"),
            func.count().filter(PLACED).label("calls"),
            func.count().filter(on_the_line & ~TALKS).label("ringing"),
            func.count().filter(on_the_line & TALKS).label("talking"),
            func.count().filter(PLACED, MESSAGE.picked_up_at.isnot(None)).label("up"),
            func.count().filter(DIGEST).label("digests"),
        ).where(MESSAGE.alert == alert)
    ).one()
    return Traffic(
        texts=row.texts,
        calls=row.calls,
        ringing=row.ringing,
        talking=row.talking,
        picked_up=row.up,
        digests=row.digests,
        covered=_covered(connection, alert),
        answers=_answers(connection, alert),
    )


def _covered(connection: Connection, alert: AlertId) -> int:
    """How many grids digests have named by text."""
    message, carried, callout = schema.message, schema.carried, schema.callout
    query = (
        select(func.count(carried.c.callout.distinct()))
        .select_from(message)
        .join(carried, carried.c.message == message.c.id)
        .join(callout, callout.c.id == carried.c.callout)
        .where(message.c.alert == alert, DIGEST, callout.c.post == Post.GRID_LEAD.value)
    )
    return connection.execute(query).scalar_one()


def _answers(connection: Connection, alert: AlertId) -> dict[Evidence, int]:
    callout = schema.callout.c
    shown_by = func.json_extract(callout.body, literal_column("'$.answer.evidence'"))
    rows = connection.execute(
        select(shown_by, func.count())
        .where(callout.alert == alert, shown_by.isnot(None))
        .group_by(shown_by)
    )
    return {Evidence(name): count for name, count in rows}


def ahead(connection: Connection, alert: AlertId, now: datetime) -> Ahead | None:
    """Tell what happens next to who has not answered; None when nothing does."""
    callout = schema.callout.c
    later = (
        callout.alert == alert,
        callout.state.in_(CLIMBING),
        callout.due_at > now,
    )
    columns = select(callout.due_at, callout.body).where(*later)
    first = connection.execute(columns.order_by(callout.due_at).limit(1)).first()
    found = first and CALLOUT.validate_json(first.body)
    due = found and next_due(found)
    if not (first and found and due):
        return None
    together = select(func.count()).where(
        *later, callout.due_at < first.due_at + TOGETHER
    )
    return Ahead(
        due=due,
        rung=found.ladder.rungs[due.rung] if due.rung >= 0 else None,
        callouts=connection.execute(together).scalar_one(),
    )
