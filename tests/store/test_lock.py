from __future__ import annotations

import os
from pathlib import Path

import pytest

from dispatcher.store.lock import LOCKS, WorkerRunningError, only_worker, worker_of


def test_who_holds_a_store_is_named_while_he_does(tmp_path: Path) -> None:
    store = str(tmp_path / "store.db")
    before = worker_of(store, LOCKS)
    with only_worker(store):
        during = worker_of(store, LOCKS)

    assert (before, during, worker_of(store, LOCKS)) == (None, os.getpid(), None)


def test_to_ask_for_the_worker_turns_none_away(tmp_path: Path) -> None:
    store = str(tmp_path / "store.db")
    with only_worker(store):
        worker_of(store, LOCKS)
        with pytest.raises(WorkerRunningError), only_worker(store):
            pass

    with only_worker(store):
        assert worker_of(store, LOCKS) == os.getpid()
