"""What every process stands on: signals, a socket, what it inherits."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass

from config.settings import Settings

BACKLOG = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """File descriptors from the process that started this one; None where alone.

    :ivar listen: a listening socket
    :ivar bell: rung by the API after a commit, heard by the worker
    :ivar leash: see :mod:`dispatcher.cli.leash`
    """

    listen: int | None = None
    bell: int | None = None
    leash: int | None = None


def on_signals(stop: Callable[[], None]) -> None:
    """Have SIGTERM and SIGINT call a function instead of ending the process."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def listener(settings: Settings) -> socket.socket:
    """Listen where the settings say.

    :raises OSError: when the address is taken or is not ours
    """
    address = (settings.server.host, settings.server.port)
    return socket.create_server(address, backlog=BACKLOG)
