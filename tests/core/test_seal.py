"""Seals: the bytes that are signed, and the lines they are written as."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from dispatcher.core.seal import Seal, read_seal, seal_line

SEAL = Seal(
    subject="预警a",
    n=3,
    at=datetime(2026, 7, 1, 2, 30, 0, 250_000, tzinfo=UTC),
    facts=40,
    upto=512,
    entries=2,
    root="ab" * 32,
    previous="cd" * 32,
    signature="ef" * 64,
)


def test_what_is_signed_is_laid_out_as_the_docstring_says() -> None:
    name = "预警a".encode()
    at = 1_782_873_000_250_000
    numbers = (len(name), 3, at, 40, 512, 2)
    length, *rest = [number.to_bytes(8, "big") for number in numbers]
    told = (
        *(b"jiaoying seal 1\0", length, name, *rest),
        *(bytes.fromhex("ab" * 32), bytes.fromhex("cd" * 32)),
    )

    assert b"".join(told) == SEAL.signed
    assert hashlib.sha256(b"".join(told)).hexdigest() == SEAL.hash


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "b"},
        {"n": 4},
        {"at": SEAL.at + timedelta(microseconds=1)},
        {"facts": 41},
        {"upto": 513},
        {"entries": 3},
        {"root": "ac" * 32},
        {"previous": "ce" * 32},
    ],
)
def test_the_signature_is_over_every_part(change: dict[str, Any]) -> None:
    assert replace(SEAL, **change).signed != SEAL.signed


def test_a_seal_comes_back_from_its_line() -> None:
    line = json.loads(json.dumps(seal_line(SEAL)))
    beijing = SEAL.at.astimezone(timezone(timedelta(hours=8)))

    assert read_seal(line) == SEAL
    assert seal_line(replace(SEAL, at=beijing)) == seal_line(SEAL)


@pytest.mark.parametrize(
    "change",
    [
        {"line": "fact"},
        {"n": "3"},
        {"n": -1},
        {"n": 2**64},
        {"facts": -1},
        {"upto": 1.5},
        {"entries": None},
        {"at": "gestern"},
        {"at": "2026-07-01T02:30:00"},
        {"at": "1969-12-31T23:59:59+00:00"},
        {"root": "AB" * 32},
        {"previous": "cd" * 31},
        {"signature": "ef" * 32},
    ],
)
def test_a_line_that_is_no_seal_is_none(change: dict[str, object]) -> None:
    assert read_seal({**seal_line(SEAL), **change}) is None
