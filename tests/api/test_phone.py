from __future__ import annotations

import base64
import hashlib
import re
from datetime import timedelta

import pytest

from dispatcher.core.callout import State
from dispatcher.store import schema
from dispatcher.store.questions import Kind
from tests.api.hamlet import GRIDS, NOON, VILLAGE, Hamlet, cancelling
from tests.api.visitor import (
    COUNTY_LEADER,
    HEAD,
    LEAD,
    TOWN_DUTY,
    buttons,
    callout,
    everything,
    fails,
    link,
    look,
    noted,
    opened,
    post,
    press,
    renamed,
    settings_with,
    until,
    warned,
    with_spare,
    words,
)

GRID = GRIDS[0]
ASKED = ["我是本人,收到", "我是本人,需要支援", "我替他转告", "我不是责任人"]
STORM = 50
DAY = 24 * 3600


async def test_the_page_says_what_is_asked_and_of_whom(hamlet: Hamlet) -> None:
    await warned(hamlet)
    answer = await hamlet.http.get(await link(hamlet))

    assert answer.status_code == 200
    assert '<header class="red">' in answer.text
    assert words(answer.text) == (
        "暴雨红色预警 暴雨红色预警 Ⅰ级 "
        "澄溪县气象台 7月12日 12:00发布,有效至7月12日 15:00 "
        "您负责 石门坪村1网格 请您做 立即转移低洼地带群众 "
        "注意 未来三小时降雨量将达100毫米以上 您是 王建国1 本人吗? "
        "我是本人,收到 已转移人数(可不填,填了再按上面) "
        "我是本人,需要支援 我替他转告 我不是责任人"
    )
    assert buttons(answer.text) == ASKED


@pytest.mark.parametrize("token", ["", "x"])
async def test_every_page_says_where_the_desk_can_be_rung(token: str) -> None:
    phone = "0455-888 8119"
    async with opened(settings_with("texts", duty_phone=phone)) as hamlet:
        await warned(hamlet)
        page = (await hamlet.http.get(f"{await link(hamlet)}{token}")).text

    assert f'<a href="tel:04558888119">{phone}</a>' in page
    assert words(page).endswith(f"值班电话 {phone}")


async def test_the_page_is_kept_nowhere_and_loads_nothing(hamlet: Hamlet) -> None:
    await warned(hamlet)
    answer = await hamlet.http.get(await link(hamlet))
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style
    digest = hashlib.sha256(style[1].encode()).digest()

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert answer.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{base64.b64encode(digest).decode()}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    foreign = ("http", "//", "<script", "src=", "<link", "url(", "@import")
    assert [mark for mark in foreign if mark in answer.text] == []


async def test_looking_changes_nothing_however_often(hamlet: Hamlet) -> None:
    await warned(hamlet)
    path = await link(hamlet)
    before = await everything(hamlet)
    answers = [
        await hamlet.http.request(method, path)
        for _ in range(STORM)
        for method in ("GET", "HEAD")
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.content for answer in answers[1::2]} == {b""}
    assert await everything(hamlet) == before
    assert hamlet.wakes == [None]  # the alert's own


async def test_only_the_person_himself_answers(hamlet: Hamlet) -> None:
    await warned(hamlet)
    path = await link(hamlet)
    hamlet.clock.move_to(NOON + timedelta(seconds=61))
    said = await press(hamlet, path, "mine")
    found = await callout(hamlet, GRID)

    assert (found.state, len(found.answers)) == (State.ANSWERED, 1)
    assert found.answer
    assert (found.answer.meaning, found.answer.evidence) == ("received", "link")
    assert "✓ 已记录 7月12日 12:01:收到" in said
    assert len(hamlet.wakes) == 2


@pytest.mark.parametrize("button", ["mine", "help", "relay", "not_me", "figures"])
async def test_pressed_twice_is_pressed_once(hamlet: Hamlet, button: str) -> None:
    await warned(hamlet)
    path = await link(hamlet)
    first = await press(hamlet, path, button)
    before = await everything(hamlet)
    again = await press(hamlet, path, button)

    assert again == first
    assert await everything(hamlet) == before


@pytest.mark.parametrize(
    ("button", "people", "state", "said"),
    [
        ("mine", "35", State.REPORTED, "已转移35人"),
        ("mine", "３５", State.REPORTED, "已转移35人"),
        ("mine", "0", State.REPORTED, "不需转移"),
        ("figures", "7", State.REPORTED, "已转移7人"),
        ("figures", "", State.ANSWERED, "转移中,转移完请报人数"),
        ("help", "", State.ANSWERED, "求助,马上有人联系您"),
        ("help", "4", State.REPORTED, "求助,马上有人联系您"),
    ],
)
async def test_an_answer_takes_the_figures_along(
    hamlet: Hamlet, button: str, people: str, state: State, said: str
) -> None:
    await warned(hamlet)
    page = await press(hamlet, await link(hamlet), button, people=people)

    assert f"✓ 已记录 7月12日 12:00:{said}" in page
    assert (await callout(hamlet, GRID)).state is state


async def test_the_figures_are_asked_after_the_answer(hamlet: Hamlet) -> None:
    await warned(hamlet)
    path = await link(hamlet)
    await press(hamlet, path, "mine")
    page = (await hamlet.http.get(path)).text
    await press(hamlet, path, "figures", people="12")
    said = await press(hamlet, path, "help")
    found = await callout(hamlet, GRID)

    assert buttons(page) == ["报转移情况", "不需转移", "需要支援"]
    assert 'name="people" value="0"' in page
    assert re.findall(r"✓ 已记录 7月12日 12:00:(\S+)", said) == [
        "收到",
        "已转移12人",
        "求助,马上有人联系您",
    ]
    assert found.feedback
    assert (found.state, found.feedback.people) == (State.REPORTED, 12)
    assert found.help_due or "need_help" in found.marks


@pytest.mark.parametrize("people", ["many", "-3", "123456", "3.5", "1e3", "3人"])
async def test_a_number_that_is_none_is_asked_again(
    hamlet: Hamlet, people: str
) -> None:
    await warned(hamlet)
    before = await everything(hamlet)
    answer = await post(hamlet, await link(hamlet), "mine", people=people)

    assert answer.status_code == 422
    assert "人数请填数字,最多五位,还不算应答。" in words(answer.text)
    assert buttons(answer.text) == ASKED
    assert await everything(hamlet) == before


async def test_a_promise_to_tell_him_is_no_answer(hamlet: Hamlet) -> None:
    await warned(hamlet)
    path = await link(hamlet)
    said = await press(hamlet, path, "relay", people="35")

    assert "转告不算应答,还要本人来按" in said
    assert buttons((await hamlet.http.get(path)).text) == ASKED
    assert await noted(hamlet, GRID) == [("link:relayed", "unclear")]
    assert (await callout(hamlet, GRID)).state is State.CALLING

    await press(hamlet, path, "mine")

    assert (await callout(hamlet, GRID)).state is State.ANSWERED


async def test_the_only_number_he_has_not_is_struck(hamlet: Hamlet) -> None:
    await warned(hamlet)
    said = await press(hamlet, await link(hamlet), "not_me")
    found = await callout(hamlet, GRID)
    table = schema.address
    wrong = await hamlet.runtime.database.read(
        lambda c: c.execute(table.select().where(table.c.wrong)).scalars().all()
    )

    assert "请把电话转给责任人" in said
    assert ([means.address for means in found.struck_means], wrong) == (["a1"], ["a1"])
    assert (found.state, found.answers) == (State.CALLING, ())


async def test_of_several_numbers_none_is_struck() -> None:
    async with opened(lives=with_spare(LEAD, "+99913800000099")) as hamlet:
        await warned(hamlet)
        await fails(hamlet, GRID)
        said = await press(hamlet, await link(hamlet), "not_me")
        struck = (await callout(hamlet, GRID)).struck_means

        assert "请把电话转给责任人" in said
        assert await noted(hamlet, GRID) == [("link:not_me", "unclear")]
        assert {means.address for means in struck} == {"a1"}  # that it was dead


async def test_a_digest_names_the_grids_and_an_answer_takes_them_over(
    hamlet: Hamlet,
) -> None:
    await warned(hamlet)
    await press(hamlet, await link(hamlet, LEAD), "mine")
    await press(hamlet, await link(hamlet, HEAD), "mine")
    await until(hamlet, 320)
    path = await link(hamlet, HEAD, Kind.DIGEST)
    page = (await hamlet.http.get(path)).text
    said = await press(hamlet, path, "mine", people="35")
    states = [(await callout(hamlet, grid)).state for grid in GRIDS]

    assert "还没有应答,请派人叫醒 石门坪村2网格 、 石门坪村3网格 请您做" in words(page)
    assert buttons(page) == ["我是本人,我来负责", *ASKED[1:]]
    assert 'name="people"' not in page
    assert states == [State.ANSWERED, State.TAKEN, State.TAKEN]
    assert "✓ 已记录:您负责2处,请在7月12日 12:20前叫醒并报结果" in said
    assert "由您负责叫醒 石门坪村2网格 、 石门坪村3网格 请您做" in said
    assert buttons((await hamlet.http.get(path)).text) == ["需要支援"]


async def test_who_takes_over_can_ask_for_help(hamlet: Hamlet) -> None:
    await warned(hamlet)
    await press(hamlet, await link(hamlet, HEAD), "mine")
    await until(hamlet, 320)
    path = await link(hamlet, HEAD, Kind.DIGEST)
    await press(hamlet, path, "mine")
    said = await press(hamlet, path, "help")
    before = await everything(hamlet)
    await press(hamlet, path, "help")

    assert "✓ 已记录:求助,马上有人联系您" in said
    assert {"need_help", "must_call"} <= set((await callout(hamlet, GRID)).marks)
    assert await everything(hamlet) == before


async def test_own_part_and_digest_are_answered_together(hamlet: Hamlet) -> None:
    await warned(hamlet)
    await until(hamlet, 920)
    path = await link(hamlet, HEAD, Kind.DIGEST)
    page = (await hamlet.http.get(path)).text
    await press(hamlet, path, "mine", people="5")
    head = await callout(hamlet, VILLAGE)

    assert "您负责 石门坪村 还没有应答,请派人叫醒 石门坪村1网格" in words(page)
    assert buttons(page)[0] == "我是本人,收到并负责"
    assert (head.state, (await callout(hamlet, GRID)).state) == (
        State.REPORTED,
        State.TAKEN,
    )


async def test_what_others_have_settled_asks_nothing_any_more(hamlet: Hamlet) -> None:
    await warned(hamlet)
    for person in (LEAD, "p2", HEAD, TOWN_DUTY):
        await press(hamlet, await link(hamlet, person), "mine")
    await until(hamlet, 500)
    village = await link(hamlet, HEAD, Kind.DIGEST)
    town = await link(hamlet, TOWN_DUTY, Kind.DIGEST)
    await press(hamlet, village, "mine")
    taken = await look(hamlet, town)
    await press(hamlet, await link(hamlet, "p3"), "mine")
    answered = await look(hamlet, village)

    assert "村(社区)负责人已应答,不需您再应答。 涉及的网格(村) 石门坪村3网格" in taken
    assert "网格长已应答,不需您再应答。 涉及的网格(村) 石门坪村3网格" in answered
    assert buttons((await hamlet.http.get(town)).text) == []


async def test_what_only_tells_asks_nothing(hamlet: Hamlet) -> None:
    await warned(hamlet)
    await press(hamlet, await link(hamlet, COUNTY_LEADER), "mine")
    await until(hamlet, 920)
    path = await link(hamlet, COUNTY_LEADER, Kind.INFO)
    page = (await hamlet.http.get(path)).text
    before = await everything(hamlet)
    answer = await post(hamlet, path, "mine")

    assert "特此告知,不需应答。 涉及的网格(村) 石门坪村1网格" in words(page)
    assert (answer.status_code, buttons(page)) == (303, [])
    assert await everything(hamlet) == before


async def test_after_the_calling_has_ended_the_page_says_so(hamlet: Hamlet) -> None:
    await warned(hamlet)
    path, answered = await link(hamlet), await link(hamlet, "p2")
    await press(hamlet, answered, "mine")
    await hamlet.send(cancelling(), key="officer")
    page = await look(hamlet, path)
    late = await press(hamlet, path, "mine")
    found = await callout(hamlet, GRID)

    assert "预警已解除,叫应已结束,不需应答。" in page
    assert late == page
    assert (found.state, found.answers) == (State.CLOSED, ())
    assert await noted(hamlet, GRID) == [("person:p1", "received")]
    assert "✓ 已记录 7月12日 12:00:收到 预警已解除" in await look(hamlet, answered)


async def test_a_day_after_the_end_the_link_names_nobody(hamlet: Hamlet) -> None:
    await warned(hamlet)
    path = await link(hamlet)
    await hamlet.send(cancelling(), key="officer")
    hamlet.clock.move_to(NOON + timedelta(seconds=DAY - 1))
    alive = await hamlet.http.get(path)
    hamlet.clock.move_to(NOON + timedelta(seconds=DAY))
    before = await everything(hamlet)
    dead = [await hamlet.http.get(path), await post(hamlet, path, "mine")]

    assert alive.status_code == 200
    assert [answer.status_code for answer in dead] == [410, 410]
    assert "叫应已经结束" in dead[0].text
    assert [name for name in ("王建国", "石门坪", "暴雨") if name in dead[0].text] == []
    assert await everything(hamlet) == before


async def test_a_drill_is_framed_and_says_so_first(hamlet: Hamlet) -> None:
    await warned(hamlet, status="Exercise")
    page = (await hamlet.http.get(await link(hamlet))).text
    body = page.partition("<body")[2]

    assert body.startswith(' class="drill">')
    assert words(f"<body{body}").startswith("演练:这是一次演练 暴雨红色预警")
    assert "<title>演练:暴雨红色预警</title>" in page


@pytest.mark.parametrize(
    ("level", "grade"), [("orange", "Ⅱ级"), ("yellow", "Ⅲ级"), ("blue", "Ⅳ级")]
)
async def test_every_level_has_its_colour_and_its_word(
    hamlet: Hamlet, level: str, grade: str
) -> None:
    await warned(hamlet, level=level)
    page = (await hamlet.http.get(await link(hamlet))).text

    assert f'<header class="{level}">' in page
    assert f"色预警 {grade}</h1>" in page


async def test_what_others_wrote_can_do_nothing_on_the_page() -> None:
    evil = '<script>alert("1")</script>&\u202e\u2066'
    async with opened(lives=renamed(LEAD, evil)) as hamlet:
        texts = dict.fromkeys(("description", "instruction", "issuer", "event"), evil)
        await warned(hamlet, **texts)
        page = (await hamlet.http.get(await link(hamlet))).text

    assert "<script" not in page
    assert {"\u202e", "\u2066"} & set(page) == set()
    shown = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;"
    assert page.count(shown) >= 5


async def test_the_page_is_small_even_when_everything_is_long() -> None:
    async with opened(lives=renamed(LEAD, '"' * 500)) as hamlet:
        await warned(hamlet)
        usual = await hamlet.http.get(await link(hamlet))
    async with opened(lives=renamed(HEAD, '"' * 500)) as hamlet:
        texts = {"description": 2000, "instruction": 2000, "issuer": 500, "event": 60}
        long = {name: '"' * length for name, length in texts.items()}
        await warned(hamlet, **long, status="Exercise")
        await until(hamlet, 920)
        longest = await hamlet.http.get(await link(hamlet, HEAD, Kind.DIGEST))

    assert len(usual.content) < 5_000
    assert 9_000 < len(longest.content) < 20_000


def css(page: str) -> str:
    return page.partition("<style>")[2].partition("</style>")[0]


async def test_the_page_fits_a_narrow_telephone_and_tired_eyes(hamlet: Hamlet) -> None:
    await warned(hamlet)
    page = (await hamlet.http.get(await link(hamlet))).text
    sizes = re.findall(r"font(?:-size)?: ([\d.]+)rem", css(page))

    assert "width=device-width" in page
    assert re.findall(r"\d(?:px|pt|vw)", css(page)) == []
    assert "html { font-size: 112.5%" in css(page)  # 18 px where a reader set nothing
    assert min(float(size) for size in sizes) == 1.0


def luminance(colour: str) -> float:
    """How light a colour is, as WCAG 2 counts it."""
    digits = "".join(2 * d for d in colour) if len(colour) == 3 else colour
    parts = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


async def test_every_text_stands_out_from_what_is_behind_it(hamlet: Hamlet) -> None:
    await warned(hamlet)
    style = css((await hamlet.http.get(await link(hamlet))).text)
    bars = re.findall(r"background: #(\w+); color: #(\w+)", style)
    themes = [dict(re.findall(r"--([\w-]+): #(\w+)", root)) for root in root_of(style)]
    pairs = (
        "ink paper",
        "ink card",
        "on-go go",
        "line card",
        "go card",
        "go paper",
        "bad card",
    )
    texts = [(t[a], t[b]) for t in themes for a, b in (p.split() for p in pairs)]

    assert (len(bars), len(themes)) == (7, 2)
    assert [pair for pair in (*bars, *texts) if contrast(*pair) < 4.5] == []


def root_of(style: str) -> list[str]:
    return re.findall(r":root \{(.*?)\}", style)


async def test_behind_a_prefix_the_page_stays_where_it_is() -> None:
    prefixed = "https://example.org/jiaoying"
    async with opened(settings_with("server", public_base_url=prefixed)) as hamlet:
        await warned(hamlet)
        address = await link(hamlet)
        path = address.removeprefix(prefixed)
        page = await hamlet.http.get(path, headers={"Host": "somewhere.else"})
        answer = await post(hamlet, path, "mine")

    assert address.startswith(f"{prefixed}/a/")
    assert set(re.findall(r'action="([^"]*)"', page.text)) == {""}
    assert "somewhere" not in page.text
    assert answer.headers["location"] == path.rpartition("/")[2]
