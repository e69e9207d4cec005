"""The audit of an export: reads it line by line and finds what was altered. Pure.

An export is a file of JSON lines. After the line ``export`` come the subjects, which
are the alerts of one chain or the house, each as::

    subject   its id, its content as it is kept (null: the house), its count of callouts
    seal      every seal, in order
    entry     its journal, in order: seq, hash, body
    callout   in the order of the bytes of their ids: how many facts, and its head
    fact      those of this callout, in order: seq, place, hash, body

``place`` is where the fact stands in the store: its order among all facts, which tells
the seal that holds it. At last come ``person`` (a version of a person and the name that
is known for it, which nothing here vouches for) and ``end`` with the count of the lines
before it. :mod:`dispatcher.core.proof` and :mod:`dispatcher.core.seal` tell the hashes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import groupby

from dispatcher.core.finding import Finding, Flaw, Trust, Verdict
from dispatcher.core.seal import HASH, TOO_MUCH, Seal, read_seal
from dispatcher.core.section import Section

FORMAT = 1
TOLD_MOST = 20  # findings: a file of something else has as many as lines

Line = Mapping[str, object]


class Audit:
    """Reads an export.

    :param signed: whether a seal bears the signature of a public key, in hex
    :param key: the public key as it came by another way; None: the export's own
    :param others: seals as they stand in the file beside the store
    """

    def __init__(
        self,
        signed: Callable[[Seal, str], bool],
        key: str | None = None,
        others: Iterable[Seal] = (),
    ) -> None:
        self._signed = signed
        self._trust = Trust.GIVEN if key else Trust.ENCLOSED
        self._key = key or ""
        by_subject = sorted(others, key=lambda seal: seal.subject)
        self._others = {
            name: tuple(seals)
            for name, seals in groupby(by_subject, key=lambda seal: seal.subject)
        }
        self._lines = 0
        self._alert, self._made_at = "", None
        self._section = Section("", 0, self._found)
        self._sections: list[Section] = []
        self._findings: list[Finding] = []
        self._told: set[tuple[Flaw, str]] = set()
        self._more = 0
        self._ended = False
        self._hearers: Mapping[str, Callable[[Line], None]] = {
            "export": self._export,
            "subject": self._subject,
            "seal": self._seal,
            "entry": self._entry,
            "callout": self._callout,
            "fact": self._fact,
            "person": self._person,
            "end": self._end,
        }

    _made_at: datetime | None

    def hear(self, line: object) -> None:
        """The next line; None: one that is no JSON."""
        self._lines += 1
        if not isinstance(line, dict) or not self._in_place(line):
            self._unreadable()
            return
        self._hearers.get(str(line.get("line")), self._unknown)(line)

    def _in_place(self, line: Line) -> bool:
        """The first line tells what the file is; nothing comes after the last."""
        first = (line.get("line") == "export") == (self._lines == 1)
        return first and not self._ended and _encodable(line)

    def verdict(self) -> Verdict:
        """What there is to say at the end of the file."""
        self._close()
        if not self._ended:
            self._found(Finding(flaw=Flaw.CUT_OFF, line=self._lines))
        sections = self._sections
        if self._alert and self._alert not in {one.subject for one in sections}:
            self._found(Finding(flaw=Flaw.MISSING, subject=self._alert))
        seals = [seal for one in sections for seal in one.seals]
        return Verdict(
            alert=self._alert,
            made_at=self._made_at,
            trust=self._trust,
            subjects=len(sections),
            callouts=sum(one.callouts for one in sections),
            facts=sum(one.facts for one in sections),
            entries=sum(one.entries for one in sections),
            seals=len(seals),
            sealed_at=max((seal.at for seal in seals), default=None),
            unsealed=sum(one.unsealed for one in sections),
            later=sum(self._is_later(seal) for seal in self._beyond()),
            findings=tuple(self._findings),
            more=self._more,
        )

    def _found(self, finding: Finding) -> None:
        """Keep the first of its kind under each subject, and count the others."""
        kind = finding.flaw, finding.subject
        if kind in self._told or len(self._told) == TOLD_MOST:
            self._more += 1
        else:
            self._told.add(kind)
            self._findings.append(finding)

    def _unreadable(self) -> None:
        self._found(Finding(flaw=Flaw.UNREADABLE, line=self._lines))

    def _unknown(self, _line: Line) -> None:
        self._unreadable()

    def _export(self, line: Line) -> None:
        match line:
            case {
                "format": int(form),
                "alert": str(alert),
                "made_at": str(made_at),
                "public_key": str(key),
            } if (
                form == FORMAT and HASH.fullmatch(key) and (moment := _moment(made_at))
            ):
                self._alert, self._made_at = alert, moment
                if self._key and key != self._key:
                    self._found(Finding(flaw=Flaw.FOREIGN_KEY, line=self._lines))
                self._key = self._key or key
            case _:
                self._unreadable()

    def _subject(self, line: Line) -> None:
        match line:
            case {
                "subject": str(subject),
                "content": str() | None as content,
                "callouts": int(callouts),
            }:
                self._close()
                self._section = Section(subject, callouts, self._found, content)
                self._sections.append(self._section)
            case _:
                self._unreadable()

    def _seal(self, line: Line) -> None:
        seal = read_seal(line)
        if seal is None:
            self._unreadable()
            return
        if not self._signed(seal, self._key):
            self._found(
                Finding(
                    flaw=Flaw.BAD_SIGNATURE,
                    line=self._lines,
                    subject=seal.subject,
                    seal=seal.n,
                )
            )
        self._section.seal(seal, self._lines)

    def _entry(self, line: Line) -> None:
        match line:
            case {
                "subject": str(subject),
                "seq": int(seq),
                "hash": str(told),
                "body": str(body),
            } if HASH.fullmatch(told) and subject == self._section.subject:
                self._section.entry(seq, told, body, self._lines)
            case _:
                self._unreadable()

    def _callout(self, line: Line) -> None:
        match line:
            case {
                "callout": str(name),
                "facts": int(facts),
                "head": str(head),
            } if HASH.fullmatch(head):
                self._section.callout(name, facts, head, self._lines)
            case _:
                self._unreadable()

    def _fact(self, line: Line) -> None:
        match line:
            case {
                "callout": str(name),
                "seq": int(seq),
                "place": int(place),
                "hash": str(told),
                "body": str(body),
            } if HASH.fullmatch(told) and 0 < seq < TOO_MUCH:
                self._section.fact(name, (seq, place), told, body, self._lines)
            case _:
                self._unreadable()

    def _person(self, line: Line) -> None:
        match line:
            case {"person": str(), "name": str()}:
                pass
            case _:
                self._unreadable()

    def _end(self, line: Line) -> None:
        self._ended = True
        if line.get("lines") != self._lines - 1:
            self._found(Finding(flaw=Flaw.CUT_OFF, line=self._lines))

    def _close(self) -> None:
        """The subject is over: what its seals say is compared with what came."""
        self._section.close()
        known = {seal.n: seal for seal in self._section.seals}
        for other in self._others.get(self._section.subject, ()):
            if not self._signed(other, self._key):
                flaw = Flaw.BAD_SIGNATURE
            elif other.n in known and known[other.n].hash != other.hash:
                flaw = Flaw.SEAL_MISPLACED
            elif other.n not in known and not self._is_later(other):
                flaw = Flaw.SEAL_WITHHELD
            else:
                continue
            self._found(Finding(flaw=flaw, subject=other.subject, seal=other.n))

    def _beyond(self) -> Iterable[Seal]:
        """Seals of the other file, of these subjects, that are not in the export."""
        for section in self._sections:
            known = {seal.n for seal in section.seals}
            others = self._others.get(section.subject, ())
            yield from (seal for seal in others if seal.n not in known)

    def _is_later(self, seal: Seal) -> bool:
        return self._made_at is not None and seal.at > self._made_at


def _encodable(line: Line) -> bool:
    """JSON can escape halves of characters, which no text of ours holds."""
    try:
        "".join(told for told in line.values() if isinstance(told, str)).encode()
    except UnicodeEncodeError:
        return False
    return True


def _moment(told: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
