"""The colour of a warning, where it is told in words only."""

from __future__ import annotations

import re

from dispatcher.core.alert import Level

COLOURS = {
    "红": Level.RED,
    "橙": Level.ORANGE,
    "黄": Level.YELLOW,
    "蓝": Level.BLUE,
    "白": Level.WHITE,
    "red": Level.RED,
    "orange": Level.ORANGE,
    "yellow": Level.YELLOW,
    "amber": Level.ORANGE,
    "blue": Level.BLUE,
}
# 将橙色预警升级为暴雨红色预警: the colour a change ends at, in one clause with it.
CHANGE = re.compile(
    r"(?:升级|降级|升|降|变更|更新|更改|调整|提升|提高|降低)[为至到成]"
    r"(?:(?!解除|取消|撤销)[^红橙黄蓝白,，、。;；!！?？\n]){0,8}([红橙黄蓝白])(?:色|预警)"
)
# What may yet come is no change: 若雨势加强,将升级为红色; 后期可能降级为蓝色.
# A condition reaches across commas, a guess does not (若羌, 若尔盖 are counties).
DOUBT = re.compile(
    r"(?:若(?![羌尔])|如果|如遇|一旦|倘)[^。;；!！?？\n]*$"
    r"|(?:可能|或将|视情|适时|随时|必要时|预计|有望|(?<!模)拟)[^,，。;；!！?？\n]*$"
)
DOUBT_REACH = 80  # characters before a change
NAMED = re.compile(
    r"([红橙黄蓝白])色|\b(red|orange|yellow|amber|blue)\b", re.IGNORECASE | re.ASCII
)


def level_told(text: str) -> Level | None:
    """The colour that a text names; None when it names none."""
    if changed := changed_to(text):
        return changed
    named = [*NAMED.finditer(text)]
    certain = [one for one in named if not _doubted(one)] or named
    if not certain:
        return None
    zh, en = certain[-1].groups()
    return COLOURS[zh or en.lower()]


def changed_to(text: str) -> Level | None:
    """The colour that the last change told ends at; None where none is told."""
    ends = [found[1] for found in CHANGE.finditer(text) if not _doubted(found)]
    return COLOURS[ends[-1]] if ends else None


def _doubted(said: re.Match[str]) -> bool:
    start = said.start()
    return bool(DOUBT.search(said.string[max(0, start - DOUBT_REACH) : start]))
