"""An officer who edits the roster over HTTP, for the tests of the API."""

from __future__ import annotations

from typing import Any

import httpx

from tests.api.hamlet import (
    GRIDS,
    Hamlet,
    bearer,
)

UNITS, PEOPLE, POSTS = "/api/v1/units", "/api/v1/people", "/api/v1/posts"
LEAD_POST = f"{POSTS}/{GRIDS[0]}/grid_lead"
NEW_NUMBER = "+99913900000001"
LI = {"name": "李卫民", "numbers": [{"value": NEW_NUMBER}]}


async def seen(hamlet: Hamlet, path: str) -> tuple[dict[str, Any], str]:
    """What stands there, and its ETag."""
    answer = await hamlet.get(path, "editor")
    assert answer.status_code == 200, answer.text
    return answer.json(), answer.headers["etag"]


async def put(
    hamlet: Hamlet, path: str, body: object, etag: str, key: str = "editor"
) -> httpx.Response:
    headers = bearer(key) | {"If-Match": etag}
    return await hamlet.http.put(path, json=body, headers=headers)


async def delete(hamlet: Hamlet, path: str, etag: str) -> httpx.Response:
    headers = bearer("editor") | {"If-Match": etag}
    return await hamlet.http.delete(path, headers=headers)


async def add(hamlet: Hamlet, path: str, body: object) -> httpx.Response:
    return await hamlet.post(path, body, "editor")


async def added(hamlet: Hamlet, body: object = LI) -> str:
    """Somebody new; gives his id."""
    answer = await add(hamlet, PEOPLE, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def in_post(hamlet: Hamlet, person: str, post: str = LEAD_POST) -> None:
    """Let somebody alone hold a post."""
    _, etag = await seen(hamlet, post)
    answer = await put(hamlet, post, {"holders": [{"person": person}]}, etag)
    assert answer.status_code == 200, answer.text
