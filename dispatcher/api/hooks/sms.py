"""What SMS providers call back: verified, kept raw, and answered once it is on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, Path, Request

from channels.contract import HookRequest, Provider
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.lookup import CHANNEL, unknown
from dispatcher.api.problem import answers, refused
from dispatcher.intake.problem import Problem
from dispatcher.store import callbacks
from dispatcher.store.callbacks import Raw

FIELDS_MOST = 1000

router = APIRouter(prefix="/hooks", tags=["callbacks"])

log = structlog.get_logger()

UNVERIFIED = Problem(
    loc=(),
    code="unverified",
    zh="签名不对",
    en="the signature is not the provider's",
)


@router.post(
    "/{channel}/sms/status", status_code=204, responses=answers(403, 404, 413, 503)
)
@router.post(
    "/{channel}/sms/reply", status_code=204, responses=answers(403, 404, 413, 503)
)
async def take_callback(
    front: FrontOf, request: Request, channel: Annotated[str, Path()]
) -> None:
    """Keep a callback that its provider has signed."""
    provider = front.runtime.providers.get(channel)
    if provider is None:
        raise unknown(CHANNEL, channel)
    body = await request.body()
    told = _told(front, request, body)
    if told is None or not provider.verify(told):
        front.unverified[channel] += 1
        log.warning("hook.unverified", channel=channel, path=request.url.path)
        raise refused(403, UNVERIFIED)
    raw = Raw(
        channel=channel,
        event_key=_event_key(provider, told, body),
        received_at=front.now(),
        request=told,
    )
    await front.runtime.database.write(lambda c: callbacks.keep(c, raw))
    front.committed()


def _told(front: Front, request: Request, body: bytes) -> HookRequest | None:
    """The callback as it was signed: over our public URL, whatever Host says."""
    form = _fields(body)
    if form is None:
        return None
    query = f"?{request.url.query}" if request.url.query else ""
    base = front.runtime.settings.server.public_base_url
    return HookRequest(
        url=f"{base}{request.url.path}{query}",
        headers=dict(request.headers),
        form=form,
    )


def _fields(body: bytes) -> Sequence[tuple[str, str]] | None:
    """Every field in order, blank ones too; None when it is no form."""
    try:
        return parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MOST
        )
    except ValueError:
        return None


def _event_key(provider: Provider, told: HookRequest, body: bytes) -> str:
    """The provider's name of the event; where it tells nothing of use, a digest."""
    keys = [one.event_key for one in provider.parse(told)]
    return " ".join(keys) or hashlib.blake2b(body, digest_size=16).hexdigest()
