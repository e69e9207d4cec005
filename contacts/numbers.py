"""Telephone numbers: one spelling for storage, and the guard before every dialling.

A dialler that rings 110 or 120 for every row of a bad list is itself a disaster, so
a domestic number passes only in the shape of a mobile, of a satellite telephone or of
a landline with its area code; emergency numbers, hotlines and service codes have none
of these shapes, and 400 and 800 are no area codes.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from contacts.model import AddressKind

MOBILE_CN = re.compile(r"\+861[3-9][0-9]{9}")
# subscribers begin with 2 to 8: 1 is for short codes, 9 for hotlines, in every area
LANDLINE_CN = re.compile(
    r"\+86(?:(?:10|2[0-9])[2-8][0-9]{7}|[3-9](?!00)[0-9]{2}[2-8][0-9]{6,7})"
)
# Mobile numbers in all but their network: 1740 to 1749 and 1349 go by satellite.
SATELLITE_CN = re.compile(r"\+861(?:349|74[0-9])[0-9]{7}")
# Inmarsat; Iridium and Globalstar; Thuraya: no country's, and so of no region.
SATELLITE_ABROAD = re.compile(r"\+(?:870[0-9]{9}|881[0-9]{8,9}|88216[0-9]{8})")
# Hong Kong, Macao and mobiles of Taiwan, as written without a plus. No area of the
# mainland has had 0852 or 0853 since Guizhou became one, and none has twelve digits.
NEIGHBOUR = re.compile(r"(?:852[2-9]|853[268])[0-9]{7}|8869[0-9]{8}")
TEST_NUMBER = re.compile(r"\+999[0-9]{8,12}")  # +999 is assigned to nobody
WRITTEN = re.compile(r"\+?[0-9\s().‐-―-]+")  # with anything else it is a remark
SERVICE_CODE = re.compile(r"(?:1[0-2]|9)[0-9]*")  # as dialled: no +, no leading 0

KINDS_ABROAD = {
    PhoneNumberType.MOBILE: AddressKind.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: AddressKind.MOBILE,
    PhoneNumberType.FIXED_LINE: AddressKind.LANDLINE,
}
DIGITS = re.compile(r"\+?[0-9](?:[0-9()\s.-]{5,})[0-9]")
# E.164 as it is or as a URL writes it, and a domestic mobile; the last four stay.
DIALLED = re.compile(r"(?:\+|%2B)\d{4,11}(\d{4})(?!\d)|(?<!\d)1[3-9]\d{5}(\d{4})(?!\d)")
LENGTHS_OF_CODES = frozenset({9, 12, 15})  # townships, villages, most grids
OWN_MOBILE = re.compile(r"1[3-9][0-9]{9}")  # as nearly all are written in a roster
# Digits with the country's: of what is shorter, as in Vienna, many a slip is made:
# 00431110 is no number there, but 110 with an area of ours and a 0 too many.
SHORTEST_ABROAD = 10
SHORTEST_SHOWN = 8  # digits: a shorter number would be given away by its two ends

UNREADABLE = "不是电话号码"
NOT_CALLABLE = "不是完整的手机号或带区号的固话(紧急号码、服务短号一律不呼叫)"
TEST_ONLY = "+999 是测试号码,只能用于演示"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number that may be dialled.

    :ivar value: E.164
    """

    value: str
    kind: AddressKind


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberProblem:
    """Why a text is no number for us, in Chinese and without the number itself."""

    what: str


def normalise(
    text: str, *, region: str = "CN", allow_test_numbers: bool
) -> Number | NumberProblem:
    """Read a number as people write it.

    :param region: the country whose numbers are written without a country code
    """
    written = unicodedata.normalize("NFKC", text).strip()
    if region == "CN" and OWN_MOBILE.fullmatch(written):
        return Number(value=f"+86{written}", kind=_mobile(f"+86{written}"))
    if WRITTEN.fullmatch(written) is None:
        return NumberProblem(what=UNREADABLE)
    dialled = re.sub(r"[^0-9+]", "", written)
    if region == "CN" and SERVICE_CODE.fullmatch(dialled):
        return NumberProblem(what=NOT_CALLABLE)
    if region == "CN" and NEIGHBOUR.fullmatch(dialled):
        dialled = f"+{dialled}"
    if (value := _e164(dialled, region)) is None:
        return NumberProblem(what=UNREADABLE)
    kind = _judge(value, allow_test_numbers=allow_test_numbers)
    return kind if isinstance(kind, NumberProblem) else Number(value=value, kind=kind)


def guard(number: str, *, allow_test_numbers: bool) -> str | None:
    """Say in Chinese why an E.164 number must not be dialled; None when it may be."""
    verdict = _judge(number, allow_test_numbers=allow_test_numbers)
    return verdict.what if isinstance(verdict, NumberProblem) else None


def mask(number: str) -> str:
    """Hide the middle of an E.164 number: 138****1234, abroad +44 791****3456."""
    country, national = _split(number)
    if len(national) < SHORTEST_SHOWN:
        return f"{country}****"
    return f"{country}{national[:3]}****{national[-4:]}"


def only_last_four(text: str) -> str:
    """Hide numbers in a text of ours, which may hold times and ids as well."""
    return DIALLED.sub(lambda found: f"****{found[1] or found[2]}", text)


def without_numbers(text: str) -> str:
    """Hide every number in a text; codes of areas and of grids stay."""
    return DIGITS.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    number = normalise(found[0], allow_test_numbers=True)
    if isinstance(number, Number):
        return mask(number.value)
    digits = re.sub(r"[^0-9]", "", found[0])
    if digits == found[0] and len(digits) in LENGTHS_OF_CODES:
        return digits
    return f"{digits[:3]}****{digits[-2:]}"  # a number with a slip in it is a number


def _e164(dialled: str, region: str) -> str | None:
    if dialled.startswith("+999"):
        return dialled
    try:
        number = phonenumbers.parse(dialled, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _judge(number: str, *, allow_test_numbers: bool) -> AddressKind | NumberProblem:
    if number.startswith("+999") and not allow_test_numbers:
        return NumberProblem(what=TEST_ONLY)
    return _kind(number) or NumberProblem(what=NOT_CALLABLE)


def _kind(number: str) -> AddressKind | None:
    if MOBILE_CN.fullmatch(number) or TEST_NUMBER.fullmatch(number):
        return _mobile(number)
    if LANDLINE_CN.fullmatch(number):
        return AddressKind.LANDLINE
    return None if number.startswith(("+86", "+999")) else _kind_abroad(number)


def _mobile(number: str) -> AddressKind:
    """Which of the two a number in the shape of a mobile is."""
    satellite = SATELLITE_CN.fullmatch(number)
    return AddressKind.SATELLITE if satellite else AddressKind.MOBILE


def _kind_abroad(number: str) -> AddressKind | None:
    if SATELLITE_ABROAD.fullmatch(number):
        return AddressKind.SATELLITE
    if len(number) <= SHORTEST_ABROAD:
        return None
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    return KINDS_ABROAD.get(phonenumbers.number_type(parsed))


def _split(number: str) -> tuple[str, str]:
    """Part an E.164 number into what is shown of its country code, and the rest."""
    if number.startswith("+86"):
        return "", number[3:]
    if number.startswith("+999"):
        return "+999 ", number[4:]
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return "", ""
    return f"+{parsed.country_code} ", str(parsed.national_number)
