"""``jiaoying roster flags`` and ``unflag``: what calls have shown, and its end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection

from config.settings import load
from contacts.check import FLAGGED
from contacts.model import AddressId, AddressKind, Flag
from contacts.numbers import mask, without_numbers
from dispatcher.api.check_words import FAULTS
from dispatcher.cli import stores
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.engine.runtime import clock_of
from dispatcher.store import flags
from dispatcher.store.flags import Flagging, Owner

Listed = dict[str, object]


def listed(config: Path | None, *, everything: bool) -> list[Listed]:
    """Flags that stand, oldest first; those that were cleared too, if wanted."""
    settings = load(config, os.environ)

    def look(connection: Connection) -> list[Listed]:
        found = flags.trail(connection, cleared=everything)
        owners = flags.owners(connection, {one.address for one in found})
        return [_shown(one, owners) for one in found]

    return stores.read(settings, look)


def _shown(one: Flagging, owners: Mapping[AddressId, Owner]) -> Listed:
    owner = owners[one.address]
    account = owner.kind is AddressKind.WECOM
    return {
        "address": one.address,
        "flag": one.flag.value,
        "name": owner.name,
        "number": owner.value if account else mask(owner.value),
        "at": one.at.isoformat(),
        "by": one.by,
        "callout": one.callout,
        "message": one.message,
        "cleared_at": one.cleared_at and one.cleared_at.isoformat(),
        "cleared_by": one.cleared_by,
    }


def in_words(found: list[Listed]) -> str:
    """One line for each."""
    return "\n".join([*map(_line, found), f"共 {len(found)} 处"])


def _line(one: Listed) -> str:
    word = FAULTS[FLAGGED[Flag(str(one["flag"]))]]
    source = one["callout"] or one["message"] or ""
    words = f"{one['address']} {one['name']} {one['number']} {word} "
    words += f"{one['at']} {one['by']} {source}".rstrip()
    if one["cleared_at"]:
        words += f" 已于 {one['cleared_at']} 由 {one['cleared_by']} 取消"
    return words


def clear(config: Path | None, address: str, flag: str, by: str) -> Listed:
    """Take a flag off an address.

    :raises CommandError: when there is no such flag, or the address does not bear it
    """
    if flag not in set(Flag):
        problem = f"{flag}: 没有这种标记;可用 {', '.join(Flag)}"
        raise CommandError([problem], BAD_INPUT)
    settings = load(config, os.environ)
    now = clock_of(settings).now()
    done = stores.write(
        settings, lambda c: flags.clear(c, address, Flag(flag), by, now)
    )
    if not done:
        shown = without_numbers(address)  # a number may have been typed for it
        problem = f"{shown}: 没有 {flag} 标记;先用 roster flags 查看"
        raise CommandError([problem], BAD_INPUT)
    return {"address": address, "flag": flag, "cleared_by": by}
