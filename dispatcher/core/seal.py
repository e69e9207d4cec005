"""Seals: signed now and then over what is new under an alert, or in the house. Pure.

A seal speaks of its subject, an alert's id or ``house``. It is signed with Ed25519 by a
key that is kept outside the store. The bytes that are signed, and whose SHA-256 is the
hash of the seal, in the words of :mod:`dispatcher.core.proof`::

    "jiaoying seal 1" 0x00
    text(subject) number(n) number(at) number(facts) number(upto) number(entries)
    root previous

``n`` counts the seals of a subject from 1; ``at`` is in microseconds since 1970 in UTC.
``upto`` is a place in the store: every fact up to it is sealed by this seal or one
before it. ``facts`` is how many of these belong to the subject, which are those of the
callouts opened under it. ``entries`` is the length of its journal. ``previous`` is the
hash of the seal before, 32 zero bytes before the first.

``root`` is the Merkle root over the head of the journal, which comes first, and the
heads of all callouts with facts that the seal before did not know, in the order of the
bytes of their ids.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dispatcher.core.proof import number, text

SEAL = b"jiaoying seal 1\x00"
SINCE = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TOO_MUCH = 2**63  # no store counts that far
HASH = re.compile(r"[0-9a-f]{64}")
SIGNATURE = re.compile(r"[0-9a-f]{128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """One seal; hashes and signature in hex."""

    subject: str
    n: int
    at: datetime
    facts: int
    upto: int
    entries: int
    root: str
    previous: str
    signature: str = ""

    @property
    def signed(self) -> bytes:
        """What the signature is over."""
        numbers = (self.n, micros(self.at), self.facts, self.upto, self.entries)
        counted = b"".join(map(number, numbers))
        hashes = bytes.fromhex(self.root) + bytes.fromhex(self.previous)
        return SEAL + text(self.subject) + counted + hashes

    @property
    def hash(self) -> str:
        """What the next seal of the subject holds of this one."""
        return hashlib.sha256(self.signed).hexdigest()


def micros(moment: datetime) -> int:
    """Microseconds since 1970 in UTC."""
    return (moment - SINCE) // MICROSECOND


def seal_line(seal: Seal) -> dict[str, object]:
    """A seal as a line of a file, to be written as JSON."""
    return {
        "line": "seal",
        "subject": seal.subject,
        "n": seal.n,
        "at": seal.at.astimezone(UTC).isoformat(),
        "facts": seal.facts,
        "upto": seal.upto,
        "entries": seal.entries,
        "root": seal.root,
        "previous": seal.previous,
        "signature": seal.signature,
    }


def read_seal(line: Mapping[str, object]) -> Seal | None:
    """The seal of such a line; None for a line that is none."""
    match line:
        case {
            "line": "seal",
            "subject": str(subject),
            "n": int(n),
            "at": str(at),
            "facts": int(facts),
            "upto": int(upto),
            "entries": int(entries),
            "root": str(root),
            "previous": str(previous),
            "signature": str(signature),
        } if (
            min(n, facts, upto, entries) >= 0
            and max(n, facts, upto, entries) < TOO_MUCH
            and HASH.fullmatch(root)
            and HASH.fullmatch(previous)
            and SIGNATURE.fullmatch(signature)
        ):
            moment = _moment(at)
            if moment is None:
                return None
            return Seal(
                subject=subject,
                n=n,
                at=moment,
                facts=facts,
                upto=upto,
                entries=entries,
                root=root,
                previous=previous,
                signature=signature,
            )
        case _:
            return None


def _moment(told: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return moment if moment.tzinfo and moment >= SINCE else None
