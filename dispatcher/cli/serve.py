"""``jiaoying serve``: one process of the server, or the supervisor of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path

from config.settings import Role, Settings, load
from dispatcher.cli import logging
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.cli.ground import Inherited
from dispatcher.cli.leash import wear
from dispatcher.cli.supervisor import supervise


def serve(config: Path | None, role: str, inherited: Inherited) -> int:
    """Serve until told to stop; gives the exit code.

    :param role: what this process does; empty: what the settings say
    :raises CommandError: for an unknown role, or a store that can't be shared
    """
    if inherited.leash is not None:
        wear(inherited.leash)
    logging.set_up()
    if inherited.errand is not None and inherited.bell is not None:
        _send(inherited.bell, inherited.errand, inherited)
        return 0
    settings = load(config, os.environ)
    chosen = _role(role) if role else settings.engine.role
    if chosen is Role.ALL:
        return asyncio.run(supervise(settings, config, inherited.listen))
    _work(settings, chosen, inherited)
    return 0


def _work(settings: Settings, role: Role, inherited: Inherited) -> None:
    # The supervisor does without all this, and the worker without the API: who is
    # started after a crash is there sooner.
    from dispatcher.engine.runtime import lasting

    if not lasting(settings):
        problem = "[store] url is in memory, which processes can't share: name a file"
        raise CommandError([problem], BAD_INPUT)
    if role is Role.API:
        from dispatcher.cli import api_process

        _run(api_process.work(settings, inherited))
    else:
        from dispatcher.cli import worker_process

        _run(worker_process.work(settings, inherited))


def _send(bell: int, errand: int, inherited: Inherited) -> None:
    from dispatcher.cli import sender_process

    _run(sender_process.work(bell, sender_process.Slip(errand), inherited))


def _run(work: Coroutine[None, None, None]) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        problem = f"--role {name}: unknown; use one of {', '.join(Role)}"
        raise CommandError([problem], BAD_INPUT) from None
