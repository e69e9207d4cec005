from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from dispatcher.console.page import console


@pytest.fixture
async def built(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<p>desk</p>")
    (static / ".stamp").write_text("secret")
    (static / "assets" / "index-1a2b.js").write_text("let n = 1;")
    (tmp_path / "outside.txt").write_text("outside")
    (static / "assets" / "link.txt").symlink_to(tmp_path / "outside.txt")
    async with visited(static) as client:
        yield client


def visited(static: Path) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(console(static))
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://desk")


@pytest.mark.parametrize(
    "path", ["/console", "/console/", "/console/w/a1", "/console/login"]
)
async def test_every_address_of_the_desk_is_the_document(
    built: httpx.AsyncClient, path: str
) -> None:
    answer = await built.get(f"/console{path}")

    assert (answer.status_code, answer.text) == (200, "<p>desk</p>")
    assert answer.headers["cache-control"] == "no-cache"


async def test_parts_are_kept_for_ever_and_nothing_inline_runs(
    built: httpx.AsyncClient,
) -> None:
    answer = await built.get("/static/assets/index-1a2b.js")

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/assets/none.js",
        "/static/.stamp",
        "/static/%2e%2e/outside.txt",
        "/static/assets/link.txt",
        "/static/a%00b",
        "/static/",
    ],
)
async def test_nothing_else_is_given_away(built: httpx.AsyncClient, path: str) -> None:
    assert (await built.get(path)).status_code == 404


async def test_without_a_built_page_a_page_says_what_to_do(tmp_path: Path) -> None:
    async with visited(tmp_path / "none") as client:
        answer = await client.get("/console/")

    assert answer.status_code == 503
    assert "npm run build" in answer.text


async def test_the_front_door_leads_to_the_desk(built: httpx.AsyncClient) -> None:
    answer = await built.get("/")

    assert (answer.status_code, answer.headers["location"]) == (307, "/console/")
