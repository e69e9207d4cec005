"""Messages of 12379 as they really are, and what is wrong with some."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dispatcher.core.alert import (
    AreaCode,
    Content,
    Level,
    MsgType,
    Reference,
    Status,
)
from tests.intake.documents import (
    CN,
    SYSTEM,
    Change,
    codes,
    read,
    swap,
    with_info,
    without,
)

SENT = datetime(2026, 7, 12, 1, 12, tzinfo=UTC)
HEADLINE = "澄溪县气象台发布暴雨红色预警[Ⅰ级/特别严重]"
NAME = "99042141600000_20260712091200"
EARLIER = "99042141600000_20260712061500"


def same(text: str) -> str:
    return text


def following(kind: str, references: str = EARLIER) -> Change:
    return swap(
        ("<msgType>Alert<", f"<msgType>{kind}<"),
        ("<references/>", f"<references>{references}</references>"),
    )


def headline(text: str, severity: str = "Red") -> Change:
    return swap((HEADLINE, text), (">Red<", f">{severity}<"))


VALID: list[tuple[str, Change, dict[str, Any]]] = [
    ("as it is", same, {}),
    (
        "an identifier with its last part",
        swap((NAME, NAME + "_0")),
        {"identifier": NAME + "_0"},
    ),
    (
        "no zone is Beijing's",
        swap(("09:12:00+08:00</sendTime>", "09:12:00</sendTime>")),
        {},
    ),
    (
        "a T in the time",
        swap(("12 09:12:00+08:00</sendTime>", "12T09:12:00+08:00</sendTime>")),
        {},
    ),
    ("a Z", swap(("09:12:00+08:00</sendTime>", "01:12:00Z</sendTime>")), {}),
    ("status in capitals", swap((">Actual<", ">ACTUAL<")), {}),
    ("an exercise", swap((">Actual<", ">Exercise<")), {"status": Status.EXERCISE}),
    (
        "severity in small letters",
        headline("暴雨预警", "red"),
        {"headline": "暴雨预警"},
    ),
    ("severity in Chinese", headline("暴雨预警", "红色"), {"headline": "暴雨预警"}),
    ("severity misspelt, the headline tells", headline(HEADLINE, "uknown"), {}),
    ("severity Unknown, the headline tells", headline(HEADLINE, "Unknown"), {}),
    (
        "no colour anywhere",
        headline("降雨提示", "Unknown"),
        {"headline": "降雨提示", "level": Level.UNKNOWN},
    ),
    (
        "orange",
        headline("暴雨橙色预警", "Orange"),
        {"headline": "暴雨橙色预警", "level": Level.ORANGE},
    ),
    (
        "blue",
        headline("暴雨蓝色预警", "Blue"),
        {"headline": "暴雨蓝色预警", "level": Level.BLUE},
    ),
    (
        "a level lowered in prose, severity still the old one",
        headline("暴雨橙色预警降级为黄色预警", "Orange"),
        {"headline": "暴雨橙色预警降级为黄色预警", "level": Level.YELLOW},
    ),
    (
        "a level raised in the description",
        swap(
            (">Red<", ">Orange<"), ("预计未来3小时", "由橙色升级为红色,预计未来3小时")
        ),
        {"description": "由橙色升级为红色,预计未来3小时降雨100毫米以上。"},
    ),
    (
        "an update by a bare identifier",
        following("Update"),
        {"msg_type": MsgType.UPDATE, "references": (EARLIER,)},
    ),
    (
        "a cancel",
        following("Cancel"),
        {"msg_type": MsgType.CANCEL, "references": (EARLIER,)},
    ),
    (
        "Cancle",
        following("Cancle"),
        {"msg_type": MsgType.CANCEL, "references": (EARLIER,)},
    ),
    (
        "CANCLE",
        following("CANCLE"),
        {"msg_type": MsgType.CANCEL, "references": (EARLIER,)},
    ),
    (
        "a triple as in CAP, with a blank in its time",
        following("Update", f"澄溪县气象局,{EARLIER},2026-07-12 06:15:00+08:00"),
        {"msg_type": MsgType.UPDATE, "references": (EARLIER,)},
    ),
    (
        "two references",
        following("Update", f"{EARLIER}, {EARLIER}_1"),
        {"msg_type": MsgType.UPDATE, "references": (EARLIER, EARLIER + "_1")},
    ),
    (
        "an unknown kind of event keeps its headline",
        swap((">11B03<", ">11Z99<")),
        {"event_code": "11Z99", "event": ""},
    ),
    (
        "a kind of event in words",
        swap((">11B03<", ">暴雨<")),
        {"event_code": "", "event": "暴雨"},
    ),
    (
        "an end",
        swap(("<expires/>", "<expires>2026-07-12 12:12:00+08:00</expires>")),
        {"expires": True},
    ),
    (
        "the same area twice",
        swap(("</info>", "<area><areaDesc>澄溪县</areaDesc></area></info>")),
        {"areas": 2},
    ),
    ("the same info twice", with_info(), {}),
    (
        "two levels in two infos",
        with_info(severity="Orange", headline="暴雨橙色预警"),
        {"others": [Level.ORANGE]},
    ),
]


def summary(content: Content) -> dict[str, Any]:
    return {
        "sender": content.sender,
        "identifier": content.identifier,
        "sent": content.sent,
        "status": content.status,
        "msg_type": content.msg_type,
        "references": tuple(one.identifier for one in content.references),
        "event_code": content.event_code,
        "event": content.event,
        "level": content.level,
        "headline": content.headline,
        "description": content.description,
        "instruction": content.instruction,
        "issuer": content.issuer,
        "effective": content.effective,
        "expires": content.expires is not None,
        "areas": len(content.areas),
        "others": [one.level for one in content.others],
    }


WHOLE = {
    "sender": "澄溪县气象局",
    "identifier": NAME,
    "sent": SENT,
    "status": Status.ACTUAL,
    "msg_type": MsgType.ALERT,
    "references": (),
    "event_code": "11B03",
    "event": "暴雨",
    "level": Level.RED,
    "headline": HEADLINE,
    "description": "预计未来3小时降雨100毫米以上。",
    "instruction": "转移危险地带人员。",
    "issuer": "澄溪县气象台",
    "effective": SENT,
    "expires": False,
    "areas": 1,
    "others": [],
}


@pytest.mark.parametrize(
    ("change", "otherwise"), [v[1:] for v in VALID], ids=[v[0] for v in VALID]
)
def test_it_is_read_as_it_comes(change: Change, otherwise: dict[str, Any]) -> None:
    found = read(change(CN))

    assert isinstance(found, Content), found
    assert summary(found) == WHOLE | otherwise


@pytest.mark.parametrize("code", ["gbk", "GB2312", "gb18030", "utf-16"])
def test_it_is_read_in_the_encodings_of_its_makers(code: str) -> None:
    text = CN.replace("Ⅰ级/", "").replace('"UTF-8"', f'"{code}"')
    found = read(text.encode("gbk" if code == "GB2312" else code))

    assert isinstance(found, Content), found
    assert found.issuer == "澄溪县气象台"


def test_codes_are_of_our_own_list_and_each_once() -> None:
    found = read(CN)

    assert isinstance(found, Content)
    [area] = found.areas
    assert area.codes == (AreaCode(system=SYSTEM, code="990421000000"),)


def test_the_time_of_a_reference_is_read_from_its_identifier() -> None:
    found = read(following("Update")(CN))

    assert isinstance(found, Content)
    assert found.references == (
        Reference(
            sender="澄溪县气象局",
            identifier=EARLIER,
            sent=datetime(2026, 7, 11, 22, 15, tzinfo=UTC),
        ),
    )


def test_an_identifier_without_a_time_was_sent_when_the_message_says() -> None:
    found = read(following("Update", "A_20269999999999")(CN))

    assert isinstance(found, Content)
    assert [one.sent for one in found.references] == [SENT]


BROKEN: list[tuple[str, Change, list[str]]] = [
    *(
        (f"no {name}", without(name), ["required"])
        for name in ("identifier", "sender", "sendTime", "status", "msgType", "info")
    ),
    *(
        (f"identifier {bad!r}", swap((f">{NAME}<", f">{bad}<")), ["bad_name"])
        for bad in ("A 1", "A,1", "A&lt;", "A&amp;", "A\n1")
    ),
    *(
        (f"sender {bad!r}", swap((">澄溪县气象局<", f">{bad}<")), ["bad_name"])
        for bad in ("县 局", "县,局", "县&lt;局", "县&amp;局")
    ),
    *(
        (
            f"sendTime {bad!r}",
            swap(("2026-07-12 09:12:00+08:00</sendTime>", f"{bad}</sendTime>")),
            ["time_expected"],
        )
        for bad in (
            "2026-07-12",
            "09:12:00",
            "2026年7月12日",
            "2026-07-32 09:12:00",
            "2026-07-12 24:12:00",
            "20260712091200",
            "2026/07/12 09:12:00",
            "0001-01-01 00:00:00",
        )
    ),
    (
        "sent next week",
        swap(
            ("2026-07-12 09:12:00+08:00</sendTime>", "2026-07-19 09:12:00</sendTime>")
        ),
        ["sent_in_future"],
    ),
    *(
        (f"status {bad}", swap((">Actual<", f">{bad}<")), ["unknown_value"])
        for bad in ("真实", "Real", "1")
    ),
    *(
        (f"msgType {bad}", swap((">Alert<", f">{bad}<")), ["unknown_value"])
        for bad in ("首发", "Alarm", "Cancelled")
    ),
    ("an update of nothing", swap((">Alert<", ">Update<")), ["required"]),
    ("a cancel of nothing", swap((">Alert<", ">Cancle<")), ["required"]),
    (
        "an end before the start",
        swap(("<expires/>", "<expires>2026-07-12 08:00:00</expires>")),
        ["expires_before_effective"],
    ),
    (
        "an end that is no time",
        swap(("<expires/>", "<expires>x</expires>")),
        ["time_expected"],
    ),
    (
        "an onset that is no time",
        swap(("<onset/>", "<onset>x</onset>")),
        ["time_expected"],
    ),
    *(
        (f"polygon {bad}", swap(("<polygon/>", f"<polygon>{bad}</polygon>")), [found])
        for bad, found in (
            ("x", "polygon_unreadable"),
            ("42.6,125.5", "polygon_short"),
            ("42.6,125.5 42.6,125.6 42.7,125.6 42.7,125.5", "polygon_open"),
            ("1,1 2,2 1,2 2,1 1,1", "polygon_crossing"),
            ("125.5,42.6 125.6,42.6 125.6,42.7 125.5,42.6", "latlon_swapped"),
            ("1,1 1,200 2,200 1,1", "coordinate_range"),
        )
    ),
    (
        "a circle of nothing",
        swap(("<circle/>", "<circle>x</circle>")),
        ["circle_unreadable"],
    ),
    (
        "a circle lon first",
        swap(("<circle/>", "<circle>125.5,42.6 5</circle>")),
        ["latlon_swapped"],
    ),
    ("a headline without end", swap((HEADLINE, "雨" * 2001)), ["too_long"]),
    ("a description without end", swap(("预计未来3小时", "雨" * 10_001)), ["too_long"]),
    ("a DOCTYPE", swap(("<alert>", "<!DOCTYPE a><alert>")), ["doctype_forbidden"]),
    ("cut off", lambda t: t[:-9], ["not_xml"]),
    (
        "several at once",
        swap((f">{NAME}<", "><"), (">Actual<", ">x<"), (">Alert<", ">y<")),
        ["required", "unknown_value", "unknown_value"],
    ),
]


@pytest.mark.parametrize(
    ("change", "wrong"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN]
)
def test_what_is_wrong_is_told_all_at_once(change: Change, wrong: list[str]) -> None:
    assert sorted(codes(read(change(CN)))) == sorted(wrong)


def test_the_tables_are_as_long_as_they_should_be() -> None:
    assert len(VALID) >= 20
    assert len(BROKEN) >= 40
