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
from dispatcher.api.throttle import Limits
from dispatcher.api.watching import Watch
from dispatcher.engine.passwords import Passwords
from dispatcher.engine.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The house as the API sees it.

    :ivar committed: to be called after a commit that the worker should look at
    :ivar unverified: callbacks turned away since the start, by channel
    :ivar limits: how often what may be done
    :ivar attempts: how often signing in may be tried
    :ivar layers: the map
    :ivar watch: the one reader for all who look at boards
    """

    runtime: Runtime
    committed: Callable[[], None]
    unverified: Counter[str] = field(default_factory=Counter)
    limits: Limits = field(default_factory=Limits)
    attempts: Attempts = field(default_factory=Attempts)
    passwords: Passwords = field(default_factory=Passwords)
    watch: Watch
    layers: Layers = field(default_factory=Layers)

    def now(self) -> datetime:
        """The engine's time."""
        return self.runtime.clock.now()


async def front(request: Request) -> Front:
    """The front of the app that serves a request."""
    return cast("Front", request.app.state.front)


FrontOf = Annotated[Front, Depends(front)]
