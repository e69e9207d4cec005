"""``jiaoying record``: the 叫应记录表 of an alert, straight from the store."""

from __future__ import annotations

import asyncio
import os
import sys
from getpass import getuser
from pathlib import Path

from sqlalchemy import Connection

from config.settings import Settings, load
from dispatcher.api.files import FORMS
from dispatcher.api.record import Record, take_record
from dispatcher.api.views import RecordView
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.core.alert import AlertId
from dispatcher.engine.runtime import running
from dispatcher.store import alerts

JSON = "json"
FORMATS = (*FORMS, JSON)


def write(config: Path | None, alert: str, form: str, out: Path | None) -> None:
    """Write the record to a file, or to stdout.

    :raises CommandError: for an unknown format or an alert that is not there
    """
    if form not in FORMATS:
        problem = f"--format {form}: unknown; use one of {', '.join(FORMATS)}"
        raise CommandError([problem], BAD_INPUT)
    record = asyncio.run(_record(load(config, os.environ), AlertId(alert)))
    content = _in_json(record) if form == JSON else FORMS[form].write(record)
    if out:
        out.write_bytes(content)
    else:
        sys.stdout.buffer.write(content)


def _in_json(record: Record) -> bytes:
    return f"{RecordView.of(record).model_dump_json()}\n".encode()


async def _record(settings: Settings, name: AlertId) -> Record:
    async with running(settings) as runtime:
        context, now = await runtime.keeper.context(), runtime.clock.now()

        def taken(connection: Connection) -> Record:
            alert = alerts.find(connection, name)
            if alert is None:
                raise CommandError([f"alert {name}: not in this store"], BAD_INPUT)
            return take_record(connection, context, alert, now, getuser())

        return await runtime.database.read(taken)
