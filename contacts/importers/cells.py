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
SPOILT_BY_EXCEL = re.compile(r"[0-9.]+E\+[0-9]+", re.IGNORECASE)
BETWEEN_HAN = re.compile(r"(?<=[一-鿿])\s+(?=[一-鿿])")
BETWEEN_NUMBERS = re.compile(r"[、,;/\n]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """Why a cell can't be read, in Chinese."""

    what: str


def clean(text: str) -> str:
    """Bring full-width digits, signs and spaces to their plain forms."""
    return unicodedata.normalize("NFKC", text).strip()


def area_code(text: str) -> str | Wrong:
    """Read a code of 6, 9 or 12 digits and drop its filling zeros."""
    if SPOILT_BY_EXCEL.fullmatch(text):
        return Wrong(what="代码已被表格软件改成科学计数法,请把该列设为文本后重填")
    code = county_or_smaller(text)
    if len(code) not in KINDS or re.fullmatch("[0-9]+", code) is None:
        return Wrong(what="应为 6 位(县)、9 位(乡镇)或 12 位(村)数字")
    return code


def grid_code(text: str) -> str | Wrong:
    """Read a grid's code: free text, up to 32 characters."""
    if SPOILT_BY_EXCEL.fullmatch(text):
        return Wrong(what="代码已被表格软件改成科学计数法,请把该列设为文本后重填")
    if len(text) > LONGEST_GRID_CODE:
        return Wrong(what=f"网格编码最长 {LONGEST_GRID_CODE} 个字符")
    return text


def role(text: str) -> Post | Wrong:
    """Read the name of an office."""
    return ROLES.get(plain(text)) or Wrong(what=f"不认识的职务“{text}”")


def person_name(text: str) -> str:
    """Read a name; the space that lists put into names of two characters goes."""
    return BETWEEN_HAN.sub("", text)


def risk(text: str) -> int | Wrong:
    """Read a rank from 1, the highest, to 9."""
    if re.fullmatch("[1-9]", text) is None:
        return Wrong(what=f"应为 1(最高)到 {LOWEST_RISK} 的整数")
    return int(text)


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
