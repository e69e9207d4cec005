"""``jiaoying roster import``: a sheet replaces the roster, whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection

from config.settings import Settings, load
from contacts.importers.merge import merge
from contacts.importers.roster_file import read_roster
from contacts.importers.sheet import RowProblem, Sheet
from contacts.model import UnitKind
from contacts.roster import Roster
from dispatcher.cli import stores
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.store import people, places

ID_BYTES = 8


def import_file(config: Path | None, file: Path) -> dict[str, object]:
    """Import a CSV file; tells how much is in the roster now.

    :raises CommandError: with every problem of the file, by row and column
    """
    settings = load(config, os.environ)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise CommandError([f"{file}: {error.strerror}"], BAD_INPUT) from error
    sheet = read(settings, data, str(file))
    roster, outlined = stores.write(
        settings,
        lambda connection: (save(connection, sheet), places.outlined(connection)),
    )
    kinds = [unit.kind for unit in roster.units.values()]
    return {
        "file": str(file),
        "units": len(kinds),
        "grids": kinds.count(UnitKind.GRID),
        "people": len(roster.people),
        "holdings": len(roster.holdings),
        "outlines": len(outlined & roster.units.keys()),
        "outlines_unused": len(outlined - roster.units.keys()),
    }


def in_words(done: Mapping[str, object]) -> str:
    """Say it to the officer."""
    words = (
        f"已导入 {done['file']}:{done['units']} 个单元(其中网格 {done['grids']} 个),"
        f"责任人 {done['people']} 人,任职 {done['holdings']} 项"
    )
    if done["outlines"] or done["outlines_unused"]:
        words += f"\n原有轮廓 {done['outlines']} 个仍有效"
    if done["outlines_unused"]:
        words += f",{done['outlines_unused']} 个的单元已不在名册,留着不用"
    return words


def read(settings: Settings, data: bytes, name: str) -> Sheet:
    """Read a sheet that may be imported.

    :raises CommandError: with every problem of it
    """
    sheet = read_roster(
        data,
        code_system=settings.intake.code_system,
        allow_test_numbers=settings.security.allow_test_numbers,
    )
    if sheet.problems:
        problems = [_line(name, problem) for problem in sheet.problems]
        raise CommandError([*problems, "未导入任何一行"], BAD_INPUT)
    return sheet


def save(connection: Connection, sheet: Sheet) -> Roster:
    """Put a sheet in the place of the roster."""
    current = people.load_roster(connection)
    roster = merge(current, sheet, lambda: secrets.token_hex(ID_BYTES))
    people.save_roster(connection, roster)
    return roster


def _line(name: str, problem: RowProblem) -> str:
    column = f"“{problem.column}”列: " if problem.column else ""
    return f"{name}:{problem.row}: {column}{problem.what}"
