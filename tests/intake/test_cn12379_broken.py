"""What is wrong with a message of 12379 is told all at once, and soon."""

from __future__ import annotations

import pytest

from tests.intake.documents import CN, Change, codes, read, swap, without

HEADLINE = "澄溪县气象台发布暴雨红色预警[Ⅰ级/特别严重]"
NAME = "99042141600000_20260712091200"


def following(kind: str, references: str) -> Change:
    return swap(
        ("<msgType>Alert<", f"<msgType>{kind}<"),
        ("<references/>", f"<references>{references}</references>"),
    )


def prose(text: str) -> Change:
    return swap(("预计未来3小时降雨100毫米以上。", text))


LONG = 500_000


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("A" * LONG, ["too_long"]),
        (",".join(map(str, range(90_000))), ["too_many"]),
        ("\n".join(map(str, range(90_000))), ["too_many"]),
        ("A," * (LONG // 2), []),
        ("A,A,2026-07-12 " * 30_000, []),
    ],
    ids=["one word", "commas", "lines", "the same one", "broken triples"],
)
def test_endless_references_are_read_or_refused_soon(
    text: str, wrong: list[str]
) -> None:
    assert codes(read(following("Update", text)(CN))) == wrong


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ["升级为", "若升为红色", "可能", "降为红色"])
def test_endless_changes_of_level_are_refused_soon(part: str) -> None:
    text = part * (LONG // len(part) // 2)

    assert codes(read(prose(text)(CN))) == ["too_long"]


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
    (
        "a hundred and one references",
        following("Update", " ".join(f"W-{n}" for n in range(101))),
        ["too_many"],
    ),
    ("a reference without end", following("Cancel", "W" * 201), ["too_long"]),
    (
        "a kind of event without end",
        swap((">11B03<", f">{'雨' * 2001}<")),
        ["too_long"],
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


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len(BROKEN) >= 40
