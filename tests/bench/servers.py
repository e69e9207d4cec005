"""Server processes under measurement: an API without a worker, and an empty route."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
import uvloop
from fastapi import FastAPI

from dispatcher.engine.clock import wait_for
from dispatcher.store import writer

START_SECONDS = 60.0
LOOK_SECONDS = 0.02
EMPTY = "empty"
ONE_EACH = "one-each"


def cpu(*pids: int) -> float:
    """Seconds of CPU that processes have had; Linux keeps a clock for each."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def api(config: Path) -> list[str]:
    """The command that serves the API alone, as the supervisor starts it."""
    serve = (sys.executable, "-m", "dispatcher.cli", "serve")
    return [*serve, "--role", "api", "--config", str(config)]


def of_ours(kind: str, *words: str) -> list[str]:
    """The command that serves one of the two kinds below."""
    return [sys.executable, "-m", "tests.bench.servers", kind, *words]


@contextlib.asynccontextmanager
async def served(command: list[str], port: int) -> AsyncIterator[Process]:
    """Start a server, wait until it listens, and end it with the block."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await _listens(port):
                assert process.returncode is None, f"{command} has ended"
                await wait_for(asyncio.Event(), LOOK_SECONDS)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def empty(port: int) -> None:
    """Serve a route that does nothing, under the settings of the real API."""
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.post("/", status_code=202)
    async def nothing() -> dict[str, bool]:
        return {"taken": True}

    config = uvicorn.Config(
        app,
        port=port,
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())


def one_each(config: str) -> None:
    """Serve the API with a transaction for each piece of work: what groups save."""
    writer.GROUP_MOST = 1
    command = api(Path(config))
    sys.argv = command[2:]
    from dispatcher.cli.app import app  # noqa: PLC0415 - only this server needs it

    app()


if __name__ == "__main__":
    _, kind, word = sys.argv
    os.environ.pop("UVICORN_LOG_LEVEL", None)
    empty(int(word)) if kind == EMPTY else one_each(word)
