"""One answer as it comes in: bytes in; status, headers and parts of a body out."""

from __future__ import annotations

import httptools
import httpx

HEAD_BYTES_MOST = 100 * 1024  # of headers, trailers or the frame of a chunk
BODY_BYTES_MOST = 256 * 1024 * 1024  # of a body; who wants less stops reading

FINAL = 200  # what is below is said on the way to an answer
WITHOUT_BODY = frozenset({204, 304})
BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding"})


class Reading:
    """The answer to one request; httptools calls the ``on_`` methods.

    :ivar started: status and headers are complete
    :ivar complete: the body is, too
    :ivar reusable: the connection is clean behind this answer, and stays open
    :ivar error: why the answer can't be completed any more
    :ivar buffered: bytes of the body that nobody has taken
    """

    __slots__ = (
        "_body_bytes",
        "_frame_bytes",
        "_parser",
        "_parts",
        "_to_head",
        "buffered",
        "complete",
        "error",
        "headers",
        "reusable",
        "started",
        "status",
    )

    def __init__(self, *, to_head: bool = False) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._to_head = to_head
        self._parts: list[bytes] = []
        self._body_bytes = self._frame_bytes = 0
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.buffered = 0
        self.started = self.complete = self.reusable = False
        self.error: httpx.TransportError | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.complete or self.error is not None

    def feed(self, data: bytes) -> None:
        """Read on; what is wrong with the answer stands in ``error``."""
        self._frame_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("an upgrade nobody asked for")
        except httptools.HttpParserError as error:
            self._fail(str(error))
        if self._frame_bytes > HEAD_BYTES_MOST:
            self._fail("headers or trailers without an end")
        if self._body_bytes > BODY_BYTES_MOST:
            self._fail("a body without an end")

    def end(self, why: Exception | None) -> None:
        """Read the end of the connection: of some bodies it is the end too."""
        if self.ended:
            return
        if why is not None:
            self.error = httpx.ReadError(str(why) or type(why).__name__)
        elif self.started and not self._tells_body():
            self.complete = True
        elif self.started:
            self._fail("the server closed the connection within the body")
        else:
            self._fail("the server closed the connection without an answer")

    def take(self) -> bytes:
        """What has come of the body since last asked."""
        parts, self._parts = self._parts, []
        self.buffered = 0
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def on_message_begin(self) -> None:
        """See what follows a complete answer: nobody has asked for it."""
        if self.complete:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers are read and forgotten."""
        if not self.started:
            self.headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """Start the answer, unless this is a word on the way to it."""
        if self.complete:
            return
        status = self._parser.get_status_code()
        if status < FINAL:
            self.headers.clear()
            return
        self.status, self.started, self._frame_bytes = status, True, 0
        # The parser would wait for a body that is only told of. Not reusable: bytes
        # of a body sent against the rules can't be seen for what they are.
        told = status in WITHOUT_BODY and self._tells_body()
        self.complete = self._to_head or told

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body."""
        if self.complete:
            return
        self._parts.append(part)
        self.buffered += len(part)
        self._body_bytes += len(part)
        self._frame_bytes = 0

    def on_message_complete(self) -> None:
        """Close the answer."""
        if self.started and not self.complete:
            self.complete = True
            self.reusable = self._parser.should_keep_alive()

    def _tells_body(self) -> bool:
        return any(name.lower() in BODY_HEADERS for name, _ in self.headers)

    def _fail(self, what: str) -> None:
        """Give the answer up; of a complete one only the connection is spoilt."""
        self.reusable = False
        if not self.ended:
            self.error = httpx.RemoteProtocolError(what)
