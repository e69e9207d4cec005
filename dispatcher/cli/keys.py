"""``jiaoying key create``: makes an API key and shows it once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection

from config.settings import Settings, load
from dispatcher.api.auth import SENDING, Scope
from dispatcher.api.keys import key_made
from dispatcher.cli import stores
from dispatcher.cli.doer import doer
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.core.journal import HOUSE
from dispatcher.engine.runtime import clock_of
from dispatcher.store import journal, keys
from dispatcher.store.keys import ApiKey


def create(config: Path | None, wanted: ApiKey) -> dict[str, object]:
    """Make a key: its name, its scopes, and the key itself, which is not kept.

    :raises CommandError: with everything wrong in what was asked for
    """
    if problems := (*_problems(wanted),):
        raise CommandError(problems, BAD_INPUT)
    made = make(load(config, os.environ), wanted)
    return {"name": wanted.name, "scopes": list(wanted.scopes), "key": made}


def make(settings: Settings, wanted: ApiKey) -> str:
    """Keep the digest of a new key and give the key.

    :raises CommandError: when the name is taken
    """
    key = keys.draw()
    now = clock_of(settings).now()

    def add(connection: Connection) -> bool:
        made = keys.add(connection, wanted, key, now)
        if made:
            by = doer()
            journal.note(connection, HOUSE, [key_made(wanted, now, by)])
        return made

    if not stores.write(settings, add):
        problem = f"key {wanted.name}: the name is taken; choose another one"
        raise CommandError([problem], BAD_INPUT)
    return key


def _problems(wanted: ApiKey) -> Iterator[str]:
    for scope in wanted.scopes:
        if scope not in set(Scope):
            yield f"--scope {scope}: unknown; use some of {', '.join(Scope)}"
    if SENDING & set(wanted.scopes) and not wanted.senders:
        yield (
            f"key {wanted.name}: it could send alerts for nobody; "
            "say --sender PATTERN for whom, or --any-sender"
        )
