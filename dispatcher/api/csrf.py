"""That a request which a cookie vouches for was really made by our own page.

A browser sends cookies with what another page makes it send. Such a page cannot read
the token that belongs to the session, and cannot lie about where it is from.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from fastapi import Request

from dispatcher.api.problem import RefusedError, refused
from dispatcher.intake.problem import Problem

HEADER = "X-CSRF-Token"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
OURS = frozenset({"same-origin", "none"})  # of Sec-Fetch-Site; none: typed by himself


def token_of(secret: str) -> str:
    """The token of a session; it tells nothing of the secret in the cookie."""
    return hmac.digest(secret.encode(), b"csrf", hashlib.sha256).hex()


def check(request: Request, secret: str, public: str) -> None:
    """Refuse a change that another page may have made the browser send.

    :param public: our own address, as people know it
    :raises RefusedError: with 403
    """
    if request.method in READING:
        return
    check_origin(request, public)
    given = request.headers.get(HEADER, "")
    if not hmac.compare_digest(given.encode(), token_of(secret).encode()):
        raise _foreign()


def check_origin(request: Request, public: str) -> None:
    """Refuse what comes from another page, where the browser says so.

    :raises RefusedError: with 403
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in OURS:
        raise _foreign()
    origin = request.headers.get("Origin")
    if origin is not None and not _ours(request, origin, public):
        raise _foreign()


def _ours(request: Request, origin: str, public: str) -> bool:
    """Whether an origin is our own address, or the one this request was sent to.

    A proxy may take away https, so of the latter only the host is compared.
    """
    told = urlsplit(public)
    if origin == f"{told.scheme}://{told.netloc}":
        return True
    scheme, _, host = origin.partition("://")
    return scheme in {"http", "https"} and host == request.headers.get("Host")


def _foreign() -> RefusedError:
    return refused(
        403,
        Problem(
            loc=("header", HEADER),
            code="csrf",
            zh=f"请求不是本系统页面发出的,或缺少 {HEADER};请刷新页面",
            en=f"not sent by our own page, or without {HEADER}: load the page anew",
        ),
    )
