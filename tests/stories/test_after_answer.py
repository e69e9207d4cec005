"""After an answer nothing more comes, except what the answer itself asks for."""

from __future__ import annotations

import pytest

from dispatcher.sim.callee import Ring
from dispatcher.sim.world import Habit
from tests.stories.conftest import Build
from tests.stories.town import START


@pytest.mark.parametrize("second", [3, 40, 95, 185, 310])
async def test_who_has_answered_is_neither_written_to_nor_rung_again(
    ringing: Build, second: int
) -> None:
    async with ringing(2, lines=30) as town:
        await town.habit("lead-1", ring=Ring.RING_OUT)
        await town.warn()
        await town.until(second)
        await town.replies("lead-1", "2 0")
        await town.until(2400)
        own = ("lead-1", "backup-1")

        assert [text for text in town.texts(*own) if text[0] > second] == []
        assert [call for call in await town.calls(*own) if call[0] > second] == []


async def test_an_answer_without_a_figure_is_asked_for_it_once(ringing: Build) -> None:
    async with ringing(1, lines=30) as town:
        await town.warn()
        await town.until(40)
        await town.replies("lead-1", "1")
        await town.until(3600)

        after = [text for text in town.texts("lead-1", "backup-1") if text[0] > 40]
        assert after == [(900, "lead-1", "reminder")]


async def test_a_cry_for_help_reaches_the_village_by_text_and_one_call(
    ringing: Build,
) -> None:
    async with ringing(1, lines=30) as town:
        await town.habit("lead-1", Habit.MANUAL, Ring.HELP)
        for who in ("head", "village_duty", "township_duty", "township_leader"):
            await town.habit(who, Habit.ANSWER)
        await town.warn()
        await town.until(200)
        heard = (town.now - START).total_seconds()

        helped = [text for text in town.texts() if text[2] == "help"]
        assert {"head", "village_duty"} == {who for _, who, _ in helped}
        assert len(helped) == 2
        calls = [
            who for at, who, _ in await town.calls("head", "village_duty") if at > 0
        ]
        assert sorted(calls) == ["head", "village_duty"]
        assert heard == 200
