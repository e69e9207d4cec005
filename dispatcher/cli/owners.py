"""Whether our import names are ours alone (docs/adr/0003).

Two packages of the public registry install a ``channels`` and a ``config`` of their
own, over ours and without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import dispatcher
from dispatcher.cli.failure import CommandError

DISTRIBUTION = "jiaoying-dispatcher"
NAMES = ("dispatcher", "channels", "contacts", "config")
HOME = Path(dispatcher.__file__).resolve().parents[1]
REMEDY = (
    "jiaoying needs an environment of its own: make a new one, and install "
    "nothing else in it"
)


def strangers() -> dict[str, tuple[str, ...]]:
    """Distributions that own one of our import names, by that name."""
    owners = packages_distributions()
    found = {
        name: tuple(sorted({*owners.get(name, ())} - {DISTRIBUTION})) for name in NAMES
    }
    return {name: others for name, others in found.items() if others}


def displaced() -> dict[str, Path]:
    """Where our names are imported from instead of from beside this package."""
    places = {name: _place(name) for name in NAMES}
    return {name: place for name, place in places.items() if place != HOME / name}


def _place(name: str) -> Path:
    spec = find_spec(name)
    return Path(
        next(iter((spec and spec.submodule_search_locations) or [""]))
    ).resolve()


def clashes() -> Iterator[tuple[str, str]]:
    """Each name that is not ours alone, and who else has it."""
    for name, others in strangers().items():
        yield name, ", ".join(others)
    for name, place in displaced().items():
        yield name, str(place)


def refuse_strangers() -> None:
    """Stop before somebody else's code is run in place of ours.

    :raises CommandError: naming everybody who has one of our names
    """
    found = [
        f"the import name {name} belongs to {other}, too" for name, other in clashes()
    ]
    if found:
        raise CommandError([*found, REMEDY])
