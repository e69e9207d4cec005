"""What is known of the numbers that wrote, read once for all that came together.

Nothing that one reply brings about in a transaction changes what another is taken for:
all of them mean what was sent and open when the transaction began.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from dispatcher.core.matching import LOOK_BACK
from dispatcher.engine.attention import Heard
from dispatcher.store import heard, people, questions
from dispatcher.store.heard import Said
from dispatcher.store.questions import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What is known of the number behind one reply.

    :ivar holders: who may have written, by address
    :ivar sent: what he may mean, in order
    :ivar codes: those he may mean
    """

    holders: Mapping[str, str]
    sent: Sequence[Said]
    codes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondence:
    """Numbers that wrote, each with all that it may mean; and what was asked of them.

    :ivar questions: by id
    """

    _holders: Mapping[str, Sequence[tuple[str, str]]]
    _sent: Mapping[str, Sequence[Said]]
    _codes: Mapping[str, Mapping[str, datetime | None]]
    questions: Mapping[str, Question]

    @classmethod
    def of(cls, connection: Connection, replies: Sequence[Heard]) -> Correspondence:
        """Read it for these replies."""
        if not replies:
            return cls(_holders={}, _sent={}, _codes={}, questions={})
        numbers = {one.reply.sender for one in replies}
        moments = [one.received_at for one in replies]
        since, until = min(moments) - LOOK_BACK, max(moments)
        sent = heard.sent_to(connection, numbers, since, until)
        asked = {one.question for said in sent.values() for one in said}
        return cls(
            _holders=people.holders_of(connection, numbers),
            _sent=sent,
            _codes=questions.known_codes(connection, numbers, min(moments)),
            questions=questions.by_id(connection, asked),
        )

    def behind(self, one: Heard) -> Sender:
        """What was known of the number when a reply came."""
        number, at = one.reply.sender, one.received_at
        return Sender(
            holders=dict(self._holders[number]),
            sent=[
                said
                for said in self._sent[number]
                if said.created_at > at - LOOK_BACK and said.first_sent_at <= at
            ],
            codes=frozenset(
                code
                for code, free_at in self._codes[number].items()
                if free_at is None or free_at > at
            ),
        )
