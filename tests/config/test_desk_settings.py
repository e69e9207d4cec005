from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import load
from config.sources import ConfigError


def settings(folder: Path, url: str) -> Path:
    file = folder / "jiaoying.toml"
    file.write_text(f'[desk]\nsimulator_url = "{url}"\n')
    return file


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9/sim/", "http://[::1]:9/sim/"])
def test_a_simulator_on_this_machine_is_shown(tmp_path: Path, url: str) -> None:
    assert load(settings(tmp_path, url), {}).desk.simulator_url == url


@pytest.mark.parametrize("url", ["http://sim.example.org/", "javascript:0", "//x/"])
def test_a_simulator_elsewhere_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"desk\.simulator_url"):
        load(settings(tmp_path, url), {})
