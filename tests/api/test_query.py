"""A parameter is given once."""

from __future__ import annotations

import pytest

from tests.api.hamlet import Hamlet, codes


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/callouts?unit=a&unit=b", 422),
        ("/api/v1/callouts?limit=5&limit=6&unit=a", 422),
        ("/api/v1/callouts?unit=a&limit=5", 200),
        ("/api/v1/feeds?a=1&a=2", 200),  # nothing can be asked for there
    ],
)
async def test_two_values_for_one_parameter_are_refused(
    hamlet: Hamlet, path: str, status: int
) -> None:
    answer = await hamlet.get(path)

    assert answer.status_code == status
    assert status == 200 or codes(answer) == ["given_twice"]
