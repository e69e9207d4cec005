"""The callout: one post of one unit, called until a human answers.

A callout is one (chain, unit, post, epoch). Its ladder is a snapshot of the policy made
when it opens; who stands on a rung is looked up when the rung is reached (people live,
timing frozen). A value of :class:`Callout` is what all its facts add up to, see
:mod:`dispatcher.core.evolve`.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from channels.contract import Channel
from contacts.model import AddressId, PersonId, Post, PostRef, UnitId
from dispatcher.core.alert import AlertId, ChainId, Lane, Level
from dispatcher.core.answer import Evidence, Figures, Meaning
from dispatcher.core.night import Night

CalloutId = NewType("CalloutId", str)
AttemptId = NewType("AttemptId", str)  # callout.rung.person.try.channel.address
LABEL_PLACE = 3
MADE_UP = "m"  # ends the label of a try that was put off
TRY_LABEL = re.compile(rf"(?:\d+x)?(\d+){MADE_UP}?")  # "1x0": try 0 of a second round
MOST_ATTEMPTS = 64  # kept in the state; facts keep all
PLACE_BYTES, PLACE_CHARACTERS, PLACE_DIGITS = 5, 8, 9  # of the id of a callout


class State(StrEnum):
    """Where a callout stands."""

    WAITING = "waiting"  # open, nothing has fallen due yet
    CALLING = "calling"  # its ladder is being climbed
    ANSWERED = "answered"  # one of its own people is awake and knows
    TAKEN = "taken"  # somebody above, or the desk, has taken it over
    REPORTED = "reported"  # answered, and the feedback is complete
    DESK = "desk"  # the ladder ran out: a person at the desk owns it
    NOTIFIED = "notified"  # told, nothing asked
    CLOSED = "closed"  # ended, with a reason


OPEN_STATES = frozenset({State.WAITING, State.CALLING, State.TAKEN, State.DESK})


class CloseReason(StrEnum):
    """Why a callout ended."""

    DONE = "done"
    SUPERSEDED = "superseded"  # a stricter alert of its chain opened a new epoch
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Mark(StrEnum):
    """What the board shows beside a callout."""

    NOT_AWAKENED = "not_awakened"  # called by voice in time, nobody answered
    NEVER_RUNG = "never_rung"  # no call to its own people was placed in time
    WATCH = "watch"  # the desk keeps an eye on it
    MUST_CALL = "must_call"  # the desk has to call by hand
    NEED_HELP = "need_help"  # somebody is in trouble
    FEEDBACK_OVERDUE = "feedback_overdue"
    HEARD_PARTLY = "heard_partly"  # the key came before the whole text was read


class Task(StrEnum):
    """What somebody has to do on foot."""

    DOOR_KNOCK = "door_knock"


class Via(StrEnum):
    """How the attempts of a rung travel."""

    OWN = "own"  # to the unit's own people, at once
    DIGEST = "digest"  # to a superior, joined with the others he owes answers for
    INFO = "info"  # to a superior, joined, nothing asked


class SkipReason(StrEnum):
    """Why a try made no attempt."""

    NO_ROUTE = "no_route"  # no route is configured for the channel
    NO_ADDRESS = "no_address"  # the person has no address the channel can use
    OVERTAKEN = "overtaken"  # we were down; the next try is due already
    OWN_PART = "own_part"  # he holds a post of the unit himself
    MERGED = "merged"  # the call before it still waits for a line, or rings
    NIGHT = "night"  # no telephone rings at this hour


class Cause(StrEnum):
    """Why a rung was reached."""

    TIME = "time"
    STRUCK = "struck"  # nobody below can be reached by any means
    RESUMED = "resumed"  # a take-over brought no result in time
    WORD = "word"  # an officer called it early


class Purpose(StrEnum):
    """Why an attempt was made."""

    TRY = "try"
    NEXT_MEANS = "next_means"  # the address before it is dead or wrong
    REPEAT = "repeat"
    RETRY = "retry"  # an officer has it sent once more
    HELP = "help"  # the unit below asks for help
    REMINDER = "reminder"  # feedback is due, or the desk owes a look
    TASK = "task"  # he is to go to the door


class Progress(StrEnum):
    """How far an attempt has come, in rising order."""

    PLANNED = "planned"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    FAILED = "failed"


PROGRESS_ORDER = {progress: place for place, progress in enumerate(Progress)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try: seconds from the rung's start, and the channels used together."""

    at: int
    do: tuple[Channel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One rung of a ladder.

    :ivar at: seconds from opening
    :ivar posts: who is called together; empty for a bare mark
    :ivar own: whether these are the callout's own posts
    :ivar need: how many of its people must answer
    """

    at: int
    posts: tuple[PostRef, ...] = ()
    tries: tuple[Try, ...] = ()
    via: Via = Via.OWN
    own: bool = False
    need: int = 1
    mark: Mark | None = None
    task: Task | None = None
    desk: Mark | None = None

    @property
    def flags(self) -> bool:
        """Whether reaching its time puts anything on the board."""
        return bool(self.mark or self.task or self.desk)

    @property
    def last_try(self) -> int:
        """Seconds from opening to its last try, when nothing moves it."""
        return self.at + (self.tries[-1].at if self.tries else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """How own people go on being called; seconds between, and how often so."""

    every: int
    do: tuple[Channel, ...]
    most: int
    voice_every: int | None = None
    voice_most: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The policy of one callout, frozen when it opened.

    :ivar taken_result: seconds a taker has to bring a result
    :ivar received_by: seconds from opening within which an answer is in time
    :ivar feedback_by: seconds from opening to the first feedback; None: not asked
    :ivar require: figures the feedback must hold
    :ivar night: when no telephone rings; None: it always may
    :ivar must_hear: seconds of the text that should be heard before the key
    :ivar beside: it ends at its own people while the unit's grid lead has answered
    """

    policy: str
    rungs: tuple[Rung, ...]
    repeat: Repeat
    taken_result: int
    received_by: int
    feedback_by: int | None = None
    require: tuple[str, ...] = ()
    night: Night | None = None
    must_hear: int = 0
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Means:
    """One way to one person: an address on a channel that has a route."""

    channel: Channel
    address: AddressId


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A person on a rung, with the means he had when it was reached."""

    person: PersonId
    post: Post
    means: tuple[Means, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RungRun:
    """How far one rung has come.

    :ivar starts_at: set when the rung was moved from its policy time
    :ivar round: how often it was started anew after a take-over that lapsed
    :ivar by_word: an officer moved it: its people are called, its flags keep their time
    """

    starts_at: datetime | None = None
    round: int = 0
    by_word: bool = False
    started_at: datetime | None = None
    flagged: bool = False
    struck: bool = False
    tries_done: int = 0
    people: tuple[Called, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The decision to try one address of one person on one channel.

    :ivar placed: its message, or call, has left the house
    """

    id: AttemptId
    rung: int
    person: PersonId
    channel: Channel
    address: AddressId
    planned_at: datetime
    progress: Progress = Progress.PLANNED
    placed: bool = False

    @property
    def label(self) -> str:
        """The try's number within its id."""
        return self.id.split(".")[LABEL_PLACE]

    @property
    def number(self) -> int | None:
        """The number of its try in the plan of its rung; None of any other attempt."""
        found = TRY_LABEL.fullmatch(self.label)
        return int(found[1]) if found else None

    @property
    def under_way(self) -> bool:
        """Whether its outcome is still to come."""
        return self.progress not in {Progress.DELIVERED, Progress.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A call that could not be made at its time and has to be made up for.

    :ivar number: of the try in its rung's plan
    :ivar at: None: when the call it merged into begins
    """

    rung: int
    number: int
    person: PersonId
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The own answer that ended the calling, or one beside it."""

    person: PersonId
    at: datetime
    meaning: Meaning
    evidence: Evidence
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """Somebody above owes a result.

    :ivar rung: where he stands in the ladder; None is the desk
    """

    by: str
    rung: int | None
    at: datetime
    result_by: datetime
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Callout:
    """One (chain, unit, post, epoch) and all that has become of it.

    :ivar answers: every own answer, in order
    :ivar answer: the one that ended the calling
    :ivar takers: everybody who ever took it over
    :ivar later: calls to be made up for
    :ivar hushed_until: end of the night in which nobody of its own could be rung
    :ivar texts: how often what it says has changed
    :ivar repeat_from: zero of the repeats since it last did; None: its opening
    :ivar retries: how often an officer had its people tried once more
    :ivar escalated_at: when an officer last called a rung early
    """

    id: CalloutId
    alert: AlertId
    chain: ChainId
    epoch: int
    unit: UnitId
    post: Post
    level: Level
    policy_level: Level
    drill: bool
    risk: int
    ladder: Ladder
    opened_at: datetime
    state: State
    runs: tuple[RungRun, ...]
    attempts: tuple[Attempt, ...] = ()
    attempt_count: int = 0
    struck_means: frozenset[Means] = frozenset()
    struck_people: frozenset[PersonId] = frozenset()
    answers: tuple[Answer, ...] = ()
    answer: Answer | None = None
    taking: Taking | None = None
    takers: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    tasks: tuple[Task, ...] = ()
    later: tuple[Later, ...] = ()
    hushed_until: datetime | None = None
    repeats: int = 0
    voice_repeats: int = 0
    texts: int = 0
    repeat_from: datetime | None = None
    retries: int = 0
    retried_at: datetime | None = None
    escalated_at: datetime | None = None
    help_due: bool = False
    feedback: Figures | None = None
    feedback_reminded: bool = False
    owner: str | None = None
    desk_reminded_at: datetime | None = None
    close_reason: CloseReason | None = None
    closed_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether someone of its own still has to answer."""
        return self.state in OPEN_STATES

    def rung_by_telephone(self, person: PersonId) -> tuple[Attempt, ...]:
        """Every attempt to ring a person, in order."""
        return tuple(
            attempt
            for attempt in self.attempts
            if attempt.person == person and attempt.channel is Channel.VOICE
        )

    @property
    def lane(self) -> Lane:
        """The lane its messages go down."""
        return lane_of(self.policy_level, drill=self.drill)


LANES = {
    Level.RED: Lane.RED,
    Level.ORANGE: Lane.ORANGE,
    Level.BLUE: Lane.BLUE,
    Level.WHITE: Lane.BLUE,
}


def lane_of(level: Level, *, drill: bool) -> Lane:
    """The lane of a policy's level; a drill has its own, whatever its colour."""
    return Lane.DRILL if drill else LANES.get(level, Lane.YELLOW)


def callout_id(chain: ChainId, unit: UnitId, post: Post, epoch: int) -> CalloutId:
    """Name a callout by what it is, so that opening it twice is opening it once.

    It begins with its chain and its place. Ids that are drawn at random lie all over an
    index; these are written side by side, and so are those that are made of them.
    """
    what = f"{chain}|{unit}|{post}|{epoch}".encode()
    place = _place_of(chain, unit).to_bytes(PLACE_BYTES)
    name = place + hashlib.blake2b(what, digest_size=10).digest()
    return CalloutId(b32encode(name).decode().lower())


def near(name: str) -> str:
    """How all ids begin that are made of the callouts of one place in a chain."""
    return name[:PLACE_CHARACTERS]


def _place_of(chain: ChainId, unit: UnitId) -> int:
    """Ten bits of the chain, and thirty of the code: the county is the same for all."""
    digest = hashlib.blake2b(chain.encode(), digest_size=2).digest()
    digits = "".join(filter(str.isdecimal, unit))[-PLACE_DIGITS:]
    return int.from_bytes(digest) >> 6 << 30 | int(digits or 0)
