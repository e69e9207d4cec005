"""What stops a command, in words and as an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterable

FAILED = 1
BAD_INPUT = 2


class CommandError(Exception):
    """A command can't do what it was asked for.

    :ivar problems: everything that is in the way, a line each
    :ivar code: the exit code
    """

    def __init__(self, problems: Iterable[str], code: int = FAILED) -> None:
        self.problems = tuple(problems)
        self.code = code
        super().__init__("\n".join(self.problems))


def told(error: Exception) -> int:
    """Say on stderr what is wrong and give the exit code; raise what is our fault."""
    if isinstance(error, CommandError):
        return _said(error.problems, error.code)
    # Only now: a command that goes well has no need of them.
    from sqlalchemy.exc import OperationalError

    from channels.registry import ChannelConfigError
    from config.load import PolicyError
    from config.sources import ConfigError
    from dispatcher.engine.crew import ClockOffError
    from dispatcher.store.backend import UnfitStoreError
    from dispatcher.store.lock import WorkerRunningError
    from dispatcher.store.migrate import SchemaError
    from dispatcher.store.vault import KeyMissingError

    match error:
        case ConfigError() | PolicyError():
            return _said(map(str, error.problems), BAD_INPUT)
        case ChannelConfigError():
            return _said([str(error)], BAD_INPUT)
        case WorkerRunningError() | SchemaError() | KeyMissingError() | OSError():
            return _said([str(error)], FAILED)
        case ClockOffError() | UnfitStoreError():
            return _said([str(error)], FAILED)
        case OperationalError():
            return _said([f"the store: {error.orig}"], FAILED)
        case _:
            raise error


def _said(problems: Iterable[str], code: int) -> int:
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return code
