"""From the configuration of a channel to its provider.

A provider is a class called with the channel's name and its settings, and its
``settings_type`` is a dataclass: each field is one configuration key (renamed by
``metadata={"key": ...}`` where the key is a Python keyword), and a field without a
default is required. Modules are imported only when a channel asks for them, since
some SDKs take half a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from importlib.metadata import EntryPoint, entry_points
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from channels.contract import Provider

ENTRY_POINT_GROUP = "jiaoying.channels"
BUILT_IN = (
    EntryPoint(
        "twilio_sms", "channels.providers.twilio_sms:TwilioSms", ENTRY_POINT_GROUP
    ),
    EntryPoint(
        "twilio_voice", "channels.providers.twilio_voice:TwilioVoice", ENTRY_POINT_GROUP
    ),
    EntryPoint("wecom_app", "channels.providers.wecom_app:WecomApp", ENTRY_POINT_GROUP),
    EntryPoint(
        "wecom_robot", "channels.providers.wecom_robot:WecomRobot", ENTRY_POINT_GROUP
    ),
)

PROVIDER_KEY = "provider"
GIVEN_BY_US = "public_base_url"  # from [server], the same for every channel


class ChannelConfigError(Exception):
    """A channel can't be built; the message says which, why and what to do."""

    def __init__(self, channel: str, problems: list[str]) -> None:
        super().__init__(f"[channels.{channel}] {'; '.join(problems)}")


def build(
    name: str, settings: Mapping[str, object], *, public_base_url: str
) -> Provider:
    """Build the provider of one channel.

    :param name: the channel's name, part of its callback URLs
    :param settings: the keys of its section, ``provider`` among them
    :raises ChannelConfigError: naming every missing and unknown key at once
    """
    provider_class = _load(name, settings.get(PROVIDER_KEY))
    kind = provider_class.settings_type
    wanted = {_key(field): field for field in fields(kind)}
    keys = {key: value for key, value in settings.items() if key != PROVIDER_KEY}
    if problems := [*_problems(keys, wanted)]:
        raise ChannelConfigError(name, problems)
    if GIVEN_BY_US in wanted:
        keys[GIVEN_BY_US] = public_base_url
    values = _typed(name, keys, wanted, get_type_hints(kind))
    provider: Provider = provider_class(name, kind(**values))
    return provider


def _load(channel: str, provider: object) -> type[Any]:
    """Import the class of a provider, one of ours or one installed beside us."""
    installed = entry_points(group=ENTRY_POINT_GROUP)
    known = {point.name: point for point in (*installed, *BUILT_IN)}
    point = known.get(str(provider))
    if point is None:
        names = ", ".join(sorted(known))
        problem = f"provider {provider!r} is unknown: set it to one of {names}"
        raise ChannelConfigError(channel, [problem])
    loaded: type[Any] = point.load()
    return loaded


def _problems(
    keys: Mapping[str, object], wanted: Mapping[str, Field[Any]]
) -> Iterator[str]:
    """Say which keys are missing or not ours to read."""
    offered = [key for key in wanted if key != GIVEN_BY_US]
    for key in offered:
        if _required(wanted[key]) and keys.get(key) in (None, ""):
            yield f"{key} is missing: add {key} = ..."
    for key in keys:
        if key not in offered:
            yield f"{key} is unknown: remove it (known: {', '.join(offered)})"


def _typed(
    channel: str,
    keys: Mapping[str, object],
    wanted: Mapping[str, Field[Any]],
    hints: Mapping[str, Any],
) -> dict[str, object]:
    """Read each value as its field's type, so that "10" from the environment is 10."""
    values: dict[str, object] = {}
    for key, value in keys.items():
        name = wanted[key].name
        try:
            values[name] = TypeAdapter(hints[name]).validate_python(value)
        except ValidationError as error:
            # Never the value itself: it may be a secret.
            problem = error.errors(include_input=False)[0]["msg"]
            raise ChannelConfigError(channel, [f"{key} is wrong: {problem}"]) from None
    return values


def _key(field: Field[Any]) -> str:
    """The configuration key of a settings field."""
    return str(field.metadata.get("key", field.name))


def _required(field: Field[Any]) -> bool:
    """Whether a field must be set."""
    return field.default is MISSING and field.default_factory is MISSING
