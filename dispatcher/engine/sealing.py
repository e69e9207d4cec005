"""Seals what is new under each alert and in the house, every ten seconds and at an end.

The seal goes into the store first, then into a file that only grows. What a process
that died has not put into the file any more is put there by the next one.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from dispatcher.core.proof import GENESIS
from dispatcher.core.seal import Seal, read_seal, seal_line
from dispatcher.engine.clock import Clock
from dispatcher.engine.signet import Signet
from dispatcher.store import seals
from dispatcher.store.database import Database
from dispatcher.store.seals import Fresh, Marks, Unsealed

EVERY = timedelta(seconds=10)


class SealFile:
    """Seals as lines of JSON, in a file to which lines are only ever added."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def signatures(self) -> frozenset[str]:
        """Of the seals that stand in it."""
        if not self._path.exists():
            return frozenset()
        return frozenset(seal.signature for seal in self.seals())

    def seals(self) -> Iterator[Seal]:
        """Those that stand in it; one whose line is torn stands there again, whole."""
        with self._path.open("rb") as file:
            for raw in file:
                try:
                    line = json.loads(raw)
                except (ValueError, RecursionError):
                    continue
                if seal := read_seal(line):
                    yield seal

    def append(self, new: Sequence[Seal]) -> None:
        """Add seals; they are on the disk when this returns."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"{json.dumps(seal_line(seal))}\n" for seal in new)
        with self._path.open("ab") as file:
            # A line that was torn by a power cut stays: the file may be append-only.
            file.write(b"\n" if _torn(self._path) else b"")
            file.write(lines.encode())
            file.flush()
            os.fsync(file.fileno())


def _torn(path: Path) -> bool:
    size = path.stat().st_size
    if not size:
        return False
    with path.open("rb") as file:
        file.seek(size - 1)
        return file.read() != b"\n"


@dataclass(slots=True)
class _Stand:
    """How far everything is sealed, and the last seal of the store in the file."""

    marks: Marks
    filed: int


class Sealer:
    """The duty of sealing; only one process may have it.

    :param file: None: seals stand in the store alone
    """

    def __init__(
        self, database: Database, clock: Clock, signet: Signet, file: SealFile | None
    ) -> None:
        self._database = database
        self._clock = clock
        self._signet = signet
        self._file = file
        self._stand: _Stand | None = None
        self._again_at: datetime | None = None

    async def turn(self) -> int:
        """Seal what is new, if it is time; returns how many seals were made."""
        now = self._clock.now()
        stand = self._stand or await self._begin()
        ended = partial(seals.ended, since=stand.marks)
        early = self._again_at and now < self._again_at
        if early and not await self._database.read(ended):
            return 0
        return await self._seal(stand, now)

    async def seal(self) -> int:
        """Seal what is new at once."""
        return await self._seal(self._stand or await self._begin(), self._clock.now())

    async def _begin(self) -> _Stand:
        """Find out where we are, and give the file what it lacks."""
        marks = await self._database.read(seals.marks)
        self._stand = _Stand(marks, 0)
        if self._file:
            known = await asyncio.to_thread(self._file.signatures)
            await self._file_new(self._stand, known)
        return self._stand

    async def _seal(self, stand: _Stand, now: datetime) -> int:
        self._again_at = now + EVERY
        fresh = await self._database.read(partial(seals.fresh, since=stand.marks))
        if fresh.subjects:
            await self._database.write(partial(self._add, fresh=fresh, now=now))
        stand.marks = fresh.marks
        await self._file_new(stand)
        return len(fresh.subjects)

    def _add(self, connection: Connection, fresh: Fresh, now: datetime) -> None:
        made = [
            self._made(seals.newest(connection, one.subject), one, fresh.marks, now)
            for one in fresh.subjects
        ]
        seals.add(connection, made)

    def _made(
        self, before: Seal | None, new: Unsealed, marks: Marks, now: datetime
    ) -> Seal:
        return self._signet.sign(
            Seal(
                subject=new.subject,
                n=before.n + 1 if before else 1,
                at=now,
                facts=new.facts + (before.facts if before else 0),
                upto=marks.fact,
                entries=new.entries,
                root=new.root,
                previous=before.hash if before else GENESIS,
            )
        )

    async def _file_new(
        self, stand: _Stand, known: frozenset[str] = frozenset()
    ) -> None:
        """Put into the file what the store has and the file has not."""
        if self._file is None:
            return
        while new := await self._database.read(partial(seals.after, place=stand.filed)):
            lacking = [seal for _, seal in new if seal.signature not in known]
            if lacking:
                await asyncio.to_thread(self._file.append, lacking)
            stand.filed = new[-1][0]
