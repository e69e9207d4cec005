"""Streams of a server that is told to stop, with all its processes."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dispatcher.cli.api_process import GRACE_SECONDS
from tests.cli.console import Server, furnish, jiaoying

pytestmark = pytest.mark.timeout(120)

SOON_SECONDS = 3
QUIET = GRACE_SECONDS + SOON_SECONDS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnish(tmp_path)


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with Server(folder) as server:
        server.until("engine.started")
        yield server


def reader(folder: Path) -> str:
    """A key that may look."""
    create = ("key", "create", "reader", "--scope", "alerts:read", "--json")
    return str(json.loads(jiaoying(folder, *create).stdout)["key"])


@contextlib.contextmanager
def watching(server: Server, key: str) -> Iterator[Iterator[str]]:
    """Read the stream of all alerts."""
    url, headers = f"{server.url}/api/v1/stream", {"Authorization": f"Bearer {key}"}
    client = httpx.Client(trust_env=False, timeout=QUIET)
    with client, client.stream("GET", url, headers=headers) as answer:
        assert answer.status_code == 200
        lines = answer.iter_lines()
        assert next(lines) == ": open"
        yield lines


def test_open_streams_are_told_and_hold_no_server_up(
    server: Server, folder: Path
) -> None:
    with contextlib.ExitStack() as stack:
        key = reader(folder)
        streams = [stack.enter_context(watching(server, key)) for _ in range(7)]
        server.process.terminate()
        ends = ["\n".join(lines) for lines in streams]
        server.process.wait(timeout=SOON_SECONDS)

    assert server.process.returncode == 0
    assert all("event: closing" in end and "stopping" in end for end in ends)


def test_who_reads_nothing_holds_no_server_up(server: Server, folder: Path) -> None:
    key = reader(folder)
    with socket.create_connection((httpx.URL(server.url).host, port(server))) as line:
        line.sendall(
            f"GET /api/v1/stream HTTP/1.1\r\nHost: a\r\n"
            f"Authorization: Bearer {key}\r\n\r\n".encode()
        )
        assert line.recv(9) == b"HTTP/1.1 "
        server.process.terminate()
        server.process.wait(timeout=QUIET)

    assert server.process.returncode == 0


def port(server: Server) -> int:
    found = httpx.URL(server.url).port
    assert found
    return found
