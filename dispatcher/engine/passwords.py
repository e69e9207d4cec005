"""Passwords and codes of officers: how they are hashed, drawn and checked.

argon2id as OWASP's Password Storage Cheat Sheet sets it (19 MiB, two passes, one lane).
A hash takes tens of milliseconds of a core, so two at a time are made, on threads that
stand back for everything else: a flood of sign-ins must not slow down a red warning.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property
from typing import TypeVar

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2
WAITING_MOST = 16  # who comes then is asked to come again in a moment
STAND_BACK = 10  # how much nicer these threads are than all others
LENGTH_LEAST = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none looks like another
GROUPS, GROUP = 4, 5
STEP_SECONDS = 30
SKEW = 1  # steps that a telephone's clock may be off, RFC 6238 section 5.2
ISSUER = "jiaoying"

Result = TypeVar("Result")


class TooManyError(Exception):
    """So many passwords wait to be checked that this one is not begun."""


class Passwords:
    """Hashes and checks passwords, never more than a few at a time."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16
        )
        self._threads = ThreadPoolExecutor(AT_ONCE, "password", _stand_back)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """What is kept of a password.

        :raises TooManyError: see :data:`WAITING_MOST`
        """
        return await self._apart(lambda: self.hashed(password))

    def hashed(self, password: str) -> str:
        """The same, where nobody else waits."""
        return self._hasher.hash(normal(password))

    async def fits(self, kept: str | None, password: str) -> bool:
        """Whether a password is the one of a hash; None takes as long, and fits none.

        :raises TooManyError: see :data:`WAITING_MOST`
        """
        return await self._apart(lambda: self._fits(kept, normal(password)))

    def _fits(self, kept: str | None, password: str) -> bool:
        try:
            self._hasher.verify(kept or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None

    def outdated(self, kept: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())

    async def _apart(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= WAITING_MOST:
            raise TooManyError
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _stand_back() -> None:
    os.nice(STAND_BACK)  # of this thread alone, on Linux


def normal(text: str) -> str:
    """The one way of writing what can be typed in several, NFKC."""
    return unicodedata.normalize("NFKC", text)


def one_time() -> str:
    """Draw a password that is to be changed at once, easy to read out: 99 bits."""
    return "-".join(
        "".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS)
    )


def weakness(password: str, *names: str) -> str | None:
    """What is wrong with a new password, as a code; None: nothing."""
    written = normal(password)
    if len(written) < LENGTH_LEAST:
        return "password_short"
    if written.casefold() in {normal(name).casefold() for name in names}:
        return "password_is_name"
    return None


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """The step a code belongs to, by RFC 6238; None: it is none of now.

    :param at: as the clock on the wall shows it, for so does the telephone
    """
    now = int(at.timestamp()) // STEP_SECONDS
    codes = pyotp.HOTP(secret)
    for step in range(now - SKEW, now + SKEW + 1):
        if hmac.compare_digest(codes.at(step).encode(), code.encode()):
            return step
    return None


def totp_secret() -> str:
    """Draw a secret for codes, base32."""
    return pyotp.random_base32()


def totp_address(secret: str, name: str) -> str:
    """What a telephone reads from a picture, otpauth://…"""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)
