"""The zip and the XML of an xlsx file, read without trusting them.

Parts are streamed, never written anywhere, and found by the names the file itself
gives. XML goes through expat with everything refused that could make a small file
large: declarations, depth, endless names, endless tokens.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol
from xml.parsers import expat

from contacts.importers.cells import Wrong
from contacts.importers.table import RefusedError

UNPACKED_MOST = 256 * 1024**2  # 200,000 rows of 14 columns have 150 MB
PARTS_MOST = 5_000
PIECE_BYTES = 64 * 1024
DEPTH_MOST = 32
NAMES_MOST = 5_000  # of elements, attributes and namespaces in one part
TOKEN_MOST = 1024**2
ENCODINGS = {"UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "ISO-8859-1", "US-ASCII"}
ENTRY = b"PK\x01\x02"  # one for each part, in the list at the end of a zip

BROKEN = Wrong(what="Excel 文件已损坏,请用表格软件打开后另存一次")
LOCKED = Wrong(what="文件有密码,请去掉密码后另存")
BOMB = Wrong(
    what=f"解压后超过 {UNPACKED_MOST // 1024**2} MiB,请删去无关的工作表和空行后另存"
)
DECLARED = Wrong(what="文件里有不允许的 XML 声明(DOCTYPE),请用表格软件另存一次")

# What zipfile and zlib say to bytes that are no sound zip.
ZIP_FAULTS = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError),
    *(ValueError, RuntimeError, IndexError),
)


class Listener(Protocol):
    """What hears the elements of a part, by their names without a namespace."""

    @property
    def starts(self) -> Mapping[str, Callable[[Mapping[str, str]], None]]:
        """What to do where an element begins."""

    @property
    def ends(self) -> Mapping[str, Callable[[], None]]:
        """What to do where it ends."""

    def text(self, text: str) -> None:
        """Hear a piece of text."""


class Package:
    """The parts of an xlsx file; what they unpack to is bounded in sum."""

    def __init__(self, data: bytes) -> None:
        # The list of parts is read as a whole: so count before.
        if data.count(ENTRY) > PARTS_MOST:
            raise RefusedError(BROKEN)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except ZIP_FAULTS as fault:
            raise RefusedError(BROKEN) from fault
        self.names = frozenset(self._zip.namelist())
        self._room = UNPACKED_MOST

    def read(self, name: str, listener: Listener) -> None:
        """Let a listener hear one part.

        :raises RefusedError: where it is missing, broken or hostile
        """
        if name not in self.names:
            raise RefusedError(BROKEN)
        _hear(self._pieces(name), listener)

    def _pieces(self, name: str) -> Iterator[bytes]:
        info = self._zip.getinfo(name)
        if info.flag_bits & 1:
            raise RefusedError(LOCKED)
        try:
            with self._zip.open(info) as part:
                while piece := part.read(PIECE_BYTES):
                    self._count(piece)
                    yield piece
        except ZIP_FAULTS as fault:
            raise RefusedError(BROKEN) from fault

    def _count(self, piece: bytes) -> None:
        self._room -= len(piece)
        if self._room < 0:
            raise RefusedError(BOMB)


def _hear(pieces: Iterator[bytes], listener: Listener) -> None:
    parser = _parser(listener)
    fed = 0
    try:
        for piece in pieces:
            parser.Parse(piece, False)  # noqa: FBT003 - expat's own signature
            fed += len(piece)
            _check_memory(parser, fed)
        parser.Parse(b"", True)  # noqa: FBT003 - as above
    except expat.ExpatError as fault:
        raise RefusedError(BROKEN) from fault


def _check_memory(parser: expat.XMLParserType, fed: int) -> None:
    """Refuse what a parser has to remember: names, and a token that doesn't end."""
    if len(parser.intern) > NAMES_MOST or fed - parser.CurrentByteIndex > TOKEN_MOST:
        raise RefusedError(BROKEN)


def _parser(listener: Listener) -> expat.XMLParserType:
    ears = _Ears(listener)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = ears.start
    parser.EndElementHandler = ears.end
    parser.CharacterDataHandler = listener.text
    parser.XmlDeclHandler = _check_encoding
    parser.StartDoctypeDeclHandler = _refuse_declaration
    parser.StartNamespaceDeclHandler = ears.namespace
    return parser


class _Ears:
    """Stands between expat and a listener: short names, and bounds.

    Millions of elements come through here; so each name is made short once.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._depth = 0
        self._namespaces = 0
        self._starts: dict[str, Callable[[Mapping[str, str]], None] | None] = {}
        self._ends: dict[str, Callable[[], None] | None] = {}

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH_MOST:
            raise RefusedError(BROKEN)
        if name not in self._starts:
            short = name.rpartition(" ")[2]
            self._starts[name] = self._listener.starts.get(short)
            self._ends[name] = self._listener.ends.get(short)
        if (hear := self._starts[name]) is not None:
            hear(attributes)

    def end(self, name: str) -> None:
        self._depth -= 1
        if (hear := self._ends[name]) is not None:
            hear()

    def namespace(self, _prefix: str | None, _uri: str | None) -> None:
        self._namespaces += 1
        if self._namespaces > NAMES_MOST:
            raise RefusedError(BROKEN)


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    """Refuse what expat does not read by itself: it would ask Python for a table."""
    if encoding and encoding.upper() not in ENCODINGS:
        raise RefusedError(BROKEN)


def _refuse_declaration(*_: object) -> None:
    raise RefusedError(DECLARED)
