"""How long it takes to try everybody once, told before anybody is called."""

from __future__ import annotations

import math

from dispatcher.core.alert import Load


def by_rate(people: int, per_second: float) -> Load:
    """Messages that leave at a steady rate."""
    return Load(people=people, seconds=math.ceil(people / per_second))
