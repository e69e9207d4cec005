"""How what has happened is chained, so that nobody alters it unseen. Pure.

An inspector can write this anew from here. All hashes are SHA-256, kept as 64
lower-case hex digits; below they are their 32 bytes. ``number(n)`` is an unsigned
integer in 8 bytes, the highest first, and ``text(t)`` is t in UTF-8 behind the number
of its bytes::

    link = SHA-256("jiaoying link 1" 0x00
                   previous text(subject) number(seq) text(body))
    leaf = SHA-256(0x00 text(subject) number(seq) hash)
    node = SHA-256(0x01 left right)

A **link** holds one fact of a callout, or one entry of the journal of an alert or of
the house. ``subject`` is the callout's id, the alert's id or ``house``; ``seq`` counts
from 1; ``body`` is the JSON text exactly as it is kept; ``previous`` is the link
before, 32 zero bytes before the first. The last link of a subject is its **head**.

Heads are the leaves of a **Merkle tree**; their order is told where they are sealed, in
:mod:`dispatcher.core.seal`. Its shape is that of RFC 9162: the left part is the
greatest power of two smaller than the whole. The root of no leaves is SHA-256 of
nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

GENESIS = "0" * 64  # stands before the first link
LINK = b"jiaoying link 1\x00"
LEAF, NODE = b"\x00", b"\x01"
NUMBER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Head:
    """How far the chain of a subject has come; seq 0 and GENESIS: nothing yet."""

    subject: str
    seq: int = 0
    hash: str = GENESIS


def number(value: int) -> bytes:
    """An integer from 0 on, as it is hashed."""
    return value.to_bytes(NUMBER_BYTES, "big")


def text(value: str) -> bytes:
    """A text as it is hashed."""
    raw = value.encode()
    return number(len(raw)) + raw


def linked(before: Head, body: str) -> Head:
    """The head after one more body."""
    seq = before.seq + 1
    told = LINK + bytes.fromhex(before.hash) + text(before.subject)
    hashed = hashlib.sha256(told + number(seq) + text(body))
    return Head(before.subject, seq, hashed.hexdigest())


class Tree:
    """A Merkle tree to which heads are added in their order.

    Only one node a level is kept, so any number of heads may come.
    """

    __slots__ = ("_row",)

    def __init__(self) -> None:
        self._row: list[tuple[int, bytes]] = []  # (height, node), each above the next

    def add(self, head: Head) -> None:
        """One more leaf."""
        height, node = 0, _leaf(head)
        while self._row and self._row[-1][0] == height:
            node = _node(self._row.pop()[1], node)
            height += 1
        self._row.append((height, node))

    def root(self) -> str:
        """The root over all heads so far."""
        if not self._row:
            return hashlib.sha256().hexdigest()
        *left, (_, root) = self._row
        for _, node in reversed(left):
            root = _node(node, root)
        return root.hex()


def merkle_root(heads: Iterable[Head]) -> str:
    """The root over heads, in the order they come in."""
    tree = Tree()
    for head in heads:
        tree.add(head)
    return tree.root()


def _leaf(head: Head) -> bytes:
    told = text(head.subject) + number(head.seq) + bytes.fromhex(head.hash)
    return hashlib.sha256(LEAF + told).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()
