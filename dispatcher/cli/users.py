"""``jiaoying user``: accounts of officers, for the first one and in an emergency."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from config.settings import Settings, load
from dispatcher.cli import stores
from dispatcher.cli.doer import doer
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.core.officer import OfficerRole
from dispatcher.engine import accounts
from dispatcher.engine.accounts import Denial, DeniedError, Doing
from dispatcher.engine.passwords import LENGTH_LEAST, Passwords, one_time, weakness
from dispatcher.engine.runtime import clock_of
from dispatcher.store import officers
from dispatcher.store.officers import Officer

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An officer as he is to be.

    :ivar display: what he is called; empty: by his name
    :ivar from_stdin: his password comes on standard input; else one is drawn
    """

    name: str
    role: str
    display: str
    from_stdin: bool


def create(config: Path | None, wanted: Wanted) -> dict[str, object]:
    """Make an officer; ``password`` in the answer is the one drawn for him.

    :raises CommandError: with everything wrong in what was asked for
    """
    name = _name(wanted.name)
    if wanted.role not in set(OfficerRole):
        known = ", ".join(OfficerRole)
        raise CommandError(
            [f"--role {wanted.role}: unknown; use one of {known}"], BAD_INPUT
        )
    settings = load(config, os.environ)
    given = _given(wanted, name) if wanted.from_stdin else None
    password = given or one_time()
    new = Officer(
        name=name,
        display=wanted.display or wanted.name,
        role=OfficerRole(wanted.role),
        password=Passwords().hashed(password),
        must_change=given is None,
        created_at=clock_of(settings).now(),
    )
    _do(settings, name, lambda doing: accounts.create(doing, new))
    made: dict[str, object] = {"name": name, "role": wanted.role}
    return made if given else made | {"password": password}


def reset(config: Path | None, name: str) -> dict[str, object]:
    """Give an officer a one-time password, and ask him for no code any more.

    :raises CommandError: when there is no such officer
    """
    password = one_time()
    hashed = Passwords().hashed(password)
    known = _name(name)

    def do(doing: Doing) -> None:
        accounts.reset_password(doing, known, hashed)
        accounts.stop_totp(doing, known)

    _do(load(config, os.environ), known, do)
    return {"name": known, "password": password}


def disable(config: Path | None, name: str) -> dict[str, object]:
    """Let an officer in no more.

    :raises CommandError: when there is no such officer, or nobody else to administer
    """
    known = _name(name)
    settings = load(config, os.environ)
    _do(settings, known, lambda doing: accounts.disable(doing, known))
    return {"name": known}


def listed(config: Path | None) -> list[dict[str, object]]:
    """Every officer, without what is secret."""
    found = stores.read(load(config, os.environ), officers.everybody)
    return [
        {
            "name": one.name,
            "display": one.display,
            "role": one.role.value,
            "disabled": one.disabled,
            "totp": one.totp_on,
            "must_change": one.must_change,
        }
        for one in found
    ]


def in_words(found: list[dict[str, object]]) -> str:
    """The officers, one a line."""
    lines = (
        "\t".join(map(str, (one["name"], one["role"], one["display"], *_stands(one))))
        for one in found
    )
    return "\n".join(lines) or NOBODY


NOBODY = "还没有账号:jiaoying user create NAME --role administrator"


def _stands(one: dict[str, object]) -> tuple[str, ...]:
    return ("已停用",) if one["disabled"] else ()


def once(made: dict[str, object]) -> str:
    """What is said of a new password, this one time."""
    if "password" not in made:
        return f"值班员 {made['name']} 已建立"
    return (
        f"值班员 {made['name']},一次性密码 {made['password']}"
        "\n只显示这一次;首次登录须更改"
    )


def _do(settings: Settings, name: str, work: Callable[[Doing], Result]) -> Result:
    by, now = doer(), clock_of(settings).now()

    def done(connection: Connection) -> Result:
        return work(Doing(connection=connection, by=by, now=now))

    try:
        return stores.write(settings, done)
    except DeniedError as error:
        raise CommandError([f"user {name}: {TOLD[error.why]}"], BAD_INPUT) from error


TOLD = {
    Denial.NAME_TAKEN: "the name is taken; choose another one",
    Denial.LAST_ADMINISTRATOR: "the last administrator; make another one first",
    Denial.NO_SUCH_OFFICER: "there is none; see jiaoying user list",
}


def _name(text: str) -> str:
    found = accounts.login_name(text)
    if found is None:
        raise CommandError(
            [f"user {text}: use letters, digits, . _ and -, 40 at the most"], BAD_INPUT
        )
    return found


def _given(wanted: Wanted, name: str) -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    match weakness(password, name, wanted.display):
        case None:
            return password
        case "password_short":
            raise CommandError(
                [f"password: use at least {LENGTH_LEAST} characters"], BAD_INPUT
            )
        case _:
            raise CommandError(["password: it must not be the name"], BAD_INPUT)
