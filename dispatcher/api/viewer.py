"""Somebody who watches: what he has not been told yet, in bounded memory.

News of one line is kept once, however often it changes: who reads slowly is told how it
stands when he reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from dispatcher.api.board_views import DeskView
from dispatcher.api.picture import Changed
from dispatcher.core.alert import Alert, AlertId

LINES_MOST = 5_000  # who has more to read is better off with the whole board, packed


@dataclass(slots=True)
class News:
    """What has changed on one board; shared by all who are told just this.

    :ivar alert: whose board
    :ivar text: as it goes out, once somebody has written it
    """

    alert: AlertId
    changed: Changed
    text: str = ""


@dataclass(slots=True, eq=False)
class Viewer:
    """One open stream.

    :ivar only: the alert that is watched; None: all that are active
    :ivar english: the language its alerts are told in
    :ivar lost: he has to fetch the boards anew
    """

    only: AlertId | None
    english: bool = False
    news: dict[AlertId, News] = field(default_factory=dict)
    alerts: dict[AlertId, Alert] = field(default_factory=dict)
    desk: DeskView | None = None
    lost: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def watches(self, alert: AlertId) -> bool:
        """Whether he wants to know of an alert."""
        return self.only is None or self.only == alert

    def tell(self, news: News) -> None:
        """Add to what he is told of a board."""
        self.woken.set()
        known = self.news.get(news.alert)
        if known is None:
            self.news[news.alert] = news
        else:
            both = Changed()
            both.include(known.changed)
            both.include(news.changed)
            self.news[news.alert] = News(news.alert, both)
        if sum(len(one.changed.lines) for one in self.news.values()) > LINES_MOST:
            self.lose()

    def take_news(self) -> Iterator[News]:
        """What has changed, board by board; it is told once."""
        while self.news:
            yield self.news.pop(next(iter(self.news)))

    def take_alerts(self) -> Iterator[Alert]:
        """Where alerts stand; it is told once."""
        while self.alerts:
            yield self.alerts.pop(next(iter(self.alerts)))

    def take_desk(self) -> DeskView | None:
        """What waits for the desk, if that is news; it is told once."""
        desk, self.desk = self.desk, None
        return desk

    def take_lost(self) -> bool:
        """Whether he has to fetch the boards anew; it is told once."""
        lost, self.lost = self.lost, False
        return lost

    def tell_alert(self, alert: Alert) -> None:
        """Tell him where an alert stands."""
        self.alerts[alert.id] = alert
        self.woken.set()

    def tell_desk(self, desk: DeskView) -> None:
        """Tell him what waits for the desk."""
        self.desk = desk
        self.woken.set()

    def lose(self) -> None:
        """Give up telling him what has changed."""
        self.news.clear()
        self.lost = True
        self.woken.set()
