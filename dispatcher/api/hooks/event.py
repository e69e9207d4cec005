"""What card providers call back: presses and texts, and the check of our address."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Request, Response

from channels.contract import CardProvider
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.hooks.taking import (
    XML_BODY,
    provider_of,
    taken,
    told_of,
    turned_away,
)
from dispatcher.api.lookup import CHANNEL, unknown
from dispatcher.api.problem import answers

router = APIRouter(prefix="/hooks", tags=["callbacks"])

ChannelName = Annotated[str, Path()]
ECHO: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {}}, "description": "the echo, decrypted"}
}
KEPT: dict[int | str, dict[str, Any]] = {200: {"description": "kept"}}


def cards_of(front: Front, channel: str) -> CardProvider:
    """The provider of a channel with cards; raises the problem of any other."""
    provider = provider_of(front, channel)
    if not hasattr(provider, "greet"):
        raise unknown(CHANNEL, channel)
    return cast("CardProvider", provider)


@router.get(
    "/{channel}/event",
    response_class=Response,
    responses=ECHO | answers(403, 404),
)
async def greet(front: FrontOf, request: Request, channel: ChannelName) -> Response:
    """Answer the provider's check of this address."""
    provider = cards_of(front, channel)
    told = told_of(front, request, b"")
    echo = provider.greet(told) if told else None
    if echo is None:
        turned_away(front, request, channel)
    return Response(echo, media_type="text/plain")


@router.post(
    "/{channel}/event",
    response_class=Response,
    responses=KEPT | answers(403, 404, 408, 413, 503),
    openapi_extra=XML_BODY,
)
async def take_event(
    front: FrontOf, request: Request, channel: ChannelName
) -> Response:
    """Keep a press or a text that the provider has signed."""
    cards_of(front, channel)
    await taken(front, request, channel)
    return Response(status_code=200)
