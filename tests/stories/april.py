"""An April workbook: what many hands do to a roster, each kind of dirt by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contacts.importers.columns import Column
from tests.contacts.offices import Value
from tests.contacts.offices import row as clean

NEXT_VILLAGE = "990421100201"  # no warning of the story reaches it
Cells = Mapping[Column, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Healed:
    """Dirt that is read as it was meant.

    :ivar name: of the person as the roster has him then; empty: as in other rows
    :ivar numbers: his, masked, in the order of trying; none: as in other rows
    """

    cells: Cells = field(default_factory=dict)
    name: str = ""
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoilt:
    """Dirt that somebody has to mend: where it is told, and with which words."""

    cells: Cells
    letter: str
    words: str


def mobile(value: Value) -> Cells:
    return {Column.MOBILE: value}


HEALED: Mapping[str, Healed] = {
    "number as a float": Healed(cells=mobile(13800130001.0), numbers=("138****0001",)),
    "number as text with .0": Healed(
        cells=mobile("13800130002.0"), numbers=("138****0002",)
    ),
    "whole scientific notation": Healed(
        cells=mobile("1.3800130003E+10"), numbers=("138****0003",)
    ),
    "full-width digits": Healed(
        cells=mobile(
            "\uff11\uff13\uff18\uff10\uff10\uff11\uff13\uff10\uff10\uff10\uff14"
        ),
        numbers=("138****0004",),
    ),
    "spaces in a number": Healed(
        cells=mobile("138 0013 0005"), numbers=("138****0005",)
    ),
    "hyphens in a number": Healed(
        cells=mobile("138-0013-0006"), numbers=("138****0006",)
    ),
    "country code": Healed(cells=mobile("+86 13800130007"), numbers=("138****0007",)),
    "country code with zeros": Healed(
        cells=mobile("008613800130008"), numbers=("138****0008",)
    ),
    "zero before a mobile": Healed(
        cells=mobile("013800130009"), numbers=("138****0009",)
    ),
    "quote for text": Healed(cells=mobile("'13800130010"), numbers=("138****0010",)),
    "mark of direction": Healed(
        cells=mobile("\u202d13800130011\u202c"), numbers=("138****0011",)
    ),
    "no-break space": Healed(
        cells=mobile("13800130012\u00a0"), numbers=("138****0012",)
    ),
    "byte order mark in a cell": Healed(
        cells=mobile("\ufeff13800130013"), numbers=("138****0013",)
    ),
    "line break at the end": Healed(
        cells=mobile("13800130014\r\n"), numbers=("138****0014",)
    ),
    "two numbers, 、": Healed(
        cells=mobile("13800130015、13900130015"), numbers=("138****0015", "139****0015")
    ),
    "two numbers, /": Healed(
        cells=mobile("13800130016/13900130016"), numbers=("138****0016", "139****0016")
    ),
    "two numbers, line break": Healed(
        cells=mobile("13800130017\n13900130017"), numbers=("138****0017", "139****0017")
    ),
    "two numbers, space": Healed(
        cells=mobile("13800130018 13900130018"), numbers=("138****0018", "139****0018")
    ),
    "two numbers, full-width ;": Healed(
        cells=mobile("13800130019\uff1b13900130019"),
        numbers=("138****0019", "139****0019"),
    ),
    "landline in brackets": Healed(
        cells=mobile("(0451)82345678"), numbers=("451****5678",)
    ),
    "space inside a name": Healed(cells={Column.NAME: "王  芳"}, name="王芳"),
    "wide space inside a name": Healed(cells={Column.NAME: "李\u3000强"}, name="李强"),
    "zero-width space in a name": Healed(
        cells={Column.NAME: "赵\u200b敏"}, name="赵敏"
    ),
    "role with other words": Healed(cells={Column.ROLE: "网格员"}),
    "role in full width": Healed(cells={Column.ROLE: "\uff21角"}),
    "role with spaces": Healed(cells={Column.ROLE: " A 角 "}),
    "code as a float": Healed(cells={Column.CODE: float(NEXT_VILLAGE)}),
    "rank as a float": Healed(cells={Column.RISK: 2.0}),
    "slash for nothing": Healed(cells={Column.BACKUP: "/"}),
    "无 for nothing": Healed(cells={Column.WECOM: "无"}),
    "same number twice": Healed(cells={Column.BACKUP: "same"}),
}

SPOILT: Mapping[str, Spoilt] = {
    "rounded by scientific notation": Spoilt(
        cells=mobile("1.38E+10"), letter="H", words="科学计数法"
    ),
    "one digit short": Spoilt(
        cells=mobile("1380013001"), letter="H", words="不是完整的手机号"
    ),
    "emergency number": Spoilt(cells=mobile("110"), letter="H", words="不呼叫"),
    "hotline": Spoilt(cells=mobile("12345"), letter="H", words="不呼叫"),
    "landline without its area": Spoilt(
        cells=mobile("82345678"), letter="H", words="区号"
    ),
    "name in the number": Spoilt(
        cells=mobile("王芳13800130020"), letter="H", words="不是电话号码"
    ),
    "formula in error": Spoilt(cells=mobile("#N/A"), letter="H", words="不是电话号码"),
    "formula for a number": Spoilt(
        cells=mobile("=A1"), letter="H", words="不是电话号码"
    ),
    "garbled name": Spoilt(cells={Column.NAME: "王\ufffd"}, letter="G", words="乱码"),
    "two people in a cell": Spoilt(
        cells={Column.NAME: "王芳、李强"}, letter="G", words="每人一行"
    ),
    "number in the name": Spoilt(
        cells={Column.NAME: "王芳13800130021"}, letter="G", words="姓名里有号码"
    ),
    "no name": Spoilt(cells={Column.NAME: ""}, letter="G", words="不能为空"),
    "no number": Spoilt(cells=mobile(""), letter="H", words="至少要有一个号码"),
    "unknown role": Spoilt(
        cells={Column.ROLE: "吹哨人"}, letter="F", words="不认识的职务"
    ),
    "no role": Spoilt(cells={Column.ROLE: ""}, letter="F", words="不能为空"),
    "code too short": Spoilt(cells={Column.CODE: "9904211"}, letter="A", words="6 位"),
    "code with letters": Spoilt(
        cells={Column.CODE: "99042110020X"}, letter="A", words="6 位"
    ),
    "rank out of range": Spoilt(cells={Column.RISK: "12"}, letter="K", words="1(最高)"),
    "nickname for an account": Spoilt(
        cells={Column.WECOM: "小王"}, letter="J", words="不是昵称"
    ),
    "grid code too long": Spoilt(
        cells={Column.GRID_CODE: "9" * 33}, letter="D", words="最长"
    ),
}


def dirty(at: int, cells: Cells) -> list[Value]:
    """A row of its own grid and its own person, with some dirt."""
    own: dict[Column, Value] = {
        Column.CODE: NEXT_VILLAGE,
        Column.TOWNSHIP: "柳林镇",
        Column.VILLAGE: "白石村",
        Column.GRID_CODE: f"{NEXT_VILLAGE}{at:03}",
        Column.GRID_NAME: f"{at}网格",
        Column.NAME: f"张{chr(0x4E00 + at)}",
        Column.MOBILE: f"1380014{at:04}",
    }
    mixed = {**own, **cells}
    if mixed.get(Column.BACKUP) == "same":
        mixed[Column.BACKUP] = mixed[Column.MOBILE]
    return [*clean(mixed)]
