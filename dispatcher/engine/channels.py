"""The configured channels: each with its provider, its rate, its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channels import http, registry
from channels.contract import Provider
from config.settings import Settings
from contacts.model import UnitId

RATE_KEY = "rate_per_second"
RATE_DEFAULT = 100.0
LINES_KEY = "lines"  # of a channel that telephones
ROBOTS = frozenset({"wecom_robot"})  # providers that speak to groups
UNITS_KEY = "units"  # of a robot: whom its group is for, by code, with commas

Robots = Mapping[str, frozenset[UnitId]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """The configured channels, by name.

    :ivar rates: messages a second
    :ivar lines: calls at a time, of those that telephone
    :ivar robots: those that speak to groups, each with its units
    """

    providers: Mapping[str, Provider]
    rates: Mapping[str, float]
    lines: Mapping[str, int]
    robots: Robots


def channels_of(settings: Settings) -> Channels:
    """Build every configured channel.

    :raises ChannelConfigError: for the first that can't be built
    """
    http.choose(_exit(settings))
    providers, rates, lines = {}, {}, {}
    robots = {}
    for name, given in settings.channels.items():
        own = dict(given)
        rates[name] = float(own.pop(RATE_KEY, RATE_DEFAULT))
        lines[name] = int(own.pop(LINES_KEY, 0))
        if own.get(registry.PROVIDER_KEY) in ROBOTS:
            robots[name] = _units(own.pop(UNITS_KEY, ""))
        providers[name] = registry.build(
            name, own, public_base_url=settings.server.public_base_url
        )
    _check_routes(settings, robots)
    return Channels(providers=providers, rates=rates, lines=lines, robots=robots)


def _exit(settings: Settings) -> http.Exit:
    """How our requests leave; for channels and feeds alike."""
    engine = settings.engine
    return http.Exit(
        http.Transport(engine.http), engine.proxy, frozenset(engine.direct)
    )


def _units(listed: object) -> frozenset[UnitId]:
    parts = (part.strip() for part in str(listed).split(","))
    return frozenset(UnitId(part) for part in parts if part)


def _check_routes(settings: Settings, robots: Robots) -> None:
    """Refuse a group as a way to a person: all of it would read what is his."""
    for kind, names in settings.routes.items():
        for name in robots.keys() & set(names):
            problem = f"a robot reaches no person: remove it from {kind} in [routes]"
            raise registry.ChannelConfigError(name, [problem])
