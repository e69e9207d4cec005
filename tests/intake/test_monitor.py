"""Alarms of Alertmanager, Grafana and JSON of any form, read by a mapping."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.inlets import Monitor
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
from dispatcher.intake.monitor import Alarm, Kind, Reader
from tests.intake.alarms import ENDED, alarm, group, labelled, notified

NOW = datetime(2026, 7, 12, 4, 0, tzinfo=UTC)
BEGAN = datetime(2026, 7, 12, 3, 58, 26, tzinfo=UTC)


def read(
    body: object, kind: Kind = Kind.ALERTMANAGER, **mapping: Any
) -> list[Alarm | list[tuple[Any, ...]]]:
    reader = Reader(
        kind=kind,
        own=Monitor.model_validate(mapping),
        sender="river@chengxi",
        code_system="DEMO",
        now=NOW,
    )
    found = reader.read(body)
    if isinstance(found, tuple):
        return [[(one.loc, one.code) for one in found]]
    return [
        one if isinstance(one, Alarm) else [(p.loc, p.code) for p in one]
        for one in found
    ]


def only(body: object, kind: Kind = Kind.ALERTMANAGER, **mapping: Any) -> Content:
    [found] = read(body, kind, **mapping)
    assert isinstance(found, Alarm), found
    return found.alert


def test_an_alarm_of_alertmanager_is_an_alert() -> None:
    assert only(group(alarm())) == Content(
        sender="river@chengxi",
        identifier="b4c2f1e09d7a6358-20260712T035826Z",
        sent=BEGAN,
        status=Status.ACTUAL,
        msg_type=MsgType.ALERT,
        event_code="11A01",
        level=Level.UNKNOWN,
        headline="石门坪水位超警",
        description="水位 3.4 米,超过警戒水位",
        areas=(Area(name="石门坪村"),),
    )


def test_grafana_posts_the_same_list_under_its_own_version() -> None:
    assert only(notified(alarm()), Kind.GRAFANA) == only(group(alarm()))


def test_the_end_of_an_alarm_cancels_what_it_made() -> None:
    [over] = read(group(alarm(status="resolved", endsAt=ENDED)))
    assert isinstance(over, Alarm)
    own = Reference(
        sender="river@chengxi", identifier=over.alert.identifier, sent=BEGAN
    )
    other = Reference(sender="river@chengxi", identifier="b4c2f1e09d7a6358-1", sent=NOW)

    assert over.ended == datetime(2026, 7, 12, 4, 40, 1, tzinfo=UTC)
    assert over.lifted(()) == Content(
        sender="river@chengxi",
        identifier="b4c2f1e09d7a6358-20260712T035826Z-resolved",
        sent=over.ended,
        status=Status.ACTUAL,
        msg_type=MsgType.CANCEL,
        references=(own,),
        headline="石门坪水位超警",
    )
    assert over.lifted([other]).references == (other,)


def test_an_end_without_a_time_is_now() -> None:
    [over] = read(group(alarm(status="resolved")))

    assert isinstance(over, Alarm)
    assert over.ended == NOW


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        ("critical", Level.RED),
        ("red", Level.RED),
        ("Orange", Level.ORANGE),
        ("蓝色", Level.BLUE),
        ("white", Level.WHITE),
        ("page", Level.UNKNOWN),
        ("", Level.UNKNOWN),
        (3, Level.YELLOW),
    ],
)
def test_a_level_is_mapped_else_a_colour_else_unknown(
    severity: object, level: Level
) -> None:
    values = {"level": {"critical": "red", "3": "yellow"}}

    assert only(group(labelled(severity=severity)), values=values).level is level


def test_a_mapping_says_where_each_field_is_and_the_first_that_speaks_is_taken() -> (
    None
):
    found = only(
        group(labelled(area=None, station="990421100200", team="水文站")),
        code="$.labels.station",
        code_system="NBS-2023",
        event="山洪",
        issuer=["$.labels.issuer", "$.labels.team"],
        sender="$.labels.nobody",
        headline="$$.groupLabels.alertname",
    )

    assert found.areas == (
        Area(codes=(AreaCode(system="NBS-2023", code="990421100200"),)),
    )
    assert (found.event, found.issuer) == ("山洪", "水文站")
    assert (found.sender, found.headline) == ("river@chengxi", "RiverHigh")


def test_an_alarm_may_say_a_point_and_a_radius_or_several_codes() -> None:
    drawn = labelled(area=None, lat=30.01, lon="110.02", radius_km=2)
    coded = labelled(area=None, code="990421100200, 990421100201、990421101")

    assert only(group(drawn)).areas == (
        Area(circles=(Circle(centre=(30.01, 110.02), radius_km=2.0),)),
    )
    assert [code.code for code in only(group(coded)).areas[0].codes] == [
        "990421100200",
        "990421100201",
        "990421101",
    ]


def test_where_nobody_says_where_there_is_no_area() -> None:
    assert only(group(labelled(area=None))).areas == ()


def test_json_of_any_form_is_read_by_its_mapping() -> None:
    body = {
        "station": {"name": "石门坪站", "at": [{"grid": "990421100200001"}]},
        "events": [{"no": 7, "flag": True, "time": 1783828706, "grade": "Ⅰ"}],
    }
    found = only(
        body,
        Kind.JSON,
        items="$.events",
        alarm="$.no",
        state="$.flag",
        began="$.time",
        issuer="$$.station.name",
        code="$$.station.at.0.grid",
        level="$.grade",
        event_code="11A51",
        values={
            "state": {"true": "firing", "false": "resolved"},
            "level": {"Ⅰ": "red"},
        },
    )

    assert (found.identifier, found.issuer) == ("7-20260712T035826Z", "石门坪站")
    assert (found.sent, found.level, found.event_code) == (BEGAN, Level.RED, "11A51")
    assert found.areas[0].codes[0].code == "990421100200001"


def test_json_without_a_mapping_is_read_by_our_own_names() -> None:
    body = {"alarm": "g7", "began": 1783828706000, "level": "red", "area": "石门坪村"}
    found = only(body, Kind.JSON)

    assert (found.sent, found.level) == (BEGAN, Level.RED)
    assert found.identifier == "g7-20260712T035826Z"


def test_an_alarm_without_a_beginning_begins_now() -> None:
    assert only({"alarm": "g7"}, Kind.JSON).sent == NOW


def test_names_hold_nothing_that_an_identity_may_not() -> None:
    plain = only({"alarm": "a b,c<d&e\x07"}, Kind.JSON).identifier
    long = only({"alarm": "x" * 500}, Kind.JSON).identifier

    assert plain == "a_b_c_d_e-20260712T040000Z"
    assert len(long) < 60


def test_texts_are_bounded_and_printable() -> None:
    told = {"summary": "a\x00b\nc" + "长" * 5000, "description": "d" * 20_000}
    found = only(group(alarm(annotations=told)))

    assert found.headline.startswith("ab c长")
    assert (len(found.headline), len(found.description)) == (2_000, 10_000)


@pytest.mark.parametrize("name", ["DatasourceError", "DatasourceNoData"])
def test_a_monitor_that_cannot_see_warns_of_nothing(name: str) -> None:
    blind = labelled(alertname=name)

    assert only(notified(blind), Kind.GRAFANA).status is Status.SYSTEM
    assert only(group(blind)).status is Status.ACTUAL


def test_a_mapping_may_call_all_of_it_an_exercise() -> None:
    assert only(group(alarm()), status="Exercise").drill


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ([], [((), "object_expected")]),
        (group(version="3"), [(("version",), "unknown_value")]),
        ({"version": "4"}, [(("alerts",), "list_expected")]),
        (group(*([{}] * 1001)), [(("alerts",), "too_many")]),
        (group("firing"), [(("alerts", 0), "object_expected")]),
        (group(alarm(fingerprint=None)), [(("alerts", 0, "fingerprint"), "required")]),
        (group(alarm(status="ok")), [(("alerts", 0, "status"), "unknown_value")]),
        (
            group(alarm(startsAt="today")),
            [(("alerts", 0, "startsAt"), "time_expected")],
        ),
        (group(alarm(startsAt=True)), [(("alerts", 0, "startsAt"), "time_expected")]),
        (group(alarm(startsAt=1e300)), [(("alerts", 0, "startsAt"), "time_expected")]),
        (
            group(alarm(startsAt="2026-07-13T05:00:00Z")),
            [(("alerts", 0, "startsAt"), "sent_in_future")],
        ),
        (
            group(labelled(lat="110.0", lon="30.0", radius_km="1")),
            [(("alerts", 0, "labels", "lat"), "latlon_swapped")],
        ),
    ],
)
def test_what_can_not_be_told_is_refused_with_its_place(
    body: object, told: list[tuple[Any, ...]]
) -> None:
    assert read(body) == [told]


def test_one_broken_alarm_hides_no_other() -> None:
    broken, sound = read(group(alarm(startsAt="?"), alarm()))

    assert broken == [(("alerts", 0, "startsAt"), "time_expected")]
    assert isinstance(sound, Alarm)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ("status", "labels", "annotations", "startsAt", "endsAt", "fingerprint")


@given(changed=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3))
def test_whatever_stands_in_an_alarm_it_is_read_or_refused(
    changed: dict[str, Any],
) -> None:
    body = json.loads(json.dumps(group({**alarm(), **changed})))
    for found in read(body):
        assert isinstance(found, Alarm) or found
