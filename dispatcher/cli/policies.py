"""``jiaoying policy check``: finds what is wrong in a policy, and reads it back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from config.explain import explain
from config.load import load_policies
from config.settings import load


def check(config: Path | None, folder: Path | None) -> dict[str, object]:
    """Load a policy as the server would; tells its name, version and meaning.

    :param folder: a policy file, or a folder that holds one; None: as configured
    :raises PolicyError: with everything wrong in it
    """
    chosen = folder or load(config, os.environ).policies.dir
    policies = load_policies(chosen)
    return {
        "name": policies.name,
        "version": policies.version,
        "lines": explain(policies),
    }


def in_words(checked: Mapping[str, object]) -> str:
    """Say it to the officer who signs it."""
    return "\n".join(cast("list[str]", checked["lines"]))
