"""What is wrong with CAP, hostile documents too: each thing by its own name."""

from __future__ import annotations

import pytest

from dispatcher.core.alert import Content
from tests.intake.documents import CAP, Change, codes, read, swap, without
from tests.intake.test_cap import HEADLINE, referring

POLYGON = "42.6,125.5 42.6,125.6 42.7,125.6 42.7,125.5 42.6,125.5"


def polygon(text: str) -> Change:
    return swap((POLYGON, text))


def elements(count: int) -> str:
    return "<x/>" * count


BROKEN: list[tuple[str, Change, list[str]]] = [
    *(
        (f"no {name}", without(name), ["required"])
        for name in ("identifier", "sender", "sent", "status", "msgType", "info")
    ),
    *(
        (f"an empty {name}", swap((f">{value}<", ">  <")), ["required"])
        for name, value in (
            ("identifier", "W-1"),
            ("sender", "rain@chengxi"),
            ("sent", "2026-07-12T09:12:00+08:00</sent>"[:-7]),
        )
        if name != "sent"
    ),
    *(
        (f"identifier {bad!r}", swap((">W-1<", f">{bad}<")), ["bad_name"])
        for bad in ("W 1", "W,1", "W&lt;1", "W&amp;1", "W\t1", "W\n1")
    ),
    *(
        (f"sender {bad!r}", swap((">rain@chengxi<", f">{bad}<")), ["bad_name"])
        for bad in ("a b", "a,b", "a&lt;b", "a&amp;b")
    ),
    ("a long identifier", swap((">W-1<", f">{'W' * 201}<")), ["too_long"]),
    *(
        (
            f"sent {bad!r}",
            swap(("2026-07-12T09:12:00+08:00</sent>", f"{bad}</sent>")),
            ["time_expected"],
        )
        for bad in (
            "2026-07-12",
            "2026-07-12T09:12:00",
            "2026-07-12 09:12:00+08:00",
            "2026-07-12T09:12+08:00",
            "2026-13-12T09:12:00+08:00",
            "2026-07-12T25:12:00+08:00",
            "2026-07-12T09:12:00+99:00",
            "0026-07-12T09:12:00+08:00",
            "9999-12-31T23:59:59-12:00",
            "12 Jul 2026",
            "1783818720",
            "２０２６-07-12T09:12:00+08:00",
        )
    ),
    (
        "sent next week",
        swap(("2026-07-12T09:12:00+08:00</sent>", "2026-07-19T09:12:00+08:00</sent>")),
        ["sent_in_future", "expires_before_effective"][:1],
    ),
    *(
        (f"status {bad}", swap((">Actual<", f">{bad}<")), ["unknown_value"])
        for bad in ("Real", "实况", "Actual2", "0")
    ),
    *(
        (f"msgType {bad}", swap((">Alert<", f">{bad}<")), ["unknown_value"])
        for bad in ("Alarm", "首发", "Alerts")
    ),
    ("an update of nothing", swap((">Alert<", ">Update<")), ["required"]),
    ("a cancel of nothing", swap((">Alert<", ">Cancel<")), ["required"]),
    *(
        (
            f"references {bad!r}",
            referring("Update", f"<references>{bad}</references>"),
            found,
        )
        for bad, found in (
            ("W-0", ["references_unreadable", "required"]),
            ("rain@chengxi,W-0", ["references_unreadable", "required"]),
            ("a,b,yesterday", ["time_expected", "required"]),
            ("a,b,2026-07-12T08:00:00+08:00 c,d", ["references_unreadable"]),
        )
    ),
    (
        "an end before the start",
        swap(("2026-07-12T12:12", "2026-07-12T08:12")),
        ["expires_before_effective"],
    ),
    (
        "an end that is the start",
        swap(("2026-07-12T12:12", "2026-07-12T09:12")),
        ["expires_before_effective"],
    ),
    (
        "an end that is no time",
        swap(("2026-07-12T12:12:00+08:00", "soon")),
        ["time_expected"],
    ),
    (
        "an onset that is no time",
        swap(("<senderName>", "<onset>x</onset><senderName>")),
        ["time_expected"],
    ),
    ("an open polygon", polygon(POLYGON[:-11]), ["polygon_open"]),
    ("two points", polygon("42.6,125.5 42.6,125.5"), ["polygon_short"]),
    ("three points", polygon("42.6,125.5 42.6,125.6 42.6,125.5"), ["polygon_short"]),
    ("a line there and back", polygon("1,1 1,2 1,3 1,1"), ["polygon_crossing"]),
    ("crossing sides", polygon("1,1 2,2 1,2 2,1 1,1"), ["polygon_crossing"]),
    (
        "lon before lat",
        polygon("125.5,42.6 125.6,42.6 125.6,42.7 125.5,42.6"),
        ["latlon_swapped"],
    ),
    ("off the earth", polygon("91,1 91,2 92,2 91,1"), ["coordinate_range"]),
    ("beyond the date line", polygon("1,181 1,182 2,182 1,181"), ["coordinate_range"]),
    ("no numbers", polygon("here"), ["polygon_unreadable"]),
    ("degrees in words", polygon("42.6N,125.5E 1,1 1,1 1,1"), ["polygon_unreadable"]),
    (
        "three numbers a point",
        polygon("1,1,1 1,2,1 2,2,1 1,1,1"),
        ["polygon_unreadable"],
    ),
    ("not a number", polygon("nan,1 1,2 2,2 nan,1"), ["polygon_unreadable"]),
    ("an infinite one", polygon("inf,1 1,2 2,2 inf,1"), ["polygon_unreadable"]),
    ("exponents", polygon("1e3,1 1,2 2,2 1e3,1"), ["polygon_unreadable"]),
    (
        "too many points",
        polygon("1,1 " + "1,2 " * 20_001 + "2,2 1,1"),
        ["polygon_too_long"],
    ),
    (
        "a circle without a radius",
        swap(("42.68,125.53 5", "42.68,125.53")),
        ["circle_unreadable"],
    ),
    (
        "a negative radius",
        swap(("42.68,125.53 5", "42.68,125.53 -5")),
        ["circle_unreadable"],
    ),
    (
        "a circle lon first",
        swap(("42.68,125.53 5", "125.53,42.68 5")),
        ["latlon_swapped"],
    ),
    (
        "a circle off the earth",
        swap(("42.68,125.53 5", "95,200 5")),
        ["coordinate_range"],
    ),
    (
        "a description without end",
        swap(("3小时超100毫米", "雨" * 10_001)),
        ["too_long"],
    ),
    ("a headline without end", swap((HEADLINE, "雨" * 2_001)), ["too_long"]),
    ("an areaDesc without end", swap(("柳林镇", "镇" * 2_001)), ["too_long"]),
    ("CAP 1.1", swap((":cap:1.2", ":cap:1.1")), ["cap_version_unsupported"]),
    ("CAP 1.0", swap((":cap:1.2", ":cap:1.0")), ["cap_version_unsupported"]),
    (
        "too many segments",
        swap(("</alert>", "<info><event>x</event></info>" * 100 + "</alert>")),
        ["too_many", "required"],
    ),
    (
        "too many areas",
        swap(("</info>", "<area><areaDesc>x</areaDesc></area>" * 1000 + "</info>")),
        ["too_many"],
    ),
    (
        "too many polygons",
        swap(("</area>", "<polygon>1,1 1,2 2,2 1,1</polygon>" * 1000 + "</area>")),
        ["too_many"],
    ),
    (
        "several at once",
        lambda t: polygon("1,1")(swap((">W-1<", ">W 1<"), (">Actual<", ">x<"))(t)),
        ["bad_name", "unknown_value", "polygon_short"],
    ),
    # Hostile, or no XML at all
    ("a DOCTYPE", swap(("<alert", "<!DOCTYPE alert><alert")), ["doctype_forbidden"]),
    (
        "an entity of a file",
        swap(
            (
                "<alert",
                '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><alert',
            ),
            ("暴雨</event>", "&x;</event>"),
        ),
        ["doctype_forbidden"],
    ),
    (
        "a billion laughs",
        swap(
            (
                "<alert",
                '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><alert',
            )
        ),
        ["doctype_forbidden"],
    ),
    (
        "a parameter entity",
        swap(("<alert", '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://h/x"> %p;]><alert')),
        ["doctype_forbidden"],
    ),
    ("an entity nobody declared", swap(("暴雨</event>", "&x;</event>")), ["not_xml"]),
    (
        "too deep",
        swap(("</alert>", "<x>" * 40 + "</x>" * 40 + "</alert>")),
        ["xml_too_deep"],
    ),
    (
        "too many elements",
        swap(("</alert>", elements(50_001) + "</alert>")),
        ["xml_too_wide"],
    ),
    (
        "too many attributes",
        swap(("<info>", "<info " + " ".join(f'a{i}="1"' for i in range(70)) + ">")),
        ["xml_too_wide"],
    ),
    ("a NUL", swap(("柳林镇", "柳\x00林镇")), ["not_xml"]),
    ("a NUL by number", swap(("柳林镇", "&#0;")), ["not_xml"]),
    ("a lone surrogate by number", swap(("柳林镇", "&#xD800;")), ["not_xml"]),
    ("cut off", lambda t: t[:-20], ["not_xml"]),
    ("two roots", lambda t: t + "<alert/>", ["not_xml"]),
    ("text behind", lambda t: t + "x", ["not_xml"]),
    ("JSON", lambda _: '{"sender": "x"}', ["not_xml"]),
    ("nothing", lambda _: "", ["not_xml"]),
    ("blanks", lambda _: " \n ", ["not_xml"]),
    ("HTML", lambda _: "<!DOCTYPE html><html></html>", ["doctype_forbidden"]),
    ("the same attribute twice", swap(("<info>", '<info a="1" a="2">')), ["not_xml"]),
    ("UTF-7", swap(('encoding="UTF-8"', 'encoding="UTF-7"')), ["encoding_unsupported"]),
    (
        "EBCDIC",
        swap(('encoding="UTF-8"', 'encoding="cp037"')),
        ["encoding_unsupported"],
    ),
    (
        "an encoding nobody has",
        swap(('encoding="UTF-8"', 'encoding="x-9"')),
        ["encoding_unsupported"],
    ),
    ("too long", lambda t: t + "<!--" + "x" * 1_048_576 + "-->", ["too_large_xml"]),
]


@pytest.mark.parametrize(
    ("change", "wrong"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN]
)
def test_what_is_wrong_is_told_all_at_once(change: Change, wrong: list[str]) -> None:
    assert codes(read(change(CAP))) == wrong


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (CAP.encode("gb18030"), "encoding_wrong"),
        (CAP.encode("utf-16"), "encoding_wrong"),  # it declares UTF-8
        (CAP.replace("UTF-8", "UTF-16").encode(), "encoding_unsupported"),
        (CAP.replace("UTF-8", "ascii").encode(), "encoding_wrong"),
        (b"\xff\xfe\x00\x00<\x00\x00\x00", "encoding_unsupported"),
        (b"\xff\xfe<", "encoding_wrong"),
        (b"\xef\xbb\xbf\xff", "encoding_wrong"),
        (b"\x1f\x8b\x08\x00" + b"\x00" * 20, "encoding_wrong"),
        (b"\x00" * 20, "not_xml"),
        ("<!DOCTYPE a><a/>".encode("utf-16"), "doctype_forbidden"),
        (
            "<?xml version='1.0'?><!DOCTYPE a><a/>".encode("utf-16-le"),
            "doctype_forbidden",
        ),
    ],
)
def test_bytes_that_lie_are_refused(body: bytes, wrong: str) -> None:
    assert codes(read(body)) == [wrong]


def test_nothing_outside_is_read_for_an_include() -> None:
    included = swap(
        (
            "3小时超100毫米",
            (
                '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" '
                'href="file:///etc/passwd" parse="text"/>'
            ),
        )
    )
    found = read(included(CAP))

    assert isinstance(found, Content)
    assert found.description == ""


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len(BROKEN) >= 85
