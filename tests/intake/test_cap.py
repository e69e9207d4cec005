"""CAP of many lands and makers, and what is wrong with it where something is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dispatcher.core.alert import (
    Area,
    AreaCode,
    Circle,
    Content,
    Level,
    MsgType,
    Reference,
    Status,
)
from tests.intake.documents import (
    CAP,
    Change,
    read,
    swap,
    with_info,
    without,
)

SENT = datetime(2026, 7, 12, 1, 12, tzinfo=UTC)
HEAD = CAP[: CAP.index("<info>")]
REFERENCES = "<references>rain@chengxi,W-0,2026-07-12T08:00:00+08:00</references>"


def same(text: str) -> str:
    return text


def prefixed(text: str) -> str:
    """The same with a prefix on every name."""
    text = text.replace("<alert xmlns=", "<alert xmlns:cap=")
    return (
        text.replace("</", "@@")
        .replace("<", "<cap:")
        .replace("@@", "</cap:")
        .replace("<cap:?xml", "<?xml")
    )


def in_order(*names: str) -> Change:
    """Move these elements of the head to its end, in this order."""

    def change(text: str) -> str:
        for name in names:
            begin = text.index(f"<{name}>")
            end = text.index(f"</{name}>") + len(f"</{name}>")
            moved, text = text[begin:end], text[:begin] + text[end:]
            text = text.replace("</alert>", f"{moved}</alert>")
        return text

    return change


def referring(kind: str, references: str = REFERENCES) -> Change:
    return swap(
        ("<msgType>Alert</msgType>", f"<msgType>{kind}</msgType>"),
        ("<scope>Public</scope>", f"<scope>Public</scope>{references}"),
    )


HEADLINE = "澄溪县气象台发布暴雨红色预警"
# name, what is changed, what of it is then read otherwise than the whole one
VALID: list[tuple[str, Change, dict[str, Any]]] = [
    ("as it is", same, {}),
    ("prefixes", prefixed, {}),
    ("another order", in_order("sent", "identifier", "status"), {}),
    ("info before the head", in_order("identifier", "sender", "msgType"), {}),
    ("blank lines first", lambda t: "\n\n  " + t, {}),
    ("no declaration", lambda t: t.partition("?>")[2], {}),
    ("a mark of UTF-8", lambda t: "\ufeff" + t, {}),
    ("comments", swap(("<info>", "<!-- a --><info><!-- b -->")), {}),
    ("a comment within a text", swap(("暴雨</event>", "暴<!-- -->雨</event>")), {}),
    ("an instruction", swap(("<info>", "<?made by=x?><info>")), {}),
    ("a style sheet", swap(("<alert", '<?xml-stylesheet href="a.xsl"?><alert')), {}),
    ("CDATA", swap(("3小时超100毫米", "<![CDATA[3小时超100毫米]]>")), {}),
    ("foreign elements", swap(("<info>", '<x:a xmlns:x="u">1</x:a><info>')), {}),
    ("a foreign event", swap(("<info>", '<info><x:event xmlns:x="u">x</x:event>')), {}),
    ("an unknown element", swap(("<info>", "<colour>9</colour><info>")), {}),
    (
        "a signature",
        swap(
            (
                "</alert>",
                (
                    '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">'
                    "<SignatureValue>x</SignatureValue></Signature></alert>"
                ),
            )
        ),
        {},
    ),
    ("blanks around values", swap((">Actual<", ">\n  Actual\n<")), {}),
    ("status in capitals", swap((">Actual<", ">ACTUAL<")), {}),
    ("msgType in small letters", swap((">Alert<", ">alert<")), {}),
    ("scope Restricted", swap((">Public<", ">Restricted<")), {}),
    ("Z", swap(("09:12:00+08:00</sent>", "01:12:00Z</sent>")), {}),
    ("-00:00", swap(("09:12:00+08:00</sent>", "01:12:00-00:00</sent>")), {}),
    ("+00:00", swap(("09:12:00+08:00</sent>", "01:12:00+00:00</sent>")), {}),
    ("fractions", swap(("09:12:00+08:00</sent>", "09:12:00.123+08:00</sent>")), {}),
    ("a zone without a colon", swap(("00+08:00</sent>", "00+0800</sent>")), {}),
    (
        "New York's zone",
        swap(("12T09:12:00+08:00</sent>", "11T21:12:00-04:00</sent>")),
        {},
    ),
    ("an exercise", swap((">Actual<", ">Exercise<")), {"status": Status.EXERCISE}),
    ("a test", swap((">Actual<", ">Test<")), {"status": Status.TEST}),
    ("a draft", swap((">Actual<", ">Draft<")), {"status": Status.DRAFT}),
    ("a system message", swap((">Actual<", ">System<")), {"status": Status.SYSTEM}),
    ("no code of the event", without("eventCode"), {"event_code": ""}),
    ("a foreign code", swap(("11B03", "FFW")), {"event_code": ""}),
    ("no instruction", without("instruction"), {"instruction": ""}),
    ("an empty instruction", swap(("立即转移山边河边群众", "")), {"instruction": ""}),
    ("no sender's name", without("senderName"), {"issuer": ""}),
    ("no end", without("expires"), {"expires": None}),
    ("no start", without("effective"), {"effective": None}),
    (
        "an onset instead of a start",
        swap(("<effective>", "<onset>"), ("</effective>", "</onset>")),
        {"effective": SENT},
    ),
    ("an empty end", swap(("2026-07-12T12:12:00+08:00", " ")), {"expires": None}),
    (
        "severity alone",
        swap((HEADLINE, "Severe rain"), (">Extreme<", ">Severe<")),
        {"headline": "Severe rain", "level": Level.ORANGE},
    ),
    (
        "moderate is yellow",
        swap((HEADLINE, "Rain"), (">Extreme<", ">Moderate<")),
        {"headline": "Rain", "level": Level.YELLOW},
    ),
    (
        "minor is blue",
        swap((HEADLINE, "Rain"), (">Extreme<", ">minor<")),
        {"headline": "Rain", "level": Level.BLUE},
    ),
    (
        "unknown stays unknown",
        swap((HEADLINE, "Rain"), (">Extreme<", ">Unknown<")),
        {"headline": "Rain", "level": Level.UNKNOWN},
    ),
    ("the headline wins", swap((">Extreme<", ">Minor<")), {}),
    (
        "the colour it was raised to",
        swap((HEADLINE, "暴雨橙色预警升级为红色预警")),
        {"headline": "暴雨橙色预警升级为红色预警"},
    ),
    (
        "the colour it was lowered to",
        swap((HEADLINE, "暴雨红色预警降级为黄色")),
        {"headline": "暴雨红色预警降级为黄色", "level": Level.YELLOW},
    ),
    (
        "MeteoAlarm's parameter",
        swap(
            (HEADLINE, "Rain"),
            (
                "<area>",
                (
                    "<parameter><valueName>awareness_level</valueName>"
                    "<value>3; orange; Severe</value></parameter><area>"
                ),
            ),
        ),
        {"headline": "Rain", "level": Level.ORANGE},
    ),
    (
        "a headline over two lines",
        swap((HEADLINE, "暴雨\n   红色预警")),
        {"headline": "暴雨 红色预警"},
    ),
    (
        "several codes in one value",
        swap((">990421100<", ">990421100, 990421101;990421102<")),
        {
            "areas": (
                "柳林镇",
                ("990421100", "990421101", "990421102"),
                1,
                1,
            )
        },
    ),
    (
        "a polygon over lines",
        swap((" 42.7,125.6 ", "\n      42.7, 125.6\n ")),
        {},
    ),
    (
        "two polygons",
        swap(("<circle>", "<polygon>1,1 1,2 2,2 1,1</polygon><circle>")),
        {"areas": ("柳林镇", ("990421100",), 2, 1)},
    ),
    ("no polygon", without("polygon"), {"areas": ("柳林镇", ("990421100",), 0, 1)}),
    ("no circle", without("circle"), {"areas": ("柳林镇", ("990421100",), 1, 0)}),
    ("no code", without("geocode"), {"areas": ("柳林镇", (), 1, 1)}),
    (
        "far away, lat before lon",
        swap(
            (
                "42.6,125.5 42.6,125.6 42.7,125.6 42.7,125.5 42.6,125.5",
                "-41,174 -41,175 -40,175 -41,174",
            )
        ),
        {},
    ),
    (
        "an update",
        referring("Update"),
        {"msg_type": MsgType.UPDATE, "references": 1},
    ),
    (
        "a cancel without info",
        lambda t: referring("Cancel")(without("info")(t)),
        {"msg_type": MsgType.CANCEL, "references": 1, "level": None},
    ),
    (
        "references over lines, one with a blank after the comma",
        referring(
            "Update",
            "<references>rain@chengxi,W-0,2026-07-12T08:00:00+08:00\n"
            "   o'hara@x.example,\n W-00,\n 2026-07-11T20:00:00-04:00</references>",
        ),
        {"msg_type": MsgType.UPDATE, "references": 2},
    ),
    (
        "an acknowledgement",
        lambda t: referring("Ack")(without("info")(t)),
        {"msg_type": MsgType.ACK, "references": 1, "level": None},
    ),
    (
        "an error",
        lambda t: referring("Error")(without("info")(t)),
        {"msg_type": MsgType.ERROR, "references": 1, "level": None},
    ),
    (
        "two languages of one segment",
        with_info(language="en", event="Heavy rain", headline="Heavy rain, red"),
        {},
    ),
    (
        "English before Chinese",
        lambda t: with_info(language="zh-CN")(
            swap(
                ("<language>zh-CN", "<language>en-US"),
            )(t)
        ),
        {},
    ),
    (
        "two segments",
        with_info(severity="Severe", headline="暴雨橙色预警", areaDesc="双潭镇"),
        {"others": [Level.ORANGE]},
    ),
    (
        "the milder segment first",
        lambda t: with_info(severity="Extreme", headline=HEADLINE)(
            swap((HEADLINE, "暴雨橙色预警"), (">Extreme<", ">Severe<"))(t)
        ),
        {"others": [Level.ORANGE]},
    ),
]


def summary(content: Content) -> dict[str, Any]:
    """What of an alert the table speaks of."""
    areas = [
        (
            area.name,
            tuple(c.code for c in area.codes),
            len(area.polygons),
            len(area.circles),
        )
        for area in content.areas
    ]
    return {
        "sender": content.sender,
        "identifier": content.identifier,
        "sent": content.sent,
        "status": content.status,
        "msg_type": content.msg_type,
        "references": len(content.references),
        "event_code": content.event_code,
        "event": content.event,
        "level": content.level,
        "headline": content.headline,
        "description": content.description,
        "instruction": content.instruction,
        "issuer": content.issuer,
        "effective": content.effective,
        "expires": content.expires,
        "areas": areas[0] if areas else None,
        "others": [one.level for one in content.others],
    }


WHOLE = {
    "sender": "rain@chengxi",
    "identifier": "W-1",
    "sent": SENT,
    "status": Status.ACTUAL,
    "msg_type": MsgType.ALERT,
    "references": 0,
    "event_code": "11B03",
    "event": "暴雨",
    "level": Level.RED,
    "headline": HEADLINE,
    "description": "3小时超100毫米",
    "instruction": "立即转移山边河边群众",
    "issuer": "澄溪县气象台",
    "effective": SENT,
    "expires": datetime(2026, 7, 12, 4, 12, tzinfo=UTC),
    "areas": ("柳林镇", ("990421100",), 1, 1),
    "others": [],
}
BARE = ("event_code", "event", "headline", "description", "instruction", "issuer")


@pytest.mark.parametrize(
    ("change", "otherwise"), [v[1:] for v in VALID], ids=[v[0] for v in VALID]
)
def test_it_is_read_whatever_its_dialect(
    change: Change, otherwise: dict[str, Any]
) -> None:
    found = read(change(CAP))
    if otherwise.get("level", Level.RED) is None:  # there is no info at all
        blank = {"level": Level.UNKNOWN, "effective": None, "expires": None}
        otherwise = otherwise | dict.fromkeys(BARE, "") | blank | {"areas": None}

    assert isinstance(found, Content), found
    assert summary(found) == WHOLE | otherwise


@pytest.mark.parametrize(
    "code", ["utf-16", "utf-16-le", "utf-16-be", "gb18030", "utf-8"]
)
def test_it_is_read_in_the_encoding_it_declares(code: str) -> None:
    named = {"utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}.get(code, code)
    found = read(CAP.replace('encoding="UTF-8"', f'encoding="{named}"').encode(code))

    assert isinstance(found, Content), found
    assert summary(found) == WHOLE


def test_shapes_and_codes_are_what_was_given() -> None:
    found = read(CAP)

    assert isinstance(found, Content)
    [area] = found.areas
    assert area == Area(
        name="柳林镇",
        codes=(AreaCode(system="NBS-2023", code="990421100"),),
        polygons=area.polygons,
        circles=(Circle(centre=(42.68, 125.53), radius_km=5.0),),
    )
    assert area.polygons[0].outer[:2] == ((42.6, 125.5), (42.6, 125.6))


def test_a_reference_is_an_instant_whatever_its_zone() -> None:
    triple = "rain@chengxi,W-0,2026-07-11T20:00:00-04:00"
    found = read(referring("Update", f"<references>{triple}</references>")(CAP))

    assert isinstance(found, Content)
    at = datetime(2026, 7, 12, 0, 0, tzinfo=UTC)
    assert found.references == (
        Reference(sender="rain@chengxi", identifier="W-0", sent=at),
    )


def test_places_told_by_name_in_two_languages_are_each_kept() -> None:
    bare = without("geocode", "polygon", "circle")(CAP)
    town = with_info(areaDesc="双潭镇")(bare)
    english = with_info(language="en", areaDesc="Liulin")(town)
    found = read(with_info(language="en", areaDesc="Shuangtan")(english))

    assert isinstance(found, Content)
    assert [part.areas[0].name for part in found.parts] == ["柳林镇", "双潭镇"]


def test_what_may_yet_come_is_not_the_level() -> None:
    headline = "暴雨橙色预警,后期可能升级为红色"
    found = read(swap((HEADLINE, headline))(CAP))

    assert isinstance(found, Content)
    assert found.level is Level.ORANGE


@pytest.mark.timeout(20)
def test_a_megabyte_of_references_is_read_in_no_time() -> None:
    text = "<references>" + "a" * 500_000 + "</references>"
    found = read(referring("Update", text)(CAP))

    assert not isinstance(found, Content)


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len(VALID) >= 45


def test_a_declaration_in_the_words_of_an_alert_stays_there() -> None:
    quoted = '<?xml version="1.0" encoding="UTF-8"?>'
    bare = CAP.partition("?>\n")[2]
    told = read(swap(("3小时超100毫米", f"<![CDATA[{quoted}]]>"))(bare))

    assert isinstance(told, Content)
    assert told.description == quoted
