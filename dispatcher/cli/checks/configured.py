"""Settings and policies: whether they load, and whether anybody can be reached."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from channels.registry import ChannelConfigError
from config.load import PolicyError, PolicyProblem, load_policies
from config.policy import PolicySet
from config.settings import Settings
from config.words import CHANNELS
from dispatcher.cli.checks.finding import Finding, Subject, failed, ok, warning
from dispatcher.engine.channels import ROBOTS, channels_of

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def policies(folder: Path | None) -> tuple[PolicySet | None, list[Finding]]:
    """Load the policies as the server would."""
    try:
        found = load_policies(folder)
    except PolicyError as error:
        return None, [*map(_flawed, error.problems)]
    return found, [ok(Subject.POLICIES, "策略可用", f"{found.name} {found.version}")]


def _flawed(problem: PolicyProblem) -> Finding:
    what, where = f"{problem.what}: {problem.remedy}", f"{problem.file}:{problem.line}"
    remedy = "请改正后用 jiaoying policy check 再查"
    return failed(Subject.POLICIES, what, where, remedy)


def routes(settings: Settings) -> Iterator[Finding]:
    """Whether every channel can be built, and every way to people has one."""
    try:
        asyncio.run(_built(settings))
    except ChannelConfigError as error:
        yield failed(Subject.ROUTES, "通道配置有误", str(error), "请改正配置")
        return
    kinds = [kind for kind in CHANNELS if not settings.routes.get(kind)]
    used = {name for names in settings.routes.values() for name in names}
    persons = {
        name
        for name, keys in settings.channels.items()
        if keys["provider"] not in ROBOTS
    }
    if len(kinds) == len(CHANNELS):
        remedy = "请配置 [channels] 和 [routes]"
        yield warning(Subject.ROUTES, "没有任何线路,叫不到人", "[routes]", remedy)
        return
    for kind in kinds:
        remedy = f"如需要,请在 [routes] 写 {kind} = [...]"
        yield warning(Subject.ROUTES, "这种通道没有线路,会跳过", kind, remedy)
    for name in sorted(persons - used):
        remedy = "请写进 [routes],或删去"
        yield warning(Subject.ROUTES, "配置了却没有用到", f"[channels.{name}]", remedy)
    if not kinds and persons <= used:
        yield ok(Subject.ROUTES, "各种通道都有线路", ", ".join(sorted(used)))


async def _built(settings: Settings) -> None:
    for provider in channels_of(settings).providers.values():
        await provider.aclose()


def address(settings: Settings) -> Iterator[Finding]:
    """Whether providers and telephones can reach us, and nobody can listen in."""
    shown = settings.server.public_base_url
    parts = urlsplit(shown)
    if parts.hostname in LOOPBACK:
        remedy = "请在 [server] public_base_url 写运营商够得着的 https 地址"
        yield warning(Subject.ADDRESS, "只有本机够得着:收不到回执和按键", shown, remedy)
    elif parts.scheme != "https":
        remedy = "请改用 https"
        yield warning(Subject.ADDRESS, "不加密:链接和回执会被人看到", shown, remedy)
    else:
        yield ok(Subject.ADDRESS, "对外地址是 https", shown)
