"""Messages of 12379 as they really are."""

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
    read,
    swap,
    with_info,
)

SENT = datetime(2026, 7, 12, 1, 12, tzinfo=UTC)
HEADLINE = "澄溪县气象台发布暴雨红色预警[Ⅰ级/特别严重]"
NAME = "99042141600000_20260712091200"
OURS = "<geocode>990421000000,990421000000,</geocode>"
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


def prose(text: str) -> Change:
    return swap(("预计未来3小时降雨100毫米以上。", text))


def in_english(place: str) -> Change:
    """A second info, in English, of another place."""

    def change(text: str) -> str:
        begin, end = text.index("<info>"), text.index("</info>") + len("</info>")
        info = text[begin:end].replace("zh-CN", "en-US").replace(OURS, place)
        return f"{text[:end]}{info}{text[end:]}"

    return change


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
        "a level raised, with the kind of event between",
        headline("将暴雨橙色预警升级为暴雨红色预警", "Orange"),
        {"headline": "将暴雨橙色预警升级为暴雨红色预警"},
    ),
    (
        "a level that may be lowered yet",
        prose("雨势减弱后可能降级为蓝色预警。"),
        {"description": "雨势减弱后可能降级为蓝色预警。"},
    ),
    (
        "a level that is lowered on a condition, some words before",
        prose("如果雨势减弱,河水回落,将降级为蓝色。"),
        {"description": "如果雨势减弱,河水回落,将降级为蓝色。"},
    ),
    (
        "a river and a time of day named like colours",
        prose("重点调整为黄河沿线,巡查调整为白天进行。"),
        {"description": "重点调整为黄河沿线,巡查调整为白天进行。"},
    ),
    (
        "an earlier change in the description, the last in the headline",
        swap(
            (HEADLINE, "暴雨橙色预警降级为黄色预警"),
            ("预计未来3小时降雨100毫米以上。", "早晨由蓝色升级为橙色。"),
            (">Red<", ">Orange<"),
        ),
        {
            "headline": "暴雨橙色预警降级为黄色预警",
            "description": "早晨由蓝色升级为橙色。",
            "level": Level.YELLOW,
        },
    ),
    (
        "a grade in place of a colour",
        headline("澄溪县地质灾害气象风险预警[Ⅲ级/较重]", "Unknown"),
        {
            "headline": "澄溪县地质灾害气象风险预警[Ⅲ级/较重]",
            "level": Level.YELLOW,
        },
    ),
    (
        "CAP's severity",
        headline("暴雨预警", "Severe"),
        {"headline": "暴雨预警", "level": Level.ORANGE},
    ),
    (
        "a code in small letters",
        swap((">11B03<", ">11b03<")),
        {},
    ),
    (
        "the same in English beside it",
        with_info(language="en-US", headline="Red rainstorm warning"),
        {},
    ),
    (
        "another place in English only",
        in_english("<geocode>990422000000</geocode>"),
        {"others": [Level.RED]},
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
        "one reference twice",
        following("Update", f"{EARLIER},{EARLIER}"),
        {"msg_type": MsgType.UPDATE, "references": (EARLIER,)},
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


@pytest.mark.parametrize(
    ("named", "sender"),
    [
        ("澄溪县气象局", "澄溪县气象局"),
        ("99042141600000", "澄溪县气象局"),
        ("澄溪县气象台", "澄溪县气象局"),
        ("邻县气象局", "邻县气象局"),
    ],
)
def test_a_triple_names_the_sender_by_any_of_its_names(named: str, sender: str) -> None:
    triple = f"{named},W-7,2026-07-12 06:15:00+08:00"
    found = read(following("Update", triple)(CN))

    assert isinstance(found, Content)
    assert found.references == (
        Reference(
            sender=sender,
            identifier="W-7",
            sent=datetime(2026, 7, 11, 22, 15, tzinfo=UTC),
        ),
    )


def test_triples_and_bare_identifiers_stand_in_one_list() -> None:
    text = f"邻县气象局, W-7, 2026-07-12T06:15:00 {EARLIER}，W-8"
    found = read(following("Update", text)(CN))

    assert isinstance(found, Content)
    assert [(one.sender, one.identifier) for one in found.references] == [
        ("邻县气象局", "W-7"),
        ("澄溪县气象局", EARLIER),
        ("澄溪县气象局", "W-8"),
    ]


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len(VALID) >= 20
