"""What telephones call back, and what is said next in a call."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Request, Response

from channels.contract import (
    Channel,
    Keyed,
    Prompt,
    RangBack,
    Receipt,
    Speech,
    Telephone,
)
from config.texts import TextName
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.hooks.taking import FIELDS_BODY, provider_of, taken
from dispatcher.api.lookup import CHANNEL, unknown
from dispatcher.api.problem import answers
from dispatcher.engine.compose import Desk
from dispatcher.engine.conversation import Conversation, Place
from dispatcher.engine.telephoning import spoken_in, spoken_to

router = APIRouter(prefix="/hooks", tags=["callbacks"])

REFUSALS = answers(403, 404, 408, 413, 503)
SPOKEN: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/xml": {}}, "description": "what is said next"}
}

ChannelName = Annotated[str, Path()]


def telephone(front: Front, channel: str) -> Telephone:
    """The provider of a channel that telephones; raises the problem of any other."""
    provider = provider_of(front, channel)
    if provider.capabilities.channel is not Channel.VOICE:
        raise unknown(CHANNEL, channel)
    return cast("Telephone", provider)


@router.post(
    "/{channel}/voice/status",
    status_code=204,
    responses=REFUSALS,
    openapi_extra=FIELDS_BODY,
)
async def take_status(front: FrontOf, request: Request, channel: ChannelName) -> None:
    """Keep how far a call has come."""
    telephone(front, channel)
    await taken(front, request, channel)


@router.post(
    "/{channel}/voice/answer",
    response_class=Response,
    responses=SPOKEN | REFUSALS,
    openapi_extra=FIELDS_BODY,
)
async def pick_up(front: FrontOf, request: Request, channel: ChannelName) -> Response:
    """Somebody has picked up: say what the call is for."""
    provider = telephone(front, channel)
    told = await taken(front, request, channel)
    call = next((r.message for r in provider.parse(told) if isinstance(r, Receipt)), "")
    context = await front.runtime.keeper.context()
    talk = await front.runtime.database.read(
        lambda c: spoken_in(c, context, call or "")
    )
    return _say(provider, call, talk.begin())


@router.post(
    "/{channel}/voice/keys",
    response_class=Response,
    responses=SPOKEN | REFUSALS,
    openapi_extra=FIELDS_BODY,
)
async def press(front: FrontOf, request: Request, channel: ChannelName) -> Response:
    """A key was pressed: say what follows."""
    provider = telephone(front, channel)
    told = await taken(front, request, channel)
    keyed = next((k for k in provider.parse(told) if isinstance(k, Keyed)), None)
    place = Place.parse(keyed.place) if keyed else None
    if keyed is None or place is None:
        return _say(provider, None, ())
    talk = await _talk(front, keyed, place)
    return _say(provider, keyed.message, talk.after(place, keyed.keys))


@router.post(
    "/{channel}/voice/inbound",
    response_class=Response,
    responses=SPOKEN | REFUSALS,
    openapi_extra=FIELDS_BODY,
)
async def ring(front: FrontOf, request: Request, channel: ChannelName) -> Response:
    """Somebody rings us: read him what waits for him."""
    provider = telephone(front, channel)
    told = await taken(front, request, channel)
    rang = next((r for r in provider.parse(told) if isinstance(r, RangBack)), None)
    context, now = await front.runtime.keeper.context(), front.now()
    number = rang.number if rang else ""
    talk = await front.runtime.database.read(
        lambda c: spoken_to(Desk(c, context, now), number)
    )
    nothing = context.texts.say(TextName.CALL_NOTHING, signature=context.signature)
    speech = talk.begin() if talk.parts else (Prompt(text=nothing),)
    return _say(provider, None, speech)


async def _talk(front: Front, keyed: Keyed, place: Place) -> Conversation:
    """What the call reads in which a key was pressed."""
    context, now = await front.runtime.keeper.context(), front.now()
    call = keyed.message
    return await front.runtime.database.read(
        lambda c: (
            spoken_in(c, context, call)
            if call
            else spoken_to(Desk(c, context, now), keyed.number, place.message)
        )
    )


def _say(provider: Telephone, call: str | None, speech: Speech) -> Response:
    answer = provider.speak(call, speech)
    return Response(answer.body, media_type=answer.content_type)
