from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from dispatcher.console.page import console

DOCUMENT = "<p>desk</p>" * 20


@pytest.fixture
async def built(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text(DOCUMENT)
    (static / ".stamp").write_text("secret")
    (static / "assets" / "index-1a2b.js").write_text("let n = 1;" * 50)
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

    assert (answer.status_code, answer.text) == (200, DOCUMENT)
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/static/assets/index-1a2b.js", "/console/"])
async def test_what_is_sent_is_packed_and_not_sent_twice(
    built: httpx.AsyncClient, path: str
) -> None:
    plain = await built.get(path, headers={"Accept-Encoding": "identity"})
    packed = await built.get(path, headers={"Accept-Encoding": "gzip"})
    tag = packed.headers["etag"]
    again = await built.get(path, headers={"If-None-Match": tag})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert (packed.text, packed.headers["vary"]) == (plain.text, "Accept-Encoding")
    assert plain.headers["etag"] != tag
    assert (again.status_code, again.content) == (304, b"")


async def test_what_is_built_anew_is_sent_anew(
    built: httpx.AsyncClient, tmp_path: Path
) -> None:
    before = await built.get("/console/")
    (tmp_path / "static" / "index.html").write_text(DOCUMENT + "<p>anew</p>")
    after = await built.get(
        "/console/", headers={"If-None-Match": before.headers["etag"]}
    )

    assert (after.status_code, after.text) == (200, DOCUMENT + "<p>anew</p>")


async def test_tiles_come_from_exactly_the_hosts_that_were_set(tmp_path: Path) -> None:
    tiles = ["https://t0.tianditu.gov.cn/{z}/{x}/{y}?tk=1", "http://10.0.0.9:81/{z}"]
    app = FastAPI()
    app.include_router(console(tmp_path, tiles))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        policy = (await client.get("/console/")).headers["content-security-policy"]

    assert (
        "img-src 'self' data: http://10.0.0.9:81 https://t0.tianditu.gov.cn;" in policy
    )


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
