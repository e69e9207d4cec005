"""What is private lies encrypted: names, numbers, texts, what providers told us.

Each human has a data key of his own, wrapped under the installation's key ``data``; to
forget somebody is to destroy his key. Texts and callbacks are under keys that follow
from ``data``. Numbers are compared by their fingerprint under the key ``index``. The
store says which key is the present one, so every transaction agrees on it; the keys
themselves are kept elsewhere (docs/adr/0019).
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Protocol, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, Row, func, select

from dispatcher.store import batch, dialect, schema

KEY_BYTES = 32
NONCE_BYTES = 12
ID_LETTERS = 16
FINGERPRINT_LETTERS = 32
OPTION = "vault"
LOST = "lost_keys"  # ids, of keys that nobody will put back


class KeyName(StrEnum):
    """The keys of an installation that the store needs."""

    DATA = "data"
    INDEX = "index"


class KeyMissingError(Exception):
    """What the store holds is under a key that is not there."""


class KeyRing(Protocol):
    """Where the keys are kept; every process on one store has the same ones."""

    def keys(self, name: KeyName) -> Sequence[bytes]:
        """Every key of a name: the settled one first, then one that is to follow it."""

    def draft(self, name: KeyName) -> bytes:
        """The key that is to follow; the same one until it is settled."""

    def settle(self, name: KeyName) -> None:
        """Put the drafted key in the place of the one before, which ends with it."""


class MemoryRing:
    """Keys that end with their process, as a store in memory does."""

    def __init__(self) -> None:
        self._keys = {name: [secrets.token_bytes(KEY_BYTES)] for name in KeyName}

    def keys(self, name: KeyName) -> Sequence[bytes]:
        """As every ring."""
        return tuple(self._keys[name])

    def draft(self, name: KeyName) -> bytes:
        """As every ring."""
        if len(self._keys[name]) == 1:
            self._keys[name].append(secrets.token_bytes(KEY_BYTES))
        return self._keys[name][-1]

    def settle(self, name: KeyName) -> None:
        """As every ring."""
        del self._keys[name][:-1]


class Vault:
    """The keys as a process knows them; it looks again for one it has not met."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self._known: dict[tuple[KeyName, str], bytes] = {}

    def key(self, name: KeyName, key_id: str) -> bytes:
        """A key by its id.

        :raises KeyMissingError: when the ring does not have it
        """
        if (name, key_id) not in self._known:
            self._known = {
                (one, id_of(key)): key for one in KeyName for key in self.ring.keys(one)
            }
        try:
            return self._known[name, key_id]
        except KeyError:
            message = (
                f'the store was written with another key "{name}" (its id is {key_id}) '
                "than is in [security] keys_dir: put the right key file back, from the "
                "copy that is kept apart from the store's"
            )
            raise KeyMissingError(message) from None


def id_of(key: bytes) -> str:
    """What a key is called where it was used; tells nothing of it."""
    return hmac.digest(key, b"id", "sha256").hex()[:ID_LETTERS]


def vault_of(connection: Connection) -> Vault:
    """The keys that go with a connection."""
    return cast("Vault", connection.get_execution_options()[OPTION])


def present(connection: Connection, name: KeyName) -> str:
    """The id of the key that is used for what is written now."""
    table = schema.present_key
    query = select(table.c.id).where(table.c.name == name.value)
    return str(connection.execute(query).scalar_one())


def appoint_settled(connection: Connection) -> None:
    """Let a new store begin with the keys that are there."""
    for name in KeyName:
        appoint(connection, name, vault_of(connection).ring.keys(name)[0])


def appoint(connection: Connection, name: KeyName, key: bytes) -> None:
    """Let a key be the present one from this transaction on."""
    row = {"name": name.value, "id": id_of(key)}
    batch.replace(connection, schema.present_key, [row])


def check(connection: Connection) -> None:
    """See that the keys fit the store.

    :raises KeyMissingError: when they are others than it was written with
    """
    for name in KeyName:
        vault_of(connection).key(name, present(connection, name))


def lost(connection: Connection) -> frozenset[str]:
    """The ids of keys that were given up: what is under them can't be read."""
    table = schema.setting
    query = select(table.c.value).where(table.c.name == LOST)
    return frozenset(str(connection.execute(query).scalar() or "").split())


def give_up(connection: Connection) -> tuple[KeyName, ...]:
    """Put new keys in the place of those that are not there; gives which were not.

    Nobody comes back by this: what was written with them stays unreadable, and people
    who are imported anew are new.
    """
    gone = {name: present(connection, name) for name in KeyName}
    keys = {name: vault_of(connection).ring.keys(name) for name in KeyName}
    for name, known in keys.items():
        if gone[name] in map(id_of, known):
            del gone[name]
        else:
            appoint(connection, name, known[0])
    if gone:
        ids = sorted(lost(connection).union(gone.values()))
        batch.replace(
            connection, schema.setting, [{"name": LOST, "value": " ".join(ids)}]
        )
    return tuple(gone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """What nobody can read with some keys.

    :ivar missing: names of the present keys that are not among them
    :ivar holders: people who hold a post
    :ivar humans: all, whether they hold one or did once
    """

    missing: tuple[KeyName, ...]
    holders: int
    humans: int


def unreadable(connection: Connection, key_ids: Iterable[str]) -> Unreadable:
    """Count what is under none of these keys."""
    known = frozenset(key_ids)
    table, person = schema.human_key, schema.person
    gone = table.c.key.not_in(known)
    held = select(schema.holding.c.person)
    holders = select(func.count(person.c.id.distinct())).where(
        person.c.human == table.c.human, gone, person.c.id.in_(held)
    )
    return Unreadable(
        missing=tuple(one for one in KeyName if present(connection, one) not in known),
        holders=connection.execute(holders).scalar_one(),
        humans=connection.execute(select(func.count()).where(gone)).scalar_one(),
    )


def readable(connection: Connection, key_id: str) -> bytes | None:
    """The key ``data`` with an id; None: it was given up.

    :raises KeyMissingError: when it is not there, and may still be put back
    """
    try:
        return vault_of(connection).key(KeyName.DATA, key_id)
    except KeyMissingError:
        if key_id in lost(connection):
            return None
        raise


def fingerprint(connection: Connection, number: str) -> str:
    """What stands for a number, or for an account in any case, where it is compared."""
    return fingerprints(connection, [number])[number]


def fingerprints(connection: Connection, numbers: Iterable[str]) -> dict[str, str]:
    """The fingerprint of each number."""
    key = vault_of(connection).key(KeyName.INDEX, present(connection, KeyName.INDEX))
    return {number: fingerprint_under(key, number) for number in numbers}


def fingerprint_under(key: bytes, number: str) -> str:
    """The fingerprint of a number under a certain key."""
    digest = hmac.digest(key, number.casefold().encode(), "sha256")
    return digest.hex()[:FINGERPRINT_LETTERS]


class Matter(StrEnum):
    """What is encrypted under a key of its own that follows from ``data``."""

    TEXT = "text"
    CALLBACK = "callback"
    IMPORT = "import"
    OFFICER = "officer"


class Cipher:
    """Encrypts and reads one matter in one transaction."""

    def __init__(self, connection: Connection, matter: Matter) -> None:
        self._connection = connection
        self._matter = matter
        self._keys: dict[str, AESGCM | None] = {}

    @cached_property
    def _present(self) -> str:
        return present(self._connection, KeyName.DATA)

    @cached_property
    def _writing(self) -> AESGCM:
        key = vault_of(self._connection).key(KeyName.DATA, self._present)
        return derived(key, self._matter)

    def encrypt(self, place: str, text: str) -> str:
        """A text as it is written at a place, and can be read there only."""
        return f"{self._present}:{_encrypt(self._writing, place, text)}"

    def is_old(self, written: str) -> bool:
        """Whether it lies under another key than the present one."""
        return bool(written) and not written.startswith(f"{self._present}:")

    def again(self, place: str, written: str) -> str:
        """The same text under the present key; what can't be read is left as it is."""
        text = self.read(place, written)
        return written if text is None else self.encrypt(place, text)

    def read(self, place: str, written: str) -> str | None:
        """A text as it was; None when it is not what was written at this place."""
        key_id, _, box = written.rpartition(":")
        key = self._key(key_id) if key_id else None
        return _decrypt(key, place, box) if key else None

    def _key(self, key_id: str) -> AESGCM | None:
        if key_id not in self._keys:
            key = readable(self._connection, key_id)
            self._keys[key_id] = derived(key, self._matter) if key else None
        return self._keys[key_id]


def derived(key: bytes, matter: Matter) -> AESGCM:
    """The key of one matter."""
    info = matter.value.encode()
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(key))


def text_place(message: str) -> str:
    """Where the text of a message lies."""
    return f"message.text {message}"


def texts_of(connection: Connection) -> Cipher:
    """What encrypts texts of messages: they may name people."""
    return Cipher(connection, Matter.TEXT)


def display_place(officer: str) -> str:
    """Where what an officer is called lies."""
    return f"officer.display {officer}"


def totp_place(officer: str) -> str:
    """Where the secret of an officer's codes lies."""
    return f"officer.totp {officer}"


def body_place(channel: str, event: str) -> str:
    """Where the body of a callback lies."""
    return f"callback.body {channel} {event}"


def piece_place(number: int, part: str, place: int) -> str:
    """Where a piece of what was found in an imported file lies."""
    return f"import_piece.body {number} {part} {place}"


class Humans:
    """The data keys of some humans, for as long as one piece of work.

    Nothing keeps them longer: who is forgotten is forgotten by every process at once.
    """

    def __init__(self, connection: Connection, humans: Iterable[str]) -> None:
        self._connection = connection
        table = schema.human_key
        listed = dialect.each(set(humans))
        rows = connection.execute(
            select(table.c.human, table.c.key, table.c.wrapped).where(
                table.c.human.in_(select(listed.c.value))
            )
        )
        self._wrapped = {row.human: (row.key, row.wrapped) for row in rows}
        self._wraps: dict[str, AESGCM | None] = {}
        self._keys: dict[str, AESGCM | None] = {}

    def encrypt(self, human: str, place: str, value: str) -> str:
        """Something of a human as it is written at a place.

        :raises KeyMissingError: when he has no key, or was forgotten
        """
        key = self._key(human)
        if key is None:
            message = f"human {human} has no data key: he was erased, or never added"
            raise KeyMissingError(message)
        return f"{human}:{_encrypt(key, place, value)}"

    def read(self, place: str, written: str) -> str | None:
        """Something of a human; None: he was forgotten, or it was not written here."""
        human, _, box = written.rpartition(":")
        key = self._key(human)
        return _decrypt(key, place, box) if key else None

    def _key(self, human: str) -> AESGCM | None:
        if human not in self._keys:
            self._keys[human] = self._unwrapped(human)
        return self._keys[human]

    def _unwrapped(self, human: str) -> AESGCM | None:
        if human not in self._wrapped:
            return None
        key_id, wrapped = self._wrapped[human]
        if key_id not in self._wraps:
            wrap = readable(self._connection, key_id)
            self._wraps[key_id] = AESGCM(wrap) if wrap else None
        opening = self._wraps[key_id]
        key = _opened(opening, _key_place(human), wrapped) if opening else None
        return AESGCM(key) if key else None


def number_of(humans: Humans, row: Row[tuple[object, ...]]) -> str:
    """The number that a message goes to, from a row of both; empty: unreadable."""
    return humans.read(number_place(row.address, row.person), row.value) or ""


def humans_of(values: Iterable[str]) -> set[str]:
    """Whose each of these values is."""
    return {value.rpartition(":")[0] for value in values if value}


def name_place(person: str) -> str:
    """Where the name of a version of a person lies."""
    return f"person.name {person}"


def number_place(address: str, person: str) -> str:
    """Where an address of a version of a person lies."""
    return f"address.value {address} {person}"


def add_humans(connection: Connection, humans: Iterable[str]) -> None:
    """Give a data key to each human who has none."""
    key_id = present(connection, KeyName.DATA)
    wrap = AESGCM(vault_of(connection).key(KeyName.DATA, key_id))
    rows = [
        {
            "human": human,
            "key": key_id,
            "wrapped": _closed(wrap, _key_place(human), AESGCM.generate_key(256)),
        }
        for human in sorted(set(humans))
    ]
    batch.insert(connection, schema.human_key, rows, new=False)


def forget(connection: Connection, human: str) -> None:
    """Destroy the data key of a human: nothing of his can be read any more."""
    table = schema.human_key
    connection.execute(table.delete().where(table.c.human == human))


def rewrapped(old: AESGCM, new: AESGCM, human: str, wrapped: str) -> str:
    """A human's data key wrapped anew; what can't be opened is left as it is."""
    key = _opened(old, _key_place(human), wrapped)
    return wrapped if key is None else _closed(new, _key_place(human), key)


def _encrypt(key: AESGCM, place: str, text: str) -> str:
    return _closed(key, place, text.encode())


def _decrypt(key: AESGCM, place: str, box: str) -> str | None:
    found = _opened(key, place, box)
    return None if found is None else found.decode()


def _closed(key: AESGCM, place: str, content: bytes) -> str:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return b64encode(nonce + key.encrypt(nonce, content, place.encode())).decode()


def _opened(key: AESGCM, place: str, box: str) -> bytes | None:
    try:
        raw = b64decode(box, validate=True)
        return key.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError):
        return None


def _key_place(human: str) -> str:
    return f"human_key.wrapped {human}"
