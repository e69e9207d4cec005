"""Exports built line by line, without a store and without a real key."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from dispatcher.core.proof import GENESIS, Head, linked, merkle_root
from dispatcher.core.seal import Seal, seal_line

KEY, OTHER_KEY = "aa" * 32, "bb" * 32
NOON = datetime(2026, 7, 1, 4, tzinfo=UTC)
CONTENT = '{"headline":"暴雨"}'
DIGEST = hashlib.sha256(CONTENT.encode()).hexdigest()
RECEIVED = json.dumps({"kind": "received", "digest": DIGEST})

Line = dict[str, Any]


def signed(seal: Seal, key: str) -> bool:
    """A signature is the key twice: what signing is for is another one's to test."""
    return seal.signature == key * 2


@dataclass
class Book:
    """Builds an export: what happens is sealed when it is said to be."""

    subject: str = "alert"
    content: str | None = CONTENT
    journal: list[Line] = field(default_factory=list)
    facts: dict[str, list[Line]] = field(default_factory=dict)
    seals: list[Seal] = field(default_factory=list)
    places: int = 0
    sealed: int = 0

    def note(self, body: str) -> None:
        self.add(self.journal, {"line": "entry", "subject": self.subject}, body)

    def happen(self, callout: str, *kinds: str) -> None:
        for kind in kinds:
            self.places += 1
            told = self.facts.setdefault(callout, [])
            head = {"line": "fact", "callout": callout, "place": self.places}
            self.add(told, head, json.dumps({"kind": kind}))

    def add(self, to: list[Line], line: Line, body: str) -> None:
        name = line.get("callout", self.subject)
        before = Head(name, len(to), to[-1]["hash"]) if to else Head(name)
        now = linked(before, body)
        to.append({**line, "seq": now.seq, "hash": now.hash, "body": body})

    def seal(self) -> None:
        moved = [
            Head(name, told[-1]["seq"], told[-1]["hash"])
            for name, told in sorted(self.facts.items())
            if told[-1]["place"] > self.sealed
        ]
        entries = len(self.journal)
        noted = (
            Head(self.subject, entries, self.journal[-1]["hash"])
            if entries
            else Head(self.subject)
        )
        made = Seal(
            subject=self.subject,
            n=len(self.seals) + 1,
            at=NOON + timedelta(seconds=10 * len(self.seals)),
            facts=sum(map(len, self.facts.values())),
            upto=self.places,
            entries=entries,
            root=merkle_root([noted, *moved]),
            previous=self.seals[-1].hash if self.seals else GENESIS,
            signature=KEY * 2,
        )
        self.seals.append(made)
        self.sealed = self.places

    def lines(self) -> list[Line]:
        callouts = [
            line
            for name, told in sorted(self.facts.items())
            for line in (
                {
                    "line": "callout",
                    "callout": name,
                    "facts": len(told),
                    "head": told[-1]["hash"],
                },
                *told,
            )
        ]
        subject = {
            "line": "subject",
            "subject": self.subject,
            "content": self.content,
            "callouts": len(self.facts),
        }
        return [subject, *map(seal_line, self.seals), *self.journal, *callouts]


def whole(*books: Book) -> list[Line]:
    """An export of some books."""
    first = {
        "line": "export",
        "format": 1,
        "alert": "alert",
        "made_at": (NOON + timedelta(minutes=5)).isoformat(),
        "public_key": KEY,
    }
    told = [first, *(line for book in books for line in book.lines())]
    told.append({"line": "person", "person": "p", "name": "人"})
    return [*told, {"line": "end", "lines": len(told)}]


def a_book() -> Book:
    """Two callouts over three seals; each is in some of them."""
    book = Book()
    book.note(RECEIVED)
    book.happen("c", "opened", "marked")
    book.happen("d", "opened")
    book.seal()
    book.happen("d", "marked")
    book.seal()
    book.happen("c", "closed")
    book.note('{"kind":"ended"}')
    book.seal()
    return book


def forge(book: Book, callout: str, seq: int) -> None:
    """Alter a fact, and let all hashes after it fit."""
    old, book.facts[callout] = book.facts[callout], []
    for line in old:
        body = '{"kind":"forged"}' if line["seq"] == seq else line["body"]
        head = {name: line[name] for name in ("line", "callout", "place")}
        book.add(book.facts[callout], head, body)
