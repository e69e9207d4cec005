"""``jiaoying duty``: who is on duty where, and the 值班表 that says so."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from rich.cells import cell_len
from sqlalchemy import Connection

from config.load import load_policies
from config.settings import load
from contacts.duty import Override
from contacts.importers.duty_file import DutySheet, read_duties
from contacts.model import Person, Post, PostRef, Unit, UnitKind
from contacts.roster import Roster
from dispatcher.api.words import POSTS
from dispatcher.cli import rosters, stores
from dispatcher.cli.doer import doer
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.engine.runtime import clock_of
from dispatcher.store import duty_edits, people
from dispatcher.store.roster_edits import Editing

VACANT = "空岗"
NO_CHANGE = "—"
HEADINGS = ("单位", "岗位", "在岗", "到", "接班")
ABOVE = (UnitKind.COUNTY, UnitKind.TOWNSHIP)
OVER = "表里的时间都已过去,请检查日期"
View = dict[str, object]


def show(config: Path | None, unit: str, at: str) -> View:
    """Tell who fills the posts of a unit; of none, those above and all with a plan.

    :raises CommandError: where there is no such unit, or no such time
    """
    settings = load(config, os.environ)
    zone = ZoneInfo(load_policies(settings.policies.dir).timezone)
    now = clock_of(settings).now().astimezone(zone)
    moment = _moment(at, zone) if at else now
    roster = stores.read(settings, people.load_roster)
    refs = _of_unit(_unit(roster, unit)) if unit else _watched(roster)
    lines = [_line(roster, ref, moment) for ref in refs]
    return {"at": moment.isoformat(), "posts": lines}


def in_words(shown: Mapping[str, object]) -> str:
    """Say it to the officer, as a table."""
    lines = cast("list[Mapping[str, object]]", shown["posts"])
    rows = [HEADINGS, *(tuple(_cells(line)) for line in lines)]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    table = (
        "  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in table)


def import_file(config: Path | None, file: Path) -> View:
    """Take a 值班表 in; tells how much of it there is.

    :raises CommandError: with every problem of the file, by row and column
    """
    settings = load(config, os.environ)
    zone = load_policies(settings.policies.dir).timezone
    data, now = rosters.bytes_of(file), clock_of(settings).now()
    editing = Editing(by=doer(), at=now)

    def save(connection: Connection) -> Sequence[Override]:
        found = read_duties(data, people.load_roster(connection), zone)
        return duty_edits.plan(connection, _sound(found, file, now), editing).overrides

    done = stores.write(settings, save)
    return {"file": str(file), **_figures(done, ZoneInfo(zone))}


def told(done: Mapping[str, object]) -> str:
    """Say it to the officer."""
    return (
        f"已导入 {done['file']}:{done['posts']} 个岗位,{done['shifts']} 班,"
        f"{done['begins']} 至 {done['ends']}"
    )


def _figures(made: Sequence[Override], zone: ZoneInfo) -> View:
    bounds = [at.astimezone(zone) for one in made for at in one.span.bounds]
    return {
        "posts": len({one.ref for one in made}),
        "shifts": len(made),
        "begins": f"{min(bounds):%Y-%m-%d %H:%M}",
        "ends": f"{max(bounds):%Y-%m-%d %H:%M}",
    }


def _sound(sheet: DutySheet, file: Path, now: datetime) -> tuple[Override, ...]:
    if sheet.problems:
        problems = [*rosters.lines_of(str(file), sheet.problems), rosters.NOTHING_DONE]
        raise CommandError(problems, BAD_INPUT)
    if all(at <= now for one in sheet.overrides for at in one.span.bounds):
        raise CommandError([f"{file}: {OVER}", rosters.NOTHING_DONE], BAD_INPUT)
    return sheet.overrides


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """A time as somebody types it, in the zone of the policy if it names none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        problem = f"--at {text}: 应写作 2026-07-12T08:30"
        raise CommandError([problem], BAD_INPUT) from error
    return found.astimezone(zone) if found.tzinfo else found.replace(tzinfo=zone)


def _unit(roster: Roster, text: str) -> Unit:
    units = [unit for unit in roster.units.values() if text in {unit.id, unit.name}]
    if len(units) == 1:
        return units[0]
    why = f"有 {len(units)} 个,请写编码" if units else "名册里没有"
    raise CommandError([f"单元 {text}: {why}"], BAD_INPUT)


def _of_unit(unit: Unit) -> list[PostRef]:
    return [PostRef(unit.id, post) for post in Post if post.unit_kind is unit.kind]


def _watched(roster: Roster) -> list[PostRef]:
    """The posts of county and townships, and all in which anything is planned."""
    above = (
        unit for kind in ABOVE for unit in roster.units.values() if unit.kind is kind
    )
    posts = [ref for unit in above for ref in _of_unit(unit)]
    return list(dict.fromkeys([*posts, *sorted(roster.bound)]))


def _line(roster: Roster, ref: PostRef, at: datetime) -> View:
    change = roster.next_change(ref, at)
    return {
        "unit": ref.unit,
        "name": roster.unit(ref.unit).name,
        "post": ref.post.value,
        "on_duty": _names(roster.holders(ref, at)),
        "until": change.astimezone(at.tzinfo).isoformat() if change else None,
        "next": _names(roster.holders(ref, change)) if change else [],
    }


def _names(found: Iterable[Person]) -> list[str]:
    return [person.name for person in found]


def _cells(line: Mapping[str, object]) -> Iterator[str]:
    present, following = (
        "、".join(cast("list[str]", line[key])) or VACANT for key in ("on_duty", "next")
    )
    until = cast("str | None", line["until"])
    yield from (str(line["name"]), POSTS[Post(str(line["post"]))], present)
    yield f"{datetime.fromisoformat(until):%m-%d %H:%M}" if until else NO_CHANGE
    yield following if until else NO_CHANGE


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))
