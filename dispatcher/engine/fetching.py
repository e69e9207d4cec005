"""Gets what a feed may have us get: bounded in time and size, from its hosts only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from channels import http
from config.inlets import Feed

TIMEOUT_SECONDS = 8.0
WHOLE_SECONDS = 20.0  # for one answer, however slowly it trickles
REDIRECTS_MOST = 3
MOVED = frozenset({301, 302, 303, 307, 308})
NOT_MODIFIED, OK = 304, 200


class FetchError(Exception):
    """Something could not be fetched; ``wait`` is what the server asks for."""

    def __init__(self, why: str, wait: float = 0.0) -> None:
        super().__init__(why)
        self.wait = timedelta(seconds=wait)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was fetched; ``body`` is None where it is as it was."""

    body: bytes | None
    url: str
    etag: str
    modified: str


class Fetcher:
    """Gets what one feed names; it has connections of its own."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._own = urlsplit(feed.url)
        self._client = http.client(timeout_seconds=TIMEOUT_SECONDS)
        self._free = asyncio.Semaphore(http.connections_most())

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def get(
        self, url: str, most: int, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Get something, over a few redirects at most.

        :param most: bytes; of a longer answer so much that it shows
        :raises FetchError: when it can't be had now, or never from there
        """
        for _ in range(REDIRECTS_MOST + 1):
            where = self._allowed(url)
            asked = {**(headers or {}), **self._shown(where)}
            answer = await self._asked(where.geturl(), most, asked)
            if isinstance(answer, Answer):
                return answer
            url = answer
        what = "too many redirects"
        raise FetchError(what)

    def _allowed(self, url: str) -> SplitResult:
        """Where to get something; a feed may not have us ask any other host."""
        where = urlsplit(url)
        if where.scheme not in {"http", "https"} or not where.hostname:
            what = f"{where.scheme or 'no'} address"
            raise FetchError(what)
        if where.hostname not in {self._own.hostname, *self._feed.hosts}:
            what = f"host {where.hostname} is not the feed's own: list it in hosts"
            raise FetchError(what)
        if self._own.scheme == "https":  # published safely, not fetched in clear
            return where._replace(scheme="https")
        return where

    def _shown(self, where: SplitResult) -> dict[str, str]:
        own = where.hostname == self._own.hostname
        token = self._feed.token
        return {"Authorization": f"Bearer {token}"} if token and own else {}

    async def _asked(
        self, url: str, most: int, headers: Mapping[str, str]
    ) -> Answer | str:
        """What an address answers, or the one it sends us to."""
        get = partial(self._client.stream, "GET", url, headers=headers)
        try:
            async with self._free, asyncio.timeout(WHOLE_SECONDS), get() as response:
                if response.status_code in MOVED:
                    return urljoin(url, str(response.headers.get("location", "")))
                return await _answer(response, most)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            raise FetchError(type(error).__name__) from error


async def _answer(response: httpx.Response, most: int) -> Answer:
    if response.status_code not in {OK, NOT_MODIFIED}:
        wait = http.retry_after(response) or 0.0
        what = f"HTTP {response.status_code}"
        raise FetchError(what, wait)
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > most:
            break
    return Answer(
        body=None if response.status_code == NOT_MODIFIED else bytes(body),
        url=str(response.url),
        etag=response.headers.get("etag", ""),
        modified=response.headers.get("last-modified", ""),
    )
