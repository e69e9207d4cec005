from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.model import AddressKind
from contacts.numbers import (
    NOT_CALLABLE,
    TEST_ONLY,
    UNREADABLE,
    Number,
    NumberProblem,
    guard,
    mask,
    normalise,
)


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("13800138000", "+8613800138000", AddressKind.MOBILE),
        (" 138 0013 8000 ", "+8613800138000", AddressKind.MOBILE),
        ("138-0013-8000", "+8613800138000", AddressKind.MOBILE),
        ("+86 13800138000", "+8613800138000", AddressKind.MOBILE),
        ("008613800138000", "+8613800138000", AddressKind.MOBILE),
        ("１３８００１３８０００", "+8613800138000", AddressKind.MOBILE),
        ("+86138００１３８０００", "+8613800138000", AddressKind.MOBILE),
        ("19900000000", "+8619900000000", AddressKind.MOBILE),
        ("0431-88888888", "+8643188888888", AddressKind.LANDLINE),
        ("0431—88888888", "+8643188888888", AddressKind.LANDLINE),
        ("(0437)6222110", "+864376222110", AddressKind.LANDLINE),
        ("010-88888888", "+861088888888", AddressKind.LANDLINE),
        ("43188888888", "+8643188888888", AddressKind.LANDLINE),
        ("(0886)3621234", "+868863621234", AddressKind.LANDLINE),
        ("86-437-6222110", "+864376222110", AddressKind.LANDLINE),
        ("8613800138000", "+8613800138000", AddressKind.MOBILE),
        ("013800138000", "+8613800138000", AddressKind.MOBILE),
        ("+852 9123 4567", "+85291234567", AddressKind.MOBILE),
        ("00852-91234567", "+85291234567", AddressKind.MOBILE),
        ("852 61234567", "+85261234567", AddressKind.MOBILE),
        ("(852)2123 4567", "+85221234567", AddressKind.LANDLINE),
        ("+853 6612 3456", "+85366123456", AddressKind.MOBILE),
        ("0085366123456", "+85366123456", AddressKind.MOBILE),
        ("85366123456", "+85366123456", AddressKind.MOBILE),
        ("+886 912 345 678", "+886912345678", AddressKind.MOBILE),
        ("00886912345678", "+886912345678", AddressKind.MOBILE),
        ("886-912-345-678", "+886912345678", AddressKind.MOBILE),
        ("+886 (0)2 2345 6789", "+886223456789", AddressKind.LANDLINE),
        ("17400123456", "+8617400123456", AddressKind.SATELLITE),
        ("+86 1749 012 3456", "+8617490123456", AddressKind.SATELLITE),
        ("13491234567", "+8613491234567", AddressKind.SATELLITE),
        ("17500123456", "+8617500123456", AddressKind.MOBILE),
        ("+8816 3141 2345", "+881631412345", AddressKind.SATELLITE),
        ("+870 773 123 456", "+870773123456", AddressKind.SATELLITE),
        ("+88216 1234 5678", "+8821612345678", AddressKind.SATELLITE),
        ("+1 650 253 0000", "+16502530000", AddressKind.MOBILE),
        ("+44 20 7946 0958", "+442079460958", AddressKind.LANDLINE),
    ],
)
def test_a_number_is_read_as_people_write_it(
    text: str, value: str, kind: AddressKind
) -> None:
    number = normalise(text, allow_test_numbers=False)

    assert Number(value=value, kind=kind) == number


@pytest.mark.parametrize(
    "text",
    [
        *("110", "119", "120", "122", "12379", "12345", "10086", "95588", "96110"),
        *("1 2 0", "１１０", "1-1-9", "+86110", "+86 120", "0086119", "0110"),
        *("010-110", "0431-120", "0431-12345", "010-95588", "+8643112345"),
        *("043112379", "+861095588", "+8610086", "10690000123456", "955880000"),
        *("4001234567", "88888888", "1380013800", "138001380000", "12800138000"),
        *("400-654-3210", "8008101818", "+864006543210", "0086 800 810 1818"),
        *("86110", "86 12345", "8612379", "8610086", "0437-6222110-801", "12593110"),
        *(
            "00431110",
            "0043112379",
            "852999",
            "853110",
            "886110",
            "00110",
            "85218501234",
            "886-2-23456789",
        ),
        *("0431-18888888", "0431-98888888", "+1911", "+852999", "+853 110"),
    ],
)
def test_emergency_and_service_codes_are_refused_in_every_form(text: str) -> None:
    problem = normalise(text, allow_test_numbers=True)

    assert NumberProblem(what=NOT_CALLABLE) == problem


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "无",
        "110转8",
        "0437-110转1",
        "120,1",
        "１１０#2",
        "王建国13800138000",
        "13800138000转8",
        "1380013800o",
        "+",
        "1",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    problem = normalise(text, allow_test_numbers=True)

    assert NumberProblem(what=UNREADABLE) == problem


def test_numbers_of_another_home_region_are_read_without_country_code() -> None:
    number = normalise("(650) 253-0000", region="US", allow_test_numbers=False)

    assert Number(value="+16502530000", kind=AddressKind.MOBILE) == number


def test_a_test_number_is_taken_where_they_are_allowed() -> None:
    number = normalise("+999 138 0000 0001", allow_test_numbers=True)

    assert Number(value="+99913800000001", kind=AddressKind.MOBILE) == number


def test_a_test_number_is_refused_elsewhere() -> None:
    problem = normalise("+99913800000001", allow_test_numbers=False)

    assert NumberProblem(what=TEST_ONLY) == problem


@pytest.mark.parametrize(
    ("number", "allow", "reason"),
    [
        ("+8613800138000", False, None),
        ("+8643188888888", False, None),
        ("+85291234567", False, None),
        ("+99913800000001", True, None),
        ("+99913800000001", False, TEST_ONLY),
        ("+999110", True, NOT_CALLABLE),
        ("+86110", True, NOT_CALLABLE),
        ("+8612379", True, NOT_CALLABLE),
        ("+8643112345", True, NOT_CALLABLE),
        ("110", True, NOT_CALLABLE),
        ("13800138000", True, NOT_CALLABLE),
        ("", True, NOT_CALLABLE),
        ("+861380013800\n0", True, NOT_CALLABLE),
    ],
)
def test_the_guard_passes_only_whole_numbers(
    number: str, *, allow: bool, reason: str | None
) -> None:
    found = guard(number, allow_test_numbers=allow)

    assert reason == found


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+8613800131234", "138****1234"),
        ("+8643188888888", "431****8888"),
        ("+99913800000001", "+999 138****0001"),
        ("+85291234567", "+852 912****4567"),
        ("+442079460958", "+44 207****0958"),
        ("+86110", "****"),
        ("duty-officer", "****"),
    ],
)
def test_a_masked_number_hides_its_middle(number: str, shown: str) -> None:
    masked = mask(number)

    assert shown == masked


EMERGENCY = ("110", "119", "120", "122", "12379", "12345", "12395", "999", "112")
CODES = (
    st.sampled_from(EMERGENCY)
    | st.from_regex(r"(?:10[0-9]{3}|9[56][0-9]{3}|116114|118114)", fullmatch=True)
    | st.from_regex(r"[48]00[0-9]{7}", fullmatch=True)
)
AREAS = ("", "010", "10", "021", "0431", "431", "0437", "437", "0755", "0886", "852")
COUNTRIES = ("", "+86", "86", "0086", "+86 0", "(+86)", "0")
WIDE = str.maketrans("0123456789+-()", "０１２３４５６７８９＋－（）")
SHORT_CODE = re.compile(  # what is left of a national number, without its area
    r"\+86(?:10|2[0-9]|[3-9][0-9]{2})?"
    r"(?:1[0-2][0-9]{1,4}|9[56][0-9]{3}|[48]00[0-9]{7}|999)"
)


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """Write a code with whatever in front of it, between its digits and behind it."""
    code = draw(CODES)
    between = st.sampled_from(["", "", "", " ", "-", "."])
    spaced = "".join(digit + draw(between) for digit in code[:-1]) + code[-1]
    front = draw(st.sampled_from(COUNTRIES)) + draw(st.sampled_from(AREAS))
    behind = draw(st.sampled_from(["", "", "", " ", "-1", "转8", ",1", "#", "ext 5"]))
    written = front + draw(st.sampled_from(["", " ", "-"])) + spaced + behind
    return written.translate(WIDE) if draw(st.booleans()) else written


@given(spellings())
def test_nothing_that_ends_as_a_short_code_may_be_dialled(text: str) -> None:
    number = normalise(text, allow_test_numbers=True)

    if isinstance(number, Number):  # with its area a long code can be a landline's
        assert SHORT_CODE.fullmatch(number.value) is None
        assert number.kind is AddressKind.LANDLINE
        assert len(number.value) >= len("+864376222110")


@given(st.sampled_from(["+86", "+86010", "+8610", "+86431", "", "+860"]), CODES)
def test_the_guard_refuses_a_short_code_whatever_stands_before_it(
    front: str, code: str
) -> None:
    refused = guard(front + code, allow_test_numbers=True)

    assert refused == NOT_CALLABLE


@given(st.text(alphabet="0123456789+-() 　０１２８６", max_size=20))
def test_what_is_read_as_a_number_passes_the_guard_and_is_no_code(text: str) -> None:
    number = normalise(text, allow_test_numbers=True)

    if isinstance(number, Number):
        assert guard(number.value, allow_test_numbers=True) is None
        assert SHORT_CODE.fullmatch(number.value) is None
