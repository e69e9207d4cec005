"""``jiaoying outline import``: a map of our units, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from config.settings import load
from contacts.datum import Datum
from contacts.importers.columns import plain
from contacts.importers.features import BYTES_MOST
from contacts.importers.outlines import (
    FeatureProblem,
    Outlines,
    Source,
    read_outlines,
)
from contacts.model import UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.cli import stores
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.store import people, places

DATUMS = {plain(datum).replace("-", ""): datum for datum in Datum}


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """A file of outlines, as the officer names it.

    :ivar crs: the word for its datum, with or without a hyphen
    :ivar code_property: the property that holds the code; empty: the usual ones
    """

    file: Path
    crs: str
    code_property: str


def import_file(config: Path | None, given: Map) -> dict[str, object]:
    """Import a GeoJSON file; tells what has an outline now and what has none.

    :raises CommandError: with every problem of the file, by feature
    """
    settings = load(config, os.environ)
    source = Source(
        code_system=settings.intake.code_system,
        datum=_datum(given.crs),
        code_property=given.code_property,
    )
    data = _bytes(given.file)
    roster = stores.read(settings, people.load_roster)
    found = read(data, roster, source, str(given.file))
    known = stores.write(settings, lambda connection: save(connection, found))
    return {"file": str(given.file), **_figures(roster, found, known)}


def read(data: bytes, roster: Roster, source: Source, name: str) -> Outlines:
    """Read outlines that may be imported.

    :raises CommandError: with every problem of them
    """
    if not roster.units:
        raise CommandError(["名册是空的,请先导入名册"], BAD_INPUT)
    found = read_outlines(data, roster, source)
    if found.problems:
        problems = [_line(name, problem) for problem in found.problems]
        raise CommandError([*problems, "未导入任何一个轮廓"], BAD_INPUT)
    return found


def save(connection: Connection, found: Outlines) -> frozenset[UnitId]:
    """Keep outlines beside those of other units; gives whose were known before."""
    before = places.outlined(connection)
    places.save_outlines(connection, found.lands)
    return before


def in_words(done: Mapping[str, object]) -> str:
    """Say it to the officer."""
    words = (
        f"已导入 {done['file']}:轮廓 {done['outlines']} 个(其中网格 {done['grids']} 个,"
        f"替换原有 {done['replaced']} 个)"
    )
    if done["missing"]:
        words += f"\n还有 {done['missing']} 个最小单元没有轮廓,按经纬度的点判断"
    if done["unplaced"]:
        words += f"\n其中 {done['unplaced']} 个连经纬度也没有,按图形发布的预警叫不到"
    return words


def _figures(
    roster: Roster, found: Outlines, before: frozenset[UnitId]
) -> dict[str, object]:
    """Count what the file gave, and which of the smallest units lack an outline."""
    given = found.lands.keys()
    parents = {unit.parent for unit in roster.units.values()}
    bare = [
        unit
        for unit in roster.units.values()
        if unit.id not in parents and unit.id not in given | before
    ]
    kinds = [roster.unit(unit).kind for unit in given]
    return {
        "outlines": len(given),
        "grids": kinds.count(UnitKind.GRID),
        "replaced": len(given & before),
        "missing": len(bare),
        "unplaced": sum(unit.lat is None for unit in bare),
    }


def _datum(crs: str) -> Datum:
    found = DATUMS.get(plain(crs).replace("-", ""))
    if found is None:
        words = "、".join(DATUMS)
        raise CommandError([f"--crs {crs}: 只能是 {words}"], BAD_INPUT)
    return found


def _bytes(file: Path) -> bytes:
    """What is in a file; of one that is too large only so much that it shows."""
    try:
        with file.open("rb") as opened:
            return opened.read(BYTES_MOST + 1)
    except OSError as error:
        raise CommandError([f"{file}: {error.strerror}"], BAD_INPUT) from error


def _line(name: str, problem: FeatureProblem) -> str:
    where = f"第 {problem.number} 个要素: " if problem.number else ""
    return f"{name}: {where}{problem.what}"
