"""``jiaoying record``: the 叫应记录表 of an alert, straight from the store."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from config.settings import Settings, load
from dispatcher.api.record import as_csv, record_rows
from dispatcher.api.views import AlertView, RecordView
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.core.alert import AlertId
from dispatcher.engine.runtime import running
from dispatcher.store import alerts

FORMATS = ("csv", "json")


def write(config: Path | None, alert: str, form: str, out: Path | None) -> None:
    """Write the record to a file, or to stdout.

    :raises CommandError: for an unknown format or an alert that is not there
    """
    if form not in FORMATS:
        problem = f"--format {form}: unknown; use one of {', '.join(FORMATS)}"
        raise CommandError([problem], BAD_INPUT)
    view = asyncio.run(_view(load(config, os.environ), AlertId(alert)))
    text = as_csv(view.rows) if form == "csv" else f"{view.model_dump_json()}\n"
    if out:
        out.write_text(text, encoding="utf-8", newline="")
    else:
        sys.stdout.write(text)


async def _view(settings: Settings, name: AlertId) -> RecordView:
    async with running(settings) as runtime:
        database = runtime.database
        alert = await database.read(lambda c: alerts.find(c, name))
        if alert is None:
            raise CommandError([f"alert {name}: not in this store"], BAD_INPUT)
        context = await runtime.keeper.context()
        rows = await database.read(lambda c: record_rows(c, context, alert))
        return RecordView(alert=AlertView.of(alert), rows=rows)
