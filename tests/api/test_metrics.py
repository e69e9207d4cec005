"""What monitoring reads: figures in the words of Prometheus, and nothing of people."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from dispatcher.store import outbox
from tests.api.hamlet import Hamlet, roster
from tests.store.stock import lease

Figures = dict[tuple[str, ...], float]


async def scraped(hamlet: Hamlet) -> Figures:
    """Every sample, by its name and its labels' values, in the labels' order."""
    answer = await hamlet.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_what_waits_and_who_sends_is_told(hamlet: Hamlet) -> None:
    await hamlet.launched()
    now = hamlet.clock.now()
    before = await scraped(hamlet)
    [held] = await hamlet.runtime.database.write(
        lambda c: outbox.claim(c, now, lease(now, holder=7), 1)
    )
    after = await scraped(hamlet)

    waiting = ("jiaoying_messages_waiting", held.channel.value)
    assert before["jiaoying_lost",] == 0
    assert before["process_cpu_seconds_total",] > 0
    assert after[waiting] == before[waiting] - 1
    assert after["jiaoying_worker_sending", "", "7"] == 1
    assert ("jiaoying_worker_sending", "", "7") not in before


async def test_how_late_it_is_is_told(hamlet: Hamlet) -> None:
    await hamlet.launched()
    before = await scraped(hamlet)
    hamlet.clock.move_to(hamlet.clock.now() + timedelta(hours=1))
    after = await scraped(hamlet)

    assert before["jiaoying_late_seconds", "callout"] == 0
    assert before["jiaoying_callouts_overdue",] == 0
    assert after["jiaoying_late_seconds", "callout"] > 3000
    assert after["jiaoying_callouts_overdue",] > 0


async def test_what_is_turned_away_is_counted(hamlet: Hamlet) -> None:
    await hamlet.http.post("/hooks/sms/sms/reply", content=b"Body=1")

    assert (await scraped(hamlet))["jiaoying_callbacks_unverified_total", "sms"] == 1


async def test_no_figure_tells_of_a_person(hamlet: Hamlet) -> None:
    await hamlet.launched()
    text = (await hamlet.http.get("/metrics")).text

    assert "+999" not in text
    assert not any(person.name in text for person in roster().people.values())


async def test_a_store_that_cannot_be_read_has_no_figures(hamlet: Hamlet) -> None:
    await hamlet.runtime.database.write(
        lambda c: c.exec_driver_sql("DROP TABLE callback")
    )

    assert (await hamlet.http.get("/metrics")).status_code == 503
