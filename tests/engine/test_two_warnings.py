"""Two warnings, shared telephones and a worker that restarts, in any order."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection, text
from typing_extensions import override

from channels.contract import Failed, FailureKind, Keyed, Rank, Receipt
from dispatcher.core.alert import AlertId
from dispatcher.engine.desk import Cancelling, cancel
from dispatcher.engine.runtime import Engine, Singletons
from dispatcher.store import alerts, callouts, outbox
from dispatcher.store.dialect import spoken
from tests.engine.office import NUMBERS, Office, opened

Result = TypeVar("Result")
WARNINGS = ("W-1", "W-2")
WORDS = ("1", "收到", "60", "61", "2 5", "61 3", "4", "5", "嗯嗯", "没收到")
NO_ANSWER = Failed(kind=FailureKind.UNREACHED, code="no_answer")
LINES = 2

# Asks somebody about nothing but callouts that he had answered before it was made.
ASKED_AGAIN = spoken(
    """
    SELECT message.id FROM message WHERE message.purpose = 'own' AND NOT EXISTS (
        SELECT 1 FROM carried JOIN callout ON callout.id = carried.callout
        WHERE carried.message = message.id AND NOT EXISTS (
            SELECT 1 FROM fact WHERE fact.callout = callout.id
              AND fact.kind = 'answered' AND fact.at < message.created_at
              AND fact.body ->> 'person' = message.person))
    """
)
ON_THE_LINE = text(
    """
    SELECT address.fingerprint, coalesce(message.call, message.id) AS call
    FROM message JOIN address
      ON address.id = message.address AND address.person = message.person
    WHERE message.channel = 'voice'
      AND message.state IN ('sending', 'unknown', 'accepted')
    GROUP BY 1, 2
    """
)
# A callout that waits for nobody's answer any more has no telephone to ring for it.
CALLS = text(
    "SELECT id, provider_id, person, address FROM message WHERE channel = 'voice' "
    "AND state = 'accepted' AND call = id ORDER BY created_at, id"
)


class TwoWarnings(RuleBasedStateMachine):
    """What must hold is checked after each step, whatever came before it."""

    @initialize()
    def open(self) -> None:
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.office: Office = self.run(
            self.stack.enter_async_context(opened(lines=LINES, spare=("lead",)))
        )
        self.warned: dict[str, str] = {}

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    @override
    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.run(self.stack.aclose())
            self.runner.close()

    @rule(name=st.sampled_from(WARNINGS))
    def warn(self, name: str) -> None:
        if name not in self.warned:
            self.warned[name] = self.run(
                self.office.warn(identifier=name, event_code="")
            )
            self.run(self.office.engine.turn())

    @rule(seconds=st.sampled_from([1, 10, 35, 60, 120, 300, 900]))
    def later(self, seconds: int) -> None:
        self.office.later(seconds)
        self.run(self.office.engine.turn())

    @rule(who=st.sampled_from(sorted(NUMBERS)), words=st.sampled_from(WORDS))
    def reply(self, who: str, words: str) -> None:
        self.run(self.office.hears(who, words, key=f"{who} {self.office.now} {words}"))
        self.run(self.office.engine.turn())

    @rule(pick=st.integers(0, 9), keys=st.sampled_from(["", "1", "3", "4", "7"]))
    def call_ends(self, pick: int, keys: str) -> None:
        """Somebody presses keys, or nobody picks up."""
        calls = self.rows(CALLS)
        if not calls:
            return
        call = calls[pick % len(calls)]
        told: list[Receipt | Keyed] = [self.receipt(call, Rank.FINAL, NO_ANSWER)]
        if keys:
            number = self.number(call)
            told = [
                self.receipt(call, Rank.SENT),
                Keyed(
                    event_key=f"{call.id} keys",
                    message=call.id,
                    provider_id=call.provider_id,
                    number=number,
                    place=f"t{call.id}",
                    keys=keys,
                ),
                self.receipt(call, Rank.FINAL),
            ]
        self.run(self.office.told(*told))
        self.run(self.office.engine.turn())

    @rule()
    def restart(self) -> None:
        office = self.office
        engine = Engine(
            office.database,
            office.keeper,
            {
                "sms": office.provider,
                "voice": office.telephones,
                "wecom": office.cards,
            },
            Singletons(feeds=office.engine.feeds, sealer=office.engine.sealer),
            office.clock,
        )
        self.run(engine.recover())
        office.engine = engine
        self.run(engine.turn())

    @rule(name=st.sampled_from(WARNINGS))
    def cancel(self, name: str) -> None:
        if name in self.warned:
            alert = AlertId(self.warned[name])
            how = Cancelling(by="key:desk", reason="误报")
            self.run(
                self.office.desk(
                    lambda d: [
                        cancel(d, found, how)
                        for found in (alerts.find(d.connection, alert),)
                        if found
                    ]
                )
            )
            self.run(self.office.engine.turn())

    def receipt(self, call: Any, rank: Rank, failure: Failed | None = None) -> Receipt:
        return Receipt(
            event_key=f"{call.id} {rank}",
            message=call.id,
            provider_id=call.provider_id,
            rank=rank,
            failure=failure,
        )

    def number(self, call: Any) -> str:
        found = self.read(lambda c: outbox.find(c, [call.id]))
        return str(found[0].number)

    def rows(self, query: Any) -> list[Any]:
        return self.run(self.office.database.read(lambda c: list(c.execute(query))))

    def read(self, work: Any) -> Any:
        return self.run(self.office.database.read(work))

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "office"):
            return
        now = self.office.now

        def lost(connection: Connection) -> tuple[int, int]:
            return callouts.ownerless(connection), outbox.stuck(connection, now)

        assert self.read(lost) == (0, 0)

    @invariant()
    def nobody_is_asked_what_he_has_answered(self) -> None:
        if hasattr(self, "office"):
            assert self.rows(ASKED_AGAIN) == []

    @invariant()
    def no_number_rings_twice_and_no_line_is_overbooked(self) -> None:
        if not hasattr(self, "office"):
            return
        busy = self.rows(ON_THE_LINE)
        assert len(busy) <= LINES
        assert max(Counter(row.fingerprint for row in busy).values(), default=0) <= 1


TestTwoWarnings = TwoWarnings.TestCase
TestTwoWarnings.settings = settings(max_examples=15, stateful_step_count=25)
