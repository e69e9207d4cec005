"""Contacts at the desk: looked up, edited by two at once, and imported from a file."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from contacts.importers.columns import Column
from contacts.model import Post
from dispatcher.console.page import STATIC
from dispatcher.core.officer import OfficerRole
from tests.chaos.house import county_of
from tests.console.desk import AXE, CHROMIUM, PHONE, Desk, desk_of, need
from tests.console.staff import SIDEWAYS, asked, at_desk, faults, hire
from tests.contacts.offices import Row, Tab, Value, as_xlsx
from tests.stories.april import SPOILT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

GRIDS = 40
LEADER, VIEWER = OfficerRole.LEADER, OfficerRole.VIEWER
ADMINISTRATOR = OfficerRole.ADMINISTRATOR
BOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    need(Path(CHROMIUM), STATIC / "index.html")
    async with desk_of(tmp_path_factory.mktemp("contacts"), GRIDS, 8.0) as found:
        for role in (LEADER, VIEWER, ADMINISTRATOR):
            await hire(found, role)
        yield found


def lead(desk: Desk, at: int) -> tuple[str, str, str]:
    """A grid, who leads it, and his name."""
    roster = desk.house.roster
    held = [one for one in roster.holdings if one.ref.post is Post.GRID_LEAD][at]
    return held.ref.unit, held.person, roster.people[held.person].name


async def opened(page: Page, desk: Desk, unit: str) -> None:
    await page.goto(f"{desk.base}/console/contacts?unit={unit}")
    await page.locator("section.panel .holder ul").first.wait_for()


def table() -> list[Row]:
    """The county's own file, as a sheet."""
    rows = csv.reader(io.StringIO(county_of(GRIDS).decode("utf-8-sig"), newline=""))
    return [*rows]


def book(rows: list[Row]) -> bytes:
    return as_xlsx(Tab(rows=rows))


def row_of(rows: list[Row], grid: str) -> list[Value]:
    """The line of a grid's leader."""
    code = list(rows[0]).index(Column.GRID_CODE)
    role = list(rows[0]).index(Column.ROLE)
    return next(
        list(row) for row in rows[1:] if row[code] == grid and row[role] in LEADS
    )


PATIENCE = 30_000
LEADS = {"网格长", "A角"}


async def send(page: Page, name: str, data: bytes) -> None:
    file = {"name": name, "mimeType": BOOK, "buffer": data}
    await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]


async def test_the_tree_opens_by_keys_and_a_search_by_person_leads_to_his_unit(
    desk: Desk,
) -> None:
    unit, _, name = lead(desk, 3)
    async with at_desk(desk, VIEWER) as page:
        await page.keyboard.press("g")
        await page.keyboard.press("p")
        await expect(page.get_by_role("treeitem").nth(1)).to_be_visible()
        tree = page.get_by_role("tree")
        before = await page.get_by_role("treeitem").count()
        await tree.press("ArrowDown")
        await tree.press("ArrowRight")
        await expect(page.get_by_role("treeitem").nth(before)).to_be_visible()

        await page.get_by_role("searchbox").fill(name)
        await page.locator("section.left ul button", has_text=name).first.click()
        await expect(page.locator("section.right h2")).to_be_visible()
        await opened(page, desk, unit)
        await expect(page.locator("section.right")).to_contain_text(name)
        await expect(page.locator("[role=treeitem][aria-selected=true]")).to_have_count(
            1
        )
        await expect(page.get_by_role("button", name="改信息")).to_have_count(0)
        await expect(page.get_by_role("button", name="显示号码")).to_have_count(0)


async def test_what_is_typed_while_it_is_still_read_again_stays(desk: Desk) -> None:
    unit, _, name = lead(desk, 17)
    typed, read = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        await typed.wait()
        await route.continue_()
        read.set()

    async with at_desk(desk, LEADER) as page:
        await opened(page, desk, unit)
        await page.route("**/api/v1/people/*", late)
        await page.get_by_role("button", name=f"改信息 {name}").click()
        await expect(page.get_by_label("姓名", exact=True)).to_have_value(name)
        await page.get_by_label("姓名", exact=True).fill("先打的字")
        typed.set()
        await read.wait()
        await page.get_by_role("button", name="保存").click()

        await expect(page.locator("section.right")).to_contain_text("先打的字")


async def test_two_windows_collide_and_nothing_is_overwritten_unseen(
    desk: Desk,
) -> None:
    unit, _, name = lead(desk, 0)
    edit = f"改信息 {name}"
    async with at_desk(desk, LEADER) as one, at_desk(desk, ADMINISTRATOR) as other:
        for page in (one, other):
            await opened(page, desk, unit)
            await page.get_by_role("button", name=edit).first.click()
            await page.get_by_role("button", name="换号").first.click()
        await one.get_by_label("新号码 1").fill("+99955500001")
        await one.get_by_role("button", name="保存").click()
        await expect(one.get_by_role("dialog")).to_have_count(0)
        await one.get_by_role("button", name="显示号码").first.click()
        await expect(one.locator("a[href='tel:+99955500001']")).to_be_visible()

        await other.get_by_label("新号码 1").fill("+99955500002")
        await other.get_by_role("button", name="保存").click()
        await expect(other.get_by_role("alert")).to_contain_text("别人已经改过")
        await expect(other.get_by_role("alert")).to_contain_text("0001")
        await expect(other.get_by_role("button", name="保存")).to_be_disabled()
        await other.get_by_role("button", name="看过了").click()
        await other.get_by_role("button", name="保存").click()
        await expect(other.get_by_role("dialog")).to_have_count(0)
        told = await asked(other, f"/api/v1/posts/{unit}/grid_lead")
        person = told["holders"][0]["person"]
        clear = await asked(other, f"/api/v1/people/{person}?reveal=true")

    values = [number["value"] for number in clear["numbers"]]
    assert {"+99955500001", "+99955500002"} <= set(values)


async def test_a_wrong_number_is_told_beside_its_field(desk: Desk) -> None:
    unit, _, name = lead(desk, 1)
    async with at_desk(desk, LEADER) as page:
        await opened(page, desk, unit)
        await page.get_by_role("button", name=f"改信息 {name}").first.click()
        await page.get_by_role("button", name="换号").first.click()
        await page.get_by_label("新号码 1").fill("1380013")
        await page.get_by_role("button", name="保存").click()
        await expect(page.locator("fieldset .wrong")).to_be_visible()


async def test_a_dirty_workbook_is_told_by_row_and_column(desk: Desk) -> None:
    rows = table()
    head, good = list(rows[0]), row_of(rows, lead(desk, 5)[0])
    bad = [
        [
            one.cells.get(Column(str(column)), cell)
            for column, cell in zip(head, good, strict=True)
        ]
        for one in SPOILT.values()
    ]
    async with at_desk(desk, LEADER) as page:
        await page.goto(f"{desk.base}/console/contacts?tab=imports")
        await send(page, "四月名册.xlsx", book([*rows, *bad]))
        await expect(page.locator("article")).to_contain_text("一处都没有导入")
        lines = page.locator("article tbody tr")
        texts = await lines.all_inner_texts()
        async with page.expect_download() as downloading:
            await page.get_by_role("link", name="下载错误表（csv）").click()
        file = await (await downloading.value).path()
        errors = [*csv.reader(file.read_text("utf-8-sig").splitlines())]
        await expect(page.get_by_role("button", name="导入：")).to_have_count(0)

    found = {int(text.split("\t")[0]) for text in texts}
    assert set(range(len(rows) + 1, len(rows) + len(bad) + 1)) <= found
    assert all(any("※" in cell for cell in line) for line in errors[1:])


async def test_a_sound_workbook_is_applied_and_undone(desk: Desk) -> None:
    rows = [list(row) for row in table()]
    unit = lead(desk, 7)[0]
    name = rows[0].index(Column.NAME)
    at = rows.index(row_of([*rows], unit))
    rows[at][name] = "新网格长"
    async with at_desk(desk, LEADER) as page:
        await page.goto(f"{desk.base}/console/contacts?tab=imports")
        await send(page, "四月名册(改).xlsx", book([*rows]))
        await expect(page.locator("article .changes")).to_contain_text("新网格长")
        await page.get_by_role("button", name="导入：").click()
        await page.get_by_role("button", name="导入，改动").click()
        await expect(page.locator("article .state")).to_have_text(
            "已导入", timeout=PATIENCE
        )
        post = f"/api/v1/posts/{unit}/grid_lead"
        applied = await asked(page, post)
        await page.get_by_role("button", name="撤销这次导入").click()
        go = page.get_by_role("button", name="撤销导入，")
        await expect(go).to_be_disabled()
        await page.get_by_label("输入“撤销”").fill("撤销")
        await go.click()
        await expect(page.locator("article .state")).to_have_text(
            "已撤销", timeout=PATIENCE
        )
        undone = await asked(page, post)
        await page.get_by_role("button", name="变更记录").click()
        await expect(page.locator("main li").first).to_contain_text("撤销导入")

    assert applied["holders"][0]["name"] == "新网格长"
    assert undone["holders"][0]["name"] != "新网格长"


def strange() -> list[list[Value]]:
    """The county's file, with a word over the names that nobody knows."""
    head, *rest = table()
    heads = ["叫什么" if one == Column.NAME else one for one in head]
    return [heads, *map(list, rest)]


async def applied(page: Page) -> None:
    """Wait until an import is in the roster."""
    state = page.locator("article .state")
    await expect(state).to_have_text("已导入", timeout=PATIENCE)


async def test_a_column_that_is_not_recognised_is_pointed_out(desk: Desk) -> None:
    unit, rows = lead(desk, 9)[0], strange()
    name = rows[0].index("叫什么")
    at = rows.index(row_of([table()[0], *rows[1:]], unit))
    rows[at][name] = "新列来的"
    async with at_desk(desk, LEADER) as page:
        await page.goto(f"{desk.base}/console/contacts?tab=imports")
        await send(page, "怪表头.xlsx", book([*rows]))
        await expect(page.get_by_text("没有找到：姓名")).to_be_visible()
        select = page.get_by_label("姓名", exact=False).first
        option = select.locator("option", has_text="叫什么")
        await expect(option).to_contain_text("（")  # with what stands below it
        await select.select_option(str(await option.get_attribute("value")))
        await page.get_by_role("button", name="按此重新读取").click()
        await expect(page.locator("article .changes")).to_contain_text("新列来的")
        await page.get_by_role("button", name="导入：").click()
        await page.get_by_role("button", name="导入，改动").click()
        await applied(page)
        now = await asked(page, f"/api/v1/posts/{unit}/grid_lead")

    assert now["holders"][0]["name"] == "新列来的"


async def restored(page: Page, desk: Desk) -> None:
    """Let the roster be what the county's file says, whatever was made of it."""
    await page.goto(f"{desk.base}/console/contacts?tab=imports")
    await send(page, "原样.xlsx", book([*table()]))
    await expect(page.locator("article h3").first).to_be_visible()
    change = page.get_by_role("button", name="导入：")
    if await change.count():
        await change.click()
        await page.get_by_role("button", name="导入，改动").click()
        await applied(page)


async def test_correct_rows_alone_are_taken_by_a_typed_word(desk: Desk) -> None:
    rows = [list(row) for row in table()]
    good, wrong = lead(desk, 11)[0], lead(desk, 12)
    rows[rows.index(row_of([*rows], good))][rows[0].index(Column.NAME)] = "对的人"
    rows[rows.index(row_of([*rows], wrong[0]))][rows[0].index(Column.MOBILE)] = "110"
    async with at_desk(desk, LEADER) as page:
        await restored(page, desk)
        await send(page, "有错.xlsx", book([*rows]))
        await expect(page.locator("article .counts")).to_contain_text("0 移除")
        await page.get_by_role("button", name="只导入正确的行：").click()
        go = page.get_by_role("button", name="导入，改动")
        await expect(go).to_be_disabled()
        await page.get_by_label("输入“部分导入”").fill("部分导入")
        await go.click()
        await applied(page)
        await expect(page.locator("article")).to_contain_text("有 1 行因有问题没有导入")
        right = await asked(page, f"/api/v1/posts/{good}/grid_lead")
        left = await asked(page, f"/api/v1/posts/{wrong[0]}/grid_lead")

    assert right["holders"][0]["name"] == "对的人"
    assert left["holders"][0]["name"] == wrong[2]


async def test_over_a_roster_that_moved_an_import_goes_by_force_only(
    desk: Desk,
) -> None:
    rows = [list(row) for row in table()]
    unit = lead(desk, 13)[0]
    rows[rows.index(row_of([*rows], unit))][rows[0].index(Column.NAME)] = "强来的"
    async with at_desk(desk, LEADER) as page, at_desk(desk, LEADER) as other:
        await page.goto(f"{desk.base}/console/contacts?tab=imports")
        await send(page, "四月.xlsx", book([*rows]))
        await expect(page.locator("article .changes")).to_contain_text("强来的")
        await opened(other, desk, lead(desk, 14)[0])
        await other.get_by_role("button", name="改信息").first.click()
        await other.get_by_label("姓名", exact=True).fill("中间改的")
        await other.get_by_role("button", name="保存").click()
        await expect(other.get_by_text("中间改的").first).to_be_visible()
        await page.get_by_role("button", name="导入：").click()
        go = page.get_by_role("button", name="导入，改动")
        await go.click()
        await expect(page.locator("dialog").get_by_role("alert")).to_contain_text(
            "force"
        )
        await expect(go).to_be_disabled()
        await page.get_by_label("名册在这之后又有改动").check()
        await go.click()
        await applied(page)
        now = await asked(page, f"/api/v1/posts/{unit}/grid_lead")

    assert now["holders"][0]["name"] == "强来的"


async def test_who_is_erased_is_gone_after_his_name_was_typed(desk: Desk) -> None:
    unit, _, _ = lead(desk, 15)
    async with at_desk(desk, ADMINISTRATOR) as page:
        now = await asked(page, f"/api/v1/posts/{unit}/grid_lead")
        name = now["holders"][0]["name"]
        await opened(page, desk, unit)
        await page.get_by_role("button", name="彻底删除个人信息").first.click()
        dialog = page.locator("dialog")
        go = dialog.get_by_role("button", name="永久删除")
        await expect(go).to_be_disabled()
        await dialog.get_by_label("理由").fill("本人要求")
        await dialog.get_by_label(f"输入“{name}”").fill(name)
        await go.click()
        await expect(dialog).to_have_count(0)
        after = await asked(page, f"/api/v1/posts/{unit}/grid_lead")

    assert name not in {one["name"] for one in after["holders"]}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_page_shuts_nobody_out(desk: Desk, language: str, theme: str) -> None:
    need(AXE)
    unit = lead(desk, 2)[0]
    found = {}
    async with at_desk(desk, ADMINISTRATOR, None, language, theme) as page:
        await opened(page, desk, unit)
        found["unit"] = await faults(page)
        await page.locator(".holder .verbs button").nth(1).click()
        await page.locator("dialog fieldset button").first.wait_for()
        found["person"] = await faults(page)
        for tab in ("check", "history", "imports"):
            await page.goto(f"{desk.base}/console/contacts?tab={tab}")
            await page.locator("main .panel").first.wait_for()
            found[tab] = await faults(page)
        await send(page, "怪表头.xlsx", book([*strange()]))
        await page.locator("article select").first.wait_for()
        found["columns"] = await faults(page)

    assert not any(found.values()), found


async def test_no_tab_scrolls_sideways_on_a_telephone(desk: Desk) -> None:
    unit = lead(desk, 2)[0]
    wide = {}
    async with at_desk(desk, ADMINISTRATOR, PHONE, "en") as page:
        await opened(page, desk, unit)
        wide["unit"] = await page.evaluate(SIDEWAYS)
        for tab in ("check", "history", "imports"):
            await page.goto(f"{desk.base}/console/contacts?tab={tab}")
            await page.locator("main .panel").first.wait_for()
            wide[tab] = await page.evaluate(SIDEWAYS)
        await page.locator(".live").evaluate(
            "it => it.textContent = '○ ' + '连'.repeat(30)"
        )
        wide["cut off"] = await page.evaluate(SIDEWAYS)

    assert wide == dict.fromkeys(wide, 0)
