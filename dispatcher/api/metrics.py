"""What monitoring watches, as Prometheus reads it. No figure tells of a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from typing_extensions import override

from dispatcher.api.front import FrontOf
from dispatcher.api.health import UNREADABLE
from dispatcher.api.problem import answers, refused
from dispatcher.store.database import STORE_TROUBLE
from dispatcher.store.gauges import Gauges, gauges

router = APIRouter(tags=["operations"])


@router.get("/metrics", responses=answers(503), response_class=Response)
async def metrics(front: FrontOf) -> Response:
    """Gauges of the store, counters of routes, and what this process uses."""
    routes, now = [*front.runtime.providers], front.now()
    try:
        found = await front.runtime.database.read(lambda c: gauges(c, routes, now))
    except STORE_TROUBLE as error:
        raise refused(503, UNREADABLE, Retry_After="1") from error
    registry = CollectorRegistry()
    registry.register(_Told(found, front.unverified))
    ProcessCollector(registry=registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


@dataclass(frozen=True, slots=True, eq=False)
class _Told(Collector):
    found: Gauges
    unverified: Mapping[str, int]

    @override
    def collect(self) -> Iterator[Metric]:
        found = self.found
        yield _gauge("callouts_overdue", "not attended to in time", found.overdue)
        yield _gauge("lost", "open with neither time nor owner; 0", found.lost)
        yield _gauge("callbacks_unread", "told and not read yet", found.unread)
        yield _gauge("messages_unknown", "sent or not, nobody knows", found.unknown)
        yield _by("late_seconds", "how late the latest is", "what", found.late)
        yield _by("messages_waiting", "by channel", "channel", found.waiting)
        yield _by("messages_held_back", "by reason", "reason", found.desk.held_back)
        yield _by("todos", "on the desk, by kind", "kind", found.todos)
        waits = {
            "parked": found.desk.parked,
            "pending_approval": found.desk.pending,
            "desk": found.desk.to_desk,
        }
        yield _by("waiting_for_desk", "alerts and callouts, by state", "state", waits)
        yield self._workers()
        yield self._outcomes()
        yield self._unverified()

    def _workers(self) -> Metric:
        told = GaugeMetricFamily(
            "jiaoying_worker_sending",
            "messages on the wire, by the worker that has them",
            labels=("worker", "host"),
        )
        hosts, sending = self.found.hosts, self.found.sending
        for number in sorted(hosts.keys() | sending.keys()):
            labels = (str(number), hosts.get(number, ""))
            told.add_metric(labels, sending.get(number, 0))
        return told

    def _outcomes(self) -> Metric:
        told = CounterMetricFamily(
            "jiaoying_sends",
            "outcomes of sending by route; begins anew each day at 0:00 UTC",
            labels=("route", "outcome"),
        )
        for labels, count in sorted(self.found.outcomes.items()):
            told.add_metric(labels, count)
        return told

    def _unverified(self) -> Metric:
        told = CounterMetricFamily(
            "jiaoying_callbacks_unverified",
            "callbacks turned away since the start of this process",
            labels=("channel",),
        )
        for channel, count in sorted(self.unverified.items()):
            told.add_metric((channel,), count)
        return told


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"jiaoying_{name}", meaning, value=value)


def _by(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Metric:
    told = GaugeMetricFamily(f"jiaoying_{name}", meaning, labels=(label,))
    for one, value in sorted(values.items()):
        told.add_metric((one,), value)
    return told
