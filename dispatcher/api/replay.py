"""A past warning, to be played again: how each callout was shown when, from its facts.

It is read and written piece by piece: no transaction is held over the whole, and memory
holds one piece, however large the warning was.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic_core import to_json

from contacts.model import Post
from dispatcher.api.auth import Scope, needs
from dispatcher.api.front import FrontOf
from dispatcher.api.lookup import alert_named
from dispatcher.api.packing import EFFORT, JSON, takes_gzip
from dispatcher.api.problem import answers
from dispatcher.api.views import View
from dispatcher.core.alert import Alert
from dispatcher.core.board import Display, playback
from dispatcher.core.callout import CalloutId
from dispatcher.core.fact import Fact
from dispatcher.store import callouts
from dispatcher.store.database import Database

router = APIRouter(prefix="/api/v1", tags=["board"])

READS = [Depends(needs(Scope.ALERTS_READ))]
PIECE = 200  # callouts: a few thousand facts, some tens of milliseconds
MILLISECOND = timedelta(milliseconds=1)
GZIP_BITS = 31  # zlib's word for: with gzip's head and tail


class ReplayRows(View):
    """The callouts of a replay, as parallel arrays."""

    id: list[str]
    unit: list[str]
    post: list[Post]


class ReplayView(View):
    """How each callout of an alert was shown when.

    :ivar ended_at: up to when it is told
    :ivar changes: milliseconds since ``began_at``, the callout's place in ``rows``, and
        how it was shown from then on; in order callout by callout
    """

    alert: str
    began_at: datetime
    ended_at: datetime
    rows: ReplayRows
    changes: list[tuple[int, int, Display]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when it is played."""

    began_at: datetime
    ended_at: datetime

    def changes(
        self,
        first: int,
        names: Sequence[CalloutId],
        told: Mapping[CalloutId, list[Fact]],
    ) -> bytes:
        """The changes of some callouts, with commas between.

        :param first: the place of the first of them
        """
        found = [
            ((at - self.began_at) // MILLISECOND, place, word)
            for place, name in enumerate(names, first)
            for at, word in playback(told[name], self.ended_at)
        ]
        return to_json(found)[1:-1]


@router.get(
    "/alerts/{id}/replay",
    dependencies=READS,
    response_model=ReplayView,
    responses=answers(401, 403, 404),
)
async def replay(
    request: Request,
    front: FrontOf,
    alert: Annotated[Alert, Depends(alert_named)],
) -> StreamingResponse:
    """The whole of a warning, to be played."""
    span = Span(began_at=alert.received_at, ended_at=alert.ended_at or front.now())
    body = _body(front.runtime.database, alert, span)
    headers = {"Vary": "Accept-Encoding", "Cache-Control": "no-store"}
    if takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        body = _packed(body)
    return StreamingResponse(body, media_type=JSON, headers=headers)


async def _body(database: Database, alert: Alert, span: Span) -> AsyncIterator[bytes]:
    rows = await database.read(lambda c: callouts.ids_of(c, alert.id))
    yield _head(alert, span, rows)
    parted = b""
    for first in range(0, len(rows), PIECE):
        names = [name for name, _, _ in rows[first : first + PIECE]]
        told = await database.read(partial(callouts.facts_of_each, ids=names))
        yield parted + await asyncio.to_thread(span.changes, first, names, told)
        parted = b","
    yield b"]}"


def _head(
    alert: Alert, span: Span, rows: Iterable[tuple[CalloutId, str, Post]]
) -> bytes:
    ids, units, posts = zip(*rows, strict=True) if rows else ((), (), ())
    head = {
        "alert": alert.id,
        "began_at": span.began_at,
        "ended_at": span.ended_at,
        "rows": {"id": ids, "unit": units, "post": posts},
    }
    return to_json(head)[:-1] + b',"changes":['


async def _packed(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(EFFORT, zlib.DEFLATED, GZIP_BITS)
    async for piece in pieces:
        if done := await asyncio.to_thread(packer.compress, piece):
            yield done
    yield packer.flush()
