"""What SMS providers call back: answered once it is on disk."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from dispatcher.api.front import FrontOf
from dispatcher.api.hooks.taking import FIELDS_BODY, taken
from dispatcher.api.problem import answers

router = APIRouter(prefix="/hooks", tags=["callbacks"])

REFUSALS = answers(403, 404, 408, 413, 503)


@router.post(
    "/{channel}/sms/status",
    status_code=204,
    responses=REFUSALS,
    openapi_extra=FIELDS_BODY,
)
@router.post(
    "/{channel}/sms/reply",
    status_code=204,
    responses=REFUSALS,
    openapi_extra=FIELDS_BODY,
)
async def take_callback(
    front: FrontOf, request: Request, channel: Annotated[str, Path()]
) -> None:
    """Keep a callback that its provider has signed."""
    await taken(front, request, channel)
