"""The built page over HTTP: one document for all of /console, and its parts.

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
    """The routes of the desk's page.

    :param static: the folder it was built into; nothing there: a page that says so
    """
    router = page("/console", "index.html", static)

    @router.api_route("/", methods=["GET", "HEAD"])
    async def front_door() -> Response:
        return RedirectResponse("/console/")

    return router


def page(root: str, document: str, static: Path = STATIC) -> APIRouter:
    """The routes of one page: the same document everywhere below, and its parts.

    :param root: its path, without a slash at the end
    """
    router = APIRouter(include_in_schema=False)

    @router.api_route(root, methods=["GET", "HEAD"])
    @router.api_route(f"{root}/{{path:path}}", methods=["GET", "HEAD"])
    async def shown() -> Response:
        file = static / document
        headers = HEADERS | {"Cache-Control": ASK_AGAIN}
        if not file.is_file():
            return HTMLResponse(UNBUILT, status_code=503, headers=headers)
        return FileResponse(file, headers=headers)

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
