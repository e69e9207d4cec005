"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it stands; only a failure makes the whole examination fail."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class Subject(StrEnum):
    """What is looked at; programs know these names."""

    NAMES = "names"
    SETTINGS = "settings"
    POLICIES = "policies"
    TIME_ZONE = "time_zone"
    ROUTES = "routes"
    ADDRESS = "public_base_url"
    CLOCK = "clock"
    KEYS = "keys"
    MODES = "modes"
    STORE = "store"
    DISK = "disk"
    DURABILITY = "durability"
    LOG = "wal"
    INTEGRITY = "integrity"
    SCHEMA = "schema"
    SERVER = "server"
    BACKUPS = "backups"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of an examination.

    :ivar which: the file, the setting or the number it is about
    :ivar remedy: what to do; empty where nothing is to be done
    """

    subject: Subject
    verdict: Verdict
    what: str
    which: str = ""
    remedy: str = ""


def ok(subject: Subject, what: str, which: str = "") -> Finding:
    """All is as it should be."""
    return Finding(subject=subject, verdict=Verdict.OK, what=what, which=which)


def warning(subject: Subject, what: str, which: str, remedy: str) -> Finding:
    """It works, and may not do so when it matters."""
    return Finding(
        subject=subject, verdict=Verdict.WARNING, what=what, which=which, remedy=remedy
    )


def failed(subject: Subject, what: str, which: str, remedy: str) -> Finding:
    """It does not work, or loses or gives away what it holds."""
    return Finding(
        subject=subject, verdict=Verdict.FAILED, what=what, which=which, remedy=remedy
    )
