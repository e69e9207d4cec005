"""Texts as they are sent: what to do comes first, and two parts hold it all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from config.texts import Texts
from contacts.model import UnitId
from dispatcher.core.alert import Content, Status
from dispatcher.engine.wording import TWO_PARTS, Owed, Voice, cut, shortened
from tests.engine.office import COUNTY, GRIDS, RED_RAIN, TOWN, VILLAGE, village


def voice(content: Content = RED_RAIN, **changes: Any) -> Voice:
    return Voice(
        texts=Texts.load(),
        roster=village(),
        signature="澄溪应急",
        content=replace(content, **changes),
    )


def test_the_warning_says_who_what_where_and_how_to_answer() -> None:
    text = voice().own([GRIDS[0]], 1, None)

    assert text == (
        "【澄溪应急】暴雨红色:青石村第一网格,3小时超100毫米,立即转移山边河边群众!"
        "收到回1,转移完回2加人数,求助回3"
    )


def test_a_repeat_says_how_often_and_a_code_which() -> None:
    text = voice().own([GRIDS[0]], 3, "67")

    assert text.startswith("【澄溪应急】暴雨红色第3次:")
    assert text.endswith("收到回67,转移完回67 2加人数,求助回67 3")


LONG = "沿河低洼地带和山洪沟口的群众要按照预案马上转移到安置点"


@pytest.mark.parametrize("code", [None, "67", "999"])
@pytest.mark.parametrize("number", [1, 2, 99])
@pytest.mark.parametrize("units", [GRIDS[:1], GRIDS, (*GRIDS, VILLAGE, TOWN)])
@pytest.mark.parametrize("instruction", ["快走", LONG, ",".join([LONG] * 9), LONG * 9])
@pytest.mark.parametrize("description", ["", "大雨", ";".join([LONG] * 9)])
def test_every_warning_fits_two_parts(
    units: tuple[UnitId, ...],
    number: int,
    code: str | None,
    instruction: str,
    description: str,
) -> None:
    speaker = voice(instruction=instruction, description=description)
    text = speaker.own(units, number, code)

    assert len(text) <= TWO_PARTS
    assert text.count("【") == 1
    assert instruction[:4].rstrip("。") in text


def test_what_to_watch_gives_way_to_what_to_do() -> None:
    speaker = voice(instruction=LONG, description=f"大雨,{LONG},{LONG},{LONG}")
    text = speaker.own([GRIDS[0]], 1, None)

    assert f"大雨,{LONG},{LONG},{LONG}!收到回1" in text


@pytest.mark.parametrize(
    ("units", "places"),
    [
        ([GRIDS[0]], "青石村第一网格"),
        ([GRIDS[1]], "青石村2网格"),
        (GRIDS, "青石村第一网格、青石村2网格"),
        ([*GRIDS, VILLAGE], "青石村第一网格、青石村2网格等3处"),
        ([GRIDS[0], GRIDS[0]], "青石村第一网格"),
        ([TOWN], "柳林镇"),
    ],
)
def test_places_are_named_as_people_call_them(units: list[UnitId], places: str) -> None:
    assert places == voice().places(units)


@pytest.mark.parametrize(
    ("units", "place"),
    [
        ([GRIDS[0]], "青石村第一网格"),
        (GRIDS, "青石村"),
        ([GRIDS[0], VILLAGE], "青石村"),
        ([GRIDS[0], TOWN], "柳林镇"),
        ([VILLAGE, COUNTY], "澄溪县"),
    ],
)
def test_a_superior_is_told_the_smallest_place_that_holds_them(
    units: list[UnitId], place: str
) -> None:
    assert place == voice().common_place(units)


@pytest.mark.parametrize("status", [Status.EXERCISE, Status.TEST])
def test_a_drill_says_so_in_its_first_words(status: Status) -> None:
    speaker = voice(status=status)
    texts = [
        speaker.own([GRIDS[0]], 1, None),
        speaker.told([GRIDS[0]]),
        speaker.digest(Owed(units=GRIDS, added=2, count=2), None),
        speaker.info(GRIDS),
        speaker.help([GRIDS[0]], "人"),
        speaker.cancel(),
        speaker.reminder([GRIDS[0]]),
        speaker.desk(3),
    ]

    assert [t for t in texts if not t.startswith("【澄溪应急】演练:")] == []
    assert "演练" not in voice().own([GRIDS[0]], 1, None)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((2, 2), "青石村2个网格(村)未应答"),
        ((1, 3), "青石村新增1个,共3个网格(村)未应答"),
    ],
)
def test_a_digest_says_how_many_and_how_many_new(
    counts: tuple[int, int], words: str
) -> None:
    added, count = counts
    text = voice().digest(Owed(units=GRIDS, added=added, count=count), None)

    assert words in text
    assert text.endswith("您来负责请回1")


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        ({}, "暴雨"),
        ({"event": ""}, "暴雨"),
        ({"event": "", "event_code": "none"}, "暴雨红色预警"),
        ({"event": "", "event_code": "none", "headline": ""}, "预警"),
    ],
)
def test_the_event_is_named_by_the_best_name_there_is(
    changes: dict[str, Any], event: str
) -> None:
    assert event == voice(**changes).event


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [
        ("快走。", 9, "快走"),
        ("快走,别停,别回头", 5, "快走,别停"),
        ("快走,别停,别回头", 4, "快走"),
        ("快走,别停", 1, ""),
        ("快走,别停", -5, ""),
        ("", 5, ""),
    ],
)
def test_whole_clauses_are_kept(text: str, room: int, expected: str) -> None:
    assert expected == shortened(text, room)


@pytest.mark.parametrize(
    ("room", "expected"), [(4, "马上转…"), (1, "…"), (0, "…"), (-3, "…")]
)
def test_an_overlong_clause_shows_that_it_goes_on(room: int, expected: str) -> None:
    assert expected == cut("马上转移到安置点", room)
