"""The test kit every provider passes.

Subclass :class:`ProviderConformance` in a test module under a name that begins with
``Test``, say how the provider's server behaves, and pytest runs the rest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from channels.contract import (
    Accepted,
    Failed,
    FailureKind,
    HookRequest,
    Outgoing,
    Provider,
    Receipt,
    Reply,
    Unknown,
)

RETRY_AFTER = 7  # seconds a throttling server asks for


class Server(StrEnum):
    """How the provider's server treats every message."""

    ACCEPTS = "accepts"
    BAD_ADDRESS = "bad_address"  # refuses the number for good
    THROTTLES = "throttles"  # refuses, with RETRY_AFTER where it can say so
    SILENT = "silent"  # takes the request, never answers
    UNREACHABLE = "unreachable"  # no connection


class ProviderConformance(ABC):
    """What the dispatcher relies on, whoever the provider is."""

    message = Outgoing(
        id="ABCDEFGHJK", to="+85291234567", text="暴雨红色预警", valid_seconds=600
    )

    @abstractmethod
    def provider(self, server: Server) -> Provider:
        """A provider before such a server."""

    @abstractmethod
    def receipts(self) -> Sequence[HookRequest]:
        """Genuine receipts of ``message``, each from a later moment of its life."""

    @abstractmethod
    def reply(self) -> HookRequest:
        """A genuine reply of the person, "1 收到"."""

    async def test_a_message_taken_has_the_providers_id(self) -> None:
        """Receipts are tied to messages by it."""
        outcome = await self.provider(Server.ACCEPTS).send(self.message)

        assert isinstance(outcome, Accepted)
        assert outcome.provider_id

    async def test_a_bad_number_is_the_failure_of_the_address(self) -> None:
        """It strikes the number, not the route."""
        outcome = await self.provider(Server.BAD_ADDRESS).send(self.message)

        assert isinstance(outcome, Failed)
        assert FailureKind.PERMANENT_ADDRESS is outcome.kind

    async def test_a_throttled_message_says_when_to_try_again(self) -> None:
        """The route is slowed by what the provider asks for."""
        outcome = await self.provider(Server.THROTTLES).send(self.message)

        assert isinstance(outcome, Failed)
        assert FailureKind.THROTTLE is outcome.kind
        assert outcome.retry_after == RETRY_AFTER

    async def test_a_message_without_an_answer_is_unknown(self) -> None:
        """It may have been sent: a blind second one would be a duplicate."""
        outcome = await self.provider(Server.SILENT).send(self.message)

        assert isinstance(outcome, Unknown)

    async def test_a_message_that_never_left_may_be_sent_again(self) -> None:
        """Without a connection nothing can have been sent."""
        outcome = await self.provider(Server.UNREACHABLE).send(self.message)

        assert isinstance(outcome, Failed)
        assert FailureKind.TRANSIENT is outcome.kind

    async def test_an_over_long_chinese_text_is_refused_not_cut(self) -> None:
        """Half a warning is worse than the next channel."""
        provider = self.provider(Server.ACCEPTS)
        text = "险" * (provider.capabilities.max_chars + 1)

        outcome = await provider.send(replace(self.message, text=text))

        assert isinstance(outcome, Failed)
        assert FailureKind.PERMANENT_CONTENT is outcome.kind

    def test_genuine_callbacks_are_believed(self) -> None:
        """Else every answer would be lost."""
        provider = self.provider(Server.ACCEPTS)

        assert all(provider.verify(each) for each in (*self.receipts(), self.reply()))

    def test_forged_callbacks_are_not_believed(self) -> None:
        """One changed value, or no signature at all, is enough."""
        provider = self.provider(Server.ACCEPTS)
        for genuine in (*self.receipts(), self.reply()):
            (name, value), *rest = genuine.form
            changed = replace(genuine, form=((name, value + "0"), *rest))
            unsigned = replace(genuine, headers={})

            assert not provider.verify(changed)
            assert not provider.verify(unsigned)

    def test_a_repeated_callback_has_the_same_key(self) -> None:
        """Storing it a second time changes nothing."""
        provider = self.provider(Server.ACCEPTS)
        for request in (*self.receipts(), self.reply()):
            first, again = provider.parse(request), provider.parse(request)

            assert first == again

    def test_different_callbacks_have_different_keys(self) -> None:
        """Else the later one would be dropped as a repetition."""
        provider = self.provider(Server.ACCEPTS)
        requests = (*self.receipts(), self.reply())
        keys = [each.event_key for it in requests for each in provider.parse(it)]

        assert len(requests) == len(set(keys))

    def test_receipts_rank_by_the_messages_life_not_by_arrival(self) -> None:
        """Receipts arrive out of order: read last to first, the ranks are the same."""
        provider = self.provider(Server.ACCEPTS)
        late_first = [
            each.rank
            for request in reversed(self.receipts())
            for each in provider.parse(request)
            if isinstance(each, Receipt)
        ]

        assert len(self.receipts()) == len(late_first)
        assert sorted(set(late_first), reverse=True) == late_first

    def test_a_receipt_names_our_message(self) -> None:
        """It may come before the provider's answer to our request."""
        provider = self.provider(Server.ACCEPTS)
        for request in self.receipts():
            (receipt,) = provider.parse(request)

            assert isinstance(receipt, Receipt)
            assert self.message.id == receipt.message

    def test_a_reply_is_read_as_the_person_wrote_it(self) -> None:
        """What it means is not the provider's business."""
        (reply,) = self.provider(Server.ACCEPTS).parse(self.reply())

        assert isinstance(reply, Reply)
        assert self.message.to == reply.sender
        assert reply.text == "1 收到"
