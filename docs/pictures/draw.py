#!/usr/bin/env python
"""Draws demo.svg: the demo's own screen, when most grids have answered."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from dispatcher.cli.demo import Play, demo
from dispatcher.cli.screen import WIDTH, View, drawn

PICTURE = Path(__file__).with_name("demo.svg")
COVERED = 0.8
FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # a picture loads nothing


def main() -> None:
    """Play the demo and keep the first view with enough grids covered."""
    seen: list[View] = []
    play = Play(serve=False, alert=None, seed=7, speed=10.0, as_json=False)
    demo(play, seen.append)
    covered = (view for view in seen if rate(view) >= COVERED)
    picture = Console(width=WIDTH, record=True, file=io.StringIO())
    picture.print(drawn(next(covered, seen[-1])))
    svg = picture.export_svg(title="make demo")
    PICTURE.write_text(FONT.sub("", svg), encoding="utf-8")


def rate(view: View) -> float:
    """The share of grids that have answered; 0 before anybody was called."""
    return float(view.summary["grid_coverage_rate"] or 0)


if __name__ == "__main__":
    main()
