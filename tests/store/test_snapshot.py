from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from dispatcher.store.database import Database
from dispatcher.store.migrate import migrate
from dispatcher.store.snapshot import (
    Access,
    Check,
    Contents,
    contents,
    copy,
    examine,
    looking,
)
from dispatcher.store.vault import Vault
from tests.store.stock import KnownRing

FACT = "INSERT INTO fact (callout, seq, at, kind, body) VALUES ('c', ?, 7, 'x', '{}')"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    file = tmp_path / "store.db"

    async def fill() -> None:
        url = f"sqlite+aiosqlite:///{file}"
        async with Database(url, Vault(KnownRing())).running() as database:
            await database.write(migrate)

    asyncio.run(fill())
    return file


def add(raw: sqlite3.Connection, *numbers: int) -> None:
    raw.executemany(FACT, [(number,) for number in numbers])
    raw.commit()


def kept(file: Path) -> Contents:
    with looking(file, Access.STILL) as connection:
        found = examine(connection, Check.THOROUGH)
    assert isinstance(found, Contents)
    return found


def test_a_copy_holds_what_was_committed_and_nothing_else(store: Path) -> None:
    to = store.parent / "copy.db"
    with closing(sqlite3.connect(store)) as writer:
        add(writer, 1, 2, 3)
        writer.execute(FACT, (4,))
        found = copy(store, to)
        writer.rollback()

    assert (found.facts, kept(to)) == (3, found)


def test_a_reader_keeps_his_view_and_stops_no_writer(store: Path) -> None:
    def counted(connection: Connection) -> int:
        return contents(connection).facts

    with (
        closing(sqlite3.connect(store, timeout=0)) as writer,
        looking(store, Access.LIVE) as reader,
    ):
        reader.exec_driver_sql("BEGIN")
        before = counted(reader)
        add(writer, 1)
        during = counted(reader)
        reader.exec_driver_sql("ROLLBACK")

        assert (before, during, counted(reader)) == (0, 0, 1)


@pytest.mark.parametrize("access", list(Access))
def test_who_only_looks_can_t_write(store: Path, access: Access) -> None:
    with (
        looking(store, access) as connection,
        pytest.raises(OperationalError, match="readonly"),
    ):
        connection.exec_driver_sql("DELETE FROM fact")


@pytest.mark.parametrize("access", list(Access))
def test_to_look_for_a_store_makes_none(tmp_path: Path, access: Access) -> None:
    with pytest.raises(OperationalError), looking(tmp_path / "none.db", access):
        pass

    assert [*tmp_path.iterdir()] == []


def test_a_name_with_marks_of_an_address_is_a_name(tmp_path: Path, store: Path) -> None:
    odd = store.rename(tmp_path / "50% ?mode=rw#.db")

    assert kept(odd).facts == 0
