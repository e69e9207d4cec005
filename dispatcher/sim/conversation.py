"""One conversation on the telephone: plays TwiML to a listener and minds his keys."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import assert_never
from urllib.parse import urljoin

from dispatcher.sim.callee import EARLY_KEY, PRESS_SECONDS, Listener
from dispatcher.sim.timetable import Action, Ticket, Timetable
from dispatcher.sim.twiml import (
    Fault,
    Gather,
    Hangup,
    Pause,
    Redirect,
    Say,
    Verb,
    read,
)

APOLOGY = "We are sorry, an application error has occurred. Goodbye."
CUT = "…"  # stands before a text that was not heard to its end
MOST_DOCUMENTS = 100  # of one call: documents can lead to each other for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A document to go on with.

    :ivar digits: keys to tell with the question; None when none were asked for
    """

    url: str
    method: str
    digits: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listen:
    """The silence after the verbs of a Gather."""

    gather: Gather


class Conversation:
    """What is said and pressed in one call, from picking up to hanging up.

    :ivar said: texts in the order heard; those not heard to the end begin with …
    :ivar keys: what was pressed, heeded or not
    :ivar fault: why a document could not be played; empty when all could
    """

    def __init__(
        self,
        timetable: Timetable,
        listener: Listener,
        ask: Callable[[Wanted], None],
        hang_up: Callable[[], None],
    ) -> None:
        self.said: list[str] = []
        self.keys: list[str] = []
        self.fault = ""
        self._timetable = timetable
        self._listener = listener
        self._ask = ask
        self._hang_up = hang_up
        self._url = ""
        self._documents = 0
        self._verbs: deque[Verb] = deque()
        self._gather: Gather | None = None
        self._nested: deque[Say | Pause | _Listen] = deque()
        self._digits = ""
        self._speaking = False
        self._tickets: list[Ticket] = []  # of the present verb

    def play(self, url: str, text: str) -> None:
        """Go on with a document; what is left of the one before is dropped."""
        self._documents += 1
        document = read(text)
        if isinstance(document, Fault):
            self.fail(document.reason)
        elif self._documents > MOST_DOCUMENTS:
            self.fail(f"more than {MOST_DOCUMENTS} documents in one call")
        else:
            self._url = url
            self._begin(document)

    def fail(self, reason: str) -> None:
        """Say that the application has failed, and hang up, as Twilio does."""
        self.fault = reason
        self._begin((Say(text=APOLOGY), Hangup()))

    def press(self, keys: str) -> bool:
        """Press keys one after the other; tells whether any of them was heeded."""
        self.keys.append(keys)
        heeded = [self._press(key) for key in keys]
        return any(heeded)

    def press_early(self) -> None:
        """Press without listening; whether heeded or not, listen from then on."""
        self.press(EARLY_KEY)
        self._listener = self._listener.begins_again()

    def let_go(self) -> None:
        """Press nothing by habit any more: somebody else speaks for the person."""
        self._listener = Listener(wishes=())

    def stop(self) -> None:
        """Break off, now."""
        self._interrupt()
        self._begin_nothing()

    def _begin(self, document: Iterable[Verb]) -> None:
        self._begin_nothing()
        self._verbs.extend(document)
        self._go_on()

    def _begin_nothing(self) -> None:
        self._verbs.clear()
        self._nested.clear()
        self._gather, self._digits = None, ""

    def _go_on(self) -> None:
        """Do the next verb; a document ends as if it said Hangup."""
        self._speaking = False
        self._tickets.clear()
        if self._nested:
            self._do_nested(self._nested.popleft())
        else:
            self._do(self._verbs.popleft() if self._verbs else Hangup())

    def _do(self, verb: Verb) -> None:
        match verb:
            case Say() | Pause():
                self._do_nested(verb)
            case Gather():
                self._gather = verb
                self._nested.extend((*verb.verbs, _Listen(gather=verb)))
                self._go_on()
            case Redirect():
                url = urljoin(self._url, verb.url)
                self._ask(Wanted(url=url, method=verb.method))
            case Hangup():
                self._hang_up()
            case _:
                assert_never(verb)

    def _do_nested(self, verb: Say | Pause | _Listen) -> None:
        match verb:
            case Say():
                self._say(verb)
            case Pause():
                self._wait(self._go_on, verb.seconds)
            case _Listen():
                self._wait(partial(self._end, verb.gather), verb.gather.seconds)
            case _:
                assert_never(verb)

    def _say(self, say: Say) -> None:
        self.said.append(say.text)
        self._speaking = True
        self._listener = self._listener.hears()
        several = self._gather is not None and self._gather.digits != 1
        keys = self._listener.presses(number_asked=several)
        if keys:
            self._wait(partial(self._wish, keys), min(PRESS_SECONDS, say.seconds / 2))
        self._wait(self._go_on, say.seconds)

    def _wish(self, keys: str) -> None:
        """Press what the listener wants to; lost keys are pressed again later."""
        if self._listener.wishes and self.press(keys):
            self._listener = self._listener.pressed()

    def _press(self, key: str) -> bool:
        gather = self._gather
        if gather is None:
            return False
        self._interrupt()
        self._nested.clear()
        if key == gather.end_key:
            self._end(gather)
            return True
        self._digits += key
        if len(self._digits) == gather.digits:
            self._end(gather)
        else:
            self._wait(partial(self._end, gather), gather.seconds)
        return True

    def _end(self, gather: Gather) -> None:
        """Tell the keys pressed, or go on where none was."""
        digits, self._digits, self._gather = self._digits, "", None
        if digits or gather.on_empty:
            url = urljoin(self._url, gather.action)
            self._ask(Wanted(url=url, method=gather.method, digits=digits))
        else:
            self._go_on()

    def _interrupt(self) -> None:
        """Stop what is being said, and whatever was to follow it."""
        for ticket in self._tickets:
            self._timetable.cancel(ticket)
        self._tickets.clear()
        if self._speaking:
            self._speaking = False
            self.said[-1] = CUT + self.said[-1]

    def _wait(self, action: Action, seconds: float) -> None:
        self._tickets.append(self._timetable.later(action, seconds))
