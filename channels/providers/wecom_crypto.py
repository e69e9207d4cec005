"""The envelope WeCom puts a callback into: signed, encrypted, wrapped in XML.

Source: WeCom's guide on encrypting and decrypting callbacks. SHA-1 over the sorted
parts; AES-256-CBC over 16 random bytes, the length, the text and the receiver's id,
padded to 32 bytes. The vectors of the tests are the published ones.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Mapping
from hashlib import sha1
from xml.parsers.expat import ExpatError, ParserCreate

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

KEY_BYTES = 32
IV_BYTES = 16  # the key's own beginning
RANDOM_BYTES = 16  # in front of the length
LENGTH_BYTES = 4
PADDED_TO = 32

XML_MOST = 65_536  # characters of a callback; a text in it has 2048 bytes at most


def key_of(encoding_aes_key: str) -> bytes | None:
    """Read an EncodingAESKey as the console shows it; None when it is none."""
    try:
        key = b64decode(f"{encoding_aes_key}=", validate=True)
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES else None


def sign(token: str, timestamp: str, nonce: str, sealed: str) -> str:
    """Give the msg_signature of an encrypted text."""
    parts = "".join(sorted((token, timestamp, nonce, sealed)))
    return sha1(parts.encode()).hexdigest()  # noqa: S324  the algorithm is WeCom's


def decrypt(key: bytes, sealed: str, receiver: str) -> str | None:
    """Give the text that WeCom encrypted for ``receiver``; None when it did not."""
    try:
        padded = _deciphered(key, b64decode(sealed, validate=True))
        text, named = _parted(_unpadded(padded))
        return text.decode() if hmac.compare_digest(named, receiver.encode()) else None
    except ValueError:
        return None


def elements(xml: str) -> Mapping[str, str] | None:
    """Give the text of each element right below the root.

    None for what is malformed, too long or has a document type: without one there are
    no entities to expand or to fetch.
    """
    if len(xml) > XML_MOST:
        return None
    reader = _Reader()
    try:
        reader.parser.Parse(xml, True)  # noqa: FBT003  the parser takes no keywords
    except (ExpatError, ValueError):
        return None
    return reader.found


class _Reader:
    """Keeps what stands at the second level."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._path: list[str] = []
        self.parser = ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._open
        self.parser.EndElementHandler = self._close
        self.parser.CharacterDataHandler = self._read

    def _refuse(self, *_: object) -> None:
        raise ValueError

    def _open(self, name: str, _: Mapping[str, str]) -> None:
        self._path.append(name)

    def _close(self, _: str) -> None:
        self._path.pop()

    def _read(self, text: str) -> None:
        match self._path:
            case [_, name]:
                self.found[name] = self.found.get(name, "") + text
            case _:
                pass  # blanks between elements, or what lies deeper


def _deciphered(key: bytes, sealed: bytes) -> bytes:
    """Undo AES-256-CBC; ValueError when it is no whole number of blocks."""
    deciphering = Cipher(AES256(key), CBC(key[:IV_BYTES])).decryptor()
    return deciphering.update(sealed) + deciphering.finalize()


def _unpadded(padded: bytes) -> bytes:
    """Take away PKCS #7 padding; ValueError when there is none."""
    count = padded[-1] if padded else 0
    if not 1 <= count <= PADDED_TO or not padded.endswith(bytes([count]) * count):
        raise ValueError
    return padded[:-count]


def _parted(plain: bytes) -> tuple[bytes, bytes]:
    """Give the text and the receiver's id behind it; ValueError when it is cut off."""
    start = RANDOM_BYTES + LENGTH_BYTES
    end = start + int.from_bytes(plain[RANDOM_BYTES:start])
    if end > len(plain):
        raise ValueError
    return plain[start:end], plain[end:]
