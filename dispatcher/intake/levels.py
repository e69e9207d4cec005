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
# 升级为, 降级为: of several colours the one a change ends at is meant, else the last.
CHANGED = re.compile(r"(?:升级|降级|变更|更新|调整)[为至到]\s*([红橙黄蓝白])色?")
NAMED = re.compile(
    r"([红橙黄蓝白])色|\b(red|orange|yellow|amber|blue)\b", re.IGNORECASE | re.ASCII
)


def level_told(text: str) -> Level | None:
    """The colour that a text names; None when it names none."""
    changed = CHANGED.findall(text)
    if changed:
        return COLOURS[changed[-1]]
    named = [zh or en.lower() for zh, en in NAMED.findall(text)]
    return COLOURS[named[-1]] if named else None
