"""An installation that has something to lose, and backups of it that are not right."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from dispatcher.cli.archive import MANIFEST, STORE
from dispatcher.engine.keyring import load_or_make
from tests.cli.console import furnish, jiaoying

PASSPHRASE = "a lake under the old mill"  # noqa: S105 - guards nothing
FACT = "INSERT INTO fact (callout, seq, at, kind, body) VALUES ('c', ?, 0, 'x', '{}')"


def installation(folder: Path) -> Path:
    """Settings, a roster, a key, and facts; a server could start here."""
    furnish(folder)
    done = jiaoying(folder, "roster", "import", "roster.csv")
    assert done.returncode == 0, done.stderr
    load_or_make(folder / "var" / "keys", "link")
    with closing(sqlite3.connect(folder / "store.db")) as store:
        store.executemany(FACT, [(number,) for number in range(1, 2001)])
        store.commit()
    (folder / "passphrase").write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    return folder


def elsewhere(folder: Path) -> Path:
    """An empty place with the same settings; gives the file of these."""
    folder.mkdir()
    return furnish(folder) / "jiaoying.toml"


def forged(good: Path, bad: Path, store: bytes, **changes: Any) -> Path:
    """The same backup with another store, and a manifest that agrees with it."""
    stated = {"bytes": len(store), "sha256": hashlib.sha256(store).hexdigest()}
    manifest = {**manifest_of(good), "store": stated, **changes}
    return zipped(bad, {MANIFEST: json.dumps(manifest).encode(), STORE: store})


def zipped(file: Path, entries: Mapping[str, bytes]) -> Path:
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file


def manifest_of(file: Path) -> dict[str, Any]:
    with ZipFile(file) as archive:
        told: dict[str, Any] = json.loads(archive.read(MANIFEST))
        return told


def store_of(file: Path) -> bytes:
    with ZipFile(file) as archive:
        return archive.read(STORE)


def state_of(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Every file below a folder: its length, its mode and when it was changed."""
    return {
        str(file.relative_to(folder)): (
            found.st_size,
            found.st_mode,
            found.st_mtime_ns,
        )
        for file in sorted(folder.rglob("*"))
        for found in (file.stat(),)
    }
