"""Officers of the desk: passwords as hashes, what they are called encrypted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from dispatcher.core.officer import OfficerRole
from dispatcher.store import schema, vault
from dispatcher.store.vault import Cipher, Matter


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """An officer's account.

    :ivar name: what he signs in with, and what facts say of him
    :ivar display: what he is called, 李敏
    :ivar password: its argon2id hash
    :ivar must_change: the password was made by somebody else
    :ivar totp: the secret of his codes, base32; empty: none
    :ivar totp_on: whether a code is asked for
    :ivar totp_step: of the last code that was taken; 0: none yet
    """

    name: str
    display: str
    role: OfficerRole
    password: str
    must_change: bool
    created_at: datetime
    totp: str = ""
    totp_on: bool = False
    totp_step: int = 0
    disabled: bool = False
    watch_since: datetime | None = None


def add(connection: Connection, new: Officer) -> bool:
    """Keep a new officer; False when the name is taken, or was once."""
    if find(connection, new.name):
        return False
    connection.execute(
        schema.officer.insert().values(name=new.name, **_kept(connection, new))
    )
    return True


def save(connection: Connection, changed: Officer) -> None:
    """Keep an officer as he is now."""
    table = schema.officer
    connection.execute(
        update(table)
        .where(table.c.name == changed.name)
        .values(**_kept(connection, changed))
    )


def _kept(connection: Connection, one: Officer) -> dict[str, Any]:
    cipher = Cipher(connection, Matter.OFFICER)
    totp = cipher.encrypt(vault.totp_place(one.name), one.totp) if one.totp else ""
    return {
        "display": cipher.encrypt(vault.display_place(one.name), one.display),
        "role": one.role.value,
        "password": one.password,
        "must_change": one.must_change,
        "totp": totp,
        "totp_on": one.totp_on,
        "totp_step": one.totp_step,
        "disabled": one.disabled,
        "created_at": one.created_at,
        "watch_since": one.watch_since,
    }


def find(connection: Connection, name: str) -> Officer | None:
    """An officer by the name he signs in with."""
    table = schema.officer
    row = connection.execute(select(table).where(table.c.name == name)).first()
    return read(Cipher(connection, Matter.OFFICER), row) if row else None


def read(cipher: Cipher, row: Row[Any]) -> Officer:
    """An officer from his row."""
    return Officer(
        name=row.name,
        display=cipher.read(vault.display_place(row.name), row.display) or row.name,
        role=OfficerRole(row.role),
        password=row.password,
        must_change=row.must_change,
        created_at=row.created_at,
        totp=cipher.read(vault.totp_place(row.name), row.totp) or "",
        totp_on=row.totp_on,
        totp_step=row.totp_step,
        disabled=row.disabled,
        watch_since=row.watch_since,
    )


def everybody(connection: Connection) -> list[Officer]:
    """All officers, by name, those who are disabled among them."""
    rows = connection.execute(select(schema.officer).order_by(schema.officer.c.name))
    cipher = Cipher(connection, Matter.OFFICER)
    return [read(cipher, row) for row in rows]


def displays(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """What officers are called, by name; who is none is left out."""
    table, cipher = schema.officer, Cipher(connection, Matter.OFFICER)
    rows = connection.execute(
        select(table.c.name, table.c.display).where(table.c.name.in_(set(names)))
    )
    return {
        row.name: cipher.read(vault.display_place(row.name), row.display) or row.name
        for row in rows
    }


def others_like(connection: Connection, name: str, role: OfficerRole) -> int:
    """How many others have a role and can sign in."""
    table = schema.officer
    query = select(func.count()).where(
        table.c.role == role.value, table.c.disabled.is_(False), table.c.name != name
    )
    return connection.execute(query).scalar_one()
