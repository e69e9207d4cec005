from __future__ import annotations

import json
import sqlite3
from importlib.metadata import version
from pathlib import Path

import pytest

from dispatcher.api.auth import Scope
from dispatcher.cli.logging import masked
from tests.cli.console import ROSTER, furnish, jiaoying

NOBODY = ["--url", "http://127.0.0.1:9"]  # discard: nothing listens there


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnish(tmp_path)


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "store.db") as store:
        return store.execute(query).fetchall()


def test_the_version_is_the_installed_one(folder: Path) -> None:
    done = jiaoying(folder, "version", "--json")

    assert json.loads(done.stdout) == {"version": version("jiaoying-dispatcher")}


def test_a_key_is_printed_once_and_kept_as_a_digest(folder: Path) -> None:
    scopes = ("--scope", "alerts:write", "--scope", "alerts:read")
    done = jiaoying(
        folder, "key", "create", "gauges", *scopes, "--sender", "rain-*", "--json"
    )
    made = json.loads(done.stdout)
    [(name, digest, senders)] = rows(
        folder, "SELECT name, digest, senders FROM api_key"
    )

    assert (
        sorted(made),
        made["scopes"],
        name,
        made["key"] in str(digest),
        senders,
    ) == (
        ["key", "name", "scopes"],
        ["alerts:write", "alerts:read"],
        "gauges",
        False,
        '["rain-*"]',
    )


def test_a_key_without_json_is_the_only_word_on_stdout(folder: Path) -> None:
    done = jiaoying(folder, "key", "create", "reader", "--scope", "alerts:read")

    assert (done.returncode, len(done.stdout.split())) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scope", "alerts:write"], "--any-sender"),
        (["--scope", "alerts:drill"], "--any-sender"),
        (["--scope", "alerts:everything"], Scope.CALLOUTS_WRITE),
        ([], "--scope"),
    ],
)
def test_a_key_that_makes_no_sense_is_bad_usage(
    folder: Path, arguments: list[str], said: str
) -> None:
    done = jiaoying(folder, "key", "create", "odd", *arguments)

    assert (done.returncode, done.stdout, said in done.stderr) == (2, "", True)


def test_two_keys_never_share_a_name(folder: Path) -> None:
    arguments = ("key", "create", "reader", "--scope", "alerts:read")
    jiaoying(folder, *arguments)
    again = jiaoying(folder, *arguments)

    assert (again.returncode, "reader" in again.stderr) == (2, True)


def test_a_roster_is_imported_as_a_whole(folder: Path) -> None:
    done = jiaoying(folder, "roster", "import", "roster.csv", "--json")

    assert json.loads(done.stdout) == {
        "id": 1,
        "edition": 1,
        "lapsed": [],
        "file": "roster.csv",
        "units": 4,
        "grids": 1,
        "people": 4,
        "holdings": 4,
        "outlines": 0,
        "outlines_unused": 0,
        "notes": [],
    }


def test_every_problem_of_a_roster_is_told_and_nothing_is_imported(
    folder: Path,
) -> None:
    broken = ROSTER.replace("+99913800000002", "120").replace("A角", "班长")
    (folder / "roster.csv").write_text(broken, encoding="utf-8")
    jiaoying(folder, "key", "create", "reader", "--scope", "alerts:read")
    done = jiaoying(folder, "roster", "import", "roster.csv")
    told = [line for line in ("roster.csv:3:", "roster.csv:5:") if line in done.stderr]

    assert (done.returncode, told, rows(folder, "SELECT * FROM unit")) == (
        2,
        ["roster.csv:3:", "roster.csv:5:"],
        [],
    )


def test_the_shipped_policy_is_read_back(folder: Path) -> None:
    done = jiaoying(folder, "policy", "check")

    assert (done.returncode, "16:00 仍无人应答" in done.stdout) == (0, True)


def test_a_broken_policy_is_told_with_its_line(folder: Path) -> None:
    (folder / "mine.yaml").write_text("version: 2\nname: 坏\n", encoding="utf-8")
    done = jiaoying(folder, "policy", "check", "mine.yaml")

    assert (done.returncode, "mine.yaml:" in done.stderr) == (2, True)


@pytest.mark.parametrize("where", ["before", "after", "environment"])
def test_every_problem_of_the_settings_is_told(folder: Path, where: str) -> None:
    (folder / "odd.toml").write_text('x = 1\n[server]\nport = "a"\n', encoding="utf-8")
    option = ["--config", "odd.toml"]
    done = {
        "before": lambda: jiaoying(folder, *option, "policy", "check"),
        "after": lambda: jiaoying(folder, "policy", "check", *option),
        "environment": lambda: jiaoying(
            folder, "policy", "check", JIAOYING_CONFIG="odd.toml"
        ),
    }[where]()
    told = [word for word in ("x:", "server.port:") if word in done.stderr]

    assert (done.returncode, told) == (2, ["x:", "server.port:"])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["alert", "send", "none.json"], 2, "none.json"),
        (["alert", "send", "roster.csv"], 2, "--key"),
        (["alert", "send", "roster.csv", "--key", "x", *NOBODY], 1, "running"),
        (["record", "nothing"], 2, "nothing"),
        (["record", "nothing", "--format", "pdf"], 2, "pdf"),
        (["demo", "--alert", "none.json"], 2, "none.json"),
        (["demo", "--alert", "jiaoying.toml"], 2, "jiaoying.toml"),
        (["serve", "--role", "king"], 2, "king"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_what_can_not_be_done_is_told_without_a_traceback(
    folder: Path, arguments: list[str], code: int, said: str
) -> None:
    done = jiaoying(folder, *arguments)

    assert (
        done.returncode,
        done.stdout,
        said in done.stderr,
        "Traceback" in done.stderr,
    ) == (code, "", True, False)


def test_processes_can_not_share_a_store_in_memory(folder: Path) -> None:
    done = jiaoying(folder, "serve", JIAOYING_STORE__URL="sqlite://")

    assert (done.returncode, "[store] url" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to +8613812341234", "to ****1234"),
        ("To=%2B8613812341234&Body=1", "To=****1234&Body=1"),
        ("手机13812341234。", "手机****1234。"),
        ("alert 99042141600000_20260712021200", "alert 99042141600000_20260712021200"),
        ("at 2026-07-12T02:12:00+08:00", "at 2026-07-12T02:12:00+08:00"),
    ],
)
def test_a_log_shows_the_end_of_a_number_at_most(text: str, shown: str) -> None:
    entry = masked(None, "", {"event": text, "deep": {"list": [text]}, "count": 3})

    assert entry == {"event": shown, "deep": {"list": [shown]}, "count": 3}
