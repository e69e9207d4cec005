"""What every route stands on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request

from dispatcher.api.attempts import Attempts
from dispatcher.api.layer import Layers
from dispatcher.api.letterbox import Letterbox
from dispatcher.api.throttle import Limits
from dispatcher.api.watching import Watch
from dispatcher.engine.apart import Apart
from dispatcher.engine.course import Course, Occasion
from dispatcher.engine.passwords import Passwords
from dispatcher.engine.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The house as the API sees it.

    :ivar committed: to be called after a commit that the worker should look at
    :ivar unverified: callbacks turned away since the start, by channel
    :ivar limits: how often what may be done
    :ivar apart: where long work is done
    :ivar attempts: how often signing in may be tried
    :ivar layers: the map
    :ivar watch: the one reader for all who look at boards
    :ivar letterbox: where callbacks are put
    :ivar courses: ladders that have been drawn: the policy does not change
    """

    runtime: Runtime
    committed: Callable[[], None]
    watch: Watch
    letterbox: Letterbox
    unverified: Counter[str] = field(default_factory=Counter)
    limits: Limits = field(default_factory=Limits)
    apart: Apart = field(default_factory=Apart)
    attempts: Attempts = field(default_factory=Attempts)
    passwords: Passwords = field(default_factory=Passwords)
    layers: Layers = field(default_factory=Layers)
    courses: dict[Occasion, tuple[Course, ...]] = field(default_factory=dict)

    def now(self) -> datetime:
        """The engine's time."""
        return self.runtime.clock.now()


async def front(request: Request) -> Front:
    """The front of the app that serves a request."""
    return cast("Front", request.app.state.front)


FrontOf = Annotated[Front, Depends(front)]
