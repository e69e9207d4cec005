"""Chains and roots, told against an inspector's own reading of the byte layout."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core.proof import GENESIS, Head, linked, merkle_root

BODIES = st.lists(st.text(), min_size=1, max_size=6)


def eight(value: int) -> bytes:
    return bytes(reversed([value >> 8 * place & 255 for place in range(8)]))


def behind_its_length(value: str) -> bytes:
    return eight(len(value.encode())) + value.encode()


def by_hand(subject: str, bodies: Sequence[str]) -> str:
    """A chain as the docstring of the module describes it."""
    previous = bytes(32)
    for seq, body in enumerate(bodies, 1):
        told = (
            b"jiaoying link 1\0",
            previous,
            behind_its_length(subject),
            eight(seq),
            behind_its_length(body),
        )
        previous = hashlib.sha256(b"".join(told)).digest()
    return previous.hex()


def tree(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    sides = tree(leaves[:half]), tree(leaves[half:])
    return hashlib.sha256(b"\1" + b"".join(sides)).digest()


def chained(subject: str, bodies: Sequence[str]) -> Head:
    return reduce(linked, bodies, Head(subject))


def test_before_anything_has_happened_there_are_zeros() -> None:
    assert Head("c", 0, "0" * 64) == Head("c")
    assert GENESIS == "0" * 64


@given(subject=st.text(max_size=20), bodies=BODIES)
def test_a_chain_is_what_an_inspector_computes(
    subject: str, bodies: Sequence[str]
) -> None:
    head = chained(subject, bodies)

    assert by_hand(subject, bodies) == head.hash
    assert len(bodies) == head.seq
    assert subject == head.subject


@given(
    bodies=st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=6),
    data=st.data(),
)
def test_any_single_byte_of_a_body_changes_the_head(
    bodies: Sequence[bytes], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(bodies) - 1))
    at = data.draw(st.integers(0, len(bodies[place]) - 1))
    flip = data.draw(st.integers(1, 255))
    altered = bytearray(bodies[place])
    altered[at] ^= flip
    others = [*bodies[:place], bytes(altered), *bodies[place + 1 :]]

    whole, changed = (
        chained("c", [body.decode("latin-1") for body in each])
        for each in (bodies, others)
    )

    assert whole.hash != changed.hash


def test_text_does_not_flow_from_one_field_into_the_next() -> None:
    assert chained("ab", ["c"]).hash != chained("a", ["bc"]).hash


def test_the_same_facts_in_another_order_or_of_another_callout_are_others() -> None:
    heads = {chained("c", ["1", "2"]).hash, chained("c", ["2", "1"]).hash}

    assert chained("d", ["1", "2"]).hash not in heads
    assert len(heads) == 2


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 64, 100])
def test_the_root_is_that_of_the_standard(count: int) -> None:
    heads = [chained(f"c{place:03}", [str(place)]) for place in range(count)]
    leaves = [
        behind_its_length(head.subject) + eight(head.seq) + bytes.fromhex(head.hash)
        for head in heads
    ]

    assert tree(leaves).hex() == merkle_root(iter(heads))
