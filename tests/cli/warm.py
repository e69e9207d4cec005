"""Commands in processes that have imported everything: a command costs a fork.

Run as ``python -m tests.cli.warm FD``. To import the dispatcher takes a second, and
hundreds of tests run a command. Each still is a process of its own, from ``main`` to
its exit code.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import dispatcher.cli

MESSAGE_MOST = 1 << 20
ROOT = Path(__file__).parents[2]


class Warm:
    """A process that forks off one command after the other."""

    def __init__(self) -> None:
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.warm", str(theirs.fileno())],
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()

    def run(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        seconds: float,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder, with nothing but these variables.

        :raises TimeoutError: when it takes longer than so many seconds
        """
        ask = {"argv": ["jiaoying", *arguments], "cwd": str(folder)}
        told = json.dumps({**ask, "environ": dict(environment)}).encode()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            socket.send_fds(self._door, [told], [out.fileno(), err.fileno()])
            self._door.settimeout(seconds)
            code = int(self._door.recv(MESSAGE_MOST))
            return subprocess.CompletedProcess(
                arguments, code, _text(out), stderr=_text(err)
            )


@cache
def warm() -> Warm:
    """The one of this process."""
    return Warm()


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode())


def _serve(door: socket.socket) -> None:
    """Fork off what is asked for, until nobody is there to ask."""
    for module in pkgutil.iter_modules(dispatcher.cli.__path__):
        if module.name != "__main__":
            importlib.import_module(f"dispatcher.cli.{module.name}")
    gc.freeze()  # a child neither looks at nor copies what was there before it
    while True:
        message, files, _, _ = socket.recv_fds(door, MESSAGE_MOST, 2)
        if not message:
            return
        child = os.fork()
        if not child:
            door.close()
            _become(json.loads(message), files)
            dispatcher.cli.main()
            return
        for file in files:
            os.close(file)
        _, status = os.waitpid(child, 0)
        door.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(asked: Any, files: Sequence[int]) -> None:
    """Take on the command's arguments, folder, variables and outputs."""
    for file, standard in zip(files, (1, 2), strict=True):
        os.dup2(file, standard)
        os.close(file)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    time.tzset()
    sys.argv = asked["argv"]


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
