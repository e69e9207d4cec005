"""What WeCom answers to a request: a code in the body, whatever the status says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import httpx
from pydantic import TypeAdapter, ValidationError

from channels.contract import Failed, FailureKind, Unknown
from channels.http import retry_after, transport_outcome

Codes = Mapping[int, tuple[FailureKind, str]]

TOO_MANY = 45009  # refused for as long as the limit's own window
WINDOW_SECONDS = 60  # the shortest window there is


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The fields of an answer that we read.

    :ivar expires_in: seconds an access token holds
    :ivar invaliduser: who did not get the message, though the code says it is fine
    :ivar unlicenseduser: likewise, for want of a licence
    """

    errcode: int
    access_token: str | None = None
    expires_in: int = 0
    msgid: str | None = None
    invaliduser: str | None = None
    unlicenseduser: str | None = None


ANSWER = TypeAdapter(Answer)


async def ask(
    http: httpx.AsyncClient, request: httpx.Request
) -> Answer | Failed | Unknown:
    """Send one request; an answer with a code, else what became of the request."""
    try:
        response = await http.send(request)
    except httpx.RequestError as error:
        return transport_outcome(error)
    try:
        return ANSWER.validate_json(response.content)
    except ValidationError:
        return _foreign(response)


def failure(code: int, codes: Codes) -> Failed:
    """Tell whose failure a code is; one that is not listed is about this message."""
    kind, _ = codes.get(code, (FailureKind.PERMANENT_CONTENT, ""))
    wait = WINDOW_SECONDS if code == TOO_MANY else None
    return Failed(kind=kind, code=str(code), retry_after=wait)


def _foreign(response: httpx.Response) -> Failed | Unknown:
    """Read an answer that is not WeCom's: a gateway's, or a wrong base_url's."""
    status = response.status_code
    if response.is_success:
        return Unknown(code="unreadable_answer")
    if response.is_server_error:  # what stands behind it may have the message
        return Unknown(code=str(status))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = retry_after(response)
        return Failed(kind=FailureKind.THROTTLE, code=str(status), retry_after=wait)
    return Failed(kind=FailureKind.CONFIG, code=str(status))
