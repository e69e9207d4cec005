"""How requests leave is a setting, and holds for every channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels import http
from config.settings import load
from dispatcher.engine.channels import channels_of

TOML = """\
[engine]
http = "stock"
proxy = "http://proxy.example:3128"
direct = "gateway.example"
"""


def test_the_settings_choose_how_requests_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [http.Exit()]
    monkeypatch.setattr("channels.http._chosen", chosen)
    file = tmp_path / "jiaoying.toml"
    file.write_text(TOML)

    channels_of(load(file, {}))

    stock, proxy = http.Transport.STOCK, "http://proxy.example:3128"
    assert [http.Exit(stock, proxy, frozenset({"gateway.example"}))] == chosen
