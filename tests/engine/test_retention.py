"""Once an hour what is too old is deleted, piece by piece; what is unread is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select

from channels.contract import HookRequest
from contacts.duty import Leave, Override, Rotation, Span, TimeBound
from contacts.model import HumanId, Post, PostRef, UnitId
from dispatcher.engine import retention
from dispatcher.engine.retention import Retention
from dispatcher.store import callbacks, duty, rotas, schema
from dispatcher.store.callbacks import Raw
from tests.core.build import START
from tests.engine.office import Office

TOLD = HookRequest(url="/hooks", headers={}, form=())
DAY = timedelta(days=1)


def told(connection: Connection, count: int) -> None:
    """So many callbacks that are read, and one that waits."""
    for number in range(count + 1):
        raw = Raw(
            channel="sms", event_key=f"SM{number}", received_at=START, request=TOLD
        )
        callbacks.keep(connection, [raw])
    names = connection.scalars(
        select(schema.callback.c.id).order_by(schema.callback.c.id).limit(count)
    )
    callbacks.read(connection, dict.fromkeys(names, "receipt"), START)
    row = {"api_key": "k", "key": "1", "digest": "d", "alert": "a", "at": START}
    connection.execute(schema.idempotency.insert().values(**row))


async def left(office: Office) -> tuple[int, int]:
    """How many callbacks and answers to requests are kept."""

    def counted(connection: Connection) -> tuple[int, int]:
        tables = (schema.callback, schema.idempotency)
        one, other = (
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        )
        return one, other

    return await office.database.read(counted)


async def test_everything_is_kept_for_its_time(office: Office) -> None:
    duty = Retention(office.database, office.keeper, office.clock)
    await office.database.write(lambda c: told(c, 3))
    seen = [await left(office)]
    for days in (6, 2, 171, 2):
        office.clock.move_to(office.now + days * DAY)
        while await duty.turn():
            pass
        seen.append(await left(office))

    assert seen == [(4, 1), (4, 1), (4, 0), (4, 0), (1, 0)]


async def test_much_is_deleted_in_pieces_and_then_not_looked_at_for_an_hour(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PIECE", 2)
    duty = Retention(office.database, office.keeper, office.clock)
    await office.database.write(lambda c: told(c, 3))
    office.clock.move_to(office.now + 181 * DAY)

    assert [await duty.turn() for _ in range(3)] == [2 + 1, 1, 0]
    await office.database.write(lambda c: callbacks.read(c, {4: "receipt"}, START))
    office.clock.move_to(office.now + timedelta(minutes=59))
    assert await duty.turn() == 0
    office.clock.move_to(office.now + timedelta(minutes=1))
    assert await duty.turn() == 1


async def test_plans_go_two_years_after_they_are_over_and_no_sooner(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PIECE", 2)
    duty_post = PostRef(UnitId("990421"), Post.COUNTY_DUTY)
    wang = HumanId("wang")
    ends = office.now + DAY
    span = Span(begins=office.now, ends=ends)
    endless = Leave(ref=duty_post, human=wang, span=Span(begins=office.now))
    plans: list[TimeBound] = [
        *[Override(ref=duty_post, humans=(wang,), span=span) for _ in range(3)],
        Leave(ref=duty_post, human=wang, span=span),
        endless,
        Rotation(ref=duty_post, members=(wang,), starts_on=office.now.date()),
    ]
    await office.database.write(lambda c: duty.add(c, plans))
    cleaning = Retention(office.database, office.keeper, office.clock)
    kept, pieces = [], []
    for moment in (ends + 730 * DAY, ends + 732 * DAY):
        office.clock.move_to(moment)
        while done := await cleaning.turn():
            pieces.append(done)
        kept.append(len((await office.database.read(rotas.duties)).every))

    assert (kept, pieces) == ([6, 2], [2, 2])
