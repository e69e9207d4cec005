"""Bodies that are slow, long, cut off, in pieces or packed, over a real connection."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.hamlet import SETTINGS, Hamlet, alert, bearer, codes
from tests.api.served import MASTER, Served, served
from tests.api.visitor import settings_with

PATH = "/api/v1/alerts"
SECONDS = 1.0
MOST = SETTINGS.server.body_limit_bytes
WAIT_SECONDS = 20


@pytest.fixture(scope="module")
def county() -> Iterator[Served]:
    with served(settings_with("server", body_seconds=SECONDS)) as county:
        yield county


class Caller:
    """Speaks HTTP byte by byte."""

    def __init__(self, county: Served) -> None:
        host, _, port = county.url.removeprefix("http://").partition(":")
        self._line = socket.create_connection((host, int(port)), WAIT_SECONDS)

    def head(self, *more: str, path: str = PATH) -> None:
        """Send the head of a POST of JSON."""
        lines = (
            f"POST {path} HTTP/1.1",
            "Host: api",
            f"Authorization: Bearer {MASTER}",
            "Content-Type: application/json",
            *more,
        )
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n")

    def send(self, data: bytes) -> None:
        """Send some bytes."""
        self._line.sendall(data)

    def piece(self, data: bytes) -> None:
        """Send a piece of a body that comes in pieces."""
        self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def hang_up(self) -> None:
        """Send nothing more."""
        self._line.shutdown(socket.SHUT_WR)

    def status(self) -> int:
        """Give the status of the answer; 0 when the line was cut without one."""
        head = self._line.recv(4096)
        return int(head.split()[1]) if head else 0

    def cut(self) -> bool:
        """Whether the other side has ended the connection."""
        with contextlib.suppress(ConnectionError):
            while self._line.recv(65536):
                pass
        return True

    def close(self) -> None:
        """Hang up altogether."""
        self._line.close()


@pytest.fixture
def caller(county: Served) -> Iterator[Caller]:
    with contextlib.closing(Caller(county)) as caller:
        yield caller


@pytest.fixture
def other(county: Served) -> Iterator[Caller]:
    with contextlib.closing(Caller(county)) as other:
        yield other


def body(name: str, **changed: Any) -> bytes:
    return json.dumps(alert(identifier=name, **changed)).encode()


def test_a_body_may_come_in_pieces(caller: Caller) -> None:
    caller.head("Transfer-Encoding: chunked")
    whole = body("pieces")
    for place in range(0, len(whole), 100):
        caller.piece(whole[place : place + 100])
    caller.piece(b"")

    assert caller.status() == 202


def test_who_trickles_is_turned_away_and_holds_nobody_up(
    caller: Caller, other: Caller
) -> None:
    caller.head("Content-Length: 1000")
    caller.send(b"{")
    other.head(f"Content-Length: {len(body('quick'))}")
    other.send(body("quick"))

    assert other.status() == 202
    assert caller.status() == 408
    assert caller.cut()


def test_pieces_without_an_end_are_turned_away(caller: Caller) -> None:
    caller.head("Transfer-Encoding: chunked")
    caller.piece(b"{")

    assert caller.status() == 408
    assert caller.cut()


@pytest.mark.parametrize("path", ["/hooks/sms/sms/reply", "/api/v1/monitors/json"])
def test_no_other_door_waits_longer(caller: Caller, path: str) -> None:
    caller.head("Content-Length: 1000", path=path)

    assert caller.status() == 408


def test_too_long_by_its_own_word_is_turned_away_at_once(caller: Caller) -> None:
    caller.head(f"Content-Length: {MOST + 1}")

    assert caller.status() == 413
    assert caller.cut()


def test_too_long_in_pieces_is_turned_away_when_it_shows(caller: Caller) -> None:
    caller.head("Transfer-Encoding: chunked")
    with contextlib.suppress(ConnectionError):
        for _ in range(20):
            caller.piece(b" " * (MOST // 10))

    assert caller.status() == 413
    assert caller.cut()


def test_a_body_that_breaks_off_leaves_no_trace(caller: Caller, other: Caller) -> None:
    whole = body("broken-off")
    caller.head(f"Content-Length: {len(whole)}")
    caller.send(whole[:-1])
    caller.hang_up()
    caller.status()
    other.head(f"Content-Length: {len(whole)}")
    other.send(whole)

    assert other.status() == 202


@pytest.mark.parametrize("path", [PATH, "/api/v1/monitors/json", "/api/v1/areas/echo"])
async def test_a_packed_body_is_refused(hamlet: Hamlet, path: str) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = await hamlet.http.post(
        path, content=gzip.compress(body("packed")), headers=headers | bearer("officer")
    )

    assert (answer.status_code, codes(answer)) == (415, ["packed"])
