"""The test kit every provider passes.

Subclass :class:`ProviderConformance`, or :class:`TelephoneConformance` for one that
places calls, in a test module under a name that begins with ``Test``, say how the
provider's server behaves, and pytest runs the rest.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from typing_extensions import override

from channels.contract import (
    Accepted,
    Callback,
    Channel,
    Failed,
    FailureKind,
    HookAnswer,
    HookRequest,
    Keyed,
    Outgoing,
    Prompt,
    Provider,
    RangBack,
    Rank,
    Receipt,
    Reply,
    Telephone,
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


class _Conformance(ABC):
    """What holds for texts and calls alike; a message is either."""

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
    def answers(self) -> Sequence[HookRequest]:
        """Everything genuine that is no receipt of ``receipts``, one of each."""

    def callbacks(self) -> Sequence[HookRequest]:
        """Everything genuine."""
        return (*self.receipts(), *self.answers())

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

    def test_genuine_callbacks_are_believed(self) -> None:
        """Else every answer would be lost."""
        provider = self.provider(Server.ACCEPTS)

        assert all(provider.verify(each) for each in self.callbacks())

    def test_forged_callbacks_are_not_believed(self) -> None:
        """One changed value, or no signature at all, is enough."""
        provider = self.provider(Server.ACCEPTS)
        for genuine in self.callbacks():
            (name, value), *rest = genuine.form
            changed = replace(genuine, form=((name, value + "0"), *rest))
            unsigned = replace(genuine, headers={})

            assert not provider.verify(changed)
            assert not provider.verify(unsigned)

    def test_a_repeated_callback_has_the_same_key(self) -> None:
        """Storing it a second time changes nothing."""
        provider = self.provider(Server.ACCEPTS)
        for request in self.callbacks():
            first, again = provider.parse(request), provider.parse(request)

            assert first == again

    def test_different_callbacks_have_different_keys(self) -> None:
        """Else the later one would be dropped as a repetition."""
        provider = self.provider(Server.ACCEPTS)
        requests = self.callbacks()
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


class ProviderConformance(_Conformance):
    """What the dispatcher relies on, whoever carries its texts."""

    @abstractmethod
    def reply(self) -> HookRequest:
        """A genuine reply of the person, "1 收到"."""

    @override
    def answers(self) -> Sequence[HookRequest]:
        return [self.reply()]

    async def test_an_over_long_chinese_text_is_refused_not_cut(self) -> None:
        """Half a warning is worse than the next channel."""
        provider = self.provider(Server.ACCEPTS)
        text = "险" * (provider.capabilities.max_chars + 1)

        outcome = await provider.send(replace(self.message, text=text))

        assert isinstance(outcome, Failed)
        assert FailureKind.PERMANENT_CONTENT is outcome.kind

    def test_a_reply_is_read_as_the_person_wrote_it(self) -> None:
        """What it means is not the provider's business."""
        (reply,) = self.provider(Server.ACCEPTS).parse(self.reply())

        assert isinstance(reply, Reply)
        assert self.message.to == reply.sender
        assert reply.text == "1 收到"


class TelephoneConformance(_Conformance):
    """What the dispatcher relies on, whoever places its calls."""

    speech = (
        Prompt(text="这里是应急局,请立即转移", place="first"),
        Prompt(text="暴雨红色预警,收到请按1", place="whole text&2/é"),
    )

    @abstractmethod
    @override
    def provider(self, server: Server) -> Telephone:
        """A telephone before such a server."""

    @abstractmethod
    def picked_up(self) -> HookRequest:
        """The genuine question what to say, when ``message`` is answered."""

    @abstractmethod
    def not_picked_up(self) -> HookRequest:
        """The genuine receipt of ``message`` that nobody has answered."""

    @abstractmethod
    def rang_back(self) -> HookRequest:
        """The genuine question what to say, when the person of ``message`` rings us."""

    @abstractmethod
    def pressed(
        self, answer: HookAnswer, keys: str, *, at: int = 0, outside: bool = False
    ) -> HookRequest:
        """The genuine callback of keys, each time another one.

        :param answer: what is being said, as the provider itself has written it
        :param at: which of its prompts with a place they are pressed at, from 0
        :param outside: the person has rung us, and ``message`` is no part of it
        """

    @override
    def answers(self) -> Sequence[HookRequest]:
        spoken = self.provider(Server.ACCEPTS).speak(self.message.id, self.speech)
        pressed = self.pressed(spoken, "1")
        return [self.picked_up(), self.not_picked_up(), self.rang_back(), pressed]

    def test_it_says_that_it_is_a_telephone(self) -> None:
        """Policies name channels, and lines are counted for this one."""
        assert self.provider(Server.ACCEPTS).capabilities.channel is Channel.VOICE

    def test_picking_up_is_told_and_is_no_answer(self) -> None:
        """Somebody, or something, listens: what counts is a key."""
        (told,) = self.provider(Server.ACCEPTS).parse(self.picked_up())

        assert isinstance(told, Receipt)
        assert (self.message.id, Rank.SENT, None) == (
            told.message,
            told.rank,
            told.failure,
        )

    def test_a_call_nobody_answers_is_nobodys_fault(self) -> None:
        """It moves on to the person's next number, and strikes nothing."""
        (told,) = self.provider(Server.ACCEPTS).parse(self.not_picked_up())

        assert isinstance(told, Receipt)
        assert isinstance(told.failure, Failed)
        assert (self.message.id, Rank.FINAL, FailureKind.UNREACHED) == (
            told.message,
            told.rank,
            told.failure.kind,
        )

    def test_keys_come_back_with_their_call_number_and_place(self) -> None:
        """Who answered what is known from nothing else."""
        for at, prompt in enumerate(self.speech):
            (keyed,) = self._keyed(self.message.id, "12", at=at)

            assert isinstance(keyed, Keyed)
            assert (self.message.id, self.message.to, prompt.place, "12") == (
                keyed.message,
                keyed.number,
                keyed.place,
                keyed.keys,
            )

    def test_a_key_pressed_early_is_told_from_one_pressed_later(self) -> None:
        """A key answers only what has been heard."""
        (early,) = self._keyed(self.message.id, "1")
        (later,) = self._keyed(self.message.id, "1", at=1)

        assert isinstance(early, Keyed)
        assert isinstance(later, Keyed)
        assert [each.place for each in self.speech] == [early.place, later.place]

    def test_a_prompt_without_a_place_takes_no_keys(self) -> None:
        """The place that comes back is that of the next prompt which has one."""
        told = (Prompt(text="这是演练"), self.speech[0])
        provider = self.provider(Server.ACCEPTS)

        spoken = provider.speak(self.message.id, told)
        (keyed,) = provider.parse(self.pressed(spoken, "1"))

        assert isinstance(keyed, Keyed)
        assert self.speech[0].place == keyed.place

    def test_the_same_key_pressed_again_is_not_a_repetition(self) -> None:
        """Who asks for the text twice hears it twice."""
        provider = self.provider(Server.ACCEPTS)
        spoken = provider.speak(self.message.id, self.speech)
        presses = [self.pressed(spoken, "9") for _ in range(2)]
        keys = {each.event_key for it in presses for each in provider.parse(it)}

        assert len(presses) == len(keys)

    def test_who_rings_back_is_known_by_his_number(self) -> None:
        """He hears what is open for it."""
        (told,) = self.provider(Server.ACCEPTS).parse(self.rang_back())

        assert isinstance(told, RangBack)
        assert self.message.to == told.number

    def test_keys_of_who_rings_back_belong_to_no_message(self) -> None:
        """They belong to what he has been told in that call."""
        (keyed,) = self._keyed(None, "1", outside=True)

        assert isinstance(keyed, Keyed)
        assert (None, self.message.to, self.speech[0].place) == (
            keyed.message,
            keyed.number,
            keyed.place,
        )

    async def test_hanging_up_never_fails(self) -> None:
        """A call that can't be stopped ends by itself."""
        each = [self.provider(server).hang_up("no such call") for server in Server]

        raised = await asyncio.gather(*each, return_exceptions=True)

        assert [None] * len(Server) == raised

    def _keyed(
        self, message: str | None, keys: str, *, at: int = 0, outside: bool = False
    ) -> tuple[Callback, ...]:
        """What is read when keys are pressed at one of the prompts."""
        provider = self.provider(Server.ACCEPTS)
        spoken = provider.speak(message, self.speech)
        return provider.parse(self.pressed(spoken, keys, at=at, outside=outside))
