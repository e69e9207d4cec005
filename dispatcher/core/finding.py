"""What an audit of an export finds, and what it says in the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Flaw(StrEnum):
    """What is wrong with an export."""

    UNREADABLE = "unreadable"
    CUT_OFF = "cut_off"
    ALTERED = "altered"
    MISSING = "missing"
    MISPLACED = "misplaced"
    CONTENT_ALTERED = "content_altered"
    NOT_AS_SEALED = "not_as_sealed"
    NOT_SEALED = "not_sealed"
    BAD_SIGNATURE = "bad_signature"
    SEAL_MISSING = "seal_missing"
    SEAL_MISPLACED = "seal_misplaced"
    SEAL_WITHHELD = "seal_withheld"
    FOREIGN_KEY = "foreign_key"


class Trust(StrEnum):
    """Where the key came from that the signatures were checked with."""

    GIVEN = "given"  # by another way than the export: a proof
    ENCLOSED = "enclosed"  # in the export itself: whoever forged that has made his own


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    :ivar line: of the file; 0 where it is about no single line
    :ivar subject: the callout, the alert or ``house`` it is about
    :ivar seq: of the fact or entry; 0: no single one
    :ivar kind: of that fact or entry; empty where it is not there to tell
    :ivar seal: the number of the seal
    :ivar facts: how many are missing, or, below 0, too many, up to that seal
    """

    flaw: Flaw
    line: int = 0
    subject: str = ""
    seq: int = 0
    kind: str = ""
    seal: int = 0
    facts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an audit says of an export.

    :ivar alert: what was asked for; its whole chain is in the export
    :ivar made_at: when the export says it was made
    :ivar sealed_at: the time of the newest seal in it
    :ivar unsealed: facts and entries behind the newest seal, which nothing vouches for
    :ivar later: seals of the other file that were made after the export
    :ivar more: findings beyond those that are told
    """

    alert: str
    made_at: datetime | None
    trust: Trust
    subjects: int
    callouts: int
    facts: int
    entries: int
    seals: int
    sealed_at: datetime | None
    unsealed: int
    later: int
    findings: tuple[Finding, ...]
    more: int

    @property
    def first_fact(self) -> Finding | None:
        """The first fact or entry that is not as it was."""
        return next((one for one in self.findings if one.seq), None)
