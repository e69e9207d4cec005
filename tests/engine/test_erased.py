"""Who is erased while his chain lives on is told of nothing, and stops nobody."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, update

from channels.contract import Channel
from dispatcher.core.alert import AlertId
from dispatcher.engine.compose import Desk
from dispatcher.engine.notices import recipients
from dispatcher.store import alerts, questions, schema
from dispatcher.store.erasing import Erasure, erase
from tests.engine.office import Office, opened

WANTED = Erasure(person="lead", by="user:office", reason="离任")
MESSAGE = schema.message


async def told(office: Office, alert: str) -> set[str]:
    """Who would be told of a cancel."""

    def work(desk: Desk) -> set[str]:
        found = alerts.find(desk.connection, AlertId(alert))
        assert found
        return {one.person for one in recipients(desk, found)}

    return set(await office.desk(work))


async def test_who_picked_up_and_was_erased_is_left_out_of_the_cancel() -> None:
    async with opened(lines=5) as office:
        alert = await office.warn()

        def heard(connection: Connection) -> None:
            """Everybody heard it by telephone, and what he was asked is over."""
            heard_at = {"state": "delivered", "picked_up_at": office.now}
            connection.execute(
                update(MESSAGE).values(channel=Channel.VOICE.value, **heard_at)
            )
            later = office.now + timedelta(hours=1)
            questions.close_chain(connection, chain, later)

        found = await office.database.read(lambda c: alerts.find(c, AlertId(alert)))
        assert found
        chain = found.chain
        await office.database.write(heard)
        before = await told(office, alert)
        gone = await office.database.write(lambda c: erase(c, WANTED, office.now))

        assert gone == ("lead",)
        assert before - await told(office, alert) == {"lead"}
