"""Taking a callback: verified, kept raw, and told to the worker once it is on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import structlog
from fastapi import Request

from channels.contract import HookRequest, Provider
from dispatcher.api.front import Front
from dispatcher.api.lookup import CHANNEL, unknown
from dispatcher.api.problem import refused
from dispatcher.intake.problem import Problem
from dispatcher.store.callbacks import Raw

FIELDS_MOST = 1000
FORM = "application/x-www-form-urlencoded"

# How routes document what providers send; whatever it is, it is kept as it came.
FIELDS_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            FORM: {
                "schema": {"type": "object", "additionalProperties": {"type": "string"}}
            }
        }
    }
}
XML_BODY: dict[str, Any] = {
    "requestBody": {"content": {"text/xml": {"schema": {"type": "string"}}}}
}

log = structlog.get_logger()

UNVERIFIED = Problem(
    loc=(),
    code="unverified",
    zh="签名不对",
    en="the signature is not the provider's",
)


def provider_of(front: Front, channel: str) -> Provider:
    """The provider of a channel; raises the problem of an unknown one."""
    provider = front.runtime.providers.get(channel)
    if provider is None:
        raise unknown(CHANNEL, channel)
    return provider


async def taken(front: Front, request: Request, channel: str) -> HookRequest:
    """Keep a callback that its provider has signed; raises the problem of any other."""
    provider = provider_of(front, channel)
    body = await request.body()
    told = told_of(front, request, body)
    if told is None or not provider.verify(told):
        turned_away(front, request, channel)
    raw = Raw(
        channel=channel,
        event_key=_event_key(provider, told, body),
        received_at=front.now(),
        request=told,
    )
    await front.letterbox.keep(raw)
    front.committed()
    return told


def turned_away(front: Front, request: Request, channel: str) -> NoReturn:
    """Count a callback nobody has signed, and refuse it."""
    front.unverified[channel] += 1
    log.warning("hook.unverified", channel=channel, path=request.url.path)
    raise refused(403, UNVERIFIED)


def told_of(front: Front, request: Request, body: bytes) -> HookRequest | None:
    """The callback as it was signed: over our public URL, whatever Host says.

    None when it can't be read.
    """
    is_form = request.headers.get("content-type", FORM).startswith(FORM)
    form = _fields(body) if is_form else ()
    text = _text(body)
    if form is None or text is None:
        return None
    query = f"?{request.url.query}" if request.url.query else ""
    base = front.runtime.settings.server.public_base_url
    return HookRequest(
        url=f"{base}{request.url.path}{query}",
        headers=dict(request.headers),
        form=form,
        body="" if is_form else text,
    )


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


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
