"""One cell of a roster sheet: its text becomes a value, or a reason in Chinese."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from contacts.codes import KINDS, county_or_smaller
from contacts.importers.columns import ROLES, plain
from contacts.model import Post

LONGEST_GRID_CODE = 32
LOWEST_RISK = 9
LAT_LIMIT = 90.0
LON_LIMIT = 180.0
WECOM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_@.-]{0,63}")  # WeCom: 1 to 64 of these
EXPONENT = re.compile(r"([0-9])\.?([0-9]*)E\+([0-9]{1,3})", re.IGNORECASE)
POINT_ZERO = re.compile(r"([0-9]+)\.0+")
QUOTES = "'`\u2018\u2019"  # before digits: the sign for "this is text"
BETWEEN_HAN = re.compile(r"(?<=[一-鿿])\s+(?=[一-鿿])")
# Where nobody doubts that one number ends: a space only between two whole mobiles.
BETWEEN_NUMBERS = re.compile(
    r"[、,;/|\n]|(?<=(?<![0-9])1[0-9]{10})\s+(?=1[0-9]{10}(?![0-9]))"
)
SEVERAL_NAMES = re.compile(r"[、,;/|\n]")
NUMBER_IN_NAME = re.compile(r"[0-9]{5}")
# What is not seen: controls, marks of direction, joiners, soft hyphens, byte order
# marks, selectors of variants, tags. A tab and a new line are white space and stay.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)
# Ways to write that a cell has nothing in it.
NOTHING = frozenset(
    {"/", "\\", "-", "--", "—", "——", "无", "暂无", "空缺", "暂缺", "N/A"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """Why a cell can't be read, in Chinese."""

    what: str


SPOILT = Wrong(what="已被表格软件改成科学计数法,丢了末位,请把该列设为文本后重填")
GARBLED = Wrong(what="有无法识别的字符(乱码),请改正")
REPLACED = "\ufffd"  # what programs write for what they could not read


def clean(text: str) -> str:
    """Bring full-width forms to plain ones; drop what is not seen."""
    if text.isascii() and text.isprintable():
        return text.strip()  # most cells, and by far the fastest
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return UNSEEN.sub("", unicodedata.normalize("NFKC", lines)).strip()


def whole(text: str) -> str | Wrong:
    """Undo what table programs do to digits; what they have rounded is lost.

    1.3800001234E+10 has all its digits, 1.38E+10 has not.
    """
    if text.isdigit():
        return text
    text = text.lstrip(QUOTES).strip()
    if found := EXPONENT.fullmatch(text):
        kept = len(found[2]) == int(found[3])
        return found[1] + found[2] if kept else SPOILT
    found = POINT_ZERO.fullmatch(text)
    return found[1] if found else text


def area_code(text: str) -> str | Wrong:
    """Read a code of 6, 9 or 12 digits and drop its filling zeros."""
    digits = whole(text)
    if isinstance(digits, Wrong):
        return digits
    code = county_or_smaller(digits)
    if len(code) not in KINDS or re.fullmatch("[0-9]+", code) is None:
        return Wrong(what="应为 6 位(县)、9 位(乡镇)或 12 位(村)数字")
    return code


def grid_code(text: str) -> str | Wrong:
    """Read a grid's code: free text, up to 32 characters."""
    code = whole(text)
    if isinstance(code, str) and len(code) > LONGEST_GRID_CODE:
        return Wrong(what=f"网格编码最长 {LONGEST_GRID_CODE} 个字符")
    return code


def role(text: str) -> Post | Wrong:
    """Read the name of an office."""
    return ROLES.get(plain(text)) or Wrong(what=f"不认识的职务“{text}”")


def person_name(text: str) -> str | Wrong:
    """Read a name; the space that lists put into names of two characters goes."""
    name = BETWEEN_HAN.sub("", text)
    if SEVERAL_NAMES.search(name):
        return Wrong(what="像是写了几个人,请每人一行")
    if NUMBER_IN_NAME.search(name):
        return Wrong(what="姓名里有号码,请分到各自的列")
    return name


def risk(text: str) -> int | Wrong:
    """Read a rank from 1, the highest, to 9."""
    rank = whole(text)
    if isinstance(rank, Wrong) or re.fullmatch("[1-9]", rank) is None:
        return Wrong(what=f"应为 1(最高)到 {LOWEST_RISK} 的整数")
    return int(rank)


def latitude(text: str) -> float | Wrong:
    """Read degrees north."""
    return _degrees(text, LAT_LIMIT)


def longitude(text: str) -> float | Wrong:
    """Read degrees east."""
    return _degrees(text, LON_LIMIT)


def wecom(text: str) -> str | Wrong:
    """Read a WeCom user id."""
    if WECOM_ID.fullmatch(text) is None:
        return Wrong(what="应为企业微信账号(字母、数字和 _-@.),不是昵称")
    return text


def numbers(text: str) -> tuple[str, ...]:
    """Part a cell that may hold several numbers, as they are written."""
    return tuple(part for part in BETWEEN_NUMBERS.split(text) if part.strip())


def _degrees(text: str, limit: float) -> float | Wrong:
    try:
        value = float(text)
    except ValueError:
        return Wrong(what="应为十进制度数,例如 42.68")
    if not -limit <= value <= limit:
        return Wrong(what=f"应在 -{limit:.0f} 到 {limit:.0f} 之间,请看经纬度是否填反")
    return value
