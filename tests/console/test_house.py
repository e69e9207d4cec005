"""The house's own pages: channels, policies, the log, users and keys, one's account."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pyotp
import pytest
from playwright.async_api import Page, expect

from contacts.model import Person, Post
from dispatcher.core.officer import OfficerRole
from dispatcher.engine.passwords import Passwords
from dispatcher.store import officers
from dispatcher.store.officers import Officer
from tests.console.desk import AXE, PASSWORD, PHONE, Desk, need
from tests.console.test_desk import examined

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PATIENCE = 15_000
STEP = timedelta(seconds=30)  # a code is of
BOSS, VIEWER = "boss", "looker"
OWN = "十里八乡今夜都平安无事"
PAGES = ("channels", "policies", "log", "users", "me")


@pytest.fixture(scope="module")
def duty(desk: Desk) -> Person:
    """Somebody on duty in the county, as the roster has him."""
    roster = desk.house.roster
    ref = next(h.ref for h in roster.holdings if h.ref.post is Post.COUNTY_DUTY)
    return roster.holders(ref, desk.house.clock.now())[0]


@pytest.fixture(scope="module", autouse=True)
async def staff(desk: Desk, duty: Person) -> None:
    """An administrator of that name, and somebody who only looks on."""
    people = {
        BOSS: (duty.name, OfficerRole.ADMINISTRATOR),
        VIEWER: ("旁观者", OfficerRole.VIEWER),
    }
    for name, (display, role) in people.items():
        officer = Officer(
            name=name,
            display=display,
            role=role,
            password=Passwords().hashed(PASSWORD),
            must_change=False,
            created_at=desk.house.clock.now(),
        )
        await desk.house.database.write(partial(officers.add, new=officer))


@contextlib.asynccontextmanager
async def at(
    desk: Desk, path: str, name: str = BOSS, **look: Any
) -> AsyncIterator[Page]:
    """A window on a page, where somebody has signed in."""
    async with desk.window(**look) as page:
        await enter(page, name, PASSWORD)
        await page.locator("header nav").wait_for()
        await shown(page, desk, path)
        yield page


async def shown(page: Page, desk: Desk, path: str) -> None:
    await page.goto(f"{desk.base}/console/{path}")
    await page.locator("main h1").wait_for()
    await expect(page.locator("main [role=status]").get_by_text("……")).to_have_count(0)


async def enter(page: Page, name: str, password: str, code: str = "") -> None:
    await page.locator("input[autocomplete=username]").fill(name)
    await page.locator("input[type=password]").fill(password)
    if code:
        await page.locator("input[autocomplete=one-time-code]").fill(code)
    await page.locator("form button.first").click()


async def asked(page: Page, desk: Desk, path: str) -> Any:
    """What the API tells who has signed in."""
    answer = await page.request.get(f"{desk.base}{path}")
    return await answer.json()


async def test_a_new_officer_changes_his_password_and_uses_codes(desk: Desk) -> None:
    async with at(desk, "users") as page:
        once = await hired(page, "wangfang", "王芳", "带班领导")
        line = page.get_by_role("listitem", name="wangfang")
        await expect(line).to_contain_text("还没改一次性密码")
        await expect(page.get_by_text(once)).to_have_count(0)

    async with desk.window() as page:
        await enter(page, "wangfang", once)
        await page.get_by_label("新密码（").fill(OWN)
        await page.get_by_label("再输一次新密码").fill(OWN)
        await page.get_by_role("button", name="改密码").click()
        await page.get_by_role("button", name="菜单").click()
        await page.get_by_role("link", name="王芳").click()
        secret = await with_codes(page, desk)
        assert (await asked(page, desk, "/api/v1/session"))["totp"] is True

    async with desk.window() as page:
        await enter(page, "wangfang", OWN)
        await expect(page.get_by_role("alert")).to_contain_text("还需要手机上的验证码")
        # That of now is used up; the clock of a telephone may be a step ahead.
        await enter(page, "wangfang", OWN, code(desk, secret, later=1))
        await expect(page.get_by_role("link", name="日志")).to_be_visible()
        await expect(page.get_by_role("link", name="用户与密钥")).to_have_count(0)


async def hired(page: Page, name: str, display: str, role: str) -> str:
    """Make an account; gives its one-time password."""
    await page.get_by_role("button", name="新建用户").click()
    await page.get_by_label("登录名").fill(name)
    await page.get_by_label("称呼").fill(display)
    await page.get_by_role("radio", name=role).check()
    await page.get_by_role("button", name="新建，并显示一次性密码").click()
    once = await page.get_by_label(f"{name} 的一次性密码").last.input_value()
    await page.get_by_role("button", name="已抄好，关闭").click()
    return once


async def with_codes(page: Page, desk: Desk) -> str:
    """Set codes up; gives their secret."""
    await page.get_by_role("button", name="启用动态码").click()
    await expect(page.get_by_role("img", name="动态码的二维码")).to_be_visible()
    secret = await page.get_by_label("扫不了的").input_value()
    await page.get_by_label("动态码（6 位）").fill("000000")
    await page.get_by_role("button", name="确认启用").click()
    await expect(page.get_by_role("alert")).to_contain_text("验证码不对")
    await page.get_by_label("动态码（6 位）").fill(code(desk, secret, later=0))
    await page.get_by_role("button", name="确认启用").click()
    await expect(page.get_by_text("动态码已启用")).to_be_visible()
    return secret


def code(desk: Desk, secret: str, later: int) -> str:
    """The code of so many steps later, by the clock on the wall."""
    clock = desk.house.clock
    return pyotp.TOTP(secret).at(clock.outside(clock.now()) + later * STEP)


async def test_a_key_is_shown_once_and_opens_nothing_once_it_is_revoked(
    desk: Desk,
) -> None:
    async with at(desk, "users") as page:
        await page.get_by_role("button", name="新建密钥").click()
        await page.get_by_label("名称").fill("rain-station")
        await page.get_by_role("checkbox", name="alerts:read").check()
        await page.get_by_role("checkbox", name="alerts:write").check()
        await page.get_by_role("button", name="新建，并显示密钥").click()
        await expect(page.get_by_role("alert")).to_contain_text("可代表的发布方")
        await page.get_by_label("可代表的发布方").fill("rain-*@chengxi")
        await page.get_by_role("button", name="新建，并显示密钥").click()
        key = await page.get_by_label("密钥 rain-station").last.input_value()
        await page.get_by_role("button", name="已抄好，关闭").click()
        before = await by_key(desk, key)

        line = page.get_by_role("listitem", name="rain-station")
        await line.get_by_role("button", name="吊销").click()
        go = page.get_by_role("button", name="吊销 rain-station")
        await expect(go).to_be_disabled()
        await page.get_by_label("输入 rain-station").fill("rain-station")
        await go.click()
        await expect(line).to_have_count(0)
        after = await by_key(desk, key)

    assert (before, after) == (200, 401)


async def by_key(desk: Desk, key: str) -> int:
    """How a request with a key is answered."""
    async with httpx.AsyncClient(base_url=desk.base) as program:
        head = {"Authorization": f"Bearer {key}"}
        return (await program.get("/api/v1/alerts", headers=head)).status_code


async def test_the_last_administrator_is_told_why_he_has_to_stay(desk: Desk) -> None:
    async with at(desk, "users") as page:
        line = page.get_by_role("listitem", name=BOSS)
        await line.get_by_role("button", name="停用").click()
        await page.get_by_role("button", name=f"停用 {BOSS}").click()
        await expect(page.get_by_role("alert")).to_contain_text("这是最后一个管理员")
        await page.get_by_role("button", name="返回").click()
        await line.get_by_role("button", name="修改").click()
        await page.get_by_role("radio", name="值班员").check()
        await page.get_by_role("button", name="保存").click()
        await expect(page.get_by_role("alert")).to_contain_text("这是最后一个管理员")


async def test_a_test_message_reaches_the_officer_and_is_noted(
    desk: Desk, duty: Person
) -> None:
    number = duty.addresses[0].value
    async with at(desk, "channels") as page:
        card = page.get_by_role("article", name="sms")
        await card.get_by_role("button", name="试发给自己").click()
        await page.get_by_label("您自己的手机号").fill("+99910000000000")
        await page.get_by_role("button", name="给我发一条测试短信").click()
        await expect(page.get_by_role("alert")).to_contain_text("没有这个号码")
        await page.get_by_label("您自己的手机号").fill(number)
        await page.get_by_role("button", name="给我发一条测试短信").click()
        outcome = page.get_by_role("dialog")
        await expect(outcome).to_contain_text("已送达", timeout=PATIENCE)
        await page.keyboard.press("Escape")
        await expect(card).to_contain_text("正常", timeout=PATIENCE)

        await shown(page, desk, "log?kind=channel_tried")
        entry = page.get_by_role("listitem").filter(has_text="用通道 sms")
        await expect(entry).to_contain_text(duty.name)

    told = [one.body for one in await desk.house.exchange.ledger() if one.to == number]
    assert [text for text in told if "测试" in text and "不是预警" in text]
    assert await open_alerts(desk) == 0


async def open_alerts(desk: Desk) -> int:
    """How many warnings there are."""
    found = await desk.house.api.get("/api/v1/alerts")
    return len(found.json()["items"])


async def test_the_picture_shows_the_minutes_that_the_api_tells(desk: Desk) -> None:
    async with at(desk, "policies") as page:
        red = await asked(page, desk, "/api/v1/policies/red")
        lead = next(
            one for one in red["occasions"][0]["ladders"] if one["post"] == "grid_lead"
        )
        ladder = page.get_by_role("region", name="叫网格长")
        rungs = ladder.get_by_role("listitem")
        shown_at = [
            await one.locator("b").first.inner_text() for one in await rungs.all()
        ]
        desk_at = await ladder.locator(".desk b").inner_text()
        times = await rungs.first.locator(".tries .number").all_inner_texts()

        assert shown_at == [told(rung["at"]) for rung in lead["rungs"]]
        assert desk_at == told(lead["desk_at"])
        made = [
            one["at"]
            for one in lead["rungs"][0]["tries"]
            if one["why_not"] != "no_route"
        ]
        assert times == [told(at) for at in dict.fromkeys(made)]

        await page.get_by_role("button", name="山洪").click()
        await page.get_by_role("button", name="橙色").click()
        await expect(page.get_by_text("山洪橙色按红色的时限叫应")).to_be_visible()
        assert "kind=11A51" in page.url


def told(seconds: int) -> str:
    """Seconds as the page tells them."""
    return f"{seconds // 60}:{seconds % 60:02}"


async def test_the_log_is_filtered_in_the_address(desk: Desk) -> None:
    async with at(desk, "users") as page:
        for name in ("erste", "zweite"):
            await hired(page, name, name, "值班员")
        await shown(page, desk, "log")
        await page.get_by_label("什么事").select_option("officer_changed")
        await page.get_by_label("谁").fill("BOSS")
        await page.get_by_label("谁").press("Enter")
        await expect(page).to_have_url(
            f"{desk.base}/console/log?kind=officer_changed&by=BOSS"
        )
        entries = page.get_by_role("listitem")
        await expect(entries.first).to_contain_text("新建账户 zweite，角色值班员")
        kinds = await page.locator("li .kind").all_inner_texts()
        await page.get_by_label("到").fill("2020-01-01")
        await expect(page.get_by_text("没有符合条件的记录")).to_be_visible()
        await page.get_by_role("button", name="清除条件").click()
        await expect(entries.first).to_be_visible()

    assert set(kinds) == {"账户"}


async def test_who_looks_on_sees_no_form_and_no_page_that_is_not_his(
    desk: Desk,
) -> None:
    async with at(desk, "channels", VIEWER) as page:
        await page.get_by_role("article", name="sms").wait_for()
        await expect(page.get_by_role("button", name="试发给自己")).to_have_count(0)
        links = await page.locator("header nav a").all_inner_texts()
        await shown(page, desk, "policies")
        await page.get_by_role("region", name="叫网格长").wait_for()
        forms = await page.locator("main form").count()
        await page.goto(f"{desk.base}/console/users")
        await expect(page.get_by_text("没有这个页面")).to_be_visible()
        refused = (await page.request.get(f"{desk.base}/api/v1/officers")).status

    assert forms == 0
    assert not {"日志", "用户与密钥"} & set(links)
    assert refused == 403


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_no_page_of_the_house_shuts_anybody_out(
    desk: Desk, language: str, theme: str
) -> None:
    need(AXE)
    found: dict[str, Any] = {}
    async with at(desk, "channels", language=language, theme=theme) as page:
        for path in PAGES:
            await shown(page, desk, path)
            await page.locator("main .panel").first.wait_for()
            found[path] = await examined(page)
        await page.locator("section:last-of-type button.first").click()
        await page.locator("main svg").wait_for()
        found["codes"] = await examined(page)
        await shown(page, desk, "users")
        for n in range(2):
            await page.locator("section button.first").nth(n).click()
            found[f"dialog {n}"] = await examined(page)
            await page.keyboard.press("Escape")
        await shown(page, desk, "channels")
        await page.get_by_role("article", name="sms").get_by_role("button").click()
        found["try"] = await examined(page)

    assert found == {path: [] for path in found}


async def test_no_page_of_the_house_scrolls_sideways_on_a_phone(desk: Desk) -> None:
    wide = "document.documentElement.scrollWidth - innerWidth"
    async with at(desk, "channels", size=PHONE, language="en") as page:
        found = {}
        for path in PAGES:
            await shown(page, desk, path)
            await page.locator("main .panel").first.wait_for()
            found[path] = await page.evaluate(wide)

    assert found == dict.fromkeys(PAGES, 0)
