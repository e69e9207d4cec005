"""A store that somebody edited by hand: its export tells what he did."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from dispatcher.core.finding import Flaw
from tests.core.build import START
from tests.engine.evidence import audited, from_file, in_a_file

AFTER = START + timedelta(hours=1)
EDIT = """
UPDATE fact SET body = replace(body, 'T18:', 'T17:') WHERE callout = :c AND seq = 5
"""
SWAP = """
UPDATE fact SET seq = seq + 100 WHERE callout = :c AND seq IN (5, 6);
UPDATE fact SET seq = 6 WHERE callout = :c AND seq = 105;
UPDATE fact SET seq = 5 WHERE callout = :c AND seq = 106
"""
BY_HAND = {
    "a fact is edited": (EDIT, (Flaw.ALTERED, 5)),
    "a fact is deleted": (
        "DELETE FROM fact WHERE callout = :c AND seq = 5",
        (Flaw.MISSING, 5),
    ),
    "the tail is cut": (
        "DELETE FROM fact WHERE callout = :c AND seq > 8",
        (Flaw.MISSING, 9),
    ),
    "two facts change places": (SWAP, (Flaw.ALTERED, 5)),
}


@pytest.mark.parametrize("how", BY_HAND)
async def test_a_store_that_was_edited_by_hand_is_found_out(
    tmp_path: Path, how: str
) -> None:
    name = await in_a_file(tmp_path)
    orders, (flaw, seq) = BY_HAND[how]
    with sqlite3.connect(tmp_path / "store.db") as store:
        [[callout]] = store.execute("SELECT min(id) FROM callout").fetchall()
        for order in orders.split(";"):
            assert store.execute(order, {"c": callout}).rowcount

    found = audited(await from_file(tmp_path, name, AFTER)).first_fact

    assert found
    assert (flaw, callout, seq) == (found.flaw, found.subject, found.seq)


async def test_a_text_that_was_edited_in_the_store_is_found_out(
    tmp_path: Path,
) -> None:
    name = await in_a_file(tmp_path)
    sound = audited(await from_file(tmp_path, name, AFTER))
    with sqlite3.connect(tmp_path / "store.db") as store:
        store.execute("UPDATE alert SET body = replace(body, '100毫米', '50毫米')")

    verdict = audited(await from_file(tmp_path, name, AFTER))

    assert sound.findings == ()
    [found] = verdict.findings
    assert (Flaw.CONTENT_ALTERED, name, 1) == (found.flaw, found.subject, found.seq)
