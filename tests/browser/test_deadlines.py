"""Deadlines in a real Chromium: the list under the pointer, acknowledging by keyboard, alarms, and the wall-board."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import BrowserContext, Page, expect

from bot.console.live import LIVE_PAGES, LivePages
from bot.keys import LIBRARY
from storage.database import Transaction
from storage.sqlite import open_database
from tests.browser.camera import Camera
from tests.browser.conftest import MakeContext
from tests.browser.test_console import PHONE, Desk, without_news
from tests.console import cast as people
from tests.console import promises
from tests.console.conftest import build
from tests.fakes import PATIENCE_S
from tickets import desk as resolving
from tickets import tickets
from tickets.alerts import Notice
from tickets.alerts.console import Shown
from tickets.escalation import outcomes
from tickets.model import Agent

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Stand-ins that count: what would be heard and shown.
STUBS = """
window.tones = 0;
window.shown = [];
window.AudioContext = class {
  state = window.mayPlay === false ? "suspended" : "running";
  currentTime = 0;
  destination = {};
  async resume() {}
  createOscillator() {
    return { frequency: {}, connect() {}, start() { window.tones += 1; }, stop() {} };
  }
  createGain() {
    return { gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect() {} };
  }
};
window.Notification = class {
  static permission = localStorage.getItem("test-permission") ?? "default";
  static async requestPermission() {
    Notification.permission = "granted";
    localStorage.setItem("test-permission", "granted");
    return "granted";
  }
  constructor(title, more) { window.shown.push([title, more.tag]); }
};
"""


class Promised(Desk):
    """A desk with promises of every sort."""

    app_pages: LivePages


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path, new_context: MakeContext) -> AsyncIterator[Promised]:
    database = open_database(tmp_path / "data")
    clock, typing = people.Clock(), people.TypingHeard()
    await database.write(people.set_up)
    cast = await database.write(people.hire)
    made = await database.write(promises.fill, cast)
    app = build(database, clock, typing)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    url = f"http://127.0.0.1:{server.port}"
    promised = Promised(url, database, clock, typing, cast, made, new_context, app[LIBRARY])
    promised.app_pages = app[LIVE_PAGES]
    yield promised
    await server.close()
    await database.close()


def number_of(desk: Promised, name: str) -> str:
    return desk.made[name].number


WAITING = (
    ("v-quote", "E6 长续航版现在订车多久能提？", 11 * people.HOUR + 20 * people.MINUTE),
    ("v-invoice", "发票抬头写错了，想重开一张", 9 * people.HOUR + 40 * people.MINUTE),
    ("v-trip", "周末去崇明，路上哪里可以快充？", 3 * people.HOUR + 10 * people.MINUTE),
)


def all_arrives(tx: Transaction) -> None:
    """Whatever waits to be sent reaches whom it is for."""
    for waiting in tx.execute("SELECT id FROM notice WHERE state = 'queued'"):
        outcomes.sent(tx, waiting["id"], "", people.NOON - people.MINUTE)


async def test_what_is_most_urgent_comes_first(desk: Promised, request: pytest.FixtureRequest) -> None:
    holiday = desk.made["holiday"]
    await desk.database.write(all_arrives)
    await desk.database.write(
        resolving.resolve, holiday.number, desk.cast.li, holiday.version, desk.clock.now - people.HOUR
    )
    for visitor, text, ago in WAITING:
        await desk.database.write(people.ask, visitor, text, desk.clock.now - ago)
    page = await desk.page(desk.cast.li, "/console/deadlines")
    badges = page.locator("tbody.rows .due")
    await expect(badges.first).to_have_class("due due-overdue")
    due = [int(await badge.get_attribute("data-due") or 0) for badge in await badges.all()]
    assert due == sorted(due)
    await Camera(bool(request.config.getoption("--pictures"))).take(page, "due")


async def test_a_list_keeps_its_order_under_the_pointer_and_follows_when_it_leaves(desk: Promised) -> None:
    page = await desk.page(desk.cast.li, "/console/deadlines")
    rows = page.locator("tbody.rows > [data-key]")
    await rows.nth(2).hover()
    before = [await row.get_attribute("data-key") for row in await rows.all()]
    await desk.database.write(people.ask, "v-new", "我要找人工", desk.clock.now - 200 * promises.DAY)
    bar = page.locator("#updates-bar")
    await expect(bar).to_be_visible()
    assert [await row.get_attribute("data-key") for row in await rows.all()] == before
    await bar.click()
    await expect(rows.first).to_contain_text("我要找人工")


async def test_a_row_is_acknowledged_by_keyboard(desk: Promised) -> None:
    page = await desk.page(desk.cast.li, "/console/deadlines")
    row = page.locator(f'[data-ticket="{number_of(desk, "broken")}"]')
    for _ in range(3):
        await page.keyboard.press("j")
    await expect(row.locator(".entry-link")).to_be_focused()
    await page.keyboard.press("a")
    await expect(page.locator(".toast")).to_contain_text("已确认，今天 20:00 前不再升级")
    await expect(row).to_contain_text("无待确认")
    ticket = desk.made["broken"]
    told = (await desk.database.read(tickets.timeline, ticket)).alerts
    assert {one.acknowledged_by for one in told} == {desk.cast.li.id}


@pytest.mark.parametrize("wishes", [{}, PHONE], ids=["desk", "phone"])
async def test_a_snooze_keeps_what_was_typed_until_it_is_right(desk: Promised, wishes: dict[str, Any]) -> None:
    page = await desk.page(desk.cast.li, "/console/deadlines", **wishes)
    row = page.locator(f'[data-ticket="{number_of(desk, "broken")}"]')
    await row.locator("[data-snooze]").click()
    dialog = page.locator("#snooze-dialog")
    await expect(dialog).to_contain_text(number_of(desk, "broken"))
    await dialog.locator("[name=snooze]").select_option(label="2 小时")
    await dialog.locator("[name=reason]").fill("   ")
    await dialog.get_by_role("button", name="稍后提醒").click()
    await expect(page.locator(".toast-bad")).to_contain_text("请写明原因")
    await expect(dialog.locator("[name=snooze]")).to_have_value("7200000")
    await dialog.locator("[name=reason]").fill("在等门店回电")
    await dialog.locator("[name=reason]").press("Enter")
    await expect(page.locator(".toast")).to_contain_text("今天 18:00 前不再通知")
    await expect(dialog).to_be_hidden()
    await expect(row).to_contain_text("无待确认")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_countdown_turns_amber_when_the_policy_warns(desk: Promised) -> None:
    page = await desk.page(desk.cast.li, "/console/deadlines")
    await without_news(page)
    row = page.locator(f'[data-ticket="{number_of(desk, "warned")}"] .due')
    await expect(row).to_have_class("due due-soon")
    calm = page.locator(f'[data-ticket="{number_of(desk, "calm")}"] .due').first
    await expect(calm).to_have_class("due due-calm")
    assert await calm.get_attribute("data-soon-at")
    await calm.evaluate("(badge) => { badge.dataset.soonAt = Number(document.body.dataset.now); }")
    await expect(calm).to_have_class("due due-soon")


# Alarms


async def alarmed(desk: Promised, agent: Agent, key: str, *numbers: str) -> Shown:
    title = f"工单 {numbers[0]} 已超时 50 分"
    return await desk.app_pages.alarm(Notice(key, agent.id, title, "", numbers))


async def until(page: Page, holds: str) -> None:
    """Return once this holds on the page; its policy lets no text of ours be run by its own timers."""
    async with asyncio.timeout(PATIENCE_S):
        while not await page.evaluate(holds):
            await asyncio.sleep(0.02)


async def more_pages(desk: Promised, context: BrowserContext, path: str) -> Page:
    page = await context.new_page()
    before = len(desk.app_pages.pages)
    await page.goto(desk.url + path)
    async with asyncio.timeout(PATIENCE_S):
        while len(desk.app_pages.pages) <= before:
            await asyncio.sleep(0.01)
    return page


async def test_an_alarm_shows_on_every_page_and_rings_once_in_a_browser(desk: Promised) -> None:
    number = number_of(desk, "broken")
    desk_page = await desk.page(desk.cast.li, "/console")
    await desk_page.context.add_init_script(STUBS)
    await desk_page.evaluate("localStorage.setItem('test-permission', 'granted')")
    await desk_page.reload()
    await expect(desk_page.locator("#link-state")).to_have_attribute("data-state", "live")
    others = [await more_pages(desk, desk_page.context, path) for path in ("/console/knowledge", "/console/deadlines")]
    pages = [desk_page, *others]
    assert await alarmed(desk, desk.cast.li, "notice:1", number) is Shown.SHOWN
    for page in pages:
        await expect(page.locator(".alarm-note")).to_contain_text(number)
    for what in ("tones", "shown.length"):
        while not any([await page.evaluate(f"window.{what}") for page in pages]):
            await asyncio.sleep(0.02)
    await desk_page.wait_for_timeout(400)
    assert sum([await page.evaluate("window.tones") for page in pages]) == 4
    shown = [one for page in pages for one in await page.evaluate("window.shown")]
    assert shown == [[f"工单 {number} 已超时 50 分", "notice:1"]]
    assert await alarmed(desk, desk.cast.li, "notice:1", number) is Shown.SHOWN
    await desk_page.wait_for_timeout(400)
    assert sum([await page.evaluate("window.tones") for page in pages]) == 4
    await others[0].get_by_role("button", name="知道了").click()
    for page in pages:
        await expect(page.locator(".alarm-note")).to_have_count(0)


async def test_an_alarm_stays_over_pages_until_its_ticket_is_opened(desk: Promised) -> None:
    number = number_of(desk, "broken")
    page = await desk.page(desk.cast.li, "/console/deadlines")
    await alarmed(desk, desk.cast.li, "notice:2", number)
    await expect(page.locator(".alarm-note")).to_be_visible()
    await page.goto(f"{desk.url}/console/deadlines/report")
    await expect(page.locator(".alarm-note")).to_contain_text(number)
    await page.get_by_role("link", name="去处理").click()
    await page.wait_for_url(f"**/tickets/{number}")
    await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    await expect(page.locator(".alarm-note")).to_have_count(0)


async def test_sound_is_muted_in_this_browser_and_nothing_is_asked_on_load(desk: Promised) -> None:
    page = await desk.page(desk.cast.li, "/console/deadlines")
    await page.context.add_init_script(STUBS)
    await page.reload()
    await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    assert await page.evaluate("localStorage.getItem('test-permission')") is None
    bell = page.locator("#alarm-settings summary")
    await bell.click()
    await page.get_by_role("button", name="试听").click()
    await until(page, "window.tones === 4")
    await page.locator("[data-alarm-sound]").click()
    await expect(page.locator("[data-alarm-sound]")).to_have_attribute("aria-pressed", "false")
    await expect(page.locator("[data-alarm-state]")).to_have_text("未打开")
    await page.locator("[data-alarm-ask]").click()
    await expect(page.locator("[data-alarm-state]")).to_have_text("已打开")
    await alarmed(desk, desk.cast.li, "notice:3", number_of(desk, "broken"))
    await expect(page.locator(".alarm-note")).to_be_visible()
    await until(page, "window.shown.length === 1")
    assert await page.evaluate("window.tones") == 4
    await page.reload()
    await expect(page.locator("#alarm-settings")).to_have_class("alarm-menu needs-script alarm-muted")


async def test_many_alarms_leave_room_for_the_page_and_are_dismissed_at_once(desk: Promised) -> None:
    page = await desk.page(desk.cast.li, "/console/deadlines", **PHONE)
    numbers = [f"2611-{place:04}" for place in range(1, 6)]
    for number in numbers:
        assert await alarmed(desk, desk.cast.li, f"notice:{number}", number, "2611-0009") is Shown.SHOWN
    await expect(page.locator(".alarm-note")).to_have_count(2)
    await expect(page.locator(".alarm-note").first).to_contain_text(numbers[-1])
    await expect(page.locator(".alarm-rest")).to_contain_text("另有 4 条预警，共 5 个工单")
    await page.get_by_role("button", name="全部知道了").click()
    await expect(page.locator(".alarm-note")).to_have_count(0)


async def test_a_page_that_may_not_sound_yet_says_that_it_needs_a_click(desk: Promised) -> None:
    page = await desk.page(desk.cast.li, "/console/deadlines")
    await page.context.add_init_script("window.mayPlay = false;" + STUBS)
    await page.reload()
    await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    await alarmed(desk, desk.cast.li, "notice:4", number_of(desk, "broken"))
    await expect(page.locator(".alarm-note")).to_be_visible()
    await page.wait_for_timeout(300)
    assert await page.evaluate("window.tones") == 0
    await page.locator("#alarm-settings summary").click()
    await expect(page.locator("[data-alarm-click]")).to_be_visible()


async def test_logging_out_leaves_no_alarm_behind(desk: Promised) -> None:
    page = await desk.page(desk.cast.li, "/console/deadlines")
    await alarmed(desk, desk.cast.li, "notice:5", number_of(desk, "broken"))
    await expect(page.locator(".alarm-note")).to_be_visible()
    await page.click(".menu summary")
    await page.click("form[action='/console/logout'] .menu-item")
    await page.wait_for_url("**/console/login")
    kept = await page.evaluate("Object.entries(localStorage).filter(([key]) => key.startsWith('yingsheng-alarms'))")
    assert all(value == "[]" for _, value in kept)


# The wall-board


async def test_the_wall_follows_by_itself_says_when_it_is_old_and_comes_back(desk: Promised) -> None:
    page = await desk.page(desk.cast.supervisor, "/console")
    await page.set_viewport_size({"width": 1920, "height": 1080})
    await page.clock.install()
    await page.goto(f"{desk.url}/console/wall")
    waiting = page.locator(".figure strong").nth(2)
    await expect(waiting).to_have_text("4")
    async with asyncio.timeout(PATIENCE_S):
        while not any(one.wall for one in desk.app_pages.pages):
            await asyncio.sleep(0.01)
    await desk.database.write(people.ask, "v-new", "我要找人工", desk.clock.now)
    await page.wait_for_timeout(300)
    await page.clock.run_for(2_000)
    await expect(waiting).to_have_text("5")
    await expect(page.locator("#stale")).to_be_hidden()
    await page.route("**/console/wall", lambda route: route.abort())
    await page.clock.run_for(120_000)
    await expect(page.locator("#stale")).to_contain_text("画面停在")
    await page.unroute("**/console/wall")
    await page.clock.run_for(20_000)
    await expect(page.locator("#stale")).to_be_hidden()
    fits = "document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth"
    assert await page.evaluate(fits)
    size = await page.evaluate("parseFloat(getComputedStyle(document.querySelector('.wall-row strong')).fontSize)")
    assert size >= 30


async def test_a_screen_is_set_up_with_one_button_and_ended_from_elsewhere(desk: Promised) -> None:
    page = await desk.page(desk.cast.supervisor, "/console")
    await page.goto(f"{desk.url}/console/wall")
    await page.get_by_role("button", name="让这块屏幕一直显示").click()
    await expect(page.get_by_role("button", name="结束显示")).to_be_visible()
    elsewhere = await desk.page(desk.cast.supervisor, "/console")
    await elsewhere.goto(f"{desk.url}/console/wall")
    await elsewhere.get_by_role("button", name="结束所有屏幕").click()
    await expect(page.locator("#stale")).to_have_text("这块屏幕的登录已结束，请重新登录")
