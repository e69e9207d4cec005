"""What needs a human comes to the desk, and what he does about it is a step of ours."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.conftest import Build
from tests.stories.town import OURS, VILLAGE, Town, warning

INBOX = "/api/v1/inbox"
STRANGER = "+9995550001234"


async def writes(town: Town, number: str, text: str) -> None:
    """Let a number write to us that we have not written to."""
    await town.exchange.reply(number, text, to=OURS)
    await town.settle()


async def items(town: Town, **query: str) -> list[dict[str, Any]]:
    """Give what lies at the desk."""
    return list((await town.get(INBOX, **query))["items"])


async def kinds(town: Town) -> list[str]:
    """Give what kinds of things lie there."""
    return sorted(one["kind"] for one in await items(town))


async def settle(town: Town, name: str, **body: object) -> Any:
    """Do something about one of them."""
    answer = await town.api.post(f"{INBOX}/{name}", json=body)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("没收到", "unclear"),
        ("你是谁", "question"),
        ("【自动回复】开会中", "auto_reply"),
    ],
)
async def test_what_was_no_answer_is_read_by_somebody(
    town: Town, words: str, meaning: str
) -> None:
    alert = str((await town.warn())["id"])
    await town.replies("lead-1", words)
    [one] = await items(town)
    grid = await town.grid(alert, 1)

    assert (one["kind"], one["alert"], one["meaning"]) == (
        "unclear_reply",
        alert,
        meaning,
    )
    assert one["text"] == words
    assert one["callouts"] == [grid["id"]]
    assert one["person"]["name"] == "人lead-1"
    assert town.numbers["lead-1"] not in str(one)
    assert one["person"]["number"].endswith(town.numbers["lead-1"][-4:])
    assert one["actions"] == ["as_answer", "dismiss"]


async def test_read_as_an_answer_it_counts_and_says_what_it_rests_on(
    town: Town,
) -> None:
    alert = str((await town.warn())["id"])
    await town.replies("lead-1", "晓得勒这就去喊人")
    [one] = await items(town)
    status, settled = await settle(
        town, one["id"], action="as_answer", meaning="received", note="方言"
    )
    grid = await town.grid(alert, 1)
    answered = next(f for f in grid["timeline"] if f["kind"] == "answered")

    assert status == 200
    assert (grid["state"], grid["answered"]["evidence"]) == ("answered", "on_behalf")
    assert f"todo:{one['id']} 方言" in answered["note"]
    assert (answered["by"], bool(answered["message"])) == ("key:story", True)
    assert settled["settled"] == {
        "at": settled["settled"]["at"],
        "by": "key:story",
        "how": "answered",
        "note": "方言",
    }
    assert await items(town) == []
    assert [kept["id"] for kept in await items(town, state="settled")] == [one["id"]]


async def test_what_was_answered_since_comes_off_by_itself(town: Town) -> None:
    await town.warn()
    await town.replies("lead-1", "没收到")
    await town.replies("lead-1", "1")
    [kept] = await items(town, state="settled")

    assert await items(town) == []
    assert (kept["settled"]["how"], kept["settled"]["by"]) == ("resolved", "system")


async def test_what_is_dismissed_is_kept_with_who_and_why(town: Town) -> None:
    await town.warn()
    await town.replies("lead-1", "没收到")
    [one] = await items(town)
    first = await settle(town, one["id"], action="dismiss", note="已电话核实")
    again = await settle(town, one["id"], action="dismiss")

    assert first[0] == 200
    assert first[1]["settled"]["note"] == "已电话核实"
    assert (again[0], again[1]["errors"][0]["code"]) == (409, "settled_already")


async def test_who_was_sent_nothing_is_a_stranger_with_his_name(town: Town) -> None:
    await writes(town, town.numbers["lead-2"], "今天下雨吗")
    [one] = await items(town)

    assert (one["kind"], one["person"]["name"], one["text"]) == (
        "stranger_reply",
        "人lead-2",
        "今天下雨吗",
    )
    assert (one["alert"], one["callouts"]) == (None, [])


async def test_a_number_of_nobody_is_a_stranger(town: Town) -> None:
    await writes(town, STRANGER, "你们是谁")
    [one] = await items(town)

    assert (one["kind"], one["person"]["id"], one["person"]["name"]) == (
        "stranger_reply",
        None,
        None,
    )
    assert one["person"]["number"].endswith("1234")
    assert STRANGER not in str(one)


async def test_a_stranger_can_be_known_to_the_officer(town: Town) -> None:
    alert = str((await town.warn())["id"])
    grid = await town.grid(alert, 1)
    await writes(town, STRANGER, "我是一网格老王,换号了,收到")
    [one] = await items(town)
    person = grid["timeline"][1]["people"][0]["person"]
    said = {"action": "as_answer", "callout": grid["id"], "meaning": "received"}
    lacking = await settle(town, one["id"], **said)
    foreign = await settle(town, one["id"], person="nobody", **said)
    status, _ = await settle(town, one["id"], person=person, **said)

    assert (lacking[0], lacking[1]["errors"][0]["loc"]) == (422, ["person"])
    assert foreign[1]["errors"][0]["code"] == "not_on_ladder"
    assert status == 200
    assert (await town.grid(alert, 1))["state"] == "answered"


async def test_who_opts_out_while_he_is_asked_is_told_to_the_desk(town: Town) -> None:
    await writes(town, town.numbers["lead-2"], "TD")
    before = await kinds(town)
    await town.warn()
    await town.replies("lead-1", "TD")
    [one] = [one for one in await items(town) if one["kind"] == "opt_out"]

    assert before == ["stranger_reply"]
    assert (one["person"]["name"], len(one["callouts"])) == ("人lead-1", 1)
    assert (await settle(town, one["id"], action="as_answer"))[0] == 422


async def test_who_is_in_trouble_stays_until_somebody_is_on_it(build: Build) -> None:
    async with build(1) as town:
        alert = str((await town.warn())["id"])
        await town.replies("lead-1", "3")
        [one] = [one for one in await items(town) if one["kind"] == "need_help"]
        cancelled = await town.api.post(
            f"/api/v1/alerts/{alert}/cancel", json={"reason": "雨停"}
        )
        await town.settle()
        still = await kinds(town)
        head = (await town.callout(alert, VILLAGE, "village_head"))["timeline"]
        person = next(f for f in head if f["kind"] == "rung_reached")["people"][0]
        status, done = await settle(
            town, one["id"], action="assign", person=person["person"], note="去接人"
        )
        await town.settle()

        assert (one["unit"], one["person"]["name"]) == (f"{VILLAGE}001", "人lead-1")
        assert cancelled.status_code == 200
        assert still == ["need_help"]
        assert (status, done["settled"]["how"]) == (200, "assigned")
        assert "求助" in town.last("head")


async def test_the_desk_is_asked_about_an_end_until_it_says(build: Build) -> None:
    async with build(1) as town:
        expires = warning(town.now)["expires"]
        alert = str((await town.warn())["id"])
        await town.advance(hours=11, minutes=31)
        asked = await kinds(town)
        later = expires.replace("T16:", "T23:")
        renewed = await town.api.post(
            f"/api/v1/alerts/{alert}/renew", json={"reason": "还在下", "expires": later}
        )

        assert renewed.status_code == 200
        assert "end_asked" in asked
        assert "end_asked" not in await kinds(town)


async def test_a_red_that_a_machine_lifts_waits_for_a_look(build: Build) -> None:
    async with build(1, leave_out=["backup-1"]) as town:
        first = warning(town.now)
        await town.warn()
        vacant = await kinds(town)
        names = ("sender", "identifier", "sent")
        cancel = {
            **dict.fromkeys(("level", "effective", "expires", "areas", "headline")),
            "msg_type": "Cancel",
            "identifier": "C-1",
            "references": [{name: first[name] for name in names}],
        }
        await town.post(**cancel)
        [one] = await items(town, kind="cancel_confirm")
        status, _ = await settle(town, one["id"], action="dismiss", note="已核实")

        assert status == 200
        assert vacant == []  # a stand-in opens nothing by himself
        assert await items(town) == []


async def test_posts_that_nobody_holds_are_told_while_a_warning_runs(
    build: Build,
) -> None:
    async with build(2, leave_out=["lead-2"]) as town:
        alert = str((await town.warn())["id"])
        [one] = await items(town, kind="missing_posts")
        counted = await town.get(f"{INBOX}/counts")
        await town.api.post(f"/api/v1/alerts/{alert}/cancel", json={"reason": "雨停"})

        assert one["missing"] == [{"unit": f"{VILLAGE}002", "post": "grid_lead"}]
        assert (counted["total"], counted["kinds"]["missing_posts"]) == (1, 1)
        assert (await town.get(f"{INBOX}/counts"))["total"] == 0
