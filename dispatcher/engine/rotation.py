"""Replacing a key of the installation while the server runs.

Whoever is killed over it starts the same command again: a draft that is there is taken
up, what is done is not done twice, and the old key goes last.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from dispatcher.core.journal import HOUSE, KeyRotated
from dispatcher.store import journal, rekeying
from dispatcher.store.database import Database
from dispatcher.store.rekeying import Kind
from dispatcher.store.vault import KeyName, appoint, id_of, present

PIECE = 1000  # rows a transaction: nobody waits long for his


async def rotate(
    database: Database,
    name: KeyName,
    now: datetime,
    by: str,
    told: Callable[[int], None],
) -> int:
    """Replace a key; gives how much was written anew.

    :param told: hears how much after each piece
    """
    ring = database.vault.ring
    key = ring.draft(name)

    def begin(connection: Connection) -> int:
        """Every transaction after this one writes with the new key."""
        if present(connection, name) == id_of(key):
            return 0
        done = rekeying.mark_anew(connection, key) if name is KeyName.INDEX else 0
        appoint(connection, name, key)
        journal.note(connection, HOUSE, [KeyRotated(at=now, by=by, name=name.value)])
        return done

    done = await database.write(begin, aside=True)
    told(done)
    await database.settle()  # no callback is written with the old one after this
    if name is KeyName.DATA:
        for kind in rekeying.UNDER_DATA:
            async for count in _rewritten(database, kind):
                done += count
                told(done)
    ring.settle(name)
    return done


async def _rewritten(database: Database, kind: Kind) -> AsyncIterator[int]:
    """Write a kind anew; gives how much each piece did."""
    last: object | None = None
    while True:
        work = partial(rekeying.rewrite, kind=kind, last=last, most=PIECE)
        piece = await database.write(work)
        yield piece.done
        if piece.last is None:
            return
        last = piece.last
