"""Which warning did he answer: codes, notices, drills."""

from __future__ import annotations

from tests.stories.town import Town


async def second(town: Town) -> str:
    """Another red warning to the same people, a minute later."""
    await town.advance(seconds=60)
    answer = await town.warn(identifier="second", event_code="11A51", event="山洪")
    return str(answer["id"])


async def test_with_one_question_open_no_code_is_asked_for(town: Town) -> None:
    await town.warn()

    assert "收到回1" in town.last("lead-1")


async def test_with_two_open_the_text_gives_a_code_and_the_code_answers(
    town: Town,
) -> None:
    rain = str((await town.warn())["id"])
    flood = await second(town)

    assert "收到回61" in town.last("lead-1")

    await town.replies("lead-1", "61")

    assert (await town.grid(flood, 1))["state"] == "answered"
    assert (await town.grid(rain, 1))["state"] == "calling"
    answered = (await town.grid(flood, 1))["answered"]
    assert answered["evidence"] == "sms_code"


async def test_a_bare_reply_never_answers_red_while_two_could_be_meant(
    town: Town,
) -> None:
    rain = str((await town.warn())["id"])
    flood = await second(town)
    await town.replies("lead-1", "1")

    assert (await town.grid(rain, 1))["state"] == "calling"
    assert (await town.grid(flood, 1))["state"] == "calling"
    assert "您有2条:暴雨回60,山洪回61" in town.last("lead-1")

    await town.replies("lead-1", "60 2 12")

    assert (await town.grid(rain, 1))["state"] == "reported"


async def test_when_one_is_answered_a_bare_reply_means_the_other(town: Town) -> None:
    rain = str((await town.warn())["id"])
    await town.replies("lead-1", "1")
    flood = await second(town)
    await town.replies("lead-1", "1")

    assert (await town.grid(rain, 1))["state"] == "answered"
    assert (await town.grid(flood, 1))["state"] == "answered"


async def test_a_drill_begins_with_its_word_and_never_answers_a_live_warning(
    town: Town,
) -> None:
    live = str((await town.warn())["id"])
    await town.advance(seconds=60)
    drill = await town.warn(identifier="drill", status="Exercise")

    assert town.last("lead-1").startswith("【澄溪应急】演练:")

    await town.replies("lead-1", "1")

    assert (await town.grid(live, 1))["state"] == "calling"
    assert (await town.grid(str(drill["id"]), 1))["state"] == "calling"


async def test_a_reply_to_a_cancel_answers_nothing(town: Town) -> None:
    alert = str((await town.warn())["id"])
    await town.until(60)
    ended = await town.api.post(
        f"/api/v1/alerts/{alert}/cancel", json={"reason": "雨停"}
    )
    assert ended.status_code == 200, ended.text
    await town.settle()
    await town.replies("lead-1", "1")

    assert "解除通知无需回复" in town.last("lead-1")
    assert (await town.grid(alert, 1))["state"] == "closed"


async def test_codes_rest_for_a_day_after_their_question_is_closed(
    town: Town,
) -> None:
    alert = str((await town.warn())["id"])
    await town.api.post(f"/api/v1/alerts/{alert}/cancel", json={"reason": "雨停"})
    await town.settle()
    flood = await second(town)
    wind = await town.warn(identifier="third", event_code="11B06", event="大风")

    assert "收到回62" in town.last("lead-1")

    await town.replies("lead-1", "60")

    for name in (flood, str(wind["id"])):
        assert (await town.grid(name, 1))["state"] == "calling"
