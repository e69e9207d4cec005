"""Points read off Chinese web maps."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.datum import Datum, to_gcj02, to_wgs84

CHINA = st.tuples(st.floats(18, 53), st.floats(74, 135))


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    north = (one[0] - other[0]) * 111_200
    east = (one[1] - other[1]) * 111_200 * math.cos(math.radians(one[0]))
    return math.hypot(north, east)


@given(CHINA)
def test_what_a_map_shifts_is_put_back_to_less_than_a_metre(
    point: tuple[float, float],
) -> None:
    assert metres(to_wgs84(to_gcj02(point), Datum.GCJ_02), point) < 1


@given(CHINA)
def test_a_map_shifts_by_some_hundred_metres(point: tuple[float, float]) -> None:
    assert 20 < metres(to_gcj02(point), point) < 1000


@given(CHINA)
def test_the_second_shift_is_some_hundred_metres_more(
    point: tuple[float, float],
) -> None:
    once = to_wgs84(point, Datum.GCJ_02)
    twice = to_wgs84(point, Datum.BD_09)

    assert 300 < metres(once, twice) < 1500


@pytest.mark.parametrize("point", [(51.5, -0.1), (-33.9, 151.2), (35.7, 139.7)])
def test_outside_china_nothing_is_shifted(point: tuple[float, float]) -> None:
    assert to_wgs84(point, Datum.GCJ_02) == point


def test_what_satellites_have_stays() -> None:
    assert to_wgs84((42.0, 125.0), Datum.WGS_84) == (42.0, 125.0)


def test_a_square_in_beijing_is_moved_as_published() -> None:
    """The shift at 39.9 N, 116.4 E: about 0.0014 degrees north, 0.0062 east."""
    north, east = to_gcj02((39.9, 116.4))

    assert (round(north - 39.9, 4), round(east - 116.4, 4)) == (0.0014, 0.0062)
