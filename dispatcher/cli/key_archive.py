"""The keys of an installation in one file, closed with a passphrase.

Scrypt makes the passphrase dear to guess, AES-GCM keeps the keys secret and shows any
change. Who has the store and this file still needs the passphrase.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.store.vault import KEY_BYTES

SALT_BYTES, NONCE_BYTES = 16, 12
COST, BLOCK, LANES = 2**16, 8, 1  # 64 MiB and a quarter of a second for each guess
FILE_BYTES_MOST = 1_048_576
PASSPHRASE_LEAST = 12

Hex = Annotated[str, Field(pattern=r"^([0-9a-f]{2})+$")]
# A name becomes a file's: no folder, nothing hidden.
KeyName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
KEYS = TypeAdapter(dict[KeyName, Hex])


class Closed(BaseModel):
    """What is written; all of it may be seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["jiaoying-keys"] = "jiaoying-keys"
    layout: Literal[1] = 1
    salt: Annotated[Hex, Field(min_length=2 * SALT_BYTES, max_length=2 * SALT_BYTES)]
    nonce: Annotated[Hex, Field(min_length=2 * NONCE_BYTES, max_length=2 * NONCE_BYTES)]
    sealed: Hex


def close(keys: Mapping[str, bytes], passphrase: str) -> bytes:
    """Seal keys with a passphrase."""
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    plain = KEYS.dump_json({name: key.hex() for name, key in keys.items()})
    sealed = AESGCM(_derived(passphrase, salt)).encrypt(nonce, plain, salt)
    closed = Closed(salt=salt.hex(), nonce=nonce.hex(), sealed=sealed.hex())
    return f"{closed.model_dump_json(indent=1)}\n".encode()


def open_up(file: Path, passphrase: str) -> dict[str, bytes]:
    """The keys in a file.

    :raises CommandError: when it is no such file, or the passphrase is another one
    """
    try:
        if file.stat().st_size > FILE_BYTES_MOST:
            raise _refused(file, "it is too long to hold keys")
        closed = Closed.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise _refused(file, "it does not hold sealed keys, or is cut short") from error
    salt, nonce, sealed = map(bytes.fromhex, (closed.salt, closed.nonce, closed.sealed))
    try:
        plain = AESGCM(_derived(passphrase, salt)).decrypt(nonce, sealed, salt)
    except InvalidTag as error:
        why = "the passphrase is another one, or the file has been changed"
        raise _refused(file, why) from error
    return {name: bytes.fromhex(key) for name, key in KEYS.validate_json(plain).items()}


def _derived(passphrase: str, salt: bytes) -> bytes:
    kdf = Scrypt(salt=salt, length=KEY_BYTES, n=COST, r=BLOCK, p=LANES)
    return kdf.derive(passphrase.encode())


def _refused(file: Path, why: str) -> CommandError:
    problem = f"{file}: no keys can be read: {why}; take another file or passphrase"
    return CommandError([problem], BAD_INPUT)


def passphrase_in(file: Path) -> str:
    """The first line of a file.

    :raises CommandError: when it can't be read, or is too short to guard anything
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{file}: no passphrase can be read ({error}); name another file"
        raise CommandError([problem], BAD_INPUT) from error
    return checked(lines[0] if lines else "", str(file))


def checked(passphrase: str, source: str) -> str:
    """The same passphrase, if it is one.

    :raises CommandError: when it is too short to guard anything
    """
    if len(passphrase) >= PASSPHRASE_LEAST:
        return passphrase
    problem = (
        f"{source}: the passphrase has {len(passphrase)} characters; "
        f"choose one of at least {PASSPHRASE_LEAST}"
    )
    raise CommandError([problem], BAD_INPUT)
