from __future__ import annotations

import pytest

from dispatcher.core.digest import due_at
from tests.core.build import at


@pytest.mark.parametrize(
    ("pending", "sent", "due"),
    [
        (None, None, None),
        (None, 100, None),
        (300, None, 310),
        (300, 100, 310),
        (300, 189, 310),
        (300, 190, 310),
        (300, 191, 311),
        (300, 300, 420),
    ],
)
def test_members_are_gathered_for_10_s_and_messages_keep_120_s_apart(
    pending: int | None, sent: int | None, due: int | None
) -> None:
    expected = None if due is None else at(due)

    assert expected == due_at(
        None if pending is None else at(pending), None if sent is None else at(sent)
    )
