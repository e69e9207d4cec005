"""What can be done with an import of a roster, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from contacts.importers.columns import Column


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """Read a file and compare it with the roster.

    :ivar code_system: the list its area codes come from, with version
    :ivar columns: where columns are, by their letters, whose words the header does not
        use; None: not in the file
    """

    kind: Literal["try"] = "try"
    file: str
    by: str
    at: datetime
    code_system: str
    allow_test_numbers: bool
    columns: dict[Column, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply:
    """Put what was tried in the place of the roster.

    :ivar force: whatever the roster has become since
    :ivar only_correct: of a file with problems what its other rows say
    """

    kind: Literal["apply"] = "apply"
    number: int
    by: str
    at: datetime
    force: bool = False
    only_correct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Take back what an import has changed; ``force``: over later changes, too."""

    kind: Literal["undo"] = "undo"
    number: int
    by: str
    at: datetime
    force: bool = False


Order = Try | Apply | Undo


class Obstacle(StrEnum):
    """Why an import is not applied, or not undone."""

    UNKNOWN = "unknown"
    FAULTY = "faulty"
    LAPSED = "lapsed"
    APPLIED = "applied"
    UNDONE = "undone"
    NOT_APPLIED = "not_applied"
    MOVED = "moved"  # the roster was changed by people since
    UNFIT = "unfit"  # what was there before fits no more what was changed since


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an order.

    :ivar number: of the import
    :ivar edition: that is there now
    :ivar lapsed: rotations and the like that have lost their ground, by number
    """

    number: int
    obstacle: Obstacle | None = None
    edition: int = 0
    lapsed: tuple[int, ...] = ()
