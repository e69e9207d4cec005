"""The map over HTTP: it is sent again only when it has changed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from dispatcher.api.auth import Scope, needs
from dispatcher.api.front import FrontOf
from dispatcher.api.layer import MapView
from dispatcher.api.packing import JSON, takes_gzip
from dispatcher.api.problem import answers
from dispatcher.api.views import View

router = APIRouter(prefix="/api/v1/map", tags=["board"])

READS = [Depends(needs(Scope.ALERTS_READ))]
ASK_EACH_TIME = "private, max-age=0, must-revalidate"


class TilesView(View):
    """A map beneath the grids; ``licence`` is its 审图号."""

    url: str
    attribution: str
    licence: str


class GroundView(View):
    """What lies beneath the grids, the lowest first."""

    tiles: list[TilesView]


@router.get("/tiles", dependencies=READS, responses=answers(401, 403))
async def show_tiles(front: FrontOf) -> GroundView:
    """Which tiles the page fetches, from elsewhere: none, unless they were set."""
    tiles = front.runtime.settings.desk.tiles
    return GroundView(tiles=[TilesView(**one.model_dump()) for one in tiles])


@router.get(
    "",
    dependencies=READS,
    response_model=MapView,
    responses={304: {"description": "You have it"}, **answers(401, 403)},
)
async def show_map(
    request: Request,
    front: FrontOf,
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Every unit, and its land as far as it is known."""
    context = await front.runtime.keeper.refresh()
    layer = await front.layers.newest(context)
    pack = takes_gzip(request)
    # A strong tag names these very bytes, and packed ones are others.
    tags = {False: f'"{layer.version}"', True: f'"{layer.version}-gzip"'}
    headers = {
        "ETag": tags[pack],
        "Cache-Control": ASK_EACH_TIME,
        "Vary": "Accept-Encoding",
    }
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    if known & {*tags.values(), "*"}:
        return Response(status_code=304, headers=headers)
    if pack:
        headers["Content-Encoding"] = "gzip"
    body = layer.packed if pack else layer.plain
    return Response(body, media_type=JSON, headers=headers)
