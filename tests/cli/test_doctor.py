from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.settings import Server, Settings
from dispatcher.cli.checks import configured, kept
from dispatcher.cli.checks.finding import Finding, Subject, Verdict
from dispatcher.cli.doctor import TITLES, examine, exit_code
from dispatcher.engine.clock import SystemClock
from dispatcher.store.migrate import Age, age_of
from tests.cli.console import ROOT, furnish, jiaoying
from tests.cli.console import Server as RunningServer
from tests.cli.vault import FACT, forged, installation, state_of, store_of

Found = dict[str, list[dict[str, Any]]]

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
MICROSECONDS = 1_000_000

CHANNELS = """
[channels.text]
provider = "twilio_sms"
account_sid = "AC00000000000000000000000000000000"
auth_token = "none"
from = "+99900000001"
"""
ROUTES = """
[routes]
sms = ["text"]
"""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installation(tmp_path_factory.mktemp("sound"))


@pytest.fixture
def home(sound: Path, tmp_path: Path) -> Path:
    """An installation to be spoilt."""
    return shutil.copytree(sound, tmp_path / "home")


def examined(folder: Path, backups: Path | None = None) -> tuple[int, Found]:
    """The exit code, and the findings by subject."""
    findings = examine(folder / "jiaoying.toml", backups)
    return exit_code(findings), by_subject([asdict(one) for one in findings])


def doctor(folder: Path, **extra: str) -> tuple[int, Found]:
    """The same by the command itself, with these variables beside the usual ones."""
    done = jiaoying(folder, "doctor", "--json", **extra)
    assert done.stdout, done.stderr
    return done.returncode, by_subject(json.loads(done.stdout)["checks"])


def by_subject(findings: list[dict[str, Any]]) -> Found:
    found: Found = {}
    for one in findings:
        found.setdefault(one["subject"], []).append(one)
    return found


def failures(found: Found) -> list[str]:
    every = (one for findings in found.values() for one in findings)
    return [one["which"] for one in every if one["verdict"] == Verdict.FAILED]


def settings(folder: Path, **replaced: str) -> None:
    """Add to the settings, or replace a section's lines."""
    file = folder / "jiaoying.toml"
    text = file.read_text(encoding="utf-8")
    for old, new in replaced.items():
        text = text.replace(f"[{old}]", f"[{old}]\n{new}")
    file.write_text(text, encoding="utf-8")


def change(folder: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / "store.db")) as store:
        store.execute(statement, values)
        store.commit()


def test_a_sound_installation_passes_and_is_left_as_it_was(home: Path) -> None:
    before = state_of(home)
    code, found = doctor(home)

    assert (code, failures(found)) == (0, [])
    assert [one["verdict"] for one in found["integrity"]] == ["ok"]
    assert found["integrity"][0]["which"].endswith("2000 条留痕")
    assert found["schema"][0]["verdict"] == "ok"
    assert "durability: local" in found["durability"][0]["what"]
    assert state_of(home) == before


def test_before_the_first_start_it_says_so_and_makes_nothing(tmp_path: Path) -> None:
    furnish(tmp_path)
    before = state_of(tmp_path)
    code, found = examined(tmp_path)

    assert (code, found["store"][0]["verdict"]) == (0, "warning")
    assert "尚未启动过" in found["store"][0]["what"]
    assert found["keys"][0]["verdict"] == "warning"
    assert state_of(tmp_path) == before


def test_beside_a_running_server_it_names_the_worker(home: Path) -> None:
    with RunningServer(home) as server:
        server.until("engine.started")
        code, found = doctor(home)

        assert (code, found["server"][0]["which"]) == (
            0,
            f"PID {server.pids['worker']}",
        )
        assert found["integrity"][0]["verdict"] == "ok"


def test_where_the_kernel_tells_of_no_locks_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "store.db.worker").touch()
    [found] = kept.server(tmp_path / "store.db", tmp_path / "none")

    assert (found.subject, found.verdict) == (Subject.SERVER, Verdict.WARNING)


def test_the_table_says_each_finding_and_what_to_do(home: Path) -> None:
    (home / "var" / "keys" / "link").chmod(0o644)
    done = jiaoying(home, "doctor")

    assert done.returncode == 1
    assert "失败  文件权限    权限过宽(0644)" in done.stdout
    assert f"→ 请执行 chmod 600 {home / 'var' / 'keys' / 'link'}" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("失败 1 项")


def test_every_subject_has_a_title_and_is_explained_to_the_operator() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    explained = {name for name in Subject if f"`{name}`" in runbook}

    assert (set(TITLES), explained) == (set(Subject), set(Subject))


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("var/keys", 0o755),
        ("var/keys/link", 0o640),
        ("store.db", 0o644),
    ],
)
def test_who_may_read_too_much_is_found(home: Path, path: str, mode: int) -> None:
    (home / path).chmod(mode)
    code, found = examined(home)

    assert (code, failures(found)) == (1, [str(home / path)])


def test_a_key_that_is_not_whole_is_found(home: Path) -> None:
    (home / "var" / "keys" / "link").write_bytes(bytes(31))
    code, found = examined(home)

    assert (code, "31 字节" in found["keys"][0]["what"]) == (1, True)


def test_a_store_in_memory_would_not_outlive_its_machine() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        furnish(Path(folder))
        code, found = examined(Path(folder))

    assert (code, found["durability"][0]["verdict"]) == (1, "failed")


def test_a_store_that_has_no_file_is_found(home: Path) -> None:
    code, found = doctor(home, JIAOYING_STORE__URL="sqlite://")

    assert (code, found["store"][0]["verdict"]) == (1, "failed")


def test_a_clock_that_was_turned_back_is_found_by_the_facts(home: Path) -> None:
    later = SystemClock().now() + timedelta(days=1)
    at = int(later.timestamp() * MICROSECONDS)
    change(home, FACT.replace("?, 0", "9000, ?"), at)
    code, found = examined(home)

    assert (code, found["clock"][-1]["which"][:10]) == (1, f"{later:%Y-%m-%d}")


@pytest.mark.parametrize(
    ("revision", "verdict", "age"),
    [("0001", "warning", Age.OLDER), ("9999", "failed", Age.NEWER)],
)
def test_a_schema_of_another_version_is_found(
    home: Path, revision: str, verdict: str, age: Age
) -> None:
    change(home, "UPDATE alembic_version SET version_num = ?", revision)
    _, found = examined(home)

    assert found["schema"][0]["verdict"] == verdict
    assert age_of(revision) is age


def test_an_empty_store_is_told(home: Path) -> None:
    (home / "store.db").write_bytes(b"")
    code, found = examined(home)

    assert (code, found["schema"][0]["what"]) == (0, "数据库是空的")


def damaged(store: Path) -> None:
    with store.open("r+b") as file:
        file.seek(-20_480, os.SEEK_END)
        file.write(bytes(8_192))


def foreign(store: Path) -> None:
    store.write_text("no store at all" * 100)


@pytest.mark.parametrize("spoil", [damaged, foreign])
def test_a_store_that_is_not_whole_is_found(
    home: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(home / "store.db")
    code, found = examined(home)

    assert (code, "数据库损坏" in found["integrity"][0]["what"]) == (1, True)


def test_a_store_that_is_no_file_is_found(home: Path) -> None:
    (home / "store.db").unlink()
    (home / "store.db").mkdir(mode=0o700)
    code, found = examined(home)

    assert (code, found["store"][0]["what"]) == (1, "数据库读不出来")


def test_a_store_that_can_t_be_opened_is_told(tmp_path: Path) -> None:
    [found] = kept.store(tmp_path / "none.db", NOW)

    assert (found.subject, found.verdict) == (Subject.INTEGRITY, Verdict.FAILED)


def test_a_store_without_a_log_of_changes_is_told(home: Path) -> None:
    with closing(sqlite3.connect(home / "store.db")) as store:
        store.execute("PRAGMA journal_mode=DELETE")
    _, found = examined(home)

    assert found["durability"][-1]["what"] == "数据库不是 WAL 方式"


def test_a_log_of_changes_that_only_grows_is_told(home: Path) -> None:
    with (home / "store.db-wal").open("wb") as log:
        log.truncate(kept.LOG_MOST_BYTES + 1)
    [found] = kept.log(home / "store.db")

    assert (found.subject, found.verdict) == (Subject.LOG, Verdict.WARNING)


def test_settings_that_can_t_be_read_are_found(home: Path) -> None:
    settings(home, server="prot = 1")
    code, found = examined(home)

    assert (code, "server.prot" in found["settings"][0]["what"]) == (1, True)
    assert "store" not in found


def test_a_policy_that_can_t_be_used_is_found(home: Path) -> None:
    (home / "policy.yaml").write_text("levels: red\n")
    code, found = doctor(home, JIAOYING_POLICIES__DIR="policy.yaml")

    assert (code, found["policies"][0]["verdict"]) == (1, "failed")
    assert found["time_zone"][0]["verdict"] == "ok"


def test_a_channel_that_can_t_be_built_is_found(home: Path) -> None:
    file = home / "jiaoying.toml"
    text = file.read_text() + CHANNELS.replace("auth_token", "auth_tokne")
    file.write_text(text)
    code, found = examined(home)

    assert (code, "auth_tokne" in found["routes"][0]["which"]) == (1, True)


ROBOT = '[channels.group]\nprovider = "wecom_robot"\nkey = "k"\n'
SECOND = CHANNELS.replace("text", "spare")
ALL = """
[routes]
sms = ["text"]
voice = ["spare"]
wechat = ["text"]
"""


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ("", ["[routes]"]),
        (CHANNELS, ["[routes]"]),
        (CHANNELS + ROUTES, ["wechat", "voice"]),
        (CHANNELS + SECOND + ROUTES, ["wechat", "voice", "[channels.spare]"]),
        (CHANNELS + SECOND + ROBOT + ALL, []),
    ],
)
def test_ways_that_lead_to_nobody_are_told(
    home: Path, added: str, told: list[str]
) -> None:
    file = home / "jiaoying.toml"
    file.write_text(file.read_text() + added)
    code, found = examined(home)
    warned = [one["which"] for one in found["routes"] if one["verdict"] == "warning"]

    assert (code, warned) == (0, told)


@pytest.mark.parametrize(
    ("address", "verdict"),
    [
        ("https://jiaoying.example", "ok"),
        ("http://jiaoying.example", "warning"),
        ("http://localhost:8000", "warning"),
        ("https://127.0.0.1", "warning"),
    ],
)
def test_the_address_outside_is_judged(address: str, verdict: str) -> None:
    [found] = configured.address(Settings(server=Server(public_base_url=address)))

    assert found.verdict == verdict


@pytest.fixture
def intruded(tmp_path: Path) -> str:
    """A path with a distribution on it that owns one of our names."""
    folder = tmp_path / "intruder"
    info = folder / "channels-4.3.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: channels\n")
    (info / "top_level.txt").write_text("channels\n")
    return f"{ROOT}{os.pathsep}{folder}"


def test_another_owner_of_our_names_is_found(home: Path, intruded: str) -> None:
    code, found = doctor(home, PYTHONPATH=intruded)

    assert (code, found["names"][0]["which"]) == (1, "channels")


def test_no_server_starts_beside_another_owner(home: Path, intruded: str) -> None:
    done = jiaoying(home, "serve", PYTHONPATH=intruded)

    assert (done.returncode, "channels belongs to channels" in done.stderr) == (1, True)
    assert "an environment of its own" in done.stderr


@pytest.mark.parametrize("command", ["serve", "doctor"])
def test_somebody_else_s_package_in_our_place_is_refused_by_its_path(
    home: Path, tmp_path: Path, command: str
) -> None:
    other = tmp_path / "other"
    (other / "config").mkdir(parents=True)
    (other / "config" / "__init__.py").touch()
    done = jiaoying(home, command, PYTHONPATH=f"{other}{os.pathsep}{ROOT}")

    assert (done.returncode, str(other / "config") in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


def shelf_of(home: Path, name: str, **changes: Any) -> Path:
    shelf = home / name
    shelf.mkdir()
    jiaoying(home, "backup", str(shelf / "first.zip"))
    if changes:
        good = shelf / "first.zip"
        forged(good, shelf / "second.zip", store_of(good), **changes)
        good.unlink()
    return shelf


def test_a_fresh_backup_is_well(home: Path) -> None:
    shelf = shelf_of(home, "shelf")
    code, found = examined(home, shelf)

    assert (code, [one["verdict"] for one in found["backups"]]) == (0, ["ok"])


def test_an_old_backup_is_told(home: Path) -> None:
    shelf = shelf_of(home, "shelf", moment="2026-11-01T00:00:00Z")
    _, found = examined(home, shelf)

    assert [one["verdict"] for one in found["backups"]] == ["warning"]


def test_a_folder_without_a_whole_backup_is_found(home: Path) -> None:
    shelf = home / "shelf"
    shelf.mkdir()
    (shelf / "b.zip").write_text("half")
    code, found = examined(home, shelf)

    assert (code, [one["verdict"] for one in found["backups"]]) == (
        1,
        ["warning", "failed"],
    )


def test_a_folder_of_backups_that_is_not_there_is_bad_usage(home: Path) -> None:
    done = jiaoying(home, "doctor", "--backups", "nowhere")

    assert (done.returncode, "nowhere" in done.stderr) == (2, True)


def test_a_key_that_can_t_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    gone = tmp_path / "keys" / "link"
    findings: list[Finding] = [*kept.whole(gone)]

    assert [one.verdict for one in findings] == [Verdict.FAILED]
