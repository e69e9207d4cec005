"""How answers fare while everybody is being called: at their own rate, and at most.

``python -m tests.bench.answering``: replies of people are posted as a gateway does, 200
a second whatever the server does, first into an idle house and then while a warning to
10,000 people is sent at full rate; then as fast as the server takes them.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from tests.bench.dispatching import (
    SENDER,
    SQLITE,
    TOKEN,
    benched,
    post,
    served,
    warning,
)
from tests.bench.load import Told, posted, request

CALLOUTS = 10_000
RATE = 200.0
SECONDS = 8
MOST = 4_000  # replies posted as fast as they are taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What became of replies; seconds from when each was due.

    :ivar rate: replies a second, as fast as the server takes them
    """

    p99: float
    p99_while_sending: float
    rate: float


async def answers(folder: Path, store: str = SQLITE) -> Answers:
    """Measure in a house of its own."""
    async with benched(folder, store, CALLOUTS) as bench, served(folder, 1):
        port, made = bench.port, replies(bench.port)
        idle = await steady(port, _some(made, int(RATE * SECONDS)), folder)
        await post(bench, warning())
        busy = await steady(port, _some(made, int(RATE * SECONDS)), folder)
        most = await posted(port, _some(made, MOST), folder)
    for told in (idle, busy, most):
        assert all(status.startswith("2") for status in told.statuses), told.statuses
    return Answers(p99=idle.p99, p99_while_sending=busy.p99, rate=MOST / most.seconds)


def _some(made: Iterator[bytes], wanted: int) -> list[bytes]:
    return [one for one, _ in zip(made, range(wanted), strict=False)]


def replies(port: int) -> Iterator[bytes]:
    """Texts of one person after the other, signed as their provider signs."""
    path = "/hooks/sms/sms/reply"
    validator = RequestValidator(TOKEN)
    for number in count():
        sid = f"SM{number:032x}"
        form = {
            "MessageSid": sid,
            "AccountSid": SENDER,
            "From": f"+999138{number % CALLOUTS + 1000:08d}",
            "To": "+99900000001",
            "Body": "1",
            "SmsStatus": "received",
        }
        yield request(
            path,
            urlencode(form).encode(),
            Content_Type="application/x-www-form-urlencoded",
            X_Twilio_Signature=validator.compute_signature(
                f"http://127.0.0.1:{port}{path}", form
            ),
        )


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
        f"{found.p99_while_sending * 1e3:.1f} ms; {found.rate:.0f} a second\n"
    )


if __name__ == "__main__":
    main()
