"""How answers fare while everybody is being called: at their own rate, and at most.

``python -m tests.bench.answering``: replies are posted as a gateway does, 200 a second
whatever the server does, first of people who were asked nothing, into an idle house;
then, while a warning to 10,000 is sent at full rate, of those it has reached; then of
all others, as fast as the server takes them. The gateway waits until its callback is on
disk; people wait until it has had its effect.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode

from sqlalchemy import Connection, select
from twilio.request_validator import RequestValidator

from dispatcher.store import callbacks, schema
from dispatcher.store.database import Database
from tests.bench.dispatching import (
    LOOK_SECONDS,
    SENDER,
    SQLITE,
    TOKEN,
    benched,
    post,
    served,
    warmed,
    warning,
)
from tests.bench.load import Told, posted, request
from tests.chaos.house import pause

CALLOUTS = 10_000
RATE = 200.0
SECONDS = 8
STEADY = int(RATE * SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What became of replies; seconds from when each was due, or had come in.

    :ivar rate: replies a second that have their effect, when there are enough
    :ivar heard_p99: from coming in to the effect, at the steady rate while sending
    """

    p99: float
    p99_while_sending: float
    heard_p99: float
    rate: float


async def answers(folder: Path, store: str = SQLITE) -> Answers:
    """Measure in a house of its own."""
    async with benched(folder, store, CALLOUTS) as bench, served(folder, 1):
        port = bench.port
        await warmed(bench)
        nobody = [f"+999138{number:08d}" for number in range(STEADY)]
        idle = await steady(port, replies(port, nobody, "I"), folder)
        await all_heard(bench.database)
        await post(bench, warning())
        first = await bench.reached(STEADY)
        busy = await steady(port, replies(port, first[:STEADY], "B"), folder)
        await all_heard(bench.database)
        waits = await bench.database.read(_waits)
        others = (await bench.reached(CALLOUTS))[STEADY:]
        began = time.monotonic()
        most = await posted(port, replies(port, others, "M"), folder)
        await all_heard(bench.database)
        seconds = time.monotonic() - began
    for told in (idle, busy, most):
        assert all(status.startswith("2") for status in told.statuses), told.statuses
    return Answers(
        p99=idle.p99,
        p99_while_sending=busy.p99,
        heard_p99=quantiles(waits, n=100, method="inclusive")[-1],
        rate=len(others) / seconds,
    )


async def all_heard(database: Database) -> None:
    """Wait until every answer has had its effect."""
    while await database.lying() or await database.read(callbacks.count_unread):
        await pause(LOOK_SECONDS)


def _waits(connection: Connection) -> list[float]:
    """How long the last of the steady ones had to wait for their effect."""
    table = schema.callback.c
    query = (
        select(table.received_at, table.read_at).order_by(table.id.desc()).limit(STEADY)
    )
    return [
        (row.read_at - row.received_at).total_seconds()
        for row in connection.execute(query)
    ]


def replies(port: int, numbers: Sequence[str], name: str) -> list[bytes]:
    """Texts of people, one of each, signed as their provider signs.

    :param name: tells these from others of the same bench
    """
    path = "/hooks/sms/sms/reply"
    validator = RequestValidator(TOKEN)
    url = f"http://127.0.0.1:{port}{path}"
    forms = [
        {
            "MessageSid": f"SM{name}{place}",
            "AccountSid": SENDER,
            "From": number,
            "To": "+99900000001",
            "Body": "1",
            "SmsStatus": "received",
        }
        for place, number in enumerate(numbers)
    ]
    return [
        request(
            path,
            urlencode(form).encode(),
            Content_Type="application/x-www-form-urlencoded",
            X_Twilio_Signature=validator.compute_signature(url, form),
        )
        for form in forms
    ]


async def steady(port: int, requests: list[bytes], folder: Path) -> Told:
    """Let a process of its own post these at the usual rate."""
    file = folder / "replies"
    file.write_bytes(pickle.dumps(requests))
    command = (sys.executable, "-m", "tests.bench.replying")
    process = await asyncio.create_subprocess_exec(
        *command, str(port), str(file), str(RATE), stdout=PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, "the client failed"
    return Told(**json.loads(out))


def main() -> None:
    """Measure from the command line."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(answers(Path(folder)))
    sys.stdout.write(
        f"p99 idle {found.p99 * 1e3:.1f} ms, while sending "
        f"{found.p99_while_sending * 1e3:.1f} ms, until heard "
        f"{found.heard_p99 * 1e3:.1f} ms; {found.rate:.0f} a second\n"
    )


if __name__ == "__main__":
    main()
