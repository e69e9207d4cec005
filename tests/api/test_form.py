from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from dispatcher.core.alert import Area, AreaCode, Content, Level, MsgType, Status
from dispatcher.intake.form import parse
from dispatcher.intake.problem import CODES, PROBLEMS_MOST, WORDS, Problem
from tests.api.hamlet import NOON, VILLAGE, alert, cancelling

CHINESE = re.compile(r"[一-鿿]")
BEIJING = timezone(timedelta(hours=8))
MUST = ("sender", "identifier", "sent", "status", "msg_type")
FIRST = ("level", "effective", "description", "instruction", "issuer", "areas")


def problems(body: object) -> tuple[Problem, ...]:
    found = parse(body, NOON)
    return () if isinstance(found, Content) else found


def told(body: object) -> list[tuple[str, str]]:
    """Give place and code of every problem, in the order of places."""
    return sorted((".".join(map(str, p.loc)), p.code) for p in problems(body))


def test_a_whole_alert_is_read_as_it_stands() -> None:
    at = datetime(2026, 7, 12, 12, 0, tzinfo=BEIJING)
    code = {"system": "DEMO", "code": VILLAGE}

    assert parse(alert(areas=[{"name": "石门坪村", "codes": [code]}]), NOON) == Content(
        sender="rain-gauge-7@chengxi",
        identifier="RG7-20260712-0912",
        sent=at,
        status=Status.ACTUAL,
        msg_type=MsgType.ALERT,
        event_code="11B03",
        event="暴雨",
        level=Level.RED,
        headline="暴雨红色预警",
        description="未来三小时降雨量将达100毫米以上",
        instruction="立即转移低洼地带群众",
        issuer="澄溪县气象台",
        effective=at,
        expires=at + timedelta(hours=3),
        areas=(Area(name="石门坪村", codes=(AreaCode(system="DEMO", code=VILLAGE),)),),
    )


@pytest.mark.parametrize(
    "body",
    [
        alert(expires=None, headline=None),
        alert() | {"expires": None, "references": None},
        alert(event_code=None),
        alert(event=None),
        alert(sent="2026-07-12T04:00:00Z"),
        alert(sent="2026-07-12T04:00:00.123456+00:00"),
        cancelling(),
        cancelling(description=None),
        alert(msg_type="Ack", level=None, areas=None),
    ],
)
def test_what_need_not_be_there_may_be_left_out(body: object) -> None:
    assert told(body) == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ([], [("", "object_expected")]),
        (None, [("", "object_expected")]),
        ({}, [(name, "required") for name in sorted(MUST)]),
        *(
            (alert(**{name: None}), [(name, "required")])
            for name in (*MUST, *FIRST)
            if name != "msg_type"
        ),
        (alert(description="  "), [("description", "required")]),
        (alert(event=None, event_code=None), [("event_code", "event_required")]),
        (alert(event="", event_code=None), [("event_code", "event_required")]),
        (cancelling(references=None), [("references", "required")]),
        (cancelling(references=[]), [("references", "required")]),
        (
            cancelling(references=[{"sender": "a"}]),
            [
                ("references.0.identifier", "required"),
                ("references.0.sent", "required"),
            ],
        ),
        (alert(colour="red"), [("colour", "unknown_field")]),
        (alert(level="pink"), [("level", "unknown_value")]),
        (alert(level="white"), [("level", "unknown_value")]),
        (alert(status="actual"), [("status", "unknown_value")]),
        (alert(msg_type="Alarm"), [("msg_type", "unknown_value")]),
        (alert(headline=3), [("headline", "text_expected")]),
        (alert(headline="红\u0000色"), [("headline", "control_character")]),
        (alert(headline="红" * 501), [("headline", "too_long")]),
        (alert(sender="rain gauge"), [("sender", "bad_name")]),
        (alert(sender=""), [("sender", "required")]),
        (alert(identifier="a,b"), [("identifier", "bad_name")]),
        (alert(identifier="a<b"), [("identifier", "bad_name")]),
        (alert(identifier="a&b"), [("identifier", "bad_name")]),
        (alert(event_code="rain"), [("event_code", "bad_event_code")]),
        (alert(event_code="11B0３"), [("event_code", "bad_event_code")]),
        (alert(sent=1783828800), [("sent", "time_expected")]),
        (alert(sent="2026-07-12"), [("sent", "time_expected")]),
        (alert(sent="2026-13-12T09:12:00Z"), [("sent", "time_expected")]),
        (alert(sent="2026-07-12T09:12:00"), [("sent", "time_without_zone")]),
        (alert(expires="9999-12-31T23:59:59Z"), [("expires", "time_out_of_range")]),
        (alert(sent="2026-07-13T12:00:01+08:00"), [("sent", "sent_in_future")]),
        (
            alert(expires="2026-07-12T12:00:00+08:00"),
            [("expires", "expires_before_effective")],
        ),
        (
            alert(msg_type="Update", references=None),
            [("references", "required")],
        ),
        (alert(areas={}), [("areas", "list_expected")]),
        (alert(areas=["石门坪村"]), [("areas.0", "object_expected")]),
        (alert(areas=[{}]), [("areas.0", "empty_area")]),
        (alert(areas=[{"name": " ", "units": []}]), [("areas.0", "empty_area")]),
        (alert(areas=[{"units": [1]}]), [("areas.0.units.0", "text_expected")]),
        (
            alert(areas=[{"name": "镇", "codes": [{"code": "1"}]}]),
            [("areas.0.codes.0.system", "required")],
        ),
        (
            alert(areas=[{"geometry": {"type": "Polygon"}}, {"circle": {"lat": 42.6}}]),
            [
                ("areas.0.geometry.Polygon.coordinates", "required"),
                ("areas.1.circle.lon", "required"),
                ("areas.1.circle.radius_km", "required"),
            ],
        ),
        (
            alert(
                sender="a b", level="pink", issuer=None, expires="soon", areas=[{}], x=1
            ),
            [
                ("areas.0", "empty_area"),
                ("expires", "time_expected"),
                ("issuer", "required"),
                ("level", "unknown_value"),
                ("sender", "bad_name"),
                ("x", "unknown_field"),
            ],
        ),
    ],
)
def test_every_problem_is_listed_once_at_its_place(
    body: object, found: list[tuple[str, str]]
) -> None:
    assert told(body) == found


@pytest.mark.parametrize("code", sorted(WORDS))
def test_a_problem_is_told_in_both_languages(code: str) -> None:
    zh, en = WORDS[code]

    assert (bool(CHINESE.search(zh)), bool(CHINESE.search(en))) == (True, False)


def test_the_words_name_what_is_allowed() -> None:
    [found] = problems(alert(level="pink"))

    assert (found.zh, found.en) == (
        "只能是 red, orange, yellow, blue",
        "must be one of red, orange, yellow, blue",
    )


def test_every_word_of_pydantic_has_one_of_ours() -> None:
    assert set(CODES.values()) <= set(WORDS)


def test_more_problems_than_anybody_reads_are_not_told() -> None:
    many = [{"codes": [{"a": 1}] * 500}] * 10

    assert len(problems(alert(areas=many))) == PROBLEMS_MOST


def test_what_was_sent_tomorrow_is_still_read() -> None:
    assert told(alert(sent="2026-07-13T12:00:00+08:00")) == []


def test_now_is_the_callers() -> None:
    earlier = parse(alert(), datetime(2026, 7, 1, tzinfo=UTC))

    assert isinstance(earlier, tuple)
