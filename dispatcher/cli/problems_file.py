"""The problems of a roster as a table, for whoever has to mend it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from contacts.importers.sheet import RowProblem, Sheet
from dispatcher.api.columns import BYTE_ORDER_MARK, harmless
from dispatcher.cli.failure import BAD_INPUT, CommandError

COLUMNS = ("行", "列", "列名", "问题", "类别")
TO_MEND, TO_KNOW = "须改正", "提示"


def write(file: Path, sheet: Sheet, source: Path) -> None:
    """Write every problem and every note, as a CSV that table programs open.

    :raises CommandError: where it would take the place of the roster itself
    """
    if file.resolve() == source.resolve():
        raise CommandError([f"{file}: 不能写到名册文件自己"], BAD_INPUT)
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            out.write(BYTE_ORDER_MARK)
            writer = csv.writer(out)
            writer.writerow(COLUMNS)
            writer.writerows(_rows(sheet))
    except OSError as error:
        raise CommandError([f"{file}: {error.strerror}"], BAD_INPUT) from error


def _rows(sheet: Sheet) -> Iterator[list[str]]:
    for found, kind in ((sheet.problems, TO_MEND), (sheet.notes, TO_KNOW)):
        for one in found:
            yield [harmless(cell) for cell in (*_told(one), kind)]


def _told(problem: RowProblem) -> tuple[str, ...]:
    return str(problem.row), problem.letter, problem.column, problem.what
