from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core.answer import NO_FIGURES, Figures, Meaning
from dispatcher.intake.replies import MAX_CHARS, Read, read

with (Path(__file__).parent / "replies_table.csv").open(encoding="utf-8") as table:
    ROWS = tuple(csv.DictReader(table))

POSITIVE = (
    *("1", "2", "3", "一", "二", "三", "收到", "收悉", "知道", "知悉", "明白", "好"),
    *("了解", "清楚", "阅", "转移", "撤离", "疏散", "ok", "y", "ack", "received"),
    *("roger", "求", "困", "救", "被埋", "援", "帮", "冲锋舟", "来人", "派", "缺"),
    *("需", "等待", "sos", "🆘"),
)
ACKS = tuple(
    row["text"]
    for row in ROWS
    if "收到" in row["text"] and row["meaning"] in {"received", "evacuating"}
)
AWAKE = {row["text"] for row in ROWS if Meaning(row["meaning"]).awake}
PIECES = st.sampled_from(
    [
        *"收到没未不吗?12345人户了好但,。【】[]解求助",
        *("收到", "好的", "35", "67", "转移", "已", "马上", "我在外地", "打错了"),
        *("被困", "需要支援", "ok", "td"),
    ]
)
NOISE = st.text() | st.lists(PIECES, max_size=8).map("".join)


def number(cell: str) -> int | None:
    return int(cell) if cell else None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['text']}|{row['open']}")
def test_a_reply_is_read_as_the_table_says(row: dict[str, str]) -> None:
    expected = Read(
        meaning=Meaning(row["meaning"]),
        code=row["code"] or None,
        figures=Figures(
            households=number(row["households"]), people=number(row["people"])
        ),
    )

    assert expected == read(row["text"], row["open"].split())


def test_the_table_holds_every_row_once_and_enough_of_them() -> None:
    cases = {(row["text"], row["open"]) for row in ROWS}

    assert len(ROWS) == len(cases)
    assert len(ROWS) >= 260


@given(NOISE)
def test_no_text_without_a_positive_word_is_an_answer(text: str) -> None:
    plain = unicodedata.normalize("NFKC", text).lower()
    seen = "".join(c for c in plain if unicodedata.category(c) not in {"Cc", "Cf"})
    seen = "".join(seen.split())

    assert any(word in seen for word in POSITIVE) or not read(text).meaning.awake


@given(NOISE, st.sampled_from("?？❓"))
def test_a_trailing_question_mark_takes_every_answer_back(text: str, mark: str) -> None:
    assert not read(text + mark, ["67"]).meaning.awake


@pytest.mark.parametrize("text", sorted(AWAKE))
def test_an_answer_of_the_table_with_a_question_mark_is_none(text: str) -> None:
    assert not read(f"{text}?").meaning.awake


@pytest.mark.parametrize(
    "denial", ["没", "未", "没有", "还没", "未能", "不", "没\u200b"]
)
@pytest.mark.parametrize("text", ACKS)
def test_a_denied_receipt_is_no_answer(text: str, denial: str) -> None:
    denied = text.replace("收到", f"{denial}收到")

    assert not read(denied).meaning.awake


@pytest.mark.parametrize("negation", ["没", "未", "不", "别", "无", "假", "他", "吗"])
@pytest.mark.parametrize("text", ["1", "收到", "好的", "2 35", "已转移35人", "ok"])
def test_an_unknown_word_behind_an_answer_takes_it_back(
    text: str, negation: str
) -> None:
    assert not read(f"{text},{negation}").meaning.awake


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@given(st.sampled_from(ROWS), st.text(" \t\n　\u200b", max_size=5))
def test_width_and_blanks_around_it_change_no_reading(
    row: dict[str, str], blank: str
) -> None:
    codes = row["open"].split()

    assert read(row["text"], codes) == read(blank + wide(row["text"]) + blank, codes)


@given(NOISE, st.sets(st.sampled_from(["67", "72", "601"])))
def test_a_code_is_only_read_when_it_is_open(text: str, codes: set[str]) -> None:
    got = read(f"67 {text}", codes)

    assert got.code in {None, *codes}


@given(NOISE)
def test_figures_belong_to_completed_alone(text: str) -> None:
    got = read(text)

    assert (got.meaning is Meaning.COMPLETED) == (got.figures != NO_FIGURES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1" + " " * (MAX_CHARS - 1), Meaning.RECEIVED),
        ("1" + " " * MAX_CHARS, Meaning.UNCLEAR),
        ("求助" * 50_000, Meaning.UNCLEAR),
        ("自动回复" + "收到" * 50_000, Meaning.AUTO_REPLY),
        ("1 " * 50_000, Meaning.UNCLEAR),
        ("[" * 100_000, Meaning.UNCLEAR),
        ("没有" * 50_000, Meaning.UNCLEAR),
        ("\u0315\u0300" * 50_000, Meaning.UNCLEAR),
        ("\u0000" * 100_000, Meaning.UNCLEAR),
        ("2" * 100_000, Meaning.UNCLEAR),
    ],
    ids=lambda value: value[:8],
)
@pytest.mark.timeout(2)
def test_a_long_text_is_no_reply_and_costs_no_time(
    text: str, expected: Meaning
) -> None:
    assert expected == read(text).meaning
