"""Exports, and what an inspector finds in them after somebody had his hands in."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.core.finding import Flaw, Trust, Verdict
from dispatcher.core.journal import HOUSE, KeyRotated
from dispatcher.core.proof import GENESIS, Head, linked
from dispatcher.core.seal import Seal, read_seal, seal_line
from dispatcher.engine.exporting import Export, lines
from dispatcher.engine.sealing import Sealer
from dispatcher.engine.signet import Signet
from dispatcher.store import journal
from tests.core.build import START
from tests.engine.evidence import (
    SIGNED_WITH,
    SIGNET,
    Line,
    a_life,
    audited,
    exported,
    numbered,
)
from tests.engine.office import opened

AFTER = START + timedelta(hours=1)


@pytest.fixture(scope="module")
def life() -> list[Line]:
    """The lines of a sound export."""

    async def lived() -> list[Line]:
        async with opened() as office:
            name = await a_life(office)
            return await exported(office.database, name, AFTER)

    return asyncio.run(lived())


@pytest.fixture
def told(life: list[Line]) -> list[Line]:
    """The same, to have one's hands in."""
    return copy.deepcopy(life)


def of(told: Sequence[Line], kind: str) -> list[Line]:
    return [line for line in told if line["line"] == kind]


def facts_of(told: Sequence[Line], callout: str) -> list[Line]:
    return [line for line in of(told, "fact") if line["callout"] == callout]


def a_callout(told: Sequence[Line]) -> Line:
    """The first one whose facts are spread over all seals."""
    [first, *_] = of(told, "callout")
    return first


def kind_of(fact: Line) -> str:
    return str(json.loads(fact["body"])["kind"])


def later_by_a_minute(line: Line) -> None:
    """What a forger would do: he was called earlier than he was."""
    body = line["body"]
    line["body"] = body.replace("T18:", "T17:", 1)
    assert body != line["body"]


def chained_anew(told: Sequence[Line], callout: str) -> None:
    """Let the hashes of a callout fit its bodies again."""
    head = Head(callout)
    for fact in facts_of(told, callout):
        head = linked(head, fact["body"])
        fact["seq"], fact["hash"] = head.seq, head.hash
    [line] = [one for one in of(told, "callout") if one["callout"] == callout]
    line["facts"], line["head"] = head.seq, head.hash


def first(verdict: Verdict) -> tuple[Flaw, str, int, str]:
    found = verdict.first_fact
    assert found
    return found.flaw, found.subject, found.seq, found.kind


def place(flaw: Flaw, fact: Line) -> tuple[Flaw, str, int, str]:
    return flaw, fact["callout"], fact["seq"], kind_of(fact)


def test_an_export_as_it_was_made_is_sound(told: list[Line]) -> None:
    verdict = audited(told)

    assert verdict.findings == ()
    assert (
        verdict.trust,
        verdict.subjects,
        verdict.unsealed,
        verdict.later,
    ) == (Trust.GIVEN, 1, 0, 0)
    assert (
        len(of(told, "callout")),
        len(of(told, "fact")),
        len(of(told, "entry")),
        len(of(told, "seal")),
    ) == (verdict.callouts, verdict.facts, verdict.entries, verdict.seals)


def test_people_are_named_once_and_no_number_stands_in_it(told: list[Line]) -> None:
    named = {line["person"]: line["name"] for line in of(told, "person")}

    assert named["lead"] == "人lead"
    assert len(named) == len(of(told, "person"))
    assert "+999" not in json.dumps(told)


def test_an_edited_fact_is_named(told: list[Line]) -> None:
    fact = facts_of(told, a_callout(told)["callout"])[4]
    later_by_a_minute(fact)

    verdict = audited(told)

    assert place(Flaw.ALTERED, fact) == first(verdict)
    assert len(verdict.findings) == 1


def test_a_deleted_fact_is_named(told: list[Line]) -> None:
    fact = facts_of(told, a_callout(told)["callout"])[4]
    told.remove(fact)

    found = first(audited(numbered(told)))

    assert (Flaw.MISSING, fact["callout"], fact["seq"], "") == found


def test_a_deleted_fact_is_named_though_the_rest_is_numbered_anew(
    told: list[Line],
) -> None:
    name = a_callout(told)["callout"]
    facts = facts_of(told, name)
    told.remove(facts[4])
    for seq, fact in enumerate(facts_of(told, name), 1):
        fact["seq"] = seq

    assert place(Flaw.ALTERED, facts[5]) == first(audited(numbered(told)))


def test_facts_in_another_order_are_named(told: list[Line]) -> None:
    facts = facts_of(told, a_callout(told)["callout"])
    at = told.index(facts[4])
    told[at], told[at + 1] = told[at + 1], told[at]

    assert (Flaw.MISSING, facts[4]["callout"], 5, "") == first(audited(told))


def test_a_cut_tail_is_named(told: list[Line]) -> None:
    facts = facts_of(told, a_callout(told)["callout"])
    for fact in facts[-2:]:
        told.remove(fact)

    found = first(audited(numbered(told)))

    assert (Flaw.MISSING, facts[0]["callout"], len(facts) - 1, "") == found


def test_a_cut_tail_is_found_by_the_seal_though_the_head_was_set_back(
    told: list[Line],
) -> None:
    name = a_callout(told)["callout"]
    for fact in facts_of(told, name)[-2:]:
        told.remove(fact)
    chained_anew(told, name)

    verdict = audited(numbered(told))

    assert [(one.flaw, one.seal, one.facts) for one in verdict.findings] == [
        (Flaw.NOT_AS_SEALED, 3, 1)
    ]


def test_a_chain_that_was_made_anew_is_found_by_the_seal(told: list[Line]) -> None:
    [seal, *_] = of(told, "seal")
    fact = min(of(told, "fact"), key=lambda line: line["place"])
    later_by_a_minute(fact)
    chained_anew(told, fact["callout"])

    verdict = audited(told)

    assert place(Flaw.NOT_AS_SEALED, fact) == first(verdict)
    assert [seal["n"]] == [one.seal for one in verdict.findings]


@pytest.mark.parametrize("nth", range(4))
def test_the_seal_after_the_altered_fact_is_the_one_that_tells(
    told: list[Line], nth: int
) -> None:
    uptos = [0, *(seal["upto"] for seal in of(told, "seal"))]
    inside = [
        fact
        for fact in of(told, "fact")
        if uptos[nth] < fact["place"] <= uptos[nth + 1]
    ]
    later_by_a_minute(inside[-1])
    chained_anew(told, inside[-1]["callout"])

    verdict = audited(told)

    assert [nth + 1] == [one.seal for one in verdict.findings]
    assert place(
        Flaw.NOT_AS_SEALED, min(inside, key=lambda line: line["place"])
    ) == first(verdict)


def cut_after(told: list[Line], n: int) -> tuple[list[Line], list[Seal]]:
    """Only what had been sealed by then, with everything made to fit; and all seals."""
    known = [seal for line in of(told, "seal") if (seal := read_seal(line))]
    last = known[n - 1]
    left = [
        line
        for line in told
        if not (line["line"] == "seal" and line["n"] > n)
        and not (line["line"] == "fact" and line["place"] > last.upto)
        and not (line["line"] == "entry" and line["seq"] > last.entries)
    ]
    for line in of(left, "callout"):
        chained_anew(left, line["callout"])
    return numbered(left), known


def test_a_tail_that_was_cut_with_its_seals_is_found_by_the_other_file(
    told: list[Line],
) -> None:
    left, seals = cut_after(told, 2)

    alone, compared = audited(left), audited(left, others=seals)

    assert alone.findings == ()
    [found] = compared.findings
    assert (found.flaw, found.seal) == (Flaw.SEAL_WITHHELD, 3)
    assert compared.more == 1


def test_seals_made_after_the_export_are_no_reproach(told: list[Line]) -> None:
    left, seals = cut_after(told, 2)
    left[0]["made_at"] = seals[1].at.isoformat()

    verdict = audited(left, others=seals)

    assert verdict.findings == ()
    assert verdict.later == 2


def test_two_callouts_that_changed_places_are_found(told: list[Line]) -> None:
    one, other = (line["callout"] for line in of(told, "callout")[:2])
    names = {one: other, other: one}
    for line in told:
        if line["line"] in {"callout", "fact"}:
            line["callout"] = names.get(line["callout"], line["callout"])

    verdict = audited(told)

    assert {Flaw.MISPLACED, Flaw.ALTERED} <= {one.flaw for one in verdict.findings}
    assert (Flaw.ALTERED, other, 1, "opened") == first(verdict)


def test_a_callout_that_was_taken_out_is_found(told: list[Line]) -> None:
    name = a_callout(told)["callout"]
    left = numbered([line for line in told if line.get("callout") != name])

    assert [one.flaw for one in audited(left).findings] == [
        Flaw.MISSING,
        Flaw.NOT_AS_SEALED,
    ]


def test_another_text_of_the_alert_is_found(told: list[Line]) -> None:
    [subject] = of(told, "subject")
    subject["content"] = subject["content"].replace("100毫米", "50毫米")

    verdict = audited(told)

    assert [one.flaw for one in verdict.findings] == [Flaw.CONTENT_ALTERED]
    assert (Flaw.CONTENT_ALTERED, subject["subject"], 1, "received") == first(verdict)


def test_an_edited_entry_of_the_journal_is_named(told: list[Line]) -> None:
    entry = of(told, "entry")[2]
    entry["body"] = entry["body"].replace("key:desk", "key:gone")

    found = first(audited(told))

    assert (Flaw.ALTERED, entry["subject"], 3, "ended") == found


def test_an_entry_that_was_cut_off_is_named(told: list[Line]) -> None:
    entry = of(told, "entry")[2]
    told.remove(entry)

    found = first(audited(numbered(told)))

    assert (Flaw.MISSING, entry["subject"], 3, "") == found


def test_a_journal_that_was_made_anew_is_found_by_the_seal(told: list[Line]) -> None:
    entry = of(told, "entry")[2]
    entry["body"] = entry["body"].replace("key:desk", "key:gone")
    before = of(told, "entry")[1]
    anew = linked(Head(entry["subject"], 2, before["hash"]), entry["body"])
    entry["hash"] = anew.hash

    [found] = audited(told).findings

    assert (found.flaw, found.seal) == (Flaw.NOT_AS_SEALED, 4)


@pytest.mark.parametrize(
    ("work", "flaw", "n"),
    [
        (lambda seals: seals.pop(1), Flaw.SEAL_MISSING, 2),
        (lambda seals: seals.reverse(), Flaw.SEAL_MISSING, 1),
        (lambda seals: seals.append(seals[0]), Flaw.SEAL_MISPLACED, 1),
        (lambda seals: seals.clear(), Flaw.NOT_SEALED, 0),
        (
            lambda seals: seals[1].update(facts=seals[1]["facts"] + 1),
            Flaw.BAD_SIGNATURE,
            2,
        ),
        (lambda seals: seals[0].update(signature="00" * 64), Flaw.BAD_SIGNATURE, 1),
    ],
    ids=["missing", "reversed", "doubled", "none", "counts", "signature"],
)
def test_seals_that_were_touched_are_found(
    told: list[Line], work: Callable[[list[Line]], Any], flaw: Flaw, n: int
) -> None:
    seals = of(told, "seal")
    work(seals)
    head, rest = told[:2], [line for line in told[2:] if line["line"] != "seal"]

    verdict = audited(numbered([*head, *seals, *rest]))

    assert (flaw, n) == (verdict.findings[0].flaw, verdict.findings[0].seal)


def forged(told: list[Line], signet: Signet) -> None:
    """Everything made anew under somebody else's key."""
    previous = GENESIS
    told[0]["public_key"] = signet.public
    for line in of(told, "seal"):
        seal = read_seal(line)
        assert seal
        seal = signet.sign(replace(seal, previous=previous))
        line.update(seal_line(seal))
        previous = seal.hash


def test_a_key_of_ones_own_convinces_only_who_has_no_other(told: list[Line]) -> None:
    forged(told, Signet(bytes(32)))

    enclosed, given_key = audited(told, key=None), audited(told)

    assert (enclosed.trust, enclosed.findings) == (Trust.ENCLOSED, ())
    assert Flaw.FOREIGN_KEY is given_key.findings[0].flaw
    assert Flaw.BAD_SIGNATURE is given_key.findings[1].flaw


def test_what_no_seal_holds_yet_is_counted(told: list[Line]) -> None:
    left = [line for line in told if not (line["line"] == "seal" and line["n"] > 2)]
    known = [line for line in of(told, "seal") if line["n"] == 2]
    facts = [f for f in of(told, "fact") if f["place"] > known[0]["upto"]]
    entries = [e for e in of(told, "entry") if e["seq"] > known[0]["entries"]]

    verdict = audited(numbered(left))

    assert verdict.findings == ()
    assert len(facts) + len(entries) == verdict.unsealed


@settings(max_examples=200)
@given(data=st.data())
def test_any_single_byte_of_any_body_is_found_and_named(
    life: list[Line], data: st.DataObject
) -> None:
    which = data.draw(st.sampled_from([*of(life, "fact"), *of(life, "entry")]))
    raw = bytearray(which["body"].encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    altered = {**which, "body": raw.decode("utf-8", errors="replace")}
    touched = [altered if line is which else line for line in life]

    found = audited(touched).first_fact

    assert found
    name = which.get("callout") or which["subject"]
    assert (Flaw.ALTERED, name, which["seq"]) == (
        found.flaw,
        found.subject,
        found.seq,
    )


async def test_the_journal_of_the_house_is_exported_alone() -> None:
    async with opened() as office:
        sealer = Sealer(office.database, office.clock, SIGNET, None)
        entry = KeyRotated(at=START, name="data")
        note = partial(journal.note, subject=HOUSE, entries=[entry])
        await office.database.write(note)
        await sealer.seal()
        wanted = Export(alert=None, made_at=START, public_key=SIGNED_WITH)
        told = await office.database.read(lambda c: list(lines(c, wanted)))

    verdict = audited(told)
    assert (verdict.alert, verdict.entries, verdict.facts) == (HOUSE, 1, 0)
    assert verdict.findings == ()


async def test_alerts_that_follow_one_another_are_exported_together() -> None:
    async with opened() as office:
        name = await a_life(office)
        await office.warn(identifier="W-2", description="雨更大")
        await office.engine.sealer.seal()
        second = await office.warn(identifier="W-3", description="雨最大")
        await office.engine.sealer.seal()
        told = await exported(office.database, second, AFTER)

    verdict = audited(told)
    assert verdict.findings == ()
    assert {second} < {line["subject"] for line in of(told, "subject")} - {name}
