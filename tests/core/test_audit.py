"""The audit alone, on exports that are built here line by line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from dispatcher.core.audit import TOLD_MOST, Audit
from dispatcher.core.finding import Finding, Flaw, Trust, Verdict
from dispatcher.core.proof import GENESIS
from dispatcher.core.seal import Seal
from tests.core.ledger import (
    KEY,
    NOON,
    OTHER_KEY,
    Book,
    Line,
    a_book,
    forge,
    signed,
    whole,
)


def heard(
    told: Sequence[object], key: str | None = KEY, others: Sequence[Seal] = ()
) -> Verdict:
    audit = Audit(signed, key, others)
    for line in told:
        audit.hear(line)
    return audit.verdict()


def flaws(told: Sequence[object], **how: Any) -> list[Flaw]:
    return [one.flaw for one in heard(told, **how).findings]


def line_of(told: Sequence[Line], **parts: object) -> Line:
    """The one line with these parts."""
    [found] = [line for line in told if all(line.get(k) == v for k, v in parts.items())]
    return found


def test_a_sound_export_is_counted() -> None:
    other = Book(subject="second", content=None)
    told = whole(a_book(), other)

    assert heard(told) == Verdict(
        alert="alert",
        made_at=NOON + timedelta(minutes=5),
        trust=Trust.GIVEN,
        subjects=2,
        callouts=2,
        facts=5,
        entries=2,
        seals=3,
        sealed_at=NOON + timedelta(seconds=20),
        unsealed=0,
        later=0,
        findings=(),
        more=0,
    )


def test_without_another_key_that_of_the_export_has_to_do() -> None:
    verdict = heard(whole(a_book()), key=None)

    assert (verdict.trust, verdict.findings) == (Trust.ENCLOSED, ())


def test_another_key_than_the_one_given_is_told() -> None:
    assert flaws(whole(a_book()), key=OTHER_KEY) == [
        Flaw.FOREIGN_KEY,
        Flaw.BAD_SIGNATURE,
    ]


@pytest.mark.parametrize(
    ("which", "change"),
    [
        ("export", {"format": 2}),
        ("export", {"public_key": "short"}),
        ("export", {"made_at": "heute"}),
        ("export", {"made_at": "2026-07-01T04:00:00"}),
        ("subject", {"callouts": None}),
        ("seal", {"root": "ff"}),
        ("entry", {"subject": "another"}),
        ("callout", {"head": ""}),
        ("fact", {"hash": "xx" * 32}),
        ("fact", {"seq": 0}),
        ("fact", {"seq": 2**64}),
        ("fact", {"body": "\ud800"}),
        ("subject", {"content": "\ud800"}),
        ("person", {"name": None}),
        ("person", {"line": "spare"}),
        ("person", {"line": "export"}),
        ("person", {"line": []}),
    ],
)
def test_a_line_that_is_none_of_ours_is_told(which: str, change: Line) -> None:
    told = whole(a_book())
    line = next(line for line in told if line["line"] == which)
    line.update(change)

    found = heard(told).findings[0]

    assert (Flaw.UNREADABLE, told.index(line) + 1) == (found.flaw, found.line)


@pytest.mark.parametrize("line", [None, [], "fact", 7])
def test_a_line_that_is_no_object_is_told(line: object) -> None:
    told: list[object] = [*whole(a_book())]
    told.insert(2, line)

    assert flaws(told)[0] is Flaw.UNREADABLE


def test_a_file_without_its_first_line_says_nothing() -> None:
    verdict = heard(whole(a_book())[1:])

    assert verdict.findings[0].flaw is Flaw.UNREADABLE
    assert verdict.made_at is None


@pytest.mark.parametrize("cut", [-1, 0])
def test_a_file_that_was_cut_off_is_told(cut: int) -> None:
    told = whole(a_book())
    told = told[:-1] if cut else [*told[:-2], told[-1]]

    assert flaws(told) == [Flaw.CUT_OFF]


def test_the_alert_that_was_asked_for_has_to_be_there() -> None:
    told = whole(Book(subject="another", content=None))

    [found] = heard(told).findings

    assert (found.flaw, found.subject) == (Flaw.MISSING, "alert")


def test_nothing_comes_after_the_end() -> None:
    told = whole(a_book())

    assert flaws([*told, told[-2]]) == [Flaw.UNREADABLE]


def test_an_altered_fact_is_told_with_its_kind() -> None:
    told = whole(a_book())
    line_of(told, callout="c", seq=2)["body"] = '{"kind":"answered"}'

    verdict = heard(told)

    assert verdict.first_fact == Finding(
        flaw=Flaw.ALTERED,
        line=8 + told[8:].index(line_of(told, callout="c", seq=2)) + 1,
        subject="c",
        seq=2,
        kind="answered",
    )


@pytest.mark.parametrize("body", ["", "[]", "{", "[" * 100_000])
def test_a_body_that_says_nothing_has_no_kind(body: str) -> None:
    told = whole(a_book())
    line_of(told, callout="c", seq=2)["body"] = body

    found = heard(told).first_fact

    assert found
    assert (found.flaw, found.kind) == (Flaw.ALTERED, "")


def test_a_fact_that_is_missing_is_told_where_the_next_one_comes() -> None:
    told = whole(a_book())
    told.remove(line_of(told, callout="c", seq=2))

    found = heard(told).first_fact

    assert found
    assert (found.flaw, found.subject, found.seq) == (Flaw.MISSING, "c", 2)


def test_the_last_fact_that_is_missing_is_told_by_the_head() -> None:
    told = whole(a_book())
    told.remove(line_of(told, callout="c", seq=3))

    found = heard(told).first_fact

    assert found
    assert (found.flaw, found.subject, found.seq) == (Flaw.MISSING, "c", 3)


def test_a_fact_that_comes_again_is_out_of_place() -> None:
    told = whole(a_book())
    line = line_of(told, callout="c", seq=2)
    told.insert(told.index(line) + 1, {**line, "place": 4})

    found = heard(told).first_fact

    assert found
    assert (found.flaw, found.subject, found.seq) == (Flaw.MISPLACED, "c", 2)


def test_a_fact_under_another_callout_is_out_of_place() -> None:
    told = whole(a_book())
    told.insert(
        told.index(line_of(told, callout="d", seq=2)),
        {**line_of(told, callout="c", seq=1)},
    )

    found = heard(told).first_fact

    assert found
    assert (found.flaw, found.subject, found.seq) == (Flaw.MISPLACED, "c", 1)


def test_a_head_that_is_another_one_is_told() -> None:
    told = whole(a_book())
    line_of(told, line="callout", callout="c")["head"] = "ee" * 32

    found = heard(told).first_fact

    assert found
    assert (found.flaw, found.subject, found.seq) == (Flaw.ALTERED, "c", 3)


def test_callouts_come_in_the_order_of_their_ids() -> None:
    told = whole(a_book())
    at = told.index(line_of(told, line="callout", callout="d"))
    [*head], callout_d, [*tail] = told[: at - 4], told[at : at + 3], told[at + 3 :]
    moved = [*head, *callout_d, *told[at - 4 : at], *tail]

    assert flaws(moved)[0] is Flaw.MISPLACED


def test_a_callout_that_is_missing_is_told() -> None:
    told = whole(a_book())
    line_of(told, line="subject")["callouts"] = 3

    assert flaws(told) == [Flaw.MISSING]


@pytest.mark.parametrize(
    ("callout", "seq", "seal", "first"),
    [("c", 1, 1, ("c", 1)), ("d", 2, 2, ("d", 2)), ("c", 3, 3, ("c", 3))],
)
def test_a_chain_made_anew_is_told_by_the_first_seal_that_holds_it(
    callout: str, seq: int, seal: int, first: tuple[str, int]
) -> None:
    book = a_book()
    forge(book, callout, seq)

    [found] = heard(whole(book)).findings

    assert (Flaw.NOT_AS_SEALED, seal, *first, "forged") == (
        found.flaw,
        found.seal,
        found.subject,
        found.seq,
        found.kind,
    )


def test_facts_that_were_cut_off_with_the_head_are_counted() -> None:
    book = a_book()
    book.facts["c"].pop()

    [found] = heard(whole(book)).findings

    assert (
        found.flaw,
        found.seal,
        found.facts,
        found.subject,
        found.seq,
        found.kind,
    ) == (Flaw.NOT_AS_SEALED, 3, 1, "alert", 2, "ended")


def test_a_seal_that_held_one_fact_only_says_so_when_that_is_gone() -> None:
    book = a_book()
    book.facts["d"].pop()

    [found] = heard(whole(book)).findings

    assert (
        found.flaw,
        found.seal,
        found.facts,
        found.seq,
    ) == (Flaw.NOT_AS_SEALED, 2, 1, 0)


def test_a_fact_that_was_slipped_in_is_counted_below_nothing() -> None:
    book = a_book()
    book.happen("d", "answered")
    book.facts["d"][-1]["place"] = 4.5
    book.places -= 1
    told = whole(book)
    line_of(told, callout="d", seq=3)["place"] = 5

    [found] = heard(told).findings

    assert (found.flaw, found.seal, found.facts) == (Flaw.NOT_AS_SEALED, 3, -1)


def test_what_no_seal_holds_is_counted() -> None:
    book = a_book()
    book.happen("c", "marked")
    book.happen("e", "opened")
    book.note('{"kind":"renewed"}')

    verdict = heard(whole(book))

    assert (verdict.findings, verdict.unsealed) == ((), 3)


def test_without_seals_nothing_is_proven() -> None:
    book = a_book()
    book.seals.clear()

    assert flaws(whole(book)) == [Flaw.NOT_SEALED]


@pytest.mark.parametrize(
    ("work", "flaw", "n"),
    [
        (lambda seals: seals.pop(1), Flaw.SEAL_MISSING, 2),
        (lambda seals: seals.insert(1, seals[0]), Flaw.SEAL_MISPLACED, 1),
        (
            lambda seals: seals.__setitem__(1, replace(seals[1], previous=GENESIS)),
            Flaw.SEAL_MISPLACED,
            2,
        ),
        (
            lambda seals: seals.__setitem__(1, replace(seals[1], subject="other")),
            Flaw.SEAL_MISPLACED,
            2,
        ),
        (
            lambda seals: seals.__setitem__(1, replace(seals[1], signature="0" * 128)),
            Flaw.BAD_SIGNATURE,
            2,
        ),
    ],
    ids=["missing", "doubled", "previous", "subject", "signature"],
)
def test_seals_that_were_touched_are_told(
    work: Callable[[list[Seal]], object], flaw: Flaw, n: int
) -> None:
    book = a_book()
    work(book.seals)

    found = heard(whole(book)).findings[0]

    assert (flaw, n) == (found.flaw, found.seal)


def test_a_seal_comes_before_what_it_holds() -> None:
    told = whole(a_book())
    seal = line_of(told, line="seal", n=3)
    told.insert(-2, seal)
    told[-1] = {"line": "end", "lines": len(told) - 1}

    assert flaws(told) == [Flaw.SEAL_MISPLACED]


def test_an_altered_entry_is_told() -> None:
    told = whole(a_book())
    line_of(told, line="entry", seq=2)["body"] = '{"kind":"renewed"}'

    found = heard(told).first_fact

    assert found
    assert (
        found.flaw,
        found.subject,
        found.seq,
        found.kind,
    ) == (Flaw.ALTERED, "alert", 2, "renewed")


def test_an_entry_that_was_cut_off_is_told_once() -> None:
    book = a_book()
    book.journal.pop()

    [found] = heard(whole(book)).findings

    assert (found.flaw, found.subject, found.seq) == (Flaw.MISSING, "alert", 2)


@pytest.mark.parametrize("content", ['{"headline":"小雨"}', None])
def test_another_text_is_told_with_the_entry_that_vouches(content: str | None) -> None:
    book = a_book()
    book.content = content

    [found] = heard(whole(book)).findings

    assert (
        found.flaw,
        found.seq,
        found.kind,
    ) == (Flaw.CONTENT_ALTERED, 1, "received")


def test_an_alert_from_before_there_were_journals_has_none_to_vouch() -> None:
    book = Book()
    book.happen("c", "opened")
    book.seal()

    assert heard(whole(book)).findings == ()


def test_the_other_file_of_seals_is_compared() -> None:
    book, others = a_book(), a_book().seals
    sound = heard(whole(book), others=others)
    other = replace(others[1], root="dd" * 32)
    torn = replace(others[0], signature="0" * 128)
    book.seals.pop()

    assert sound.findings == ()
    assert flaws(whole(book), others=[torn, other, others[2]]) == [
        Flaw.BAD_SIGNATURE,
        Flaw.SEAL_MISPLACED,
        Flaw.SEAL_WITHHELD,
    ]


def test_seals_of_other_alerts_are_nobody_s_business_here() -> None:
    stranger = replace(a_book().seals[0], subject="stranger")

    assert heard(whole(a_book()), others=[stranger]).findings == ()


def test_seals_that_were_made_later_are_counted() -> None:
    book = a_book()
    later = replace(book.seals[0], n=4, at=NOON + timedelta(hours=1))

    verdict = heard(whole(book), others=[later])

    assert (verdict.findings, verdict.later) == ((), 1)


def test_a_file_of_something_else_is_told_in_a_few_lines() -> None:
    book = a_book()
    names = [f"x{n:02}" for n in range(TOLD_MOST + 5)]
    for name in names:
        book.happen(name, "opened")
    told = whole(book)
    for name in names:
        line_of(told, line="fact", callout=name)["body"] = "{}"

    verdict = heard(told)

    assert len(verdict.findings) == TOLD_MOST
    assert verdict.more == 5
    told_of = [one.subject for one in verdict.findings]
    assert all(one < other for one, other in pairwise(told_of))
