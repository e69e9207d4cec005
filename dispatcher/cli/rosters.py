"""``jiaoying roster import``: a sheet replaces the roster, whole or not at all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from config.settings import Settings, load
from contacts.importers.changes import compare
from contacts.importers.merge import merge
from contacts.importers.reading import Progress, silent
from contacts.importers.roster_file import read_roster
from contacts.importers.sheet import RowProblem, Sheet
from contacts.importers.table import BYTES_MOST
from contacts.model import UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.cli import imports, problems_file, roster_changes, stores
from dispatcher.cli.bar import bar
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.engine import importing
from dispatcher.engine.import_orders import Outcome, Try
from dispatcher.engine.runtime import clock_of, opened
from dispatcher.store import flags, people, places
from dispatcher.store.database import Database

NOTHING_DONE = "未导入任何一行"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A file of a roster, and how it is to be read.

    :ivar errors: where its problems go as a table
    :ivar drawn: whether a bar is wanted, where there is a terminal
    """

    file: Path
    errors: Path | None = None
    drawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a command has to say.

    :ivar words: the result for people, who are told the remarks before it
    :ivar code: the exit code
    """

    result: Mapping[str, object]
    words: str
    remarks: Sequence[str]
    code: int = 0


def import_file(config: Path | None, given: Given) -> Told:
    """Import a file; tells how much is in the roster now.

    :raises CommandError: with every problem of the file, by row and column
    """
    settings = load(config, os.environ)
    data = bytes_of(given.file)
    sheet = _sound(_read(settings, given, data), str(given.file))
    order = _order(settings, str(given.file))
    outcome, outlined = asyncio.run(_imported(settings, order, sheet, data))
    done = {
        **_figures(given.file, sheet, outlined),
        **_notes(sheet),
        "id": outcome.number,
        "edition": outcome.edition,
        "lapsed": list(outcome.lapsed),
    }
    remarks = lines_of(str(given.file), sheet.notes)
    words = "\n".join([in_words(done), *imports.lapsed_in_words(outcome)])
    return Told(result=done, words=words, remarks=remarks)


async def move_in(
    database: Database, settings: Settings, data: bytes, name: str
) -> Roster:
    """Import a file into a store that is open already; returns the roster there is now.

    :raises CommandError: with every problem of the file
    """
    sheet = _sound(_sheet(settings, data, silent), name)
    order = _order(settings, name)
    imports.sound(
        await importing.import_at_once(database, order, sheet, importing.sha256(data))
    )
    return await database.read(people.load_roster)


def _order(settings: Settings, name: str) -> Try:
    return Try(
        file=name,
        by=imports.user(),
        at=clock_of(settings).now(),
        code_system=settings.intake.code_system,
        allow_test_numbers=settings.security.allow_test_numbers,
    )


async def _imported(
    settings: Settings, order: Try, sheet: Sheet, data: bytes
) -> tuple[Outcome, frozenset[UnitId]]:
    digest = importing.sha256(data)
    async with opened(settings) as database:
        outcome = await importing.import_at_once(database, order, sheet, digest)
        return imports.sound(outcome), await database.read(places.outlined)


def _figures(
    file: Path, sheet: Sheet, outlined: frozenset[UnitId]
) -> dict[str, object]:
    kinds = [unit.kind for unit in sheet.units]
    names = {unit.id for unit in sheet.units}
    return {
        "file": str(file),
        "units": len(kinds),
        "grids": kinds.count(UnitKind.GRID),
        "people": len(sheet.people),
        "holdings": len(sheet.holdings),
        "outlines": len(outlined & names),
        "outlines_unused": len(outlined - names),
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


def try_file(config: Path | None, given: Given) -> Told:
    """Tell what is wrong with a file, or what it would change; changes nothing."""
    settings = load(config, os.environ)
    sheet = _read(settings, given, bytes_of(given.file))
    result = {
        "file": str(given.file),
        "dry_run": True,
        "problems": [importing.told(problem) for problem in sheet.problems],
        **_notes(sheet),
    }
    remarks = lines_of(str(given.file), [*sheet.problems, *sheet.notes])
    if sheet.problems:
        words = f"试读 {given.file}:有 {len(sheet.problems)} 处问题,未改动名册"
        return Told(result=result, words=words, remarks=remarks, code=BAD_INPUT)
    before, former = stores.read(
        settings, lambda c: (people.load_roster(c), flags.bearers(c))
    )
    after = merge(before, sheet, map("new-{}".format, count(1)).__next__, former)
    changes = compare(before, after)
    words = roster_changes.in_words(changes, before, after)
    return Told(
        result=result | roster_changes.as_json(changes),
        words=f"试读 {given.file}:没有问题,未改动名册\n{words}",
        remarks=remarks,
    )


def _sound(sheet: Sheet, name: str) -> Sheet:
    """Let pass only what may be imported.

    :raises CommandError: with every problem of it
    """
    if sheet.problems:
        problems = [*lines_of(name, sheet.problems), NOTHING_DONE]
        raise CommandError(problems, BAD_INPUT)
    return sheet


def _read(settings: Settings, given: Given, data: bytes) -> Sheet:
    with bar("读名册", wanted=given.drawn) as progress:
        sheet = _sheet(settings, data, progress)
    if given.errors:
        problems_file.write(given.errors, sheet, given.file)
    return sheet


def _sheet(settings: Settings, data: bytes, progress: Progress) -> Sheet:
    return read_roster(
        data,
        code_system=settings.intake.code_system,
        allow_test_numbers=settings.security.allow_test_numbers,
        progress=progress,
    )


def bytes_of(file: Path) -> bytes:
    """What is in a file; of one that is too large only so much that it shows.

    :raises CommandError: where it can't be read
    """
    try:
        with file.open("rb") as opened:
            return opened.read(BYTES_MOST + 1)
    except OSError as error:
        raise CommandError([f"{file}: {error.strerror}"], BAD_INPUT) from error


def _notes(sheet: Sheet) -> dict[str, object]:
    return {"notes": [importing.told(note) for note in sheet.notes]}


def lines_of(name: str, found: Iterable[RowProblem]) -> list[str]:
    """Say where in a file something is, and what, a line each."""
    return [_line(name, one) for one in found]


def _line(name: str, problem: RowProblem) -> str:
    letter = f"{problem.letter} " if problem.letter else ""
    column = f"{letter}“{problem.column}”列: " if problem.column else ""
    return f"{name}:{problem.row}: {column}{problem.what}"
