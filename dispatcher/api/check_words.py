"""What the roster check found, in words: Chinese first, then English."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from contacts.check import Fault, Finding
from contacts.model import AddressKind, PersonId, Post, UnitId
from contacts.numbers import mask
from contacts.roster import Roster
from dispatcher.api.words import POSTS

NAMED_MOST = 5  # people behind one number who are named
FAULTS = {
    Fault.VACANT: "空岗",
    Fault.UNREACHABLE: "无可用联系方式",
    Fault.SAME_PERSON: "A角即B角",
    Fault.WRONG_NUMBER: "非本人号码",
    Fault.DEAD_NUMBER: "空号",
    Fault.OPTED_OUT: "已退订",
    Fault.SILENT: "90天未应答",
    Fault.STALE: "逾期未更新",
    Fault.SHARED_NUMBER: "号码共用",
    Fault.NO_PLACE: "无位置",
    Fault.NO_PARENT: "无上级",
    Fault.FOREIGN_CODE: "编码不符",
    Fault.SAME_NAME: "同名",
}

Words = tuple[str, str]


def said(roster: Roster, finding: Finding) -> Words:
    """Say what is wrong; numbers are masked."""
    return SAYINGS[finding.fault](roster, finding)


def _plain(zh: str, en: str) -> Callable[[Roster, Finding], Words]:
    return lambda _roster, _finding: (zh, en)


def _vacant(_: Roster, finding: Finding) -> Words:
    post = finding.post or Post.GRID_LEAD
    return f"{POSTS[post]}无人", f"nobody holds {post}"


def _number(zh: str, en: str) -> Callable[[Roster, Finding], Words]:
    def told(_: Roster, finding: Finding) -> Words:
        shown = _shown(finding)
        return f"{shown} {zh}", f"{shown} {en}"

    return told


def _shared(roster: Roster, finding: Finding) -> Words:
    people = [finding.person, *finding.others]
    names = [roster.people[PersonId(one)].name for one in people if one]
    listed, more = names[:NAMED_MOST], len(names) > NAMED_MOST
    shown = _shown(finding)
    zh = f"{shown} 由{len(names)}人共用:{'、'.join(listed)}{'等' if more else ''}"
    also = ", ..." if more else ""
    return zh, f"{shown} is shared by {len(names)}: {', '.join(listed)}{also}"


def _shown(finding: Finding) -> str:
    """An account is no number, and shown whole."""
    address = finding.address
    if address is None:
        return ""
    return address.value if address.kind is AddressKind.WECOM else mask(address.value)


def _beside(zh: str, en: str) -> Callable[[Roster, Finding], Words]:
    def told(roster: Roster, finding: Finding) -> Words:
        named = "、".join(_named(roster, finding.others))
        return zh.format(named), en.format(named)

    return told


def _named(roster: Roster, units: Iterable[str]) -> Iterable[str]:
    return (f"{one} {roster.unit(UnitId(one)).name}" for one in units)


SAYINGS: dict[Fault, Callable[[Roster, Finding], Words]] = {
    Fault.VACANT: _vacant,
    Fault.UNREACHABLE: _plain(
        "没有一个可用的联系方式(号码均已标记,或没有相应线路)",
        "no means is of use: all are flagged, or no route carries them",
    ),
    Fault.SAME_PERSON: _plain(
        "A角与B角是同一人或同一号码",
        "lead and backup are one person, or have one number",
    ),
    Fault.WRONG_NUMBER: _number(
        "接听人称不是本人,不再呼叫", "is somebody else's, and not called"
    ),
    Fault.DEAD_NUMBER: _number(
        "连续两次预警不可达,疑为空号", "could not be reached in two warnings in a row"
    ),
    Fault.OPTED_OUT: _number("已退订短信", "has opted out of texts"),
    Fault.SILENT: _plain(
        "近90天被叫应过,从未应答", "was called in the last 90 days and never answered"
    ),
    Fault.STALE: _plain(
        "最近一个年度更新(4月20日前)未确认过",
        "was not confirmed in the last update of the year, due before 20 April",
    ),
    Fault.SHARED_NUMBER: _shared,
    Fault.NO_PLACE: _plain("既无轮廓也无坐标", "has neither outline nor point"),
    Fault.NO_PARENT: _plain("没有上级单元", "has no parent"),
    Fault.FOREIGN_CODE: _beside(
        "编码与上级 {} 不符", "its code does not begin like that of its parent {}"
    ),
    Fault.SAME_NAME: _beside("与同一上级下的 {} 同名", "has the name of {} beside it"),
}
