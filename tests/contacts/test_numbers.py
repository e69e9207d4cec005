from __future__ import annotations

import pytest

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
        ("+852 9123 4567", "+85291234567", AddressKind.MOBILE),
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
        *("0431-18888888", "0431-98888888", "+1911", "+852999", "+853 110"),
    ],
)
def test_emergency_and_service_codes_are_refused_in_every_form(text: str) -> None:
    problem = normalise(text, allow_test_numbers=True)

    assert NumberProblem(what=NOT_CALLABLE) == problem


@pytest.mark.parametrize(
    "text",
    ["", " ", "无", "王建国13800138000", "13800138000转8", "1380013800o", "+", "1"],
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
