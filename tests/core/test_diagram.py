from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dispatcher.core.callout import State
from dispatcher.core.diagram import STEPS, arrows, draw, main

PAGE = Path(__file__).parents[2] / "docs" / "callout-states.md"


def test_the_page_is_what_the_code_does() -> None:
    assert PAGE.read_text(encoding="utf-8") == draw()


def test_walking_further_finds_no_new_arrow() -> None:
    assert arrows() == arrows(STEPS + 3)


def test_every_state_is_reached() -> None:
    assert set(State) == {
        state for before, _, after in arrows() for state in (before, after)
    }


def test_nothing_leads_out_of_closed() -> None:
    assert State.CLOSED not in {before for before, _, _ in arrows()}


def test_the_page_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out == draw()


def test_a_true_page_passes_and_says_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--check", str(PAGE)]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_stale_page_fails_and_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "stale.md"
    stale.write_text("# yesterday\n", encoding="utf-8")

    assert main(["--check", str(stale)]) == 1
    assert f"> {stale}\n" in capsys.readouterr().err


def test_the_module_runs_as_a_command() -> None:
    command = [sys.executable, "-m", "dispatcher.core.diagram", "--check", str(PAGE)]

    done = subprocess.run(command, cwd=PAGE.parents[1], check=False)

    assert done.returncode == 0
