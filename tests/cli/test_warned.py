"""A warning in a file: the same one, sent now, in whichever dialect it is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest

from dispatcher.cli.failure import CommandError
from dispatcher.cli.warned import read_warning, restamped
from dispatcher.core.alert import Content
from tests.intake.documents import CN, swap, without

DATA = files("dispatcher.sim").joinpath("data")
CAP, SAMPLE = (
    DATA.joinpath(name).read_bytes() for name in ("red_rain.xml", "red_rain.json")
)
NOW = datetime(2026, 11, 23, 4, 1, 30, tzinfo=UTC)
ENDING = swap(("<expires/>", "<expires>2026-07-12 12:12:00+08:00</expires>"))
ZONELESS = swap(("09:12:00+08:00</sendTime>", "09:12:00</sendTime>"))
HOURS = timedelta(hours=3)


def read(body: bytes) -> Content:
    return read_warning("w", body, NOW, "DEMO").content


@pytest.mark.parametrize(
    "body",
    [
        SAMPLE,
        CAP,
        ENDING(CN).encode(),
        ZONELESS(ENDING(CN)).encode(),
        swap(("UTF-8", "UTF-16"))(CAP.decode()).encode("utf-16"),
    ],
    ids=["json", "cap", "12379", "12379 without a zone", "utf-16"],
)
def test_a_warning_keeps_the_distance_of_its_times(body: bytes) -> None:
    again = read(restamped(body, NOW))

    assert (again.sent, again.effective, again.expires) == (NOW, NOW, NOW + HOURS)


@pytest.mark.parametrize("body", [SAMPLE, CAP, ENDING(CN).encode()])
def test_everything_else_stays_as_it_was(body: bytes) -> None:
    before, after = read(body), read(restamped(body, NOW))

    assert before != after
    assert (after.headline, after.description, after.areas, after.identifier) == (
        before.headline,
        before.description,
        before.areas,
        before.identifier,
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"sent": 1}',
        b'{"sent": "today"}',
        b'{"sent": "2026-07-12T02:12:00"}',
        b'{"sent": "2026-07-12T02:12:00+08:00", "expires": 5}',
        b"<alert>",
        b"<!DOCTYPE alert><alert/>",
        without("sendTime")(CN).encode(),
        CAP.replace(b"<sent>2026", b"<sent>in 2026"),
    ],
)
def test_a_file_that_can_not_be_sent_anew_is_refused(body: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        restamped(body, NOW)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "w: 不是 UTF-8 编码的 JSON"),
        (b"<alert>", "w: 不是格式良好的 XML"),
        (b"<x/>", "w: 既不是 CAP 1.2 也不是 12379 报文"),
        (CAP.replace(b"Actual", b"Real"), "w: alert.status: 只能是 Actual"),
        (SAMPLE.replace(b'"red"', b'"pink"'), "w: level: 只能是 red"),
    ],
)
def test_what_is_wrong_with_a_warning_is_told_with_its_place(
    body: bytes, said: str
) -> None:
    with pytest.raises(CommandError) as error:
        read(body)

    assert said in str(error.value)
