"""A town whose people are in a WeCom besides: cards, buttons, groups with robots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from typing_extensions import override

from config.settings import Settings
from dispatcher.sim.wecom_control import WecomClient
from dispatcher.sim.wecom_wire import Card, Member, MemberHabit, WecomAccount
from tests.stories.town import ACCOUNT_OF, SPARE_OF, START, Town, kind_of


@dataclass
class Shown:
    """A card or a text as it reached a member: seconds since the start, who, what."""

    at: float
    who: str
    card: Card


@dataclass(kw_only=True)
class Chat(Town):
    """What a story with a WeCom plays with."""

    wecom: WecomClient
    shown: list[Shown] = field(default_factory=list)

    @override
    async def collect(self) -> None:
        await super().collect()
        who = {account: name for name, account in reversed(self.numbers.items())}
        at = (self.now - START).total_seconds()
        for card in (await self.wecom.cards())[len(self.shown) :]:
            name = who[card.user].removesuffix(ACCOUNT_OF)
            self.shown.append(Shown(at, name, card))

    def at(self, seconds: float) -> str:
        """So many seconds after the start, as a warning gives it."""
        return (START + timedelta(seconds=seconds)).isoformat()

    def cards(self, *who: str) -> list[tuple[int, str, str]]:
        """All that came over WeCom as (second, who, kind), of these people if named."""
        return sorted(
            (round(shown.at), shown.who, kind_of(shown.card.text))
            for shown in self.shown
            if not who or shown.who in who
        )

    def card(self, who: str) -> Card:
        """The last thing that somebody got over WeCom."""
        return next(s.card for s in reversed(self.shown) if s.who == who)

    async def presses_button(
        self, who: str, key: str, card: Card | None = None
    ) -> None:
        """Somebody presses a button, of his last card if none is given."""
        pressed = card or self.card(who)
        await self.wecom.press(pressed.user, pressed.task_id, key)
        await self.settle()

    async def writes_app(self, who: str, text: str) -> None:
        """Somebody writes to the app."""
        await self.wecom.write(self.account(who), text)
        await self.settle()

    async def member(self, who: str, habit: MemberHabit) -> None:
        """Give a member of the WeCom his habit."""
        await self.wecom.members([Member(user=self.account(who), habit=habit)])

    def account(self, who: str) -> str:
        """The user id of somebody."""
        return self.numbers[f"{who}{ACCOUNT_OF}"]


def with_accounts(
    numbers: dict[str, str], leave_out: Iterable[str] = ()
) -> dict[str, str]:
    """The same people, all but some members of a WeCom under their own names."""
    first = {number: name for name, number in reversed(numbers.items())}
    accounts = {
        f"{name}{ACCOUNT_OF}": first[number]
        for name, number in numbers.items()
        if number and name not in leave_out and not name.endswith(SPARE_OF)
    }
    return numbers | accounts


def wecom_account(port: int) -> WecomAccount:
    """The town's app in its WeCom."""
    return WecomAccount(
        corp_id="ww0123456789abcdef",
        secret="the-secret-of-the-app",  # noqa: S106  made up
        agent_id=1000002,
        token="the-token",  # noqa: S106  made up
        aes_key="jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
        callback_url=f"http://127.0.0.1:{port}/hooks/wecom/event",
    )


def in_wecom(
    settings: Settings, exchange: str, robots: Mapping[str, Mapping[str, str]]
) -> Settings:
    """The same settings with an app in the exchange's WeCom, and robots of groups.

    :param robots: keys of each robot's section, by the name of its channel
    """
    app = asdict(wecom_account(settings.server.port)) | {"provider": "wecom_app"}
    del app["callback_url"]
    robot = {"provider": "wecom_robot"}
    wecom = {"wecom": app, **{name: {**robot, **robots[name]} for name in robots}}
    there = {name: {**own, "base_url": exchange} for name, own in wecom.items()}
    return settings.model_copy(
        update={
            "channels": {**settings.channels, **there},
            "routes": {**settings.routes, "wechat": ["wecom"]},
        }
    )
