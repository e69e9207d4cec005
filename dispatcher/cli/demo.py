"""``jiaoying demo``: one warning over a made-up county, from the first text to the end.

Everything but the people is real: the server, its store, the HTTP API, the code that
speaks to Twilio. Only time runs faster.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from sqlalchemy import Connection

from dispatcher.cli import alerts
from dispatcher.cli.closing import Closing, closing, in_json
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.cli.processes import on_signals
from dispatcher.cli.screen import LINES, TOLD, Screen, View, told
from dispatcher.cli.stage import Stage, staged
from dispatcher.core.alert import AlertId
from dispatcher.core.callout import State
from dispatcher.engine.clock import SystemClock, wait_for
from dispatcher.store import callouts, outbox

FOLDER = Path("var/demo")
RECORD = FOLDER / "叫应记录表"
SERVER_LOG = FOLDER / "server.log"
SHIPPED = files("dispatcher.sim").joinpath("data", "red_rain.json")
POLL_SECONDS = 0.5
TIMEOUT_SECONDS = 60.0
MOST = timedelta(minutes=30)  # of the demo's own time
TIMES = ("sent", "effective", "expires")
CLIMBING = (State.WAITING, State.CALLING)

Json = dict[str, Any]
Show = Callable[[View], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What is played.

    :ivar serve: keep the server up afterwards
    :ivar alert: a warning to send instead of the shipped one
    """

    serve: bool
    alert: Path | None
    seed: int
    speed: float
    as_json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """The warning that is being played."""

    name: AlertId
    headline: str
    at: datetime


def demo(play: Play, show: Show | None = None) -> None:
    """Play it, and say how it went.

    :param show: is given every view; None: they are drawn on stderr
    :raises CommandError: when the warning is refused, or the play does not end well
    """
    warning = _read(play.alert or SHIPPED)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        asyncio.run(_demo(play, warning, Path(folder), show))


async def _demo(play: Play, warning: Json, folder: Path, show: Show | None) -> None:
    stopping = asyncio.Event()
    on_signals(stopping.set)
    origin = SystemClock().now()
    loop = asyncio.get_running_loop()
    async with staged(folder, SERVER_LOG, play.seed, play.speed, origin) as stage:
        run = Run(stage, stopping, play.speed)
        began = loop.time()
        with Screen(Console(stderr=True)) as screen:
            issued = await run.issue(warning)
            summary = await run.watch(issued, show or screen.show)
        ending = await run.close(issued, summary, loop.time() - began)
        _tell(ending, as_json=play.as_json)
        if play.serve:
            sys.stderr.write(f"服务在 {stage.base},密钥 {stage.key};Ctrl-C 结束\n")
            await stopping.wait()
