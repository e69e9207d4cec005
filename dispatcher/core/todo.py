"""What needs a human at the desk, 待办. Pure."""

from __future__ import annotations

from enum import StrEnum

from dispatcher.core.alert import Alert, AlertState


class TodoKind(StrEnum):
    """Why somebody at the desk has to look."""

    UNCLEAR_REPLY = "unclear_reply"  # he wrote, and it was no answer
    STRANGER_REPLY = "stranger_reply"  # of nobody we asked
    OPT_OUT = "opt_out"  # he wants no texts, and is asked something
    NEED_HELP = "need_help"  # somebody is in trouble, and nobody is on it
    PARKED = "parked"  # a warning can't be called out as it is
    END_ASKED = "end_asked"  # a warning ends soon, or gave no end: renew or lift it
    CANCEL_CONFIRM = "cancel_confirm"  # a machine has lifted a red warning
    MISSING_POSTS = "missing_posts"  # a running warning calls posts that nobody holds


class Settling(StrEnum):
    """How something came off the desk."""

    DISMISSED = "dismissed"
    ANSWERED = "answered"  # it was read as an answer, on behalf
    ASSIGNED = "assigned"  # somebody was told to see to it
    RESOLVED = "resolved"  # it resolved itself


def kinds_of(alert: Alert) -> frozenset[TodoKind]:
    """What a warning by itself asks of the desk, as it stands."""
    if alert.state is AlertState.PARKED:
        return frozenset({TodoKind.PARKED})
    if alert.state is not AlertState.ACTIVE:
        return frozenset()
    found = set()
    if asked(alert):
        found.add(TodoKind.END_ASKED)
    if alert.launched_at and alert.missing:
        found.add(TodoKind.MISSING_POSTS)
    return frozenset(found)


def asked(alert: Alert) -> bool:
    """Whether the desk was asked how it goes on, and has not said."""
    renewed_at = alert.renewals[-1].at if alert.renewals else alert.received_at
    return alert.asked_at is not None and alert.asked_at > renewed_at
