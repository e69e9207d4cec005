"""Who works at the command line: a user of the machine, who need be no officer."""

from __future__ import annotations

from getpass import getuser

from dispatcher.core.officer import OS


def doer() -> str:
    """How what he does is told; his name may be some officer's login name, too."""
    return f"{OS}{getuser()}"
