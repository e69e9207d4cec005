"""One row of a roster table, and the complaints about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from contacts.importers.cells import Wrong
from contacts.importers.columns import Column
from contacts.importers.sheet import RowProblem
from contacts.numbers import without_numbers

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row while it is read.

    :ivar number: as the table program counts, from 1
    :ivar cells: clean texts
    :ivar problems: grows while the row is read
    :ivar notes: as problems, of what stops nothing
    :ivar letters: what the table program calls the columns
    :ivar spoilt: columns whose cell can't be read, which is told once
    """

    number: int
    cells: Mapping[Column, str]
    problems: list[RowProblem] = field(default_factory=list)
    notes: list[RowProblem] = field(default_factory=list)
    letters: Mapping[str, str] = field(default_factory=dict)
    spoilt: set[str] = field(default_factory=set)

    def __getitem__(self, column: Column) -> str:
        """Give a cell's text; a column that is not there is empty."""
        return self.cells.get(column, "")

    def filled(self, column: Column) -> bool:
        """Whether anything stands in a cell, be it readable or not."""
        return bool(self[column]) or column in self.spoilt

    def value(
        self, column: Column, read: Callable[[str], Value | Wrong]
    ) -> Value | None:
        """Read a cell; None when it is empty, or wrong and complained about."""
        if not (text := self[column]):
            return None
        value = read(text)
        if isinstance(value, Wrong):
            self.complain(column, value.what)
            return None
        return value

    def complain(self, column: str, what: str) -> None:
        """Note a problem of this row, in Chinese."""
        if column not in self.spoilt:
            self.problems.append(self._told(column, what))

    def spoil(self, column: str, what: str) -> None:
        """Note that a cell can't be read; nothing else is told of it."""
        self.complain(column, what)
        self.spoilt.add(column)

    def remark(self, column: str, what: str) -> None:
        """Note something to know, in Chinese."""
        self.notes.append(self._told(column, what))

    def _told(self, column: str, what: str) -> RowProblem:
        return RowProblem(
            row=self.number,
            column=column,
            what=without_numbers(what),
            letter=self.letters.get(column, ""),
        )
