"""Keys are replaced and people erased by command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.console import furnish, jiaoying
from tests.cli.test_cli import rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a roster that is imported."""
    folder = furnish(tmp_path)
    assert jiaoying(folder, "roster", "import", "roster.csv").returncode == 0
    return folder


@pytest.mark.parametrize(("name", "count"), [("data", 4), ("index", 4)])
def test_a_key_is_replaced(folder: Path, name: str, count: int) -> None:
    key = folder / "var" / "keys" / name
    before = key.read_bytes()
    done = jiaoying(folder, "key", "rotate", name, "--json")

    assert json.loads(done.stdout) == {"key": name, "rewritten": count}
    assert (key.read_bytes() != before, key.stat().st_mode & 0o777) == (True, 0o600)
    assert sorted(file.name for file in key.parent.iterdir()) == ["data", "index"]


def test_there_are_only_two_keys(folder: Path) -> None:
    done = jiaoying(folder, "key", "rotate", "link")

    assert (done.returncode, "use one of data, index" in done.stderr) == (2, True)


def test_a_store_whose_key_is_lost_is_not_opened(folder: Path) -> None:
    (folder / "var" / "keys" / "data").unlink()
    done = jiaoying(folder, "roster", "import", "roster.csv")

    assert (done.returncode, "put the right key file back" in done.stderr) == (1, True)


def test_somebody_is_erased_once(folder: Path) -> None:
    [(person,)] = rows(folder, "SELECT id FROM person ORDER BY id LIMIT 1")
    command = ("person", "erase", str(person), "--reason", "离任")
    done = jiaoying(folder, *command, "--json")
    again = jiaoying(folder, *command)

    assert json.loads(done.stdout) == {"erased": [person], "log_cut_off": True}
    assert (again.returncode, "erased already" in again.stderr) == (2, True)
    assert rows(folder, "SELECT count(*) FROM holding") == [(3,)]
    assert rows(folder, "SELECT name FROM person WHERE name = ''") == [("",)]


def test_it_is_said_that_the_record_stays(folder: Path) -> None:
    [(person,)] = rows(folder, "SELECT id FROM person ORDER BY id LIMIT 1")
    done = jiaoying(folder, "person", "erase", str(person), "--reason", "离任")

    assert done.stdout == (f"已删除:{person}。姓名和号码不可恢复,叫应记录仍在。\n")
