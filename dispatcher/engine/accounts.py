"""What is done to the accounts of officers, each time with an entry in the journal."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from dispatcher.core.journal import HOUSE, OfficerChanged, WatchBegun, WatchEnded
from dispatcher.core.officer import USER, OfficerChange, OfficerRole
from dispatcher.engine.passwords import normal
from dispatcher.store import journal, officers, sessions
from dispatcher.store.officers import Officer

NAME = re.compile(r"[\w.-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """Who does something to an account, and when.

    :ivar by: ``user:NAME``, ``key:NAME``, ``os:NAME``
    """

    connection: Connection
    by: str
    now: datetime

    def note(self, changed: Officer, what: OfficerChange) -> None:
        """Keep an officer as he is now, and write down what was done."""
        officers.save(self.connection, changed)
        self.tell(changed, what)

    def tell(self, changed: Officer, what: OfficerChange) -> None:
        """Write down what was done."""
        entry = OfficerChanged(
            at=self.now,
            by=self.by,
            officer=changed.name,
            what=what,
            role=changed.role,
        )
        journal.note(self.connection, HOUSE, [entry])


class Denial(StrEnum):
    """Why something is not done to an account."""

    NAME_TAKEN = "officer_name_taken"
    LAST_ADMINISTRATOR = "last_administrator"
    NO_SUCH_OFFICER = "unknown_officer"


class DeniedError(Exception):
    """Nothing was done."""

    def __init__(self, why: Denial) -> None:
        super().__init__(why.value)
        self.why = why


def login_name(text: str) -> str | None:
    """The one way of writing a login name; None: it can't be one."""
    written = normal(text).casefold()
    return written if NAME.fullmatch(written) else None


def create(doing: Doing, new: Officer) -> Officer:
    """Keep a new officer.

    :raises DeniedError: when the name is taken, or was once: facts still tell of it
    """
    if not officers.add(doing.connection, new):
        raise DeniedError(Denial.NAME_TAKEN)
    doing.tell(new, OfficerChange.CREATED)
    return new


def edit(doing: Doing, name: str, role: OfficerRole, display: str) -> Officer:
    """Give an officer another role, or call him something else.

    Who only looks from now on watches the desk no longer.

    :raises DeniedError: when nobody would be left to administer
    """
    before = known(doing, name)
    after = replace(before, role=role, display=display)
    if role is not OfficerRole.ADMINISTRATOR:
        _keep_one(doing, before)
    if after != before:
        doing.note(after, OfficerChange.EDITED)
    return end_watch(doing, after) if role is OfficerRole.VIEWER else after


def disable(doing: Doing, name: str) -> Officer:
    """Let an officer in no more; his sessions and his watch end now.

    :raises DeniedError: when nobody would be left to administer
    """
    before = known(doing, name)
    _keep_one(doing, before)
    if before.disabled:
        return before
    after = replace(before, disabled=True)
    doing.note(after, OfficerChange.DISABLED)
    sessions.end_all(doing.connection, name)
    return end_watch(doing, after)


def enable(doing: Doing, name: str) -> Officer:
    """Let an officer in again."""
    before = known(doing, name)
    after = replace(before, disabled=False)
    if before.disabled:
        doing.note(after, OfficerChange.ENABLED)
    return after


def reset_password(doing: Doing, name: str, hashed: str) -> Officer:
    """Give an officer a one-time password; his sessions end now."""
    after = replace(known(doing, name), password=hashed, must_change=True)
    doing.note(after, OfficerChange.PASSWORD_RESET)
    sessions.end_all(doing.connection, name)
    return after


def change_password(doing: Doing, own: sessions.Session, hashed: str) -> None:
    """Let an officer have another password; his other sessions end now."""
    before = known(doing, own.officer.name)
    after = replace(before, password=hashed, must_change=False)
    doing.note(after, OfficerChange.PASSWORD_CHANGED)
    sessions.end_all(doing.connection, after.name, but=own.digest)


def stop_totp(doing: Doing, name: str) -> Officer:
    """Ask an officer for codes no more."""
    before = known(doing, name)
    after = replace(before, totp="", totp_on=False, totp_step=0)
    if before.totp_on:
        doing.note(after, OfficerChange.TOTP_OFF)
    else:
        officers.save(doing.connection, after)  # a secret that was never confirmed
    return after


def begin_watch(doing: Doing, name: str, note: str) -> Officer:
    """Let an officer watch the desk; who does so already goes on."""
    before = known(doing, name)
    if before.watch_since:
        return before
    after = replace(before, watch_since=doing.now)
    officers.save(doing.connection, after)
    entry = WatchBegun(at=doing.now, by=f"{USER}{name}", note=note)
    journal.note(doing.connection, HOUSE, [entry])
    return after


def end_watch(doing: Doing, watching: Officer) -> Officer:
    """Let an officer watch the desk no longer."""
    if watching.watch_since is None:
        return watching
    after = replace(watching, watch_since=None)
    officers.save(doing.connection, after)
    entry = WatchEnded(at=doing.now, by=doing.by, officer=watching.name)
    journal.note(doing.connection, HOUSE, [entry])
    return after


def known(doing: Doing, name: str) -> Officer:
    """An officer by name.

    :raises DeniedError: when there is none
    """
    found = officers.find(doing.connection, name)
    if found is None:
        raise DeniedError(Denial.NO_SUCH_OFFICER)
    return found


def _keep_one(doing: Doing, before: Officer) -> None:
    """See that somebody is left to administer without this officer."""
    role = OfficerRole.ADMINISTRATOR
    if before.role is not role or before.disabled:
        return
    if not officers.others_like(doing.connection, before.name, role):
        raise DeniedError(Denial.LAST_ADMINISTRATOR)
