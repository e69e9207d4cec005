"""``python -m dispatcher.cli``: how the supervisor and the demo start processes."""

from __future__ import annotations

from dispatcher.cli import main

main()
