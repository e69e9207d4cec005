"""Files of the built page as they are sent: packed once, each with a tag."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request, Response

from dispatcher.intake.accepted import takes_gzip

PACKED = ("text/", "application/json", "image/svg")
EFFORT = 9  # once for each file and start
Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file in memory.

    :ivar stamp: when the file was written, and how long it is: another one is read anew
    :ivar packed: None: packing it gains nothing
    """

    stamp: Stamp
    kind: str
    tag: str
    plain: bytes
    packed: bytes | None

    def answer(self, request: Request, headers: dict[str, str]) -> Response:
        """Send it; nothing but that he has it to who has it."""
        pack = takes_gzip(request.headers.get("accept-encoding", ""))
        body, coding = (self.packed, "-gzip") if pack and self.packed else (None, "")
        tag = f'"{self.tag}{coding}"'
        told = headers | {"ETag": tag, "Vary": "Accept-Encoding"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=told)
        if body is not None:
            told["Content-Encoding"] = "gzip"
        sent = self.plain if body is None else body
        return Response(sent, media_type=self.kind, headers=told)


class Parts:
    """The files of a folder, each read when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, Part] = {}

    def find(self, path: str) -> Part | None:
        """A file; None: it is not there, is hidden, or lies outside."""
        found = _inside(self._folder, path)
        if found is None:
            return None
        status = found.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        kept = self._kept.get(path)
        if kept is None or kept.stamp != stamp:
            kept = self._kept[path] = _read(found, stamp)
        return kept


def _read(file: Path, stamp: Stamp) -> Part:
    plain = file.read_bytes()
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    packed = gzip.compress(plain, EFFORT, mtime=0) if kind.startswith(PACKED) else plain
    return Part(
        stamp=stamp,
        kind=kind,
        tag=hashlib.blake2b(plain, digest_size=12).hexdigest(),
        plain=plain,
        packed=packed if len(packed) < len(plain) else None,
    )


def _inside(folder: Path, path: str) -> Path | None:
    if "\x00" in path or any(part.startswith(".") for part in path.split("/")):
        return None
    found = folder / path
    inside = found.resolve().is_relative_to(folder.resolve())
    return found if inside and found.is_file() else None
