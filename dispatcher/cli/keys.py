"""``jiaoying key create``: makes an API key and shows it once."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from config.settings import Settings, load
from dispatcher.cli import stores
from dispatcher.cli.failure import BAD_INPUT, FAILED, CommandError
from dispatcher.engine.runtime import clock_of
from dispatcher.store import keys
from dispatcher.store.keys import ApiKey, Scope

BYTES = 32
SENDING = frozenset({Scope.ALERTS_WRITE, Scope.ALERTS_DRILL})


def create(
    config: Path | None, name: str, scopes: tuple[str, ...], senders: tuple[str, ...]
) -> dict[str, object]:
    """Make a key: its name, its scopes, and the key itself, which is kept nowhere.

    :raises CommandError: with everything wrong in what was asked for
    """
    if problems := [*_problems(name, scopes, senders)]:
        raise CommandError(problems, BAD_INPUT)
    made = make(load(config, os.environ), ApiKey(name, scopes, senders))
    return {"name": name, "scopes": list(scopes), "key": made}
