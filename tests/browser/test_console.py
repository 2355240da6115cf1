"""The console in a real Chromium: what its scripts do, at a desk and on a phone."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, Route, expect

from bot.keys import LIBRARY
from knowledgebase.library import Library
from storage.sqlite import SQLiteDatabase, open_database
from tests.browser.conftest import MakeContext
from tests.console import cast as people
from tests.console.conftest import build
from tests.fakes import eventually
from tickets import agents, conversations, tickets
from tickets.model import Agent, Status, Ticket

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


@dataclass(slots=True)
class Desk:
    """A running console with an afternoon's tickets, and doors to it."""

    url: str
    database: SQLiteDatabase
    clock: people.Clock
    typing: people.TypingHeard
    cast: people.Cast
    made: dict[str, Ticket]
    new_context: MakeContext
    library: Library

    async def page(self, agent: Agent, path: str = "/console", **wishes: Any) -> Page:
        """A page on which this agent is logged in. A script error on it fails the test."""
        page = await (await self.new_context(**wishes)).new_page()
        page.on("pageerror", _fail)
        await page.goto(f"{self.url}/console/login?next={path}")
        await page.fill("[name=login]", agent.login)
        await page.fill("[name=password]", people.PASSWORD)
        await page.click("form.door-card button")
        await page.wait_for_url(f"{self.url}{path}")
        await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
        return page

    async def ticket_page(self, agent: Agent, name: str, **wishes: Any) -> Page:
        return await self.page(agent, f"/console/tickets/{self.made[name].number}", **wishes)


def _fail(error: Exception) -> None:
    raise AssertionError(f"a script failed: {error}")


async def without_news(page: Page) -> None:
    """Load the page again; from then on it has nothing but its own clock."""

    async def answer(route: Route) -> None:
        await (route.abort() if "x-fetch" in route.request.headers else route.continue_())

    await page.route("**/*", answer)
    await page.reload()
    await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")


@pytest_asyncio.fixture(loop_scope="session")
async def busy_desk(tmp_path: Path, new_context: MakeContext) -> AsyncIterator[Desk]:
    database = open_database(tmp_path / "data")
    clock, typing = people.Clock(), people.TypingHeard()
    await database.write(people.set_up)
    cast = await database.write(people.hire)
    made = await database.write(people.fill_desk, cast)
    app = build(database, clock, typing)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    yield Desk(f"http://127.0.0.1:{server.port}", database, clock, typing, cast, made, new_context, app[LIBRARY])
    await server.close()
    await database.close()


async def test_a_new_ticket_appears_and_is_counted_in_the_title_without_a_reload(busy_desk: Desk) -> None:
    page = await busy_desk.page(busy_desk.cast.li)
    await expect(page).to_have_title(re.compile(r"^（5）"))
    await busy_desk.database.write(people.ask, "v-new", "我要找人工", busy_desk.clock.now)
    await expect(page.locator(".row", has_text="我要找人工")).to_be_visible()
    await expect(page).to_have_title(re.compile(r"^（6）"))


async def test_rows_never_move_under_the_pointer(busy_desk: Desk) -> None:
    page = await busy_desk.page(busy_desk.cast.li)
    rows = page.locator(".row")
    await rows.nth(2).hover()
    before = [await row.get_attribute("data-key") for row in await rows.all()]
    urgent = await busy_desk.database.write(people.ask, "v-new", "我要找人工", busy_desk.clock.now - 11 * people.HOUR)
    bar = page.locator("#updates-bar")
    await expect(bar).to_have_text("有 1 条更新，点击显示")
    assert [await row.get_attribute("data-key") for row in await rows.all()] == before
    await bar.click()
    await expect(rows.nth(1)).to_have_attribute("data-key", urgent.number)
    await expect(bar).to_be_hidden()


async def test_a_customers_message_is_read_as_soon_as_it_is_written_and_a_reply_reaches_them(
    busy_desk: Desk,
) -> None:
    page = await busy_desk.ticket_page(busy_desk.cast.li, "soon")
    await busy_desk.database.write(people.customer_writes, "v-soon", "还要等多久？", busy_desk.clock.now)
    await expect(page.locator(".said-contact", has_text="还要等多久？")).to_be_visible()
    await page.fill("#form-reply textarea", "张师傅看过照片了，建议今天换胎。")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast")).to_contain_text("已发送给客户")
    await expect(page.locator(".said-agent", has_text="建议今天换胎")).to_be_visible()
    await expect(page.locator("#form-reply textarea")).to_have_value("")
    await expect(page.locator(".head .chip")).to_have_text("等客户回复")


@pytest.mark.parametrize("wishes", [{}, PHONE], ids=["desk", "phone"])
async def test_why_the_bot_said_something_is_shown_where_it_said_it(busy_desk: Desk, wishes: dict[str, Any]) -> None:
    await busy_desk.library.reload()
    page = await busy_desk.ticket_page(busy_desk.cast.li, "soon", **wishes)
    await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    await page.click(".trace summary")
    link = page.locator("[data-why]")
    await expect(link).to_have_attribute("aria-expanded", "false")
    await link.click()
    shown = page.locator(".said-bot .explanation")
    await expect(shown).to_contain_text("轮胎多久需要更换？")
    await expect(link).to_have_attribute("aria-expanded", "true")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await busy_desk.database.write(people.customer_writes, "v-soon", "还要等多久？", busy_desk.clock.now)
    await expect(page.locator(".said-contact", has_text="还要等多久？")).to_be_visible()
    await expect(shown).to_be_visible()
    await link.click()
    await expect(shown).to_have_count(0)
    await page.route("**/console/explain*", lambda route: route.abort())
    await link.click()
    await expect(page.locator(".toast-bad")).to_be_visible()
    await expect(link).to_have_attribute("aria-expanded", "false")


async def test_typing_is_seen_on_both_sides(busy_desk: Desk) -> None:
    page = await busy_desk.ticket_page(busy_desk.cast.li, "soon")
    conversation = busy_desk.made["soon"].conversation_id
    await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    await page.locator("#form-reply textarea").press_sequentially("您好")
    # Once this is heard, the server knows which conversation the page shows.
    await eventually(lambda: bool(busy_desk.typing.heard))
    assert set(busy_desk.typing.heard) == {(conversation, "李工")}
    busy_desk.database.signals.publish([("typing", conversation)])
    await expect(page.locator("#typing")).to_be_visible()


async def test_who_was_faster_is_shown_and_the_reply_is_sent_anyway(busy_desk: Desk) -> None:
    li = await busy_desk.ticket_page(busy_desk.cast.li, "calm")
    chen = await busy_desk.ticket_page(busy_desk.cast.chen, "calm")
    await chen.fill("#form-reply textarea", "您好，滨江店可以做钣喷。")
    # Chen's page hears nothing any more, as in a tunnel.
    await chen.route(
        "**/console/tickets/*", lambda route: route.abort() if route.request.method == "GET" else route.continue_()
    )
    await li.fill("#form-reply textarea", "我来查一下最近的门店，今天 18:00 前告诉您。")
    await li.click("#form-reply .button-main")
    await expect(li.locator(".toast")).to_contain_text("已发送给客户")
    await chen.click("#form-reply .button-main")
    panel = chen.locator(".conflict")
    await expect(panel).to_contain_text("没有发出：工单刚刚有变化")
    await expect(panel).to_contain_text("李工")
    await expect(panel).to_contain_text("今天 18:00 前告诉您")
    await expect(chen.locator("#form-reply textarea")).to_have_value("您好，滨江店可以做钣喷。")
    await panel.get_by_text("接管并发送").click()
    await expect(chen.locator(".toast")).to_contain_text("已发送给客户")
    said = await busy_desk.database.read(conversations.latest, busy_desk.made["calm"].conversation_id, 2)
    assert [message.agent_id for message in said] == [busy_desk.cast.li.id, busy_desk.cast.chen.id]


async def test_a_draft_and_the_tab_it_belongs_to_survive_a_reload(busy_desk: Desk) -> None:
    page = await busy_desk.ticket_page(busy_desk.cast.li, "calm")
    await page.fill("#form-reply textarea", "写到一半")
    await page.keyboard.press("Escape")
    await page.keyboard.press("n")
    await page.keyboard.type("备注写到一半")
    await page.reload()
    await expect(page.locator("#form-reply textarea")).to_have_value("写到一半")
    await expect(page.locator("#form-note textarea")).to_have_value("备注写到一半")


async def test_logging_out_leaves_no_draft_behind(busy_desk: Desk) -> None:
    page = await busy_desk.ticket_page(busy_desk.cast.li, "calm")
    await page.fill("#form-reply textarea", "写到一半")
    await page.click(".menu summary")
    await page.click("form[action='/console/logout'] .menu-item")
    await page.wait_for_url("**/console/login")
    kept = await page.evaluate("Object.keys(localStorage).filter(key => key.includes('draft'))")
    assert kept == []


async def test_resolving_is_undone_from_the_toast(busy_desk: Desk) -> None:
    page = await busy_desk.ticket_page(busy_desk.cast.li, "calm")
    await page.keyboard.press("e")
    await expect(page.locator(".toast")).to_contain_text("已标记为已解决")
    await expect(page.locator(".head .chip")).to_have_text("已解决")
    await expect(page.locator("#form-reply .button-main")).to_be_disabled()
    await page.click(".toast button")
    await expect(page.locator(".head .chip")).to_have_text("处理中")
    await expect(page.locator("#form-reply .button-main")).to_be_enabled()
    ticket = await busy_desk.database.read(tickets.by_number, busy_desk.made["calm"].number)
    assert ticket.status is Status.OPEN


async def test_an_answer_is_put_into_the_reply_with_one_click(busy_desk: Desk) -> None:
    page = await busy_desk.ticket_page(busy_desk.cast.li, "calm")
    await page.locator(".candidate", has_text="轮胎多久需要更换").get_by_text("插入答案").click()
    await expect(page.locator("#form-reply textarea")).to_have_value(people.ENTRIES[0].answer)


async def test_the_alarm_stays_until_it_is_acknowledged(busy_desk: Desk) -> None:
    page = await busy_desk.ticket_page(busy_desk.cast.li, "overdue")
    await page.click(".alarm button")
    await expect(page.locator(".alarm")).to_have_count(0)
    await expect(page.locator(".queue-alert")).to_have_count(0)


async def test_a_countdown_turns_from_soon_to_overdue_by_itself(busy_desk: Desk) -> None:
    page = await busy_desk.page(busy_desk.cast.li)
    await without_news(page)
    row = page.locator(f".row[data-key='{busy_desk.made['soon'].number}'] .due")
    await expect(row).to_have_class("due due-soon")
    await row.evaluate("badge => { badge.dataset.due = String(Number(document.body.dataset.now) - 1); }")
    await expect(row).to_have_class("due due-overdue")
    await expect(row).to_contain_text("已超时")


async def test_a_login_that_ends_is_said_and_the_draft_is_kept(busy_desk: Desk) -> None:
    page = await busy_desk.ticket_page(busy_desk.cast.li, "calm")
    await page.fill("#form-reply textarea", "写到一半")
    await busy_desk.database.write(agents.disable, "li", busy_desk.clock.now)
    await expect(page.locator(".toast")).to_contain_text("登录已过期")
    await expect(page.locator(".toast a")).to_have_attribute("href", re.compile(r"/console/login\?next=%2Fconsole"))
    await expect(page.locator("#form-reply textarea")).to_have_value("写到一半")


async def test_on_a_phone_there_is_one_pane_at_a_time_and_a_way_back(busy_desk: Desk) -> None:
    page = await busy_desk.page(busy_desk.cast.li, **PHONE)
    await page.locator(".row a").first.click()
    await expect(page.locator("#talk-scroll")).to_be_visible()
    await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
    await expect(page.locator("#queue")).to_be_hidden()
    await page.click(".head-pane")
    await expect(page.locator("#side")).to_be_visible()
    await expect(page.locator("#talk-scroll")).to_be_hidden()
    await page.click(".side-back")
    await page.click("[data-back]")
    await expect(page.locator("#queue")).to_be_visible()
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


async def test_the_keyboard_goes_through_the_queue_and_opens_a_ticket(busy_desk: Desk) -> None:
    page = await busy_desk.page(busy_desk.cast.li)
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(busy_desk.made["soon"].number))


async def test_what_customers_write_runs_nothing(busy_desk: Desk) -> None:
    attack = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    made = await busy_desk.database.write(people.ask, "v-evil", attack, busy_desk.clock.now)
    page = await busy_desk.page(busy_desk.cast.li, f"/console/tickets/{made.number}")
    await busy_desk.database.write(people.customer_writes, "v-evil", attack + "!", busy_desk.clock.now)
    await expect(page.locator(".said-contact .words").last).to_have_text(attack + "!")
    await expect(page).to_have_title(re.compile("应声"))
