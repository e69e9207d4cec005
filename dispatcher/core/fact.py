"""Facts: what has happened to a callout, in the past tense, never changed.

Facts are the audit trail, the source of the outbox and the only input of reports. They
name people by the id of a version of a person, never by name or number. Each carries
``at`` (when) and ``by`` (officer, key, person or system).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from channels.contract import Channel, FailureKind
from contacts.model import AddressId, PersonId, Post, UnitId
from dispatcher.core.alert import AlertId, ChainId, Level
from dispatcher.core.answer import Evidence, Figures, Meaning
from dispatcher.core.callout import (
    AttemptId,
    Called,
    CalloutId,
    Cause,
    CloseReason,
    Ladder,
    Mark,
    Means,
    Progress,
    Purpose,
    SkipReason,
    State,
    Task,
    Via,
)

SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What every fact carries."""

    at: datetime
    by: str = SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Happened):
    """The callout began, with its ladder; ``state`` is waiting or notified."""

    kind: Literal["opened"] = "opened"
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
    state: State = State.WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class RungReached(Happened):
    """A rung began to call the people who fill its posts now."""

    kind: Literal["rung_reached"] = "rung_reached"
    rung: int
    cause: Cause
    people: tuple[Called, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RungStruck(Happened):
    """Nobody on this rung or below it can be reached; ``next`` starts now."""

    kind: Literal["rung_struck"] = "rung_struck"
    rung: int
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RungFlagged(Happened):
    """The time of a rung's mark, task or desk flag came."""

    kind: Literal["rung_flagged"] = "rung_flagged"
    rung: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked(Happened):
    """The board shows a mark."""

    kind: Literal["marked"] = "marked"
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRaised(Happened):
    """Somebody has to go there; ``assignee`` is None where nobody is on duty."""

    kind: Literal["task_raised"] = "task_raised"
    task: Task
    assignee: PersonId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TryStarted(Happened):
    """A try of a rung fell due."""

    kind: Literal["try_started"] = "try_started"
    rung: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleChanged(Happened):
    """Somebody else fills the post now; he is called too."""

    kind: Literal["people_changed"] = "people_changed"
    rung: int
    people: tuple[Called, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptPlanned(Happened):
    """One address of one person is to be tried on one channel."""

    kind: Literal["attempt_planned"] = "attempt_planned"
    attempt: AttemptId
    rung: int
    person: PersonId
    channel: Channel
    address: AddressId
    via: Via
    purpose: Purpose
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSkipped(Happened):
    """A try could not or need not be made; no failure."""

    kind: Literal["attempt_skipped"] = "attempt_skipped"
    rung: int
    person: PersonId
    channel: Channel
    reason: SkipReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPutOff(Happened):
    """A call has to wait: for the morning, or for the call it merged into to begin.

    ``number`` is the try's in its rung; ``until`` is None while that is not known;
    ``hush`` is the end of the night it falls into.
    """

    kind: Literal["call_put_off"] = "call_put_off"
    rung: int
    number: int
    person: PersonId
    reason: SkipReason
    until: datetime | None
    hush: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMadeUp(Happened):
    """The time of a call that was put off has come."""

    kind: Literal["call_made_up"] = "call_made_up"
    rung: int
    number: int
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptReported(Happened):
    """What became of an attempt."""

    kind: Literal["attempt_reported"] = "attempt_reported"
    attempt: AttemptId
    progress: Progress
    failure: FailureKind | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeansStruck(Happened):
    """An address is dead on a channel; it is not tried there again."""

    kind: Literal["means_struck"] = "means_struck"
    person: PersonId
    means: tuple[Means, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonStruck(Happened):
    """A person said he can't act; he is not called again in this chain."""

    kind: Literal["person_struck"] = "person_struck"
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Happened):
    """One of its own people is awake and knows.

    ``heard_seconds`` is how long he had listened when he pressed the key.
    """

    kind: Literal["answered"] = "answered"
    person: PersonId
    meaning: Meaning
    evidence: Evidence
    figures: Figures
    message: str | None = None
    note: str = ""
    heard_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyNoted(Happened):
    """Somebody said something that is no answer; kept for the desk."""

    kind: Literal["reply_noted"] = "reply_noted"
    person: PersonId
    meaning: Meaning
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver(Happened):
    """Somebody above answered for it; he owes a result by ``result_by``."""

    kind: Literal["taken_over"] = "taken_over"
    taker: str
    rung: int | None
    message: str
    result_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TakingLapsed(Happened):
    """No result came in time; rung ``next`` starts, None leaves it to the desk."""

    kind: Literal["taking_lapsed"] = "taking_lapsed"
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated(Happened):
    """Own people are called again."""

    kind: Literal["repeated"] = "repeated"
    number: int
    voice: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried(Happened):
    """An officer had who is being called tried once more, beside the plan.

    ``channel`` is the one he chose; None is all the usual ones.
    """

    kind: Literal["retried"] = "retried"
    number: int
    channel: Channel | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated(Happened):
    """An officer had a rung called before its time; its marks and tasks keep theirs."""

    kind: Literal["escalated"] = "escalated"
    rung: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpTold(Happened):
    """The people above have been told that help is needed."""

    kind: Literal["help_told"] = "help_told"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackGiven(Happened):
    """Figures came in; ``complete`` when nothing more is asked.

    ``evidence`` and ``note``: of what did not come with an answer.
    """

    kind: Literal["feedback_given"] = "feedback_given"
    person: PersonId
    figures: Figures
    complete: bool
    evidence: Evidence | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackReminded(Happened):
    """The first feedback was due and did not come."""

    kind: Literal["feedback_reminded"] = "feedback_reminded"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedToDesk(Happened):
    """The ladder ran out; ``owner`` has to act, None when nobody is on duty."""

    kind: Literal["handed_to_desk"] = "handed_to_desk"
    owner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskReminded(Happened):
    """The owner at the desk was reminded."""

    kind: Literal["desk_reminded"] = "desk_reminded"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChanged(Happened):
    """The warning says something new at the same level: its own people hear it.

    ``at_once``: none of their calls was near, so they are called now.
    """

    kind: Literal["text_changed"] = "text_changed"
    alert: AlertId
    at_once: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned(Happened):
    """The level went down: the clock goes on, the rest of the ladder is another's.

    ``kept`` rungs of the old ladder begin the new one: they had been reached.
    """

    kind: Literal["replanned"] = "replanned"
    alert: AlertId
    level: Level
    policy_level: Level
    ladder: Ladder
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Happened):
    """The callout ended."""

    kind: Literal["closed"] = "closed"
    reason: CloseReason


Fact = (
    Opened
    | RungReached
    | RungStruck
    | RungFlagged
    | Marked
    | TaskRaised
    | TryStarted
    | PeopleChanged
    | AttemptPlanned
    | AttemptSkipped
    | CallPutOff
    | CallMadeUp
    | AttemptReported
    | MeansStruck
    | PersonStruck
    | Answered
    | ReplyNoted
    | TakenOver
    | TakingLapsed
    | Repeated
    | Retried
    | Escalated
    | HelpTold
    | FeedbackGiven
    | FeedbackReminded
    | HandedToDesk
    | DeskReminded
    | TextChanged
    | Replanned
    | Closed
)
