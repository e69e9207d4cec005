"""A store that somebody edited by hand: its export tells what he did."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from dispatcher.core.finding import Flaw
from dispatcher.core.proof import Head, linked
from tests.core.build import START
from tests.engine.evidence import audited, filed, from_file, in_a_file

pytestmark = pytest.mark.sqlite
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


def chained_anew(store: sqlite3.Connection, callout: str) -> None:
    """Make every hash of a callout fit its facts again, and its row too."""
    facts = "SELECT id, body FROM fact WHERE callout = ? ORDER BY seq"
    head = Head(callout)
    for place, body in store.execute(facts, [callout]).fetchall():
        head = linked(head, body)
        told = (head.seq, head.hash, place)
        store.execute("UPDATE fact SET seq = ?, hash = ? WHERE id = ?", told)
    told = (head.seq, head.hash, callout)
    store.execute("UPDATE callout SET facts = ?, head = ? WHERE id = ?", told)


def callouts(store: sqlite3.Connection) -> list[str]:
    return [name for (name,) in store.execute("SELECT id FROM callout ORDER BY id")]


async def test_a_chain_that_was_made_anew_is_found_out_by_the_seals(
    tmp_path: Path,
) -> None:
    name = await in_a_file(tmp_path)
    with sqlite3.connect(tmp_path / "store.db") as store:
        [[callout]] = store.execute("SELECT callout FROM fact WHERE id = 1").fetchall()
        store.execute(EDIT.replace("seq = 5", "id = 1"), {"c": callout})
        chained_anew(store, callout)

    [found] = audited(await from_file(tmp_path, name, AFTER)).findings

    assert (Flaw.NOT_AS_SEALED, 1, callout, 1, "opened") == (
        found.flaw,
        found.seal,
        found.subject,
        found.seq,
        found.kind,
    )


async def test_a_tail_that_was_cut_with_its_seals_is_found_out_by_the_file_of_seals(
    tmp_path: Path,
) -> None:
    name = await in_a_file(tmp_path)
    with sqlite3.connect(tmp_path / "store.db") as store:
        upto, entries = store.execute(
            "SELECT upto, entries FROM seal WHERE n = 2"
        ).fetchone()
        store.execute("DELETE FROM seal WHERE n > 2")
        store.execute("DELETE FROM fact WHERE id > ?", [upto])
        store.execute("DELETE FROM journal WHERE seq > ?", [entries])
        for callout in callouts(store):
            chained_anew(store, callout)
    left = await from_file(tmp_path, name, AFTER)

    alone, compared = audited(left), audited(left, others=filed(tmp_path))

    assert alone.findings == ()
    assert (
        compared.findings[0].flaw,
        compared.findings[0].seal,
    ) == (Flaw.SEAL_WITHHELD, 3)


async def test_two_callouts_that_changed_places_are_found_out(tmp_path: Path) -> None:
    name = await in_a_file(tmp_path)
    with sqlite3.connect(tmp_path / "store.db") as store:
        one, other, *_ = callouts(store)
        for pair in (("x", one), (one, other), (other, "x")):
            store.execute("UPDATE callout SET id = ? WHERE id = ?", pair)
            store.execute("UPDATE fact SET callout = ? WHERE callout = ?", pair)

    found = audited(await from_file(tmp_path, name, AFTER)).first_fact

    assert found
    assert (Flaw.ALTERED, one, 1, "opened") == (
        found.flaw,
        found.subject,
        found.seq,
        found.kind,
    )


async def test_a_callout_that_was_given_to_another_alert_is_missed(
    tmp_path: Path,
) -> None:
    name = await in_a_file(tmp_path)
    with sqlite3.connect(tmp_path / "store.db") as store:
        one, *_ = callouts(store)
        store.execute("UPDATE callout SET origin = 'other' WHERE id = ?", [one])
        gone = store.execute(
            "SELECT count(*) FROM fact JOIN seal ON fact.id <= upto "
            "WHERE n = 1 AND callout = ?",
            [one],
        ).fetchone()

    [found] = audited(await from_file(tmp_path, name, AFTER)).findings

    assert (Flaw.NOT_AS_SEALED, 1, *gone) == (found.flaw, found.seal, found.facts)
