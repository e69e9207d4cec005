"""All roles of a person together: whatever he has to hear at once is one message."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain, islice
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


def in_pieces(
    items: Sequence[Item],
    sizes: Iterator[int],
    people: Callable[[Item], Collection[PersonId]],
) -> Iterator[Sequence[Item]]:
    """All items in order, so many at a time, each with all others of its people."""
    concerned = [people(one) for one in items]
    places: dict[PersonId, list[int]] = defaultdict(list)
    for place, some in enumerate(concerned):
        for person in some:
            places[person].append(place)
    taken: set[int] = set()
    ahead = (place for place in range(len(items)) if place not in taken)
    while first := [*islice(ahead, next(sizes))]:
        taken.update(first)
        same = (places[who] for one in first for who in concerned[one])
        along = dict.fromkeys(chain.from_iterable(same))
        others = [place for place in along if place not in taken]
        taken.update(others)
        yield [items[place] for place in (*first, *others)]
