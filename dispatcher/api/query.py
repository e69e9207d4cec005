"""What stands behind the question mark of an address: each parameter once.

Two values for one parameter leave it to chance which is meant, so they are refused.
"""

from __future__ import annotations

from collections import Counter

from fastapi import Request
from fastapi.routing import APIRoute

from dispatcher.api.problem import refused
from dispatcher.intake.problem import problem


def each_once(request: Request) -> None:
    """Let nothing be asked for twice, where anything can be asked for.

    :raises RefusedError: with 422, naming every parameter given more than once
    """
    if "&" not in request.url.query or not _takes_parameters(request.scope["route"]):
        return
    given = Counter(name for name, _ in request.query_params.multi_items())
    twice = [name for name, times in given.items() if times > 1]
    if twice:
        found = (problem(("query", name), "given_twice") for name in twice)
        raise refused(422, *found)


def _takes_parameters(route: APIRoute) -> bool:
    own = route.dependant
    return any(one.query_params for one in (own, *own.dependencies))
