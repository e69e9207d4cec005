"""What small warnings and callbacks cost, beside a route that does nothing.

``make bench``, or ``python tests/bench/ingest.py --requests 2000 --rounds 3``: the API
as the server runs it, on a file, with 64 connections; the rounds take turns, and the
median of each is told. One server makes a transaction of each piece of work, to show
what groups save. Warnings are over already: kept and counted, and nobody is called.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from contacts.model import UnitKind
from tests.bench.load import Told, posted, request
from tests.bench.servers import EMPTY, ONE_EACH, api, cpu, of_ours, served
from tests.chaos.house import KEY, House, Plan, free_port, housed

GRIDS = 20
CONFIG = "jiaoying.toml"
EMPTY_ROUTE, ALERTS = "an empty route", "warnings of one unit"
REPLIES, RECEIPTS = "replies", "receipts"
ALERTS_EACH, REPLIES_EACH = f"{ALERTS}, one each", f"{REPLIES}, one each"
GOAL_GROUPS = 2.5

numbers = count()  # no two requests are the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server, and what is posted to it."""

    port: int
    pid: int
    make: Callable[[], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round found.

    :ivar cpu: seconds of the server's CPU for each request
    """

    rate: float
    cpu: float
    p99: float


def nothing() -> bytes:
    """A request for the empty route."""
    return request("/", b"{}", Content_Type="application/json")


def warnings(house: House) -> Callable[[], bytes]:
    """Warnings of one grid each."""
    now, turn = house.clock.now(), numbers
    grids = [u.id for u in house.roster.units.values() if u.kind is UnitKind.GRID]
    said = {
        "sender": "rain@chengxi",
        "sent": (now - timedelta(hours=2)).isoformat(),
        "status": "Actual",
        "msg_type": "Alert",
        "event_code": "11B03",
        "event": "暴雨",
        "level": "red",
        "headline": "暴雨红色预警",
        "description": "3小时超100毫米",
        "instruction": "立即转移山边河边群众",
        "issuer": "澄溪县气象台",
        "effective": (now - timedelta(hours=2)).isoformat(),
        "expires": (now - timedelta(hours=1)).isoformat(),
    }

    def make() -> bytes:
        number = next(turn)
        areas = [{"units": [grids[number % len(grids)]]}]
        body = json.dumps({**said, "identifier": f"W-{number}", "areas": areas})
        return request(
            "/api/v1/alerts",
            body.encode(),
            Content_Type="application/json",
            Authorization=f"Bearer {KEY}",
        )

    return make


def replies(house: House) -> Callable[[], bytes]:
    """Texts of people who answer."""
    return _signed(
        house, "/hooks/sms/sms/reply", {"SmsStatus": "received", "Body": "1"}
    )


def receipts(house: House) -> Callable[[], bytes]:
    """The exchange tells that texts were delivered."""
    return _signed(
        house, "/hooks/sms/sms/status?m=x", {"MessageStatus": "delivered", "Body": ""}
    )


def _signed(house: House, path: str, told: dict[str, str]) -> Callable[[], bytes]:
    account, token = house.account
    url = f"{house.settings.server.public_base_url}{path}"
    validator = RequestValidator(token)

    def make() -> bytes:
        sid = f"SM{next(numbers):032x}"
        form = {
            "MessageSid": sid,
            "SmsSid": sid,
            "AccountSid": account,
            "From": "+99913800000001",
            "To": "+99900000001",
            "ApiVersion": "2010-04-01",
            **told,
        }
        return request(
            path,
            urlencode(form).encode(),
            Content_Type="application/x-www-form-urlencoded",
            X_Twilio_Signature=validator.compute_signature(url, form),
        )

    return make


@contextlib.asynccontextmanager
async def targets(folder: Path) -> AsyncIterator[dict[str, Target]]:
    """Start the servers: an empty one, the API, and one without groups."""
    async with contextlib.AsyncExitStack() as stack:
        start = stack.enter_async_context
        port = free_port()
        bare = await start(served(of_ours(EMPTY, f"{port}"), port))
        found = {EMPTY_ROUTE: Target(port=port, pid=bare.pid, make=nothing)}
        for name in ("groups", "each"):
            room = folder / name
            room.mkdir()
            house = await start(housed(Plan(folder=room, grids=GRIDS)))
            port, file = house.settings.server.port, room / CONFIG
            each = name == "each"
            command = of_ours(ONE_EACH, str(file)) if each else api(file)
            process = await start(served(command, port))
            makers = {ALERTS: warnings, REPLIES: replies, RECEIPTS: receipts}
            for what, maker in makers.items():
                label = f"{what}, one each" if each else what
                found[label] = Target(port=port, pid=process.pid, make=maker(house))
        del found[f"{RECEIPTS}, one each"]
        yield found


async def measured(target: Target, requests: int, folder: Path) -> Round:
    """One round of one target."""
    made = [target.make() for _ in range(requests)]
    had = cpu(target.pid)
    told = await posted(target.port, made, folder)
    _check(told)
    return Round(
        rate=requests / told.seconds,
        cpu=(cpu(target.pid) - had) / requests,
        p99=told.p99,
    )


def _check(told: Told) -> None:
    assert all(status.startswith("2") for status in told.statuses), told.statuses


async def measure(folder: Path, requests: int, rounds: int) -> str:
    """Measure all in turn; gives the table."""
    async with targets(folder) as known:
        for target in known.values():
            await measured(target, 200, folder)
        found: dict[str, list[Round]] = {name: [] for name in known}
        for _ in range(rounds):
            for name, target in known.items():
                found[name].append(await measured(target, requests, folder))
    return "\n".join(table(found))


def table(found: dict[str, list[Round]]) -> Iterator[str]:
    """Say it: medians, and what each is of the empty route."""
    head = ("per second", "CPU us", "p99 ms", "of rate", "of CPU")
    yield f"{'':32}" + "".join(f"{name:>11}" for name in head)
    middle = {name: _middle(rounds) for name, rounds in found.items()}
    empty = middle[EMPTY_ROUTE]
    for name, one in middle.items():
        yield (
            f"{name:32}{one.rate:11.0f}{one.cpu * 1e6:11.0f}{one.p99 * 1e3:11.1f}"
            f"{one.rate / empty.rate:11.2f}{one.cpu / empty.cpu:11.2f}"
        )
    for name in (ALERTS, REPLIES):
        gain = middle[name].rate / middle[f"{name}, one each"].rate
        yield f"{f'groups, {name}: times the rate':48}{gain:8.2f}"
    yield f"{'groups, goal: times the rate':48}{GOAL_GROUPS:8.2f}"


def _middle(rounds: list[Round]) -> Round:
    return Round(
        rate=median(one.rate for one in rounds),
        cpu=median(one.cpu for one in rounds),
        p99=median(one.p99 for one in rounds),
    )


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(measure(Path(folder), given.requests, given.rounds))
        sys.stdout.write(f"{told}\n")


if __name__ == "__main__":
    main()
