"""What is noted of an alert, by how it stood before and how it stands after."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from datetime import timedelta
from typing import Any, get_args

import pytest

from contacts.model import PersonId
from dispatcher.core.alert import (
    Alert,
    AlertId,
    AlertState,
    ChainId,
    Content,
    Level,
    MsgType,
    ParkReason,
    Renewal,
    Status,
)
from dispatcher.core.fact import SYSTEM
from dispatcher.core.journal import (
    Amended,
    ChannelTried,
    DeskAsked,
    Ended,
    Entry,
    Held,
    Launched,
    OfficerChanged,
    Received,
    Released,
    Renewed,
    Tied,
    WatchBegun,
    WatchEnded,
    passed,
    received,
)
from dispatcher.core.officer import OS, USER, OfficerChange, OfficerRole
from tests.core.build import START

NOW = START + timedelta(minutes=5)
ALERT = Alert(
    id=AlertId("a"),
    chain=ChainId("a"),
    content=Content(
        sender="rain@chengxi",
        identifier="W-1",
        sent=START,
        status=Status.ACTUAL,
        msg_type=MsgType.ALERT,
    ),
    state=AlertState.ACTIVE,
    received_at=START,
    received_by="key:gauge",
    policy_level=Level.RED,
)


def noted(before: Alert = ALERT, **changes: Any) -> list[Entry]:
    return list(passed(before, replace(before, **changes), "after", NOW))


def test_a_new_alert_is_received_as_it_stands() -> None:
    parked = replace(ALERT, state=AlertState.PARKED, reason=ParkReason.NO_AUDIENCE)

    assert received(parked, "digest") == Received(
        at=START,
        by="key:gauge",
        digest="digest",
        chain=ChainId("a"),
        state=AlertState.PARKED,
        reason=ParkReason.NO_AUDIENCE,
    )


def test_what_only_waits_for_its_time_is_not_noted() -> None:
    assert noted(due_at=NOW) == []


def test_a_launch_is_noted_once_at_its_own_time() -> None:
    launched = replace(ALERT, launched_at=START)

    assert [Launched(at=START)] == noted(launched_at=START)
    assert noted(launched, due_at=NOW) == []


def test_every_question_to_the_desk_is_noted() -> None:
    asked = replace(ALERT, asked_at=START)

    assert [DeskAsked(at=START)] == noted(asked_at=START)
    assert [DeskAsked(at=NOW)] == noted(asked, asked_at=NOW)
    assert noted(asked, due_at=NOW) == []


def test_every_renewal_is_noted_with_who_gave_it() -> None:
    first = Renewal(at=START, until=NOW, by=SYSTEM)
    later = NOW + timedelta(hours=1)
    second = Renewal(at=NOW, until=later, by="key:x", reason="雨未停")
    longer = replace(ALERT, renewals=(first,))

    assert [Renewed(at=START, until=NOW, reason="")] == noted(renewals=(first,))
    assert [Renewed(at=NOW, by="key:x", until=later, reason="雨未停")] == noted(
        longer, renewals=(first, second)
    )
    assert noted(longer, due_at=NOW) == []


@pytest.mark.parametrize(
    "state", [AlertState.PARKED, AlertState.DRAFT, AlertState.PENDING_APPROVAL]
)
def test_an_alert_that_is_held_is_noted_with_the_reason(state: AlertState) -> None:
    reason = ParkReason.FOREIGN_SENDER

    assert [Held(at=NOW, state=state, reason=reason)] == noted(
        state=state, reason=reason
    )


def test_what_was_filled_in_and_released_is_noted_in_that_order() -> None:
    held = replace(ALERT, state=AlertState.PARKED, reason=ParkReason.UNKNOWN_REFERENCE)
    full = replace(ALERT.content, headline="暴雨红色预警")

    assert [
        Tied(at=NOW, chain=ChainId("b")),
        Amended(at=NOW, digest="after"),
        Released(at=NOW),
    ] == noted(
        held,
        state=AlertState.ACTIVE,
        reason=None,
        content=full,
        chain=ChainId("b"),
    )


@pytest.mark.parametrize(
    "state",
    [
        AlertState.SUPERSEDED,
        AlertState.CANCELLED,
        AlertState.EXPIRED,
        AlertState.CLOSED,
        AlertState.REJECTED,
    ],
)
def test_an_end_is_noted_with_who_and_why(state: AlertState) -> None:
    assert [Ended(at=START, by="key:x", state=state, reason="雨停")] == noted(
        state=state, ended_at=START, ended_by="key:x", end_reason="雨停"
    )


def test_a_cancel_that_has_done_its_work_ends_by_itself() -> None:
    assert [Ended(at=NOW, state=AlertState.CLOSED, reason="")] == noted(
        state=AlertState.CLOSED
    )


HOUSE_ENTRIES: list[tuple[Entry, dict[str, object]]] = [
    (WatchBegun(at=NOW, by="user:limin"), {"kind": "watch_begun", "note": ""}),
    (
        WatchEnded(at=NOW, by="user:boss", officer="limin"),
        {"kind": "watch_ended", "officer": "limin"},
    ),
    (
        OfficerChanged(
            at=NOW,
            by="os:root",
            officer="limin",
            what=OfficerChange.CREATED,
            role=OfficerRole.LEADER,
        ),
        {
            "kind": "officer_changed",
            "officer": "limin",
            "what": "created",
            "role": "leader",
        },
    ),
    (
        ChannelTried(
            at=NOW, by="user:limin", channel="sms", message="m", person=PersonId("p")
        ),
        {"kind": "channel_tried", "channel": "sms", "message": "m", "person": "p"},
    ),
]


@pytest.mark.parametrize(("entry", "told"), HOUSE_ENTRIES)
def test_what_officers_do_is_noted_by_their_names_alone(
    entry: Entry, told: dict[str, object]
) -> None:
    assert asdict(entry) == {"at": NOW, "by": entry.by, **told}


def test_every_entry_has_a_kind_of_its_own() -> None:
    every = get_args(Entry)
    kinds = {
        field.default for one in every for field in fields(one) if field.name == "kind"
    }

    assert len(kinds) == len(every)


def test_a_user_of_the_machine_is_never_taken_for_an_officer() -> None:
    assert not f"{OS}limin".startswith(USER)
    assert not f"{USER}limin".startswith(OS)
