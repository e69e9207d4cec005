from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatcher.core.alert import Alert, AlertId, AlertState, ChainId, Level, Renewal
from dispatcher.core.todo import TodoKind, kinds_of
from tests.core.build import START
from tests.core.county import content

LATER = START + timedelta(hours=1)


def alert(state: AlertState = AlertState.ACTIVE, **changes: object) -> Alert:
    """Give an alert that is called out, with a post that nobody holds."""
    first = Alert(
        id=AlertId("a"),
        chain=ChainId("a"),
        content=content(Level.RED),
        state=state,
        received_at=START,
        received_by="key:gauge",
        policy_level=Level.RED,
        launched_at=START,
        missing=(("grid", "grid_lead"),),
    )
    return replace(first, **changes)  # type: ignore[arg-type]


RENEWED = Renewal(at=LATER, until=LATER, by="key:story")


@pytest.mark.parametrize(
    ("one", "kinds"),
    [
        (alert(AlertState.PARKED), {TodoKind.PARKED}),
        (alert(AlertState.CANCELLED, asked_at=LATER), set()),
        (alert(), {TodoKind.MISSING_POSTS}),
        (alert(launched_at=None), set()),
        (alert(missing=()), set()),
        (alert(missing=(), asked_at=LATER), {TodoKind.END_ASKED}),
        (alert(missing=(), asked_at=START, renewals=(RENEWED,)), set()),
    ],
)
def test_what_a_warning_asks_of_the_desk(one: Alert, kinds: set[TodoKind]) -> None:
    assert kinds_of(one) == kinds
