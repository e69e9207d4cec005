"""Officers of the small county, and browsers they sign in with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from dispatcher.core.officer import OfficerRole
from dispatcher.engine.passwords import Passwords
from dispatcher.store import officers
from dispatcher.store.officers import Officer
from tests.api.hamlet import NOON, Hamlet

PASSWORD = "暴雨红色预警一二三四"  # noqa: S105 - opens a county that does not exist
HASH = Passwords().hashed(PASSWORD)
SESSION = "/api/v1/session"
COOKIE = "jiaoying_session"


def officer(name: str, role: str = "officer", **more: Any) -> Officer:
    """Give an account; its password is PASSWORD."""
    return Officer(
        **{
            "name": name,
            "display": f"{name}的称呼",
            "role": OfficerRole(role),
            "password": HASH,
            "must_change": False,
            "created_at": NOON,
            **more,
        }
    )


async def hire(hamlet: Hamlet, name: str, role: str = "officer", **more: Any) -> None:
    """Let there be an officer."""
    new = officer(name, role, **more)
    await hamlet.runtime.database.write(lambda c: officers.add(c, new))


@dataclass
class Browser:
    """Somebody's browser: a cookie, and the token our page got with it."""

    hamlet: Hamlet
    cookie: str = ""
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response:
        """Send a request as our page does; underscores in headers mean hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}
        ours = {"X-CSRF-Token": self.token} if self.token else {}
        return await self.hamlet.http.request(
            method, path, json=body, headers=kept | ours | self.headers | named
        )

    async def sign_in(
        self, name: str, password: str = PASSWORD, **more: str
    ) -> httpx.Response:
        """Sign in; what is held before is sent, too."""
        answer = await self.ask(
            "POST", SESSION, {"name": name, "password": password, **more}
        )
        if answer.status_code == 200:
            self.cookie = answer.cookies[COOKIE]
            self.token = answer.json()["csrf"]
        self.hamlet.http.cookies.clear()
        return answer


async def at_desk(hamlet: Hamlet, name: str, role: str = "officer") -> Browser:
    """Let an officer be hired and sign in."""
    await hire(hamlet, name, role)
    browser = Browser(hamlet)
    assert (await browser.sign_in(name)).status_code == 200
    return browser
