"""What monitoring watches, as Prometheus reads it. No figure tells of a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
from dispatcher.api.health import looked
from dispatcher.api.problem import answers
from dispatcher.store.gauges import Gauges, gauges

router = APIRouter(tags=["operations"])


@router.get("/metrics", responses=answers(503), response_class=Response)
async def metrics(front: FrontOf) -> Response:
    """Gauges of the store, counters of routes, and what this process uses."""
    routes, now = [*front.runtime.providers], front.now()
    found = await looked(front, lambda c: gauges(c, routes, now))
    registry = CollectorRegistry()
    lying = await front.runtime.database.lying()
    registry.register(_Told(found, found.desk.unread + lying, front.unverified))
    ProcessCollector(registry=registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


@dataclass(frozen=True, slots=True, eq=False)
class _Told(Collector):
    found: Gauges
    unread: int
    unverified: Mapping[str, int]

    @override
    def collect(self) -> Iterator[Metric]:
        found = self.found
        yield _gauge("callouts_overdue", "not attended to in time", found.overdue)
        yield _gauge("lost", "open with neither time nor owner; 0", found.lost)
        yield _gauge("callbacks_unread", "told and not read yet", self.unread)
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
        hosts, sending = self.found.hosts, self.found.sending
        return _labelled(
            GaugeMetricFamily,
            "worker_sending",
            "messages on the wire, by the worker that has them",
            ("worker", "host"),
            (
                ((str(number), hosts.get(number, "")), sending.get(number, 0))
                for number in hosts.keys() | sending.keys()
            ),
        )

    def _outcomes(self) -> Metric:
        return _labelled(
            CounterMetricFamily,
            "sends",
            "outcomes of sending by route; begins anew each day at 0:00 UTC",
            ("route", "outcome"),
            self.found.outcomes.items(),
        )

    def _unverified(self) -> Metric:
        return _labelled(
            CounterMetricFamily,
            "callbacks_unverified",
            "callbacks turned away since the start of this process",
            ("channel",),
            (((channel,), count) for channel, count in self.unverified.items()),
        )


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"jiaoying_{name}", meaning, value=value)


def _by(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Metric:
    labelled = (((one,), value) for one, value in values.items())
    return _labelled(GaugeMetricFamily, name, meaning, (label,), labelled)


def _labelled(
    family: type[GaugeMetricFamily | CounterMetricFamily],
    name: str,
    meaning: str,
    labels: tuple[str, ...],
    values: Iterable[tuple[tuple[str, ...], float]],
) -> Metric:
    told = family(f"jiaoying_{name}", meaning, labels=labels)
    for one, value in sorted(values):
        told.add_metric(one, value)
    return told
