from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core.alert import Level
from dispatcher.core.answer import Evidence
from dispatcher.core.matching import (
    AnsweredNotice,
    AskWhich,
    Candidate,
    Match,
    Matched,
    NothingSent,
    match,
)

REPLY = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
CODES = {"rain": "67", "flood": "72", "fire": "601"}


def sent(
    question: str | None,
    ago: int,
    marks: str = "",
    *,
    level: Level = Level.YELLOW,
    delivered: int | None = None,
) -> Candidate:
    """A message sent so many seconds ago; marks: drill, closed, receipts."""
    return Candidate(
        message=f"{question}-{ago}",
        question=question,
        code=CODES.get(question or ""),
        level=level,
        drill="drill" in marks,
        sent_at=REPLY - timedelta(seconds=ago),
        delivered_at=None
        if delivered is None
        else REPLY - timedelta(seconds=delivered),
        receipts="receipts" in marks or delivered is not None,
        open="closed" not in marks,
    )


def bare(question: str, ago: int) -> Matched:
    return Matched(
        question=question, message=f"{question}-{ago}", how=Evidence.SMS_BARE
    )


def ask(*questions: str) -> AskWhich:
    return AskWhich(questions=questions)


RED, DAY = Level.RED, 86_400
BARE: dict[str, tuple[list[Candidate], Match]] = {
    "nothing was sent": ([], NothingSent()),
    "nothing within 24 hours": ([sent("rain", DAY + 1)], NothingSent()),
    "24 hours ago still counts": ([sent("rain", DAY)], bare("rain", DAY)),
    "nothing before the reply": ([sent("rain", -1)], NothingSent()),
    "the only question": ([sent("rain", 600)], bare("rain", 600)),
    "the only question, red": ([sent("rain", 600, level=RED)], bare("rain", 600)),
    "the only question, however young": ([sent("rain", 0)], bare("rain", 0)),
    "the only question, its receipt still under way": (
        [sent("rain", 20, "receipts")],
        bare("rain", 20),
    ),
    "repeats are one question": (
        [sent("rain", 900, level=RED), sent("rain", 10, level=RED)],
        bare("rain", 10),
    ),
    "a late answer matches its closed question": (
        [sent("rain", 600, "closed")],
        bare("rain", 600),
    ),
    "the newest of two": (
        [sent("rain", 600), sent("flood", 300)],
        bare("flood", 300),
    ),
    "accepted 30 seconds ago is old enough": (
        [sent("rain", 600), sent("flood", 30)],
        bare("flood", 30),
    ),
    "accepted 29 seconds ago is too young": (
        [sent("rain", 600), sent("flood", 29)],
        bare("rain", 600),
    ),
    "not delivered is not heard": (
        [sent("rain", 600, delivered=590), sent("flood", 300, "receipts")],
        bare("rain", 600),
    ),
    "delivered after the reply is not heard": (
        [sent("rain", 600, delivered=590), sent("flood", 300, delivered=-1)],
        bare("rain", 600),
    ),
    "the last to arrive, not the last to be sent": (
        [sent("rain", 600, delivered=100), sent("flood", 300, delivered=200)],
        bare("rain", 600),
    ),
    "arrived together: the last to be sent": (
        [sent("rain", 600, delivered=100), sent("flood", 300, delivered=100)],
        bare("flood", 300),
    ),
    "two of the same second": (
        [sent("rain", 600), sent("flood", 600)],
        ask("flood", "rain"),
    ),
    "two too young to have been read": (
        [sent("rain", 20), sent("flood", 10)],
        ask("rain", "flood"),
    ),
    "of two too young the open one is asked for": (
        [sent("rain", 20, "closed"), sent("flood", 10)],
        ask("flood"),
    ),
    "two too young and closed": (
        [sent("rain", 20, "closed"), sent("flood", 10, "closed")],
        ask("rain", "flood"),
    ),
    "a young question and a young notice": (
        [sent("rain", 20), sent(None, 10)],
        ask("rain"),
    ),
    "a notice": ([sent(None, 600)], AnsweredNotice(message="None-600")),
    "a young notice": ([sent(None, 5)], AnsweredNotice(message="None-5")),
    "the newest is a notice": (
        [sent("rain", 600), sent(None, 300)],
        AnsweredNotice(message="None-300"),
    ),
    "the newest is a question behind a notice": (
        [sent(None, 600), sent("rain", 300)],
        bare("rain", 300),
    ),
    "a young notice changes nothing yet": (
        [sent("rain", 600), sent(None, 10)],
        bare("rain", 600),
    ),
    "red, while another is open": (
        [sent("rain", 600), sent("flood", 300, level=RED)],
        ask("rain", "flood"),
    ),
    "red, while another is open and undelivered": (
        [sent("rain", 600, "receipts"), sent("flood", 300, level=RED, delivered=290)],
        ask("rain", "flood"),
    ),
    "red once, lowered since": (
        [sent("rain", 900), sent("flood", 600, level=RED), sent("flood", 300)],
        ask("rain", "flood"),
    ),
    "red, while the other is closed": (
        [sent("rain", 600, "closed"), sent("flood", 300, level=RED)],
        bare("flood", 300),
    ),
    "red and closed, while another is open": (
        [sent("rain", 600), sent("flood", 300, "closed", level=RED)],
        ask("rain", "flood"),
    ),
    "yellow, while red is open: red is left alone": (
        [sent("rain", 600, level=RED), sent("flood", 300)],
        bare("flood", 300),
    ),
    "live, while a drill is open": (
        [sent("rain", 600, "drill"), sent("flood", 300)],
        ask("rain", "flood"),
    ),
    "a drill, while live is open": (
        [sent("rain", 600), sent("flood", 300, "drill")],
        ask("rain", "flood"),
    ),
    "a drill, while live is closed": (
        [sent("rain", 600, "closed"), sent("flood", 300, "drill")],
        bare("flood", 300),
    ),
    "only the open ones and the newest are asked for": (
        [
            *(sent("fire", 900, "closed"), sent("rain", 600)),
            *(sent(None, 500), sent("flood", 300, level=RED)),
        ],
        ask("rain", "flood"),
    ),
}


@pytest.mark.parametrize(("candidates", "expected"), BARE.values(), ids=BARE.keys())
def test_a_reply_without_a_code_belongs_to(
    candidates: Sequence[Candidate], expected: Match
) -> None:
    assert expected == match(candidates, code=None, received_at=REPLY)


BOTH = [
    *(sent("rain", 900, level=RED), sent("rain", 600, level=RED)),
    *(sent("flood", 300, "drill"), sent(None, 100), sent("fire", 90, "closed")),
]


@pytest.mark.parametrize(
    ("extension", "code", "expected"),
    [
        (None, "67", ("rain", "rain-600", Evidence.SMS_CODE)),
        (None, "72", ("flood", "flood-300", Evidence.SMS_CODE)),
        (None, "601", ("fire", "fire-90", Evidence.SMS_CODE)),
        ("67", None, ("rain", "rain-600", Evidence.SMS_EXT_CODE)),
        ("67", "72", ("rain", "rain-600", Evidence.SMS_EXT_CODE)),
        ("99", "72", ("flood", "flood-300", Evidence.SMS_CODE)),
        ("", "67", ("rain", "rain-600", Evidence.SMS_CODE)),
    ],
)
def test_a_code_names_the_question_and_its_newest_message(
    extension: str | None, code: str | None, expected: tuple[str, str, Evidence]
) -> None:
    question, message, how = expected

    assert Matched(question=question, message=message, how=how) == match(
        BOTH, code=code, received_at=REPLY, extension=extension
    )


@pytest.mark.parametrize(
    ("candidates", "code", "expected"),
    [
        (BOTH, "88", ask("rain", "flood")),
        ([sent("rain", 600)], "88", ask("rain")),
        ([sent("rain", 600, "closed")], "88", ask("rain")),
        ([sent(None, 600), sent(None, 300)], "88", AnsweredNotice(message="None-300")),
        ([], "67", NothingSent()),
        ([sent("rain", DAY + 1)], "67", NothingSent()),
        ([sent("rain", -1), sent("flood", 60)], "67", ask("flood")),
    ],
)
def test_an_unknown_code_never_answers(
    candidates: Sequence[Candidate], code: str, expected: Match
) -> None:
    assert expected == match(candidates, code=code, received_at=REPLY)


def test_a_code_that_two_questions_share_names_neither() -> None:
    shared = [
        Candidate(
            message=question,
            question=question,
            code="67",
            level=Level.YELLOW,
            drill=False,
            sent_at=REPLY - timedelta(minutes=5),
            delivered_at=None,
            receipts=False,
            open=True,
        )
        for question in ("rain", "flood")
    ]

    assert ask("flood", "rain") == match(shared, code="67", received_at=REPLY)


@st.composite
def candidate(draw: st.DrawFn) -> Candidate:
    question = draw(st.sampled_from([None, "rain", "flood", "fire"]))
    red = question == "rain"
    drill = question == "fire"
    closed = question == "flood" and draw(st.booleans())
    ago = draw(st.sampled_from([-5, 0, 10, 29, 30, 60, 600, DAY, DAY + 1]))
    late = draw(st.none() | st.integers(0, 60))
    marks = ("drill " if drill else "") + ("closed" if closed else "")
    return sent(
        question,
        ago,
        marks + draw(st.sampled_from(["", " receipts"])),
        level=RED if red else Level.YELLOW,
        delivered=None if late is None else ago - late,
    )


HISTORY = st.lists(candidate(), max_size=6)
CODE = st.none() | st.sampled_from(["67", "72", "601", "88"])


def possible(candidates: Sequence[Candidate]) -> list[Candidate]:
    """What the sender can have seen when he wrote."""
    day = timedelta(seconds=DAY)
    return [c for c in candidates if timedelta() <= REPLY - c.sent_at <= day]


@given(HISTORY.flatmap(lambda h: st.tuples(st.just(h), st.permutations(h))), CODE, CODE)
def test_the_order_of_the_candidates_changes_nothing(
    histories: tuple[list[Candidate], list[Candidate]],
    code: str | None,
    extension: str | None,
) -> None:
    first, second = (
        match(history, code=code, received_at=REPLY, extension=extension)
        for history in histories
    )

    assert first == second


@given(HISTORY)
def test_a_bare_reply_never_crosses_drill_and_live(history: list[Candidate]) -> None:
    got = match(history, code=None, received_at=REPLY)
    fire = any(c.question == "fire" for c in possible(history))
    live = any(
        c.question and c.question != "fire" and c.open for c in possible(history)
    )

    crossed = isinstance(got, Matched) and (
        (got.question == "fire" and live) or (got.question != "fire" and fire)
    )

    assert not crossed


@given(HISTORY)
def test_a_bare_reply_never_answers_red_while_another_question_is_open(
    history: list[Candidate],
) -> None:
    got = match(history, code=None, received_at=REPLY)
    others = [c for c in possible(history) if c.question not in {None, "rain"}]

    red = isinstance(got, Matched) and got.question == "rain"

    assert not (red and any(c.open for c in others))


@given(HISTORY, CODE, CODE)
def test_only_a_message_the_sender_can_have_seen_is_matched(
    history: list[Candidate], code: str | None, extension: str | None
) -> None:
    seen = {(c.question, c.message) for c in possible(history)}

    match match(history, code=code, received_at=REPLY, extension=extension):
        case Matched(question=question, message=message):
            assert (question, message) in seen
        case AnsweredNotice(message=message):
            assert (None, message) in seen
        case AskWhich(questions=questions):
            assert set(questions) <= {question for question, _ in seen}
            assert questions
        case NothingSent():
            assert not seen
