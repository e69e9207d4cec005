from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from channels.contract import Channel
from channels.registry import BUILT_IN, ENTRY_POINT_GROUP, ChannelConfigError, build

NAMES = ", ".join(sorted(point.name for point in BUILT_IN))
PUBLIC = "https://jiaoying.example.cn"
WHOLE: dict[str, object] = {
    "provider": "twilio_sms",
    "account_sid": "AC" + "a" * 32,
    "auth_token": "0123456789abcdef0123456789abcdef",
    "from": "+85251234567",
}

LANTERN = """
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LanternSettings:
    colour: str
    hours: int = 8


class Lantern:
    settings_type = LanternSettings

    def __init__(self, name, settings):
        self.name, self.capabilities = name, settings
"""


@pytest.fixture
def lantern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider installed beside us, as a package of its own would be."""
    info = tmp_path / "lantern-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lantern\n")
    point = f"[{ENTRY_POINT_GROUP}]\nlantern = lantern_channel:Lantern\n"
    (info / "entry_points.txt").write_text(point)
    (tmp_path / "lantern_channel.py").write_text(LANTERN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lantern_channel", raising=False)


async def test_a_channel_is_built_by_its_providers_name() -> None:
    provider = build("sms", WHOLE, public_base_url=PUBLIC)
    await provider.aclose()

    assert provider.name == "sms"
    assert provider.capabilities.max_chars == 1600


async def test_keys_of_an_account_and_keys_of_its_calls_are_set_together() -> None:
    settings = WHOLE | {"provider": "twilio_voice", "ring_seconds": "20"}

    provider = build("voice", settings, public_base_url=PUBLIC)
    await provider.aclose()

    assert provider.capabilities.channel is Channel.VOICE


@pytest.mark.usefixtures("lantern")
def test_a_provider_installed_beside_us_is_found() -> None:
    settings = {"provider": "lantern", "colour": "red", "hours": "12"}

    provider = build("tower", settings, public_base_url=PUBLIC)

    assert EntryPoint("lantern", "lantern_channel:Lantern", ENTRY_POINT_GROUP) in (
        entry_points(group=ENTRY_POINT_GROUP)
    )
    assert provider.name == "tower"
    assert str(provider.capabilities) == "LanternSettings(colour='red', hours=12)"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"provider": "pigeon"},
            f"[channels.sms] provider 'pigeon' is unknown: set it to one of {NAMES}",
        ),
        (
            {"provider": None},
            f"[channels.sms] provider None is unknown: set it to one of {NAMES}",
        ),
        (
            {"provider": ["twilio_sms"]},
            (
                "[channels.sms] provider ['twilio_sms'] is unknown: "
                f"set it to one of {NAMES}"
            ),
        ),
        (
            {"from": ["+85251234567"]},
            "[channels.sms] from is wrong: Input should be a valid string",
        ),
        (
            {"from": "", "auth_token": None},
            (
                "[channels.sms] auth_token is missing: add auth_token = ...; "
                "from is missing: add from = ..."
            ),
        ),
        (
            {"token": "x"},
            (
                "[channels.sms] token is unknown: remove it "
                "(known: account_sid, auth_token, alternate_auth_token, "
                "from, base_url, timeout_seconds)"
            ),
        ),
        (
            {"public_base_url": "https://other.example"},
            (
                "[channels.sms] public_base_url is unknown: remove it "
                "(known: account_sid, auth_token, alternate_auth_token, "
                "from, base_url, timeout_seconds)"
            ),
        ),
        (
            {"timeout_seconds": "soon"},
            (
                "[channels.sms] timeout_seconds is wrong: Input should be a "
                "valid number, unable to parse string as a number"
            ),
        ),
    ],
)
def test_a_channel_set_up_wrongly_says_what_to_do(
    changes: dict[str, object], expected: str
) -> None:
    with pytest.raises(ChannelConfigError) as caught:
        build("sms", WHOLE | changes, public_base_url=PUBLIC)

    assert expected == str(caught.value)


def test_a_secret_of_the_wrong_type_is_not_repeated() -> None:
    with pytest.raises(ChannelConfigError) as caught:
        build("sms", WHOLE | {"auth_token": 73577357}, public_base_url=PUBLIC)

    assert "73577357" not in str(caught.value)
