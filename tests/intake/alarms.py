"""What monitoring systems post, in the forms their makers document."""

from __future__ import annotations

from typing import Any

STARTED, ENDED = "2026-07-12T03:58:26.739266876Z", "2026-07-12T04:40:01.5+00:00"
NEVER = "0001-01-01T00:00:00Z"  # how Go writes no time


def alarm(**changed: Any) -> dict[str, Any]:
    """Give one alarm of Alertmanager or Grafana; None leaves a field out."""
    made = {
        "status": "firing",
        "labels": {
            "alertname": "RiverHigh",
            "severity": "critical",
            "area": "石门坪村",
            "event_code": "11A01",
        },
        "annotations": {
            "summary": "石门坪水位超警",
            "description": "水位 3.4 米,超过警戒水位",
        },
        "startsAt": STARTED,
        "endsAt": NEVER,
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": "b4c2f1e09d7a6358",
        **changed,
    }
    return {name: value for name, value in made.items() if value is not None}


def labelled(**labels: Any) -> dict[str, Any]:
    """Give an alarm with these labels beside its usual ones; None leaves one out."""
    own = {**alarm()["labels"], **labels}
    return alarm(labels={name: text for name, text in own.items() if text is not None})


def group(*alarms: Any, **changed: Any) -> dict[str, Any]:
    """Give a notification of Alertmanager, webhook version 4."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="RiverHigh"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "jiaoying",
        "groupLabels": {"alertname": "RiverHigh"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example",
        "alerts": list(alarms),
        **changed,
    }


def notified(*alarms: Any) -> dict[str, Any]:
    """Give a notification of Grafana's webhook contact point."""
    own = {"orgId": 1, "title": "[FIRING:1]", "state": "alerting", "message": "..."}
    return group(*alarms, version="1") | own
