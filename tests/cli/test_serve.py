from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest

from dispatcher.cli.warned import restamped
from dispatcher.engine.clock import SystemClock
from tests.api.books import Book
from tests.cli.console import DEADLINE_SECONDS, Server, Watched, furnish, jiaoying

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return furnish(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with Server(folder) as server:
        server.until("engine.started")
        yield server


def get(server: Server, path: str, key: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = f"{server.url}{path}"
    return httpx.get(url, headers=headers, timeout=DEADLINE_SECONDS, trust_env=False)


def test_a_caller_waits_for_a_server_that_starts(server: Server) -> None:
    assert get(server, "/healthz").status_code == 200


def test_a_key_made_while_the_server_runs_is_good_at_once(
    server: Server, folder: Path
) -> None:
    create = ("key", "create", "reader", "--scope", "alerts:read", "--json")
    key = json.loads(jiaoying(folder, *create).stdout)["key"]

    assert get(server, "/api/v1/alerts", key).status_code == 200


def test_a_roster_is_imported_while_the_server_runs(
    server: Server, folder: Path
) -> None:
    done = jiaoying(folder, "roster", "import", "roster.csv")

    assert (done.returncode, get(server, "/readyz").status_code) == (0, 200)


def send_a_warning(server: Server, folder: Path, file: Path) -> dict[str, Any]:
    """Import the roster, and send a warning for all of it."""
    scopes = ("--scope", "alerts:write", "--any-sender", "--json")
    key = json.loads(jiaoying(folder, "key", "create", "gauge", *scopes).stdout)["key"]
    jiaoying(folder, "roster", "import", "roster.csv")
    sample = files("dispatcher.sim").joinpath("data", "red_rain.json").read_bytes()
    file.write_bytes(restamped(sample, SystemClock().now()))
    send = ("alert", "send", str(file), "--url", server.url, "--json")
    taken: dict[str, Any] = json.loads(jiaoying(folder, *send, JIAOYING_KEY=key).stdout)
    return taken


def test_a_warning_is_sent_and_its_record_taken(
    server: Server, folder: Path, tmp_path: Path
) -> None:
    taken = send_a_warning(server, folder, tmp_path / "rain.json")
    record = jiaoying(folder, "record", taken["id"], "--format", "json")
    book, page = tmp_path / "record.xlsx", tmp_path / "record.html"
    for file in (book, page):
        form = file.suffix.removeprefix(".")
        jiaoying(folder, "record", taken["id"], "--format", form, "--out", str(file))

    assert (taken["state"], json.loads(record.stdout)["alert"]["id"]) == (
        "active",
        taken["id"],
    )
    assert Book(book.read_bytes()).names[0] == "叫应记录表"
    assert taken["id"] in page.read_text(encoding="utf-8")


def test_a_second_worker_on_the_same_store_is_refused(
    server: Server, folder: Path
) -> None:
    done = jiaoying(folder, "serve", "--role", "worker")
    held = str(folder / "store.db") in done.stderr

    assert (server.process.poll(), done.returncode, held) == (None, 1, True)


def test_a_taken_port_is_told(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = jiaoying(folder, "serve", JIAOYING_SERVER__PORT=port)

    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


def test_a_dead_worker_is_started_again(server: Server) -> None:
    os.kill(server.pids["worker"], signal.SIGKILL)
    died = server.until("server.child.died")
    again = server.until("server.child.started")
    server.until("engine.started")

    assert (died["role"], died["code"], again["role"]) == (
        "worker",
        -signal.SIGKILL,
        "worker",
    )


def sender_of(server: Server) -> int:
    """The process that sends, once it does."""
    sender = int(server.until("server.child.started")["pid"])
    server.until("sender.started")
    return sender


def watched(server: Server) -> Watched:
    """All processes of a server that works, but its own."""
    return Watched([*server.pids.values(), sender_of(server)])


def test_who_sends_is_started_again(tmp_path: Path) -> None:
    with Server(furnish(tmp_path)) as server:
        os.kill(sender_of(server), signal.SIGKILL)
        died = server.until("server.child.died")
        lost = server.until("sender.lost")
        server.until("sender.started")

    assert (died["role"], died["code"], lost["in_doubt"]) == (
        "sender",
        -signal.SIGKILL,
        0,
    )


def test_asked_to_stop_it_finishes_with_success(tmp_path: Path) -> None:
    with Server(furnish(tmp_path)) as server:
        children = watched(server)
        get(server, "/healthz")
        server.process.terminate()
        server.until("engine.stopped")
        server.until("server.stopped")

        assert (server.process.wait(DEADLINE_SECONDS), children.ended()) == (0, True)


def test_what_happened_is_sealed_when_the_server_has_stopped(tmp_path: Path) -> None:
    folder = furnish(tmp_path)
    with Server(folder) as server:
        server.until("engine.started")
        name = send_a_warning(server, folder, tmp_path / "rain.json")["id"]
    jiaoying(folder, "export", name, "--out", "export.jsonl")
    (folder / "key").write_text(jiaoying(folder, "key", "public").stdout, "utf-8")
    given = ("--public-key", "key", "--seals", "var/seals.jsonl", "--json")
    done = jiaoying(folder, "export", "--verify", "export.jsonl", *given)
    told = json.loads(done.stdout)

    assert (done.returncode, told["findings"], told["unsealed"]) == (0, [], 0)
    assert told["seals"] >= 1
    assert told["entries"] >= 1


def test_nothing_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    with Server(furnish(tmp_path)) as server:
        children = watched(server)
        server.process.kill()

        assert children.ended()
