"""However an answer is cut on its way, it is read as the same; h11 is the judge."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import pairwise

import h11
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.transport.reading import Reading
from tests.channels.transport.conftest import OWN, Made
from tests.channels.transport.wire import OK, Reader, Wire, Writer, listening, says

TOKENS = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12)
VALUES = st.text("abc ,;=\"'()中é\t", max_size=20).map(lambda text: text.strip(" \t"))
FIELDS = st.lists(st.tuples(TOKENS.map(lambda name: f"x-{name}"), VALUES), max_size=6)


@dataclass(frozen=True)
class Answer:
    """An answer as it goes over the wire, and whether the end of the line ends it."""

    wire: bytes
    closes: bool


def chunked(parts: list[bytes], *, extended: bool, trailing: bool) -> bytes:
    """A body in chunks."""
    extension = b";a=b" if extended else b""
    chunks = [b"%x%s\r\n%s\r\n" % (len(p), extension, p) for p in parts if p]
    return b"".join([*chunks, b"0\r\n", b"X-T: t\r\n" if trailing else b"", b"\r\n"])


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    parts = draw(st.lists(st.binary(max_size=40), max_size=5))
    fields = b"".join(f"{n}: {v}\r\n".encode() for n, v in draw(FIELDS))
    status = draw(st.sampled_from([200, 201, 204, 304, 302, 404, 429, 500]))
    early = draw(
        st.sampled_from(
            [b"", b"HTTP/1.1 100 Go\r\n\r\n", b"HTTP/1.1 103 E\r\nA: b\r\n\r\n"]
        )
    )
    head = early + b"HTTP/1.1 %d What\r\n%s" % (status, fields)
    whole = b"".join(parts)
    if status in {204, 304}:
        return Answer(head + b"\r\n", closes=False)
    match draw(st.sampled_from(["length", "chunks", "close"])):
        case "length":
            length = b"Content-Length: %d\r\n\r\n" % len(whole)
            return Answer(head + length + whole, closes=False)
        case "chunks":
            body = chunked(
                parts, extended=draw(st.booleans()), trailing=draw(st.booleans())
            )
            return Answer(
                head + b"Transfer-Encoding: chunked\r\n\r\n" + body, closes=False
            )
        case _:
            return Answer(head + b"\r\n" + whole, closes=True)


def judged(answer: Answer) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body as h11 reads them."""
    line = h11.Connection(h11.CLIENT)
    line.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    line.send(h11.EndOfMessage())
    line.receive_data(answer.wire)
    if answer.closes:
        line.receive_data(b"")
    status, fields, body = 0, [], b""
    while not isinstance(event := line.next_event(), h11.EndOfMessage):
        assert not isinstance(event, type)
        match event:
            case h11.Response():
                status, fields = event.status_code, event.headers.raw_items()
            case h11.Data():
                body += event.data
            case _:  # a word on the way
                pass
    return status, fields, body


@given(answers(), st.lists(st.integers(0, 600), max_size=12))
@settings(max_examples=300)
def test_cut_anywhere_an_answer_is_the_same(answer: Answer, cuts: list[int]) -> None:
    reading, body = Reading(), b""
    whole = answer.wire
    for start, end in pairwise(
        sorted({0, len(whole), *[c for c in cuts if c < len(whole)]})
    ):
        assert not reading.complete
        reading.feed(whole[start:end])
        body += reading.take()
    if answer.closes:
        assert not reading.complete
        reading.end(None)

    assert (reading.error, reading.complete) == (None, True)
    assert judged(answer) == (reading.status, reading.headers, body)
    assert reading.reusable is not answer.closes


@given(answers(), st.data())
@settings(max_examples=150)
def test_a_part_of_an_answer_is_never_a_whole_one(
    answer: Answer, data: st.DataObject
) -> None:
    if answer.closes:
        return  # nothing tells that more was to come
    reading = Reading()
    reading.feed(answer.wire[: data.draw(st.integers(0, len(answer.wire) - 1))])
    reading.end(None)

    assert not reading.complete
    assert isinstance(reading.error, httpx.RemoteProtocolError)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
@settings(max_examples=300)
def test_whatever_comes_ends_as_an_answer_or_as_an_error(
    junk: bytes, cuts: list[int]
) -> None:
    reading = Reading()
    for start, end in pairwise(
        sorted({0, len(junk), *[c for c in cuts if c < len(junk)]})
    ):
        reading.feed(junk[start:end])
    reading.end(None)

    assert reading.ended


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"1\r\no\r\n1\r\nk\r\n0\r\nT: t\r\n\r\n"
        ),
        b"HTTP/1.1 100 Go\r\n\r\n" + OK,
    ],
)
async def test_byte_by_byte_over_a_socket_an_answer_is_the_same(
    made: Made, answer: bytes
) -> None:
    async def drip(_wire: Wire, _reader: Reader, writer: Writer) -> None:
        for at in range(len(answer)):
            writer.write(answer[at : at + 1])
            await turn()

    async with listening(Wire(drip)) as wire, made() as http:
        got = [(await http.get(wire.url)).text for _ in range(2)]

    assert (got, wire.lines) == (["ok", "ok"], 1)


async def turn() -> None:
    """Let the loop go round once."""
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await turned.wait()


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 40_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000,
        b"HTTP/1.1 200 " + b"O" * 200_000,
    ],
)
async def test_a_head_without_an_end_is_given_up(made: Made, head: bytes) -> None:
    async with listening(says(head)) as wire, made(read=2) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(wire.url)


@OWN
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 100 Go\r\n\r\n" * 20_000,
        OK.replace(b"\r\n\r\n", b"\r\nX: a\r\n b\r\n\r\n"),  # folded
        OK.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"),
        OK.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n"),
        OK.replace(b"\r\nContent", b"\r\nX : a\r\nContent"),
        OK.replace(b"\r\n\r\n", b"\r\nX: a\0b\r\n\r\n"),
        b"HTTP/1.1 101 Other\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;" + b"x" * 600_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokk\r\n0\r\n\r\n",
    ],
)  # fmt: skip
async def test_what_two_readers_could_read_in_two_ways_is_refused(
    made: Made, answer: bytes
) -> None:
    async with listening(says(answer)) as wire, made(read=2) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(wire.url)
