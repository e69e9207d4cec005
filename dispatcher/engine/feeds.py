"""Fetches the lists of CAP alerts that warning centres publish; takes in what is new.

A list is asked for by its ETag and its time; an alert that could not be fetched is
asked for again, and one that was looked at never. The newest alert of a list is taken
in first: what it lifts or replaces then calls nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import assert_never

import structlog

from config.inlets import Feed
from dispatcher.core.alert import Content
from dispatcher.engine.clock import Clock
from dispatcher.engine.fetching import Answer, Fetcher, FetchError
from dispatcher.engine.keeper import Keeper
from dispatcher.engine.taking import Bearer, check_date, differs, take_in
from dispatcher.intake.dialect import (
    Unproven,
    Unreadable,
    Warned,
    read_document,
)
from dispatcher.intake.feed import FEED_BYTES_MOST, Entry, read_feed
from dispatcher.intake.problem import Problem, problem
from dispatcher.intake.signature import Signers
from dispatcher.intake.xml import BYTES_MOST
from dispatcher.store import feeds
from dispatcher.store.database import STORE_TROUBLE, Database
from dispatcher.store.feeds import FeedState, Seen

ALERTS_MOST = 100  # in a turn; what a list has beyond that comes in the next one
LONGEST_WAIT = timedelta(minutes=15)
LONGEST_ASKED = timedelta(hours=1)  # that a server may ask us to wait
REMEMBERED = timedelta(days=30)
REMINDED_EVERY = 10  # failures, between two words in the log

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is fetched, and how it is read.

    :ivar feeds: by their names
    :ivar code_system: the list that codes in a 12379 message are from
    """

    feeds: Mapping[str, Feed] = field(default_factory=dict)
    code_system: str = ""
    signers: Signers = field(default_factory=Signers)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An entry, and the alert it stands for or why it is refused."""

    entry: Entry
    content: Content | Problem


class Feeds:
    """Keeps up with every feed, each by itself: a slow one holds no other up."""

    def __init__(
        self,
        database: Database,
        keeper: Keeper,
        clock: Clock,
        sources: Sources,
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._clock = clock
        self._feeds = sources.feeds
        self._sources = sources
        self._fetchers = {name: Fetcher(one) for name, one in sources.feeds.items()}
        self._missed: dict[str, set[str]] = {}  # entries that could not be had
        self._next_at: dict[str, datetime] = {}  # after a start each is due at once

    async def aclose(self) -> None:
        """Give the connections back."""
        for fetcher in self._fetchers.values():
            await fetcher.aclose()

    @property
    def names(self) -> tuple[str, ...]:
        """What the feeds are called."""
        return tuple(self._feeds)

    async def turn(self, name: str) -> int:
        """Fetch a feed if it is due; returns how many new alerts came."""
        feed, now = self._feeds[name], self._clock.now()
        if self._next_at.get(name, now) > now:
            return 0
        self._next_at[name] = now + self._clock.span(feed.every_seconds)
        known = (await self._database.read(feeds.states)).get(name)
        state = replace(known or FeedState(name=name, polled_at=now), polled_at=now)
        try:
            answer = await self._list(feed, state)
            new, whole = await self._news(name, answer)
        except FetchError as error:
            await self._failed(state, feed, error)
            return 0
        if state.failures:
            log.info("feed.back", feed=name, failures=state.failures)
        well = replace(state, ok_at=now, failures=0, problem="")
        if answer.body is not None:
            # With alerts still to be fetched the next list has to come in full.
            etag, modified = (answer.etag, answer.modified) if whole else ("", "")
            well = replace(well, etag=etag, modified=modified)
        await self._database.write(lambda c: feeds.save(c, well))
        return new

    async def _list(self, feed: Feed, state: FeedState) -> Answer:
        asked = {"If-None-Match": state.etag, "If-Modified-Since": state.modified}
        marks = {name: mark for name, mark in asked.items() if mark}
        return await self._fetchers[state.name].get(feed.url, FEED_BYTES_MOST, marks)

    async def _failed(self, state: FeedState, feed: Feed, error: FetchError) -> None:
        failures = state.failures + 1
        pause = timedelta(seconds=feed.every_seconds) * 2 ** min(failures, 10)
        wait = max(min(pause, LONGEST_WAIT), min(error.wait, LONGEST_ASKED))
        span = self._clock.span(wait.total_seconds())
        self._next_at[state.name] = state.polled_at + span
        if failures % REMINDED_EVERY == 1:
            log.error(
                "feed.failing", feed=state.name, failures=failures, problem=str(error)
            )
        ill = replace(state, failures=failures, problem=str(error))
        await self._database.write(lambda c: feeds.save(c, ill))

    async def _news(self, name: str, answer: Answer) -> tuple[int, bool]:
        """Take in what a list names for the first time; tells whether that was all."""
        if answer.body is None:
            return 0, True
        entries = await asyncio.to_thread(read_feed, answer.body, answer.url)
        if isinstance(entries, Problem):
            raise FetchError(entries.en)
        by_name = {entry.name: entry for entry in entries}
        fresh = await self._database.read(lambda c: feeds.unseen(c, name, by_name))
        missed = self._missed.setdefault(name, set())
        # What can't be had comes last: it must not keep what can be from its turn.
        unseen = [entry for key, entry in by_name.items() if key in fresh]
        wanted = sorted(unseen, key=lambda entry: entry.name in missed)
        found = await self._documents(name, wanted[:ALERTS_MOST])
        taken = [await self._taken(name, one) for one in found]
        before = self._clock.now() - REMEMBERED
        await self._database.write(lambda c: feeds.forget(c, name, by_name, before))
        missed.intersection_update(by_name)
        return sum(filter(None, taken)), None not in taken and len(taken) == len(wanted)

    async def _documents(self, name: str, wanted: Iterable[Entry]) -> list[Fetched]:
        """Fetch alerts, the newest first; those that can't be had now are left out."""
        found = await asyncio.gather(*(self._document(name, one) for one in wanted))
        return sorted(filter(None, found), key=_newest_first)

    async def _document(self, name: str, entry: Entry) -> Fetched | None:
        missed = self._missed.setdefault(name, set())
        body = entry.document
        try:
            if not body:
                answer = await self._fetchers[name].get(entry.link, BYTES_MOST)
                body = answer.body or b""
        except FetchError as error:
            if entry.name not in missed:
                log.warning("feed.entry.missed", feed=name, problem=str(error))
            missed.add(entry.name)
            return None
        missed.discard(entry.name)
        return Fetched(entry, self._read(self._feeds[name], body))

    def _read(self, feed: Feed, body: bytes) -> Content | Problem:
        now = self._clock.now()
        read = read_document(
            body, now, self._sources.code_system, self._sources.signers
        )
        match read:
            case Warned(content=content, certificate=certificate):
                if certificate:
                    check_date(certificate, now)
                if any(fnmatchcase(content.sender, one) for one in feed.senders):
                    return content
                return problem(("sender",), "sender_not_allowed", sender=content.sender)
            case Unreadable(why=why) | Unproven(why=why):
                return why
            case tuple():
                return read[0]
            case _:
                assert_never(read)

    async def _taken(self, name: str, one: Fetched) -> bool | None:
        """Whether an alert is a new one; None where that could not be found out."""
        try:
            return await self._take(name, one)
        except STORE_TROUBLE:
            raise
        except Exception:
            log.exception("feed.entry.failed", feed=name, entry=one.entry.name)
            return None

    async def _take(self, name: str, one: Fetched) -> bool:
        seen, fresh = await self._judged(name, one)
        # A crash before this takes it in again, which the store knows it has.
        await self._database.write(lambda c: feeds.keep(c, [seen]))
        return fresh

    async def _judged(self, name: str, one: Fetched) -> tuple[Seen, bool]:
        seen = Seen(feed=name, entry=one.entry.name, seen_at=self._clock.now())
        if isinstance(one.content, Problem):
            return _refused(seen, one.content), False
        bearer = Bearer(by=f"feed:{name}", replays=True)
        outcome = await take_in(
            self._database, self._keeper, one.content, bearer, self._clock.now()
        )
        if isinstance(outcome, tuple):
            return _refused(seen, outcome[0]), False
        if not outcome.same:
            return _refused(seen, differs(outcome.alert)), False
        return replace(seen, alert=outcome.alert.id), outcome.fresh


def _refused(seen: Seen, why: Problem) -> Seen:
    log.error("feed.entry.refused", feed=seen.feed, entry=seen.entry, problem=why.code)
    where = ".".join(map(str, why.loc))
    return replace(seen, problem=f"{where}: {why.en}" if where else why.en)


def _newest_first(one: Fetched) -> float:
    return 0.0 if isinstance(one.content, Problem) else -one.content.sent.timestamp()
