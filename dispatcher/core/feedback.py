"""Which questions a post owes an answer to, and which it still does.

Township: who is in command, how many villages are affected, how many people moved.
Village and grid: how many moved, which may be none. A policy's ``require`` adds figures
to those of every post (rules of calling, sections 9 and 10).
"""

from __future__ import annotations

from enum import StrEnum

from contacts.model import UnitKind
from dispatcher.core.answer import NO_FIGURES, Figures
from dispatcher.core.callout import Callout


class Figure(StrEnum):
    """One thing that is asked after the answer."""

    COMMANDER = "commander"
    VILLAGES = "villages"
    EVACUATED_PEOPLE = "evacuated_people"


ASKED = {
    UnitKind.GRID: (Figure.EVACUATED_PEOPLE,),
    UnitKind.VILLAGE: (Figure.EVACUATED_PEOPLE,),
    UnitKind.TOWNSHIP: (Figure.COMMANDER, Figure.VILLAGES, Figure.EVACUATED_PEOPLE),
}


def asked(callout: Callout) -> tuple[Figure, ...]:
    """What a callout's people are asked after their answer."""
    own = ASKED.get(callout.post.unit_kind, ())
    required = map(Figure, callout.ladder.require)
    return tuple(dict.fromkeys((*own, *required)))


def missing(callout: Callout, figures: Figures | None) -> tuple[Figure, ...]:
    """What of it these figures leave open."""
    said = figures or NO_FIGURES
    known = {
        Figure.COMMANDER: said.commander,
        Figure.VILLAGES: said.villages,
        Figure.EVACUATED_PEOPLE: said.people,
    }
    return tuple(one for one in asked(callout) if known[one] is None)


def complete(callout: Callout, figures: Figures) -> bool:
    """Whether something is asked and nothing of it is left open."""
    return bool(asked(callout)) and not missing(callout, figures)
