"""What a server of PostgreSQL keeps: is it there, is it fit, and who works on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from dispatcher.cli.checks import kept
from dispatcher.cli.checks.finding import Finding, Subject, failed, ok, warning
from dispatcher.engine.crew import OFF_MOST
from dispatcher.engine.keyring import key_files
from dispatcher.store import postgresql
from dispatcher.store.backend import UnfitStoreError
from dispatcher.store.durability import Durability, durability
from dispatcher.store.migrate import SchemaError, check_order
from dispatcher.store.snapshot import Contents, contents
from dispatcher.store.vault import MemoryRing, Unreadable, Vault, id_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the server says.

    :ivar order: why its order of text is none for us; empty when it is
    :ivar unreadable: what the keys that are there don't open
    """

    contents: Contents
    durability: Durability
    order: str
    now: datetime
    worker: bool
    unreadable: Unreadable | None


def examined(url: str, keys_dir: Path, now: datetime) -> Iterator[Finding]:
    """Look at the database a URL names, without changing it."""
    shown = make_url(url).render_as_string(hide_password=True)
    try:
        found = _found(url, keys_dir)
    except UnfitStoreError as error:
        yield failed(Subject.STORE, str(error), shown, "请升级数据库")
        return
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        remedy = "请检查 [store] url、网络和数据库服务"
        yield failed(Subject.STORE, f"数据库连不上({why})", shown, remedy)
        return
    yield ok(Subject.STORE, "数据库连得上", shown)
    if found.order:
        yield failed(Subject.STORE, found.order, "", "请按提示重建数据库")
    yield _durable(found.durability)
    yield from kept.schema(found.contents)
    yield from kept.ahead(found.contents, now)
    apart = abs(now - found.now)
    if apart > OFF_MOST:
        what = "本机与数据库的时钟相差太大,服务不会开工"
        yield failed(Subject.CLOCK, what, f"{apart.total_seconds():.1f} 秒", "请校时")
    yield from kept.opened(found.unreadable)
    if found.worker:
        yield ok(Subject.SERVER, "有服务在呼叫", shown)
    else:
        yield warning(Subject.SERVER, "没有服务在呼叫", shown, "请执行 jiaoying serve")


def _durable(found: Durability) -> Finding:
    match found:
        case Durability.SYNCHRONOUS:
            return ok(Subject.DURABILITY, "提交时同步备库也已落盘", found)
        case Durability.LOCAL:
            what = "只在主库落盘,主库机器坏了可能丢最后几笔"
            remedy = "要保证切换不丢,请设同步备库(synchronous_standby_names)"
            return warning(Subject.DURABILITY, what, found, remedy)


def _found(url: str, keys_dir: Path) -> Found:
    ids = [id_of(key.read_bytes()) for key in key_files(keys_dir).values()]
    engine = postgresql.opened(make_url(url), Vault(MemoryRing()))
    try:
        with engine.connect() as connection:
            return _look(connection, ids)
    finally:
        engine.dispose()


def _look(connection: Connection, ids: Sequence[str]) -> Found:
    return Found(
        contents=contents(connection),
        durability=durability(connection),
        order=_order(connection),
        now=postgresql.now(connection),
        worker=postgresql.has_worker(connection),
        unreadable=kept.unreadable_with(connection, ids),
    )


def _order(connection: Connection) -> str:
    try:
        check_order(connection)
    except SchemaError as error:
        return str(error)
    return ""
