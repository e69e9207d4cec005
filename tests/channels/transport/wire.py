"""A server that does over a socket exactly what it is told, for tests of transports."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
VALID_FROM = datetime(2026, 1, 1, tzinfo=UTC)

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter


@dataclass
class Wire:
    """What one server saw, and what it does with each request.

    :ivar seen: each request, with its body
    :ivar lines: connections accepted
    :ivar open: of them, still open
    """

    act: Act
    seen: list[bytes] = field(default_factory=list)
    lines: int = 0
    open: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    writers: list[Writer] = field(default_factory=list)

    async def serve(self, reader: Reader, writer: Writer) -> None:
        self.lines += 1
        self.open += 1
        self.writers.append(writer)
        if task := asyncio.current_task():
            self.tasks.add(task)
        try:
            while True:
                self.seen.append(await request(reader))
                await self.act(self, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.open -= 1
            self.closed.set()


Act = Callable[[Wire, Reader, Writer], Awaitable[None]]


async def silent(_wire: Wire, reader: Reader, _writer: Writer) -> None:
    """Answer never; who asked hangs up."""
    while await reader.read(65536):
        pass


async def tick() -> None:
    """Let the loop look at its sockets once."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    loop.call_later(0.005, done.set)
    await done.wait()


async def settled(wire: Wire) -> None:
    """Wait until nobody has a connection open."""
    async with asyncio.timeout(5):
        while wire.open:
            await tick()


async def request(reader: Reader) -> bytes:
    """Read one request."""
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        return head + await reader.readuntil(b"0\r\n\r\n")
    if b"content-length: " in lower:
        length = lower.split(b"content-length: ")[1].split(b"\r\n")[0]
        return head + await reader.readexactly(int(length))
    return head


def says(*answers: bytes, close: bool = False) -> Wire:
    """A server that gives these answers in turn, the last for ever."""
    left = [*answers]

    async def act(_wire: Wire, _reader: Reader, writer: Writer) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()
        if close:
            writer.close()

    return Wire(act)


@asynccontextmanager
async def listening(
    wire: Wire, trusted: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Wire]:
    """Run the server."""
    server = await asyncio.start_server(wire.serve, host, 0, ssl=trusted)
    port = server.sockets[0].getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    wire.url = f"{'https' if trusted else 'http'}://{shown}:{port}"
    try:
        yield wire
    finally:
        server.close()
        wire.closed.set()
        for writer in wire.writers:
            writer.transport.abort()
        await asyncio.gather(*wire.tasks, return_exceptions=True)


def certified(folder: Path, name: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """A throw-away certificate, and a server's side of it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "throw-away")])
    try:
        alternative: x509.GeneralName = x509.IPAddress(ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(VALID_FROM)
        .not_valid_after(VALID_FROM + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "certificate.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return pem, context


async def together(
    once: Callable[[], Awaitable[None]], requests: int, at_a_time: int
) -> None:
    """Do it so often, so many at a time."""
    left = iter(range(requests))

    async def line() -> None:
        for _ in left:
            await once()

    await asyncio.gather(*(line() for _ in range(at_a_time)))
