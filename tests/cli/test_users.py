"""``jiaoying user``: the first administrator, and the way back for the locked out."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

from dispatcher.cli.failure import BAD_INPUT
from tests.cli.console import furnish, jiaoying


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnish(tmp_path)


def test_an_officer_is_made_listed_reset_and_disabled(folder: Path) -> None:
    name = ("user", "create", "LiMin", "--display", "李敏", "--role")
    made = json.loads(jiaoying(folder, *name, "leader", "--json").stdout)
    again = jiaoying(folder, *name, "viewer")
    reset = json.loads(jiaoying(folder, "user", "reset", "limin", "--json").stdout)
    gone = jiaoying(folder, "user", "disable", "limin")
    listed = json.loads(jiaoying(folder, "user", "list", "--json").stdout)
    with sqlite3.connect(folder / "store.db") as store:
        kept = str([*store.iterdump()])

    assert (made["name"], made["role"]) == ("limin", "leader")
    assert re.fullmatch(r"(\w{5}-){3}\w{5}", made["password"])
    assert again.returncode == BAD_INPUT
    assert "taken" in again.stderr
    assert reset["password"] != made["password"]
    assert gone.returncode == 0
    assert listed["users"] == [
        {
            "name": "limin",
            "display": "李敏",
            "role": "leader",
            "disabled": True,
            "totp": False,
            "must_change": True,
        }
    ]
    assert not [p for p in (made["password"], reset["password"], "李敏") if p in kept]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "li min", "--role", "viewer"], "letters"),
        (["create", "limin", "--role", "boss"], "administrator"),
        (["create", "limin", "--role", "viewer", "--password-stdin"], "at least 10"),
        (["reset", "nobody"], "user list"),
        (["disable", "nobody"], "user list"),
    ],
)
def test_what_can_not_be_done_is_told(
    folder: Path, arguments: list[str], said: str
) -> None:
    done = jiaoying(folder, "user", *arguments)

    assert done.returncode == BAD_INPUT
    assert said in done.stderr


def test_the_last_administrator_is_not_disabled(folder: Path) -> None:
    jiaoying(folder, "user", "create", "boss", "--role", "administrator")
    done = jiaoying(folder, "user", "disable", "boss")

    assert done.returncode == BAD_INPUT
    assert "last administrator" in done.stderr
