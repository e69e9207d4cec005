"""Which policy applies to a warning."""

from __future__ import annotations

from config.policy import Hazard, PolicySet
from dispatcher.core.alert import Level

STRICTNESS = (Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED)
CALLED_AS = {Level.WHITE: Level.BLUE, Level.UNKNOWN: Level.YELLOW}


def hazard(policies: PolicySet, event_code: str) -> Hazard:
    """What the kind of event changes; the default where the policy names none."""
    return policies.hazards.get(event_code, policies.default_hazard)


def strictness(level: Level) -> int:
    """How strict an issued level is: the higher, the stricter."""
    return STRICTNESS.index(CALLED_AS.get(level, level))


def policy_level(level: Level, kind: Hazard) -> Level:
    """The level whose timing holds: the issued one, shifted, red at the most."""
    place = strictness(level)
    return STRICTNESS[min(place + kind.level_shift, len(STRICTNESS) - 1)]


def notify_only(level: Level, kind: Hazard) -> bool:
    """Whether people are told and nothing is asked; judged by the issued level."""
    if level is Level.WHITE or kind.ack == "notify_only":
        return True
    return kind.ack == "notify_only_below_red" and level is not Level.RED
