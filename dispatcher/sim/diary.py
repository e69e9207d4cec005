"""Which phones have changed since somebody looked last."""

from __future__ import annotations

from itertools import islice, takewhile


class Diary:
    """Notes each change of a phone under a number that only grows."""

    def __init__(self) -> None:
        self._last = 0
        self._notes: dict[str, int] = {}  # who changed last stands last

    def note(self, name: str) -> None:
        """Write down that something has happened to a phone."""
        self._last += 1
        self._notes.pop(name, None)
        self._notes[name] = self._last

    def since(self, cursor: int, most: int) -> tuple[list[str], int]:
        """The phones changed after a cursor, those longest ago first; the next cursor.

        :param most: of phones at a time; the others come after the next cursor
        """
        newest_first = reversed(self._notes.items())
        changed = [*takewhile(lambda note: note[1] > cursor, newest_first)]
        told = [*islice(reversed(changed), most)]
        return [name for name, _ in told], told[-1][1] if told else cursor

    def __len__(self) -> int:
        """How many phones something has ever happened to."""
        return len(self._notes)
