"""All roles of a person together: whatever he has to hear at once is one message."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from contacts.model import PersonId

Item = TypeVar("Item")


def with_all_roles(
    items: Sequence[Item], most: int, people: Callable[[Item], Collection[PersonId]]
) -> list[Item]:
    """The first items, with all others that are of the same people.

    :param people: whom an item is about
    """
    first, rest = items[:most], items[most:]
    concerned = {person for one in first for person in people(one)}
    return [*first, *(one for one in rest if not concerned.isdisjoint(people(one)))]
