"""The built pages over HTTP: one document for all of /console, and its parts.

The exchange serves the simulator's from here, of one origin with its control.

Names of parts under /static/assets hold a hash of what is in them, so browsers keep
them for ever; the document is asked for again each time.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

STATIC = Path(__file__).with_name("static")
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; worker-src 'self'; "
        "font-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
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


def console(static: Path = STATIC) -> APIRouter:
    """The routes of the page.

    :param static: the folder it was built into; nothing there: a page that says so
    """
    router = APIRouter(include_in_schema=False)

    @router.api_route("/", methods=["GET", "HEAD"])
    async def front_door() -> Response:
        return RedirectResponse("/console/")

    @router.api_route("/console", methods=["GET", "HEAD"])
    @router.api_route("/console/{path:path}", methods=["GET", "HEAD"])
    async def document() -> Response:
        return _document(static / "index.html")

    router.include_router(_parts(static))
    return router


def simulator(static: Path = STATIC) -> APIRouter:
    """The simulator's page, for the exchange that it plays with.

    :param static: the folder it was built into; nothing there: a page that says so
    """
    router = APIRouter(include_in_schema=False)

    @router.api_route("/sim/", methods=["GET", "HEAD"])
    async def document() -> Response:
        return _document(static / "sim.html")

    router.include_router(_parts(static))
    return router


def _document(file: Path) -> Response:
    headers = HEADERS | {"Cache-Control": ASK_AGAIN}
    if not file.is_file():
        return HTMLResponse(UNBUILT, status_code=503, headers=headers)
    return FileResponse(file, headers=headers)


def _parts(static: Path) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.api_route("/static/{path:path}", methods=["GET", "HEAD"])
    async def part(path: str) -> Response:
        found = _inside(static, path)
        if found is None:
            return Response(status_code=404, headers=HEADERS)
        kept = FOR_EVER if path.startswith("assets/") else ASK_AGAIN
        return FileResponse(found, headers=HEADERS | {"Cache-Control": kept})

    return router


def _inside(folder: Path, path: str) -> Path | None:
    """A file in a folder; None: it is not there, is hidden, or lies outside."""
    if "\x00" in path or any(part.startswith(".") for part in path.split("/")):
        return None
    found = folder / path
    inside = found.resolve().is_relative_to(folder.resolve())
    return found if inside and found.is_file() else None
