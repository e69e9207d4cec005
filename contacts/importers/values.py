"""The values of a table program's cells, as the text an officer would have written."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from contacts.importers.cells import Wrong
from contacts.importers.table import TEXT_MOST, TOO_LONG, Cell

DIGITS_KEPT = 15  # a number has no more; what is typed beyond is changed to zeros
EXACT_BELOW = 10.0**DIGITS_KEPT
ERRORS = frozenset({"#N/A", "#NAME?", "#VALUE!", "#REF!", "#DIV/0!", "#NULL!", "#NUM!"})

FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001 - a table knows no zones
LAST_SERIAL = 2_958_465  # 9999-12-31


@dataclass(frozen=True, slots=True, kw_only=True)
class DateCell(Wrong):
    """A cell that shows a date or a time: wrong in a roster, not in a plan of shifts.

    :ivar serial: days since 1899-12-30; below 1 a time of day
    """

    serial: float

    @property
    def moment(self) -> datetime:
        """What the clock on the wall says, to the minute."""
        minutes = round(self.serial * 24 * 60)
        return FIRST_DAY + timedelta(minutes=minutes)


TOO_PRECISE = Wrong(
    what=f"超过 {DIGITS_KEPT} 位的数字,末位已被表格软件改成 0,请把该列设为文本后重填"
)
A_DATE = Wrong(what="已被表格软件改成日期,请把该列设为文本后重填")
NO_RESULT = Wrong(what="公式没有保存结果,请用表格软件打开并保存一次")
NO_NUMBER = Wrong(what="单元格里的数值无法识别")

# Number formats that come with the program and show a date or a time (ECMA-376
# §18.8.30; 27 to 36 and 50 to 58 are those of Chinese and its neighbours).
DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48)}) | {
    *range(50, 59)
}
NOT_SHOWN = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')  # quoted, coloured, escaped
DATE_PART = re.compile(r"[ymdhs年月日]", re.IGNORECASE)


def number(value: float) -> Cell:
    """Write a number without an exponent and, where it is whole, without a point."""
    if not math.isfinite(value):
        return NO_NUMBER
    if not value.is_integer():
        return (
            f"{value:.{DIGITS_KEPT}g}"  # as it is shown: 42.68, not 42.680000000000007
        )
    return str(int(value)) if abs(value) < EXACT_BELOW else TOO_PRECISE


def number_written(text: str) -> Cell:
    """Read a number as a file writes it: 1.3800001234E+10 is a whole number."""
    if len(text) <= DIGITS_KEPT and text.isascii() and text.isdigit():
        return text
    try:
        return number(float(text))
    except ValueError:
        return NO_NUMBER


def date_written(text: str) -> Cell:
    """Read a number that is shown as a date."""
    try:
        serial = float(text)
    except ValueError:
        return A_DATE
    sound = 0 <= serial <= LAST_SERIAL
    return DateCell(what=A_DATE.what, serial=serial) if sound else A_DATE


def error(text: str) -> Wrong:
    """Tell of a cell whose formula failed."""
    return Wrong(what=f"单元格是错误值 {text if text in ERRORS else ''}".rstrip())


def bounded(text: str) -> Cell:
    """Give a text, or say that it is longer than a cell can be."""
    return text if len(text) <= TEXT_MOST else TOO_LONG


def shows_a_date(number_format: str) -> bool:
    """Whether a number format makes dates or times of numbers."""
    return DATE_PART.search(NOT_SHOWN.sub("", number_format)) is not None
