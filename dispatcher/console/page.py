"""The built pages over HTTP: one document for all of /console, and its parts.

The exchange serves the simulator's from here, of one origin with its control.

Names of parts under /static/assets hold a hash of what is in them, so browsers keep
them for ever; the document is asked for again each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from dispatcher.console.parts import Parts

STATIC = Path(__file__).with_name("static")
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src {images}; connect-src 'self'; worker-src 'self'; "
    "font-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
UNBUILT = """\
<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>值班台</title>
<h1>值班台页面还没有构建</h1>
<p>请在源码目录运行 <code>make demo</code> 或
<code>cd dispatcher/console/web; npm ci; npm run build</code>，然后刷新。
叫应不受影响，API 照常工作。</p>
<p lang="en">The desk's page has not been built: run one of the commands above
and reload. Calling goes on, and so does the API.</p></html>
"""


def console(static: Path = STATIC, tiles: Iterable[str] = ()) -> APIRouter:
    """The routes of the desk's page.

    :param static: the folder it was built into; nothing there: a page that says so
    :param tiles: addresses of map tiles that browsers may fetch from elsewhere
    """
    router = page("/console", "index.html", static, tiles)

    @router.api_route("/", methods=["GET", "HEAD"])
    async def front_door() -> Response:
        return RedirectResponse("/console/")

    return router


def simulator(static: Path = STATIC) -> APIRouter:
    """The routes of the simulator's page, for the exchange that it plays with."""
    return page("/sim", "sim.html", static)


def page(
    root: str, document: str, static: Path = STATIC, tiles: Iterable[str] = ()
) -> APIRouter:
    """The routes of one page: the same document everywhere below, and its parts.

    :param root: its path, without a slash at the end
    """
    router = APIRouter(include_in_schema=False)
    parts, headers = Parts(static), headers_for(tiles)

    @router.api_route(root, methods=["GET", "HEAD"])
    @router.api_route(f"{root}/{{path:path}}", methods=["GET", "HEAD"])
    async def shown(request: Request) -> Response:
        told = headers | {"Cache-Control": ASK_AGAIN}
        found = await asyncio.to_thread(parts.find, document)
        if found is None:
            return HTMLResponse(UNBUILT, status_code=503, headers=told)
        return found.answer(request, told)

    @router.api_route("/static/{path:path}", methods=["GET", "HEAD"])
    async def part(request: Request, path: str) -> Response:
        found = await asyncio.to_thread(parts.find, path)
        if found is None:
            return Response(status_code=404, headers=headers)
        kept = FOR_EVER if path.startswith("assets/") else ASK_AGAIN
        return found.answer(request, headers | {"Cache-Control": kept})

    return router


def headers_for(tiles: Iterable[str]) -> dict[str, str]:
    """What every answer says: nothing but ours is fetched or run, and these tiles."""
    hosts = sorted({f"{at.scheme}://{at.netloc}" for at in map(urlsplit, tiles)})
    policy = POLICY.format(images=" ".join(["'self'", "data:", *hosts]))
    return HEADERS | {"Content-Security-Policy": policy}
