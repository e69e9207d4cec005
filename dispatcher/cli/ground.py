"""What every process stands on: signals, a socket, what it inherits."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from config.settings import Settings

BACKLOG = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """File descriptors from the process that started this one; None where alone.

    :ivar listen: a listening socket
    :ivar bell: rung by the API after a commit, heard by the worker
    :ivar leash: see :mod:`dispatcher.cli.leash`
    :ivar pulse: see :mod:`dispatcher.cli.pulse`
    :ivar errand: see :mod:`dispatcher.cli.sender_process`
    """

    listen: int | None = None
    bell: int | None = None
    leash: int | None = None
    pulse: int | None = None
    errand: int | None = None

    @classmethod
    def of(cls, words: Iterable[str]) -> Self:
        """Read what :func:`handed_on` wrote."""
        pairs = (word.partition("=") for word in words)
        return cls(**{name: int(number) for name, _, number in pairs})


def handed_on(descriptors: Mapping[str, int]) -> list[str]:
    """Words of a command line that tell a child what it inherits."""
    return [f"--inherit={name}={number}" for name, number in descriptors.items()]


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
