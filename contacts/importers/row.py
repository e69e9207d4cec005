"""One row of a roster table, and the complaints about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from contacts.importers.cells import Wrong
from contacts.importers.columns import Column
from contacts.importers.sheet import RowProblem

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row while it is read.

    :ivar number: as the table program counts: the header is row 1
    :ivar cells: clean texts
    :ivar problems: grows while the row is read
    """

    number: int
    cells: Mapping[Column, str]
    problems: list[RowProblem] = field(default_factory=list)

    def __getitem__(self, column: Column) -> str:
        """Give a cell's text; a column that is not there is empty."""
        return self.cells.get(column, "")

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
        self.problems.append(RowProblem(row=self.number, column=column, what=what))
