"""Large answers, packed where the reader takes that.

Not a middleware: that would pack on the event loop, and would pack every answer. Packed
together with what a stranger had a hand in, a secret can be guessed from the length
(BREACH); the answers that come here hold no secret of the session.
"""

from __future__ import annotations

import asyncio
import gzip

from fastapi import Request, Response
from pydantic import BaseModel
from pydantic_core import to_json

from dispatcher.intake import accepted

JSON = "application/json"
LEAST_BYTES = 1_400  # what goes into one packet anyway
EFFORT = 5  # of 9: half the time of the most, for 3 % more bytes


def takes_gzip(request: Request) -> bool:
    """Whether the reader unpacks gzip."""
    return accepted.takes_gzip(request.headers.get("accept-encoding", ""))


async def packed(request: Request, answer: BaseModel | dict[str, object]) -> Response:
    """An answer as JSON, written and packed on a thread."""
    body, coded = await asyncio.to_thread(_written, answer, pack=takes_gzip(request))
    headers = {"Vary": "Accept-Encoding", "Cache-Control": "no-store"}
    if coded:
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=JSON, headers=headers)


def _written(
    answer: BaseModel | dict[str, object], *, pack: bool
) -> tuple[bytes, bool]:
    plain = to_json(answer)
    if not pack or len(plain) < LEAST_BYTES:
        return plain, False
    return gzip.compress(plain, EFFORT, mtime=0), True
