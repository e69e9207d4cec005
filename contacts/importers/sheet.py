"""A roster sheet: what it holds, or everything that is wrong with it.

A sheet with any problem holds nothing else: half a roster would look like a whole. Who
wants no more than its correct rows gets a sheet that says what it lacks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from contacts.model import AddressKind, PostRef, Unit

PersonKey = tuple[str, str]  # name and first number: one person of the sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """One thing to mend, or to know.

    :ivar row: as the table program counts, from 1
    :ivar column: by its header
    :ivar what: in Chinese; never a number in clear
    :ivar letter: the column as the table program names it; empty where it has none
    """

    row: int
    column: str
    what: str
    letter: str = field(default="", compare=False)  # says again where, not what


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAddress:
    """A number or account that has no id yet."""

    kind: AddressKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPerson:
    """A person that has no id yet; at least one address, in the order of trying."""

    name: str
    addresses: tuple[ListedAddress, ...]

    @property
    def key(self) -> PersonKey:
        """What makes two rows speak of one person."""
        return self.name, self.addresses[0].value


@dataclass(frozen=True, slots=True)
class ListedHolding:
    """A person of the sheet in a post."""

    ref: PostRef
    person: PersonKey


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What a sheet lacks: rows with problems.

    :ivar names: of people in them
    :ivar nameless: whether one of them is of somebody whose name can't be read
    """

    rows: int
    names: frozenset[str]
    nameless: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet, read: either problems, or a whole roster without ids of people.

    :ivar notes: what an officer should know, and what stops nothing
    :ivar left_out: it is no whole roster, but what the other rows say
    """

    units: tuple[Unit, ...] = ()
    people: tuple[ListedPerson, ...] = ()
    holdings: tuple[ListedHolding, ...] = ()
    problems: tuple[RowProblem, ...] = ()
    notes: tuple[RowProblem, ...] = field(default=(), compare=False)
    left_out: LeftOut | None = None
