"""Our transport and the one httpx brings must behave alike: each test runs on both."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.channels.transport.conftest import OWN, Made
from tests.channels.transport.wire import (
    OK,
    Reader,
    Wire,
    Writer,
    certified,
    listening,
    says,
    settled,
    silent,
    tick,
)

# As Apache does where it speaks HTTP/2.
OFFERING = OK.replace(b"\r\nC", b"\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nC")

CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nfoo\r\n4;x=y\r\nbars\r\n0\r\nTrailer: t\r\n\r\n"
)


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (OK, 200, b"ok"),
        (CHUNKED, 200, b"foobars"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, b""),
        (b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 E\r\nA: b\r\n\r\n" + OK, 200, b"ok"),
        (OFFERING, 200, b"ok"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 500, b""),
    ],
)  # fmt: skip
async def test_an_answer_is_read_and_the_next_one_too(
    made: Made, answer: bytes, status: int, body: bytes
) -> None:
    async with listening(says(answer)) as wire, made() as http:
        got = [await http.post(wire.url, content=b"x") for _ in range(2)]

    assert [(status, body)] * 2 == [(one.status_code, one.content) for one in got]


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n"]
)
async def test_a_body_may_end_with_the_connection(made: Made, head: bytes) -> None:
    async with listening(says(head + b"all", close=True)) as wire, made() as http:
        got = await http.get(wire.url)

    assert got.content == b"all"


async def test_the_answer_to_head_has_no_body(made: Made) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
    async with listening(says(head, OK)) as wire, made() as http:
        got = [await http.head(wire.url), await http.get(wire.url)]

    assert [one.content for one in got] == [b"", b"ok"]


async def test_headers_keep_their_order_their_case_and_their_doubles(
    made: Made,
) -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nX-B: 1 \r\nx-a:2\r\nX-B: 3\r\nContent-Length: 0\r\n\r\n"
    )
    async with listening(says(answer)) as wire, made() as http:
        got = await http.get(wire.url)

    expected = [(b"X-B", b"1"), (b"x-a", b"2"), (b"X-B", b"3")]
    assert expected == got.headers.raw[:3]


@pytest.mark.parametrize(
    ("answers", "lines"),
    [
        ((OK,), 1),
        ((OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),), 2),
        ((OK.replace(b"1.1", b"1.0"),), 2),
    ],
)
async def test_only_a_clean_connection_is_used_again(
    made: Made, answers: tuple[bytes, ...], lines: int
) -> None:
    async with listening(says(*answers)) as wire, made() as http:
        got = [(await http.get(wire.url)).content for _ in range(2)]

    assert (lines, [b"ok", b"ok"]) == (wire.lines, got)


@OWN
@pytest.mark.parametrize("surplus", [OK.replace(b"ok", b"no"), b"junk"])
async def test_what_follows_an_answer_is_nobodys_answer(
    made: Made, surplus: bytes
) -> None:
    async with listening(says(OK + surplus, OK)) as wire, made() as http:
        got = [(await http.get(wire.url)).content for _ in range(2)]

    assert (wire.lines, got) == (2, [b"ok", b"ok"])


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (b"garbage\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 2xx OK\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", httpx.RemoteProtocolError),
        (OK[:-1], httpx.RemoteProtocolError),
        (CHUNKED[:-9], httpx.RemoteProtocolError),
        (CHUNKED.replace(b"3\r\n", b"z\r\n"), httpx.RemoteProtocolError),
        (OK[:9], httpx.RemoteProtocolError),
        (b"", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000, httpx.RemoteProtocolError),
    ],
)
async def test_what_is_no_answer_is_told_as_may_have_arrived(
    made: Made, answer: bytes, wrong: type[Exception]
) -> None:
    async with listening(says(answer, close=True)) as wire, made() as http:
        with pytest.raises(wrong):
            await http.post(wire.url, content=b"x")

    assert len(wire.seen) == 1


async def test_a_connection_that_is_reset_is_a_read_error(made: Made) -> None:
    async def reset(_wire: Wire, _reader: Reader, writer: Writer) -> None:
        writer.transport.abort()

    async with listening(Wire(reset)) as wire, made() as http:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await http.post(wire.url, content=b"x")

    assert len(wire.seen) == 1


async def test_a_post_on_a_connection_that_dies_under_it_is_sent_once(
    made: Made,
) -> None:
    async def once(wire: Wire, _reader: Reader, writer: Writer) -> None:
        if len(wire.seen) == 1:
            writer.write(OK)
        else:
            writer.transport.abort()

    async with listening(Wire(once)) as wire, made() as http:
        await http.post(wire.url, content=b"x")
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await http.post(wire.url, content=b"y")

    assert (len(wire.seen), wire.lines) == (2, 1)


async def test_a_connection_the_server_closed_while_idle_is_not_used(
    made: Made,
) -> None:
    async def last(_wire: Wire, _reader: Reader, writer: Writer) -> None:
        writer.write(OK)
        writer.close()

    async with listening(Wire(last)) as wire, made() as http:
        for _ in range(5):
            await http.post(wire.url, content=b"x")
            await wire.closed.wait()
            wire.closed.clear()
            await settled(wire)

    assert (len(wire.seen), wire.lines) == (5, 5)


async def test_nobody_listening_is_a_connect_error(made: Made) -> None:
    async with listening(says(OK)) as wire:
        pass
    async with made() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(wire.url)


async def test_a_streamed_request_is_chunked(made: Made) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for part in (b"a", b"", b"bc"):
            yield part

    async with listening(says(OK)) as wire, made() as http:
        await http.post(wire.url, content=parts())

    assert wire.seen[0].endswith(b"\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n")


@OWN
async def test_a_body_of_another_length_than_told_is_not_sent_as_whole(
    made: Made,
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"abc"

    async with listening(says(OK)) as wire, made() as http:
        for length in ("2", "4"):
            with pytest.raises(httpx.LocalProtocolError):
                await http.post(
                    wire.url, content=parts(), headers={"Content-Length": length}
                )

    assert wire.seen == []


async def test_a_header_that_would_be_two_is_refused(made: Made) -> None:
    async with listening(says(OK)) as wire, made() as http:
        with pytest.raises(httpx.LocalProtocolError):
            await http.get(wire.url, headers={"X": "a\r\nY: b"})

    assert wire.seen == []


async def test_a_large_body_streams_and_its_reader_sets_the_pace(made: Made) -> None:
    block = os.urandom(1_000_000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + block * 5
    async with listening(says(answer)) as wire, made() as http:
        async with http.stream("GET", wire.url) as got:
            parts = [part async for part in got.aiter_bytes()]
        again = await http.get(wire.url)

    assert (b"".join(parts), 1) == (again.content, wire.lines)


async def test_who_reads_late_leaves_a_connection_that_is_read_again(
    made: Made,
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 270000\r\n\r\n" + bytes(270_000)
    async with listening(says(answer)) as wire, made(1, read=2) as http:
        for _ in range(3):
            async with http.stream("GET", wire.url) as got:
                for _tick in range(5):  # all of it comes before any of it is taken
                    await tick()
                assert await got.aread() == bytes(270_000)

    assert wire.lines == 1


async def test_who_stops_reading_gives_the_place_back(made: Made) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + bytes(5_000_000)
    async with listening(says(answer)) as wire, made(1) as http:
        for _ in range(3):
            async with http.stream("GET", wire.url) as got:
                async for _part in got.aiter_bytes():
                    break

    assert wire.lines == 3


async def test_a_cancelled_request_frees_its_place(made: Made) -> None:
    async with listening(Wire(silent)) as wire, made(1) as http:
        for begun in range(3):
            task = asyncio.create_task(http.get(wire.url))
            while len(wire.seen) == begun:  # sooner, stock httpx may lose the place
                await tick()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        wire.act = says(OK).act
        wire.closed.set()
        got = await http.get(wire.url)

    assert got.content == b"ok"


@OWN
async def test_who_waits_is_served_in_order(made: Made) -> None:
    async with listening(says(OK)) as wire, made(1) as http:
        await asyncio.gather(*(http.get(f"{wire.url}/{n}") for n in range(20)))

    asked = [int(one.split(b" ")[1][1:]) for one in wire.seen]
    assert asked == [*range(20)]
    assert wire.lines == 1


async def test_another_origin_gets_the_place_of_an_idle_one(made: Made) -> None:
    async with (
        listening(says(OK)) as one,
        listening(says(OK)) as other,
        made(1) as http,
    ):
        got = [(await http.get(wire.url)).text for wire in (one, other, one)]

    assert (got, one.lines) == (["ok"] * 3, 2)


async def test_addresses_of_ipv6_are_called(made: Made) -> None:
    async with listening(says(OK), host="::1") as wire, made() as http:
        got = await http.get(wire.url)

    assert got.content == b"ok"


async def test_tls_is_spoken_with_http_1_1_to_whom_we_trust(
    made: Made, tmp_path: Path
) -> None:
    pem, server = certified(tmp_path)
    ours = ssl.create_default_context(cafile=str(pem))
    chosen: list[str | None] = []

    async def tell(_wire: Wire, _reader: Reader, writer: Writer) -> None:
        chosen.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        writer.write(OK)

    async with listening(Wire(tell), server) as wire, made(trusted=ours) as http:
        for _ in range(2):
            await http.get(wire.url)

    assert (chosen, wire.lines) == (["http/1.1"] * 2, 1)


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1"])
async def test_a_certificate_we_do_not_trust_is_a_connect_error(
    made: Made, tmp_path: Path, name: str
) -> None:
    pem, server = certified(tmp_path, name)
    trusted = None if name == "127.0.0.1" else ssl.create_default_context(cafile=pem)
    async with listening(says(OK), server) as wire, made(trusted=trusted) as http:
        with pytest.raises(httpx.ConnectError):
            await http.post(wire.url, content=b"x")

    assert wire.seen == []


async def test_other_schemes_are_not_spoken(made: Made) -> None:
    async with made() as http:
        with pytest.raises(httpx.UnsupportedProtocol):
            await http.get("ftp://127.0.0.1/")


async def test_closing_closes_every_connection(made: Made) -> None:
    async with listening(says(OK)) as wire:
        async with made() as http:
            await asyncio.gather(*(http.get(wire.url) for _ in range(8)))
        await settled(wire)

    assert wire.lines == 8
