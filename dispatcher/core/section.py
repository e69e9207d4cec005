"""One subject of an export under audit: its journal, its callouts, its seals.

Whoever altered a fact left the hashes as they were, or made all that follow anew. The
first shows at the fact itself, for its body does not give its hash. The second shows at
the first seal that holds the altered head, for the root is another one then; it was one
of the facts between that seal and the one before, of which the first is told.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from dispatcher.core.finding import Finding, Flaw
from dispatcher.core.proof import GENESIS, Head, Tree, linked
from dispatcher.core.seal import Seal

TELLS_CONTENT = frozenset({"received", "amended"})


@dataclass(frozen=True, slots=True)
class _Suspect:
    """The first fact in the store of those that a seal holds."""

    place: int
    callout: str
    seq: int
    body: str


class _Sheaf:
    """What one seal holds: the heads that moved, how many facts, the first of them."""

    __slots__ = ("count", "first", "tree")

    def __init__(self) -> None:
        self.tree = Tree()
        self.count = 0
        self.first: _Suspect | None = None

    def take(self, place: int, head: Head, body: str) -> None:
        """One more fact, after which the head is this one."""
        self.count += 1
        if self.first is None or place < self.first.place:
            self.first = _Suspect(place, head.subject, head.seq, body)


class Section:
    """Reads one subject, and tells what is wrong with it.

    :param expected: how many callouts are said to come
    :param content: what the alert says, as it is kept
    """

    def __init__(
        self,
        subject: str,
        expected: int,
        found: Callable[[Finding], None],
        content: str | None = None,
    ) -> None:
        self.subject = subject
        self.seals: list[Seal] = []
        self.callouts, self.facts, self.unsealed = 0, 0, 0
        self._expected = expected
        self._found = found
        self._content = content
        self._vouching: tuple[int, str] | None = None  # the last entry that tells it
        self._hashes = [GENESIS]  # of the journal, by seq
        self._bodies = [""]
        self._sheaves: list[_Sheaf] = []
        self._uptos: list[int] = []
        self._head = Head("")
        self._end = Head("")  # what the callout is said to come to
        self._place, self._sheaf = 0, 0

    @property
    def entries(self) -> int:
        """How long its journal is."""
        return len(self._hashes) - 1

    def seal(self, seal: Seal, line: int) -> None:
        """The next seal; all of them come before anything else."""
        expected = len(self.seals) + 1
        before = self.seals[-1].hash if self.seals else GENESIS
        if seal.n > expected:
            self._tell_seal(Flaw.SEAL_MISSING, line, expected)
        elif (seal.subject, seal.n, seal.previous) != (self.subject, expected, before):
            self._tell_seal(Flaw.SEAL_MISPLACED, line, seal.n)
        if not self._sheaves:
            self.seals.append(seal)

    def entry(self, seq: int, told: str, body: str, line: int) -> None:
        """The next entry of the journal."""
        before = Head(self.subject, self.entries, self._hashes[-1])
        self._compare(before, Head(self.subject, seq, told), body, line)
        self._hashes.append(told)
        self._bodies.append(body)
        if _kind(body) in TELLS_CONTENT:
            self._vouching = seq, body

    def callout(self, name: str, facts: int, head: str, line: int) -> None:
        """The next callout; its facts follow."""
        self._end_callout()
        self._begin()
        if name.encode() <= self._head.subject.encode():
            self._tell(Flaw.MISPLACED, name, line)
        self.callouts += 1
        self._head, self._end = Head(name), Head(name, facts, head)
        self._place, self._sheaf = 0, 0

    def fact(
        self, name: str, where: tuple[int, int], told: str, body: str, line: int
    ) -> None:
        """The next fact: ``where`` is its seq, and its place in the store."""
        seq, place = where
        if name != self._head.subject or place <= self._place:
            self._tell(Flaw.MISPLACED, name, line, seq, body)
            return
        now = Head(name, seq, told)
        self._compare(self._head, now, body, line)
        self._put(bisect_left(self._uptos, place))
        self._head, self._place = now, place
        self.facts += 1
        if self._sheaf < len(self._sheaves):
            self._sheaves[self._sheaf].take(place, now, body)
        else:
            self.unsealed += 1

    def close(self) -> None:
        """Compare all of it with what its seals say."""
        self._end_callout()
        self._begin()
        if self.callouts < self._expected:
            self._tell(Flaw.MISSING, self.subject)
        self._compare_content()
        if not self.seals and (self.facts or self.entries):
            self._tell(Flaw.NOT_SEALED, self.subject)
        if self.seals:
            self._compare_journal(self.seals[-1])
        self._compare_seals()

    def _compare_content(self) -> None:
        if self._vouching:
            seq, body = self._vouching
            digest = hashlib.sha256((self._content or "").encode()).hexdigest()
            if digest != _parsed(body).get("digest"):
                self._tell(Flaw.CONTENT_ALTERED, self.subject, seq=seq, body=body)

    def _compare_journal(self, newest: Seal) -> None:
        self.unsealed += max(self.entries - newest.entries, 0)
        if newest.entries > self.entries:
            self._tell(Flaw.MISSING, self.subject, seq=self.entries + 1)

    def _begin(self) -> None:
        """The journal is over: its head as each seal knew it is the first leaf."""
        if self._sheaves or not self.seals:
            return
        self._uptos = [seal.upto for seal in self.seals]
        for seal in self.seals:
            sheaf = _Sheaf()
            known = min(seal.entries, self.entries)
            sheaf.tree.add(Head(self.subject, known, self._hashes[known]))
            self._sheaves.append(sheaf)

    def _compare(self, before: Head, now: Head, body: str, line: int) -> None:
        if now.seq > before.seq + 1:
            self._tell(Flaw.MISSING, now.subject, line, before.seq + 1)
        elif now.seq <= before.seq:
            self._tell(Flaw.MISPLACED, now.subject, line, now.seq, body)
        elif linked(before, body) != now:
            self._tell(Flaw.ALTERED, now.subject, line, now.seq, body)

    def _put(self, sheaf: int) -> None:
        """The next fact is for this seal: the head so far was the last of its own."""
        if sheaf != self._sheaf and self._head.seq:
            self._sheaves[self._sheaf].tree.add(self._head)
        self._sheaf = sheaf

    def _end_callout(self) -> None:
        if self._head.seq < self._end.seq:
            name, seq = self._head.subject, self._head.seq + 1
            self._tell(Flaw.MISSING, name, seq=seq)
        elif self._head != self._end:
            name, seq = self._head.subject, self._head.seq
            self._tell(Flaw.ALTERED, name, seq=seq)
        if self._head.seq and self._sheaf < len(self._sheaves):
            self._sheaves[self._sheaf].tree.add(self._head)
        self._end = self._head

    def _compare_seals(self) -> None:
        """Tell the first seal that is over something else."""
        count, noted = 0, 0
        for seal, sheaf in zip(self.seals, self._sheaves, strict=True):
            count += sheaf.count
            if seal.entries > self.entries:  # that has been told already
                return
            if (seal.root, seal.facts) != (sheaf.tree.root(), count):
                first = sheaf.first or self._entry(noted, seal.entries)
                self._found(
                    Finding(
                        flaw=Flaw.NOT_AS_SEALED,
                        subject=first.callout,
                        seq=first.seq,
                        kind=_kind(first.body),
                        seal=seal.n,
                        facts=seal.facts - count,
                    )
                )
                return
            noted = seal.entries

    def _entry(self, before: int, until: int) -> _Suspect:
        """The entry that came first between two seals, where no fact did."""
        seq = before + 1 if before < until else 0
        return _Suspect(0, self.subject, seq, self._bodies[seq])

    def _tell_seal(self, flaw: Flaw, line: int, n: int) -> None:
        self._found(Finding(flaw=flaw, line=line, subject=self.subject, seal=n))

    def _tell(
        self, flaw: Flaw, subject: str, line: int = 0, seq: int = 0, body: str = ""
    ) -> None:
        self._found(
            Finding(flaw=flaw, line=line, subject=subject, seq=seq, kind=_kind(body))
        )


def _kind(body: str) -> str:
    return str(_parsed(body).get("kind", ""))


def _parsed(body: str) -> dict[str, object]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
