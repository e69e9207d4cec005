"""Runs the command line for real, and a server as the process it is."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.cli.warm import warm

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "dispatcher.cli")
DEADLINE_SECONDS = 120
SEARCHED = "PYTHONPATH"

SETTINGS = """\
[server]
port = 0
[store]
url = "sqlite:///store.db"
[intake]
code_system = "DEMO"
[security]
allow_test_numbers = true
"""

ROSTER = """\
区划代码,县(区),乡镇,村(社区),网格编码,网格名称,职务(角色),姓名,手机
990421,澄溪县,,,,,县值班,王建国,+99913800000001
990421100,,白鹭洲镇,,,,乡镇值班,李秀英,+99913800000002
990421100201,,,杨柳湾村,,,村(社区)书记,张志强,+99913800000003
990421100201,,,,990421100201001,杨柳湾村第一网格,A角,刘桂兰,+99913800000004
"""


def environment(**extra: str) -> dict[str, str]:
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("JIAOYING_")
    }
    return {**ours, "PYTHONPATH": str(ROOT), **extra}


def jiaoying(
    folder: Path, *arguments: str, **extra: str
) -> subprocess.CompletedProcess[str]:
    """Run one command in a folder, with these variables beside the usual ones."""
    variables = environment(**extra)
    if SEARCHED not in extra:
        return warm().run(arguments, folder, variables, DEADLINE_SECONDS)
    return subprocess.run(  # it imports elsewhere than what is warm
        [*COMMAND, *arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )


def furnish(folder: Path) -> Path:
    """Put settings and a roster into a folder."""
    (folder / "jiaoying.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "roster.csv").write_text(ROSTER, encoding="utf-8")
    return folder


class Server:
    """``jiaoying serve`` in a folder, from entering to leaving the context."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [*COMMAND, "serve"],
            cwd=self._folder,
            env=environment(),
            stderr=subprocess.PIPE,
            text=True,
        )
        self.url = str(self.until("server.started")["url"])
        self.pids = {
            child["role"]: int(child["pid"])
            for child in (
                self.until("server.child.started"),
                self.until("server.child.started"),
            )
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.terminate()
        self.process.communicate(timeout=DEADLINE_SECONDS)

    def until(self, event: str) -> dict[str, Any]:
        """Read the log up to an event."""
        assert self.process.stderr
        for line in self.process.stderr:
            entry: dict[str, Any] = json.loads(line)
            if entry["event"] == event:
                return entry
        message = f"the server ended without {event}"
        raise AssertionError(message)


class Watched:
    """Processes of which somebody else is the parent."""

    def __init__(self, pids: list[int]) -> None:
        self._ends = [os.pidfd_open(pid) for pid in pids]

    def ended(self) -> bool:
        """Whether all of them end before the deadline."""
        try:
            return all(
                select.select([end], [], [], DEADLINE_SECONDS)[0] for end in self._ends
            )
        finally:
            for end in self._ends:
                os.close(end)
