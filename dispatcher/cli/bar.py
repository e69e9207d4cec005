"""A bar that shows how far a long reading is; only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from contacts.importers.reading import Progress, silent


@contextmanager
def bar(what: str, *, wanted: bool) -> Iterator[Progress]:
    """Draw on stderr while the work is done, and clear it away afterwards."""
    if not (wanted and sys.stderr.isatty()):
        yield silent
        return
    from rich import progress
    from rich.console import Console

    with progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as drawn:
        task = drawn.add_task(what, total=None)  # it swings until lines are counted

        def tell(done: int, total: int) -> None:
            drawn.update(task, completed=done, total=total)

        yield tell
