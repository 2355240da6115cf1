"""A ticket's properties, mergers and splits in a real Chromium: told beforehand, done, undone, and in nobody's way."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, expect

from bot.keys import LIBRARY
from storage.sqlite import open_database
from tests import rules
from tests.browser.conftest import MakeContext
from tests.browser.test_console import Desk
from tests.console import cast as people
from tests.console.conftest import build
from tests.console.test_desk import Two, promise, second_mail, two
from tickets import tickets
from tickets.model import Status
from tickets.sla.model import ConditionField

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@dataclass(slots=True)
class Pair:
    """A desk with a chat and a mail of one customer."""

    desk: Desk
    two: Two

    async def open(self, number: str) -> Page:
        return await self.desk.page(self.desk.cast.li, f"/console/tickets/{number}")


@pytest_asyncio.fixture(loop_scope="session")
async def pair(tmp_path: Path, new_context: MakeContext) -> AsyncIterator[Pair]:
    database = open_database(tmp_path / "data")
    clock, typing = people.Clock(), people.TypingHeard()
    await database.write(rules.seed, people.NOON - 200 * people.HOUR, own=people.CHAIN)
    cast = await database.write(people.hire)
    made = await database.write(two)
    await database.write(promise, ConditionField.PRIORITY, "urgent", 2, "紧急")
    app = build(database, clock, typing)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    url = f"http://127.0.0.1:{server.port}"
    yield Pair(Desk(url, database, clock, typing, cast, {}, new_context, app[LIBRARY]), made)
    await server.close()
    await database.close()


async def test_what_a_priority_moves_is_told_while_it_is_chosen_and_saving_can_be_undone(pair: Pair) -> None:
    page = await pair.open(pair.two.chat.number)
    form = page.locator("form[data-shape=properties]")
    await form.locator("[name=priority]").select_option("urgent")
    await expect(form.locator("[data-outlook]")).to_contain_text("首次答复时限由 明天 03:50 改为 今天 17:50")
    await form.get_by_role("button", name="保存").click()
    await expect(page.locator(".toast")).to_contain_text("工单属性已保存。首次答复时限由")
    await expect(page.locator(".head .chip-alert")).to_have_text("紧急")
    await page.locator(".toast button", has_text="撤销").click()
    await expect(page.locator(".head .chip-alert")).to_have_count(0)
    await expect(form.locator("[name=priority]")).to_have_value("normal")


async def test_what_somebody_types_is_not_taken_away_by_news(pair: Pair) -> None:
    page = await pair.open(pair.two.chat.number)
    category = page.locator("form[data-shape=properties] [name=category]")
    await category.fill("维修")
    await pair.desk.database.write(people.customer_writes, "v-1", "还在吗？", pair.desk.clock.now)
    await expect(page.locator(".talk")).to_contain_text("还在吗？")
    await expect(category).to_have_value("维修")
    await page.locator("form[data-shape=properties]").get_by_role("button", name="保存").click()
    await expect(page.locator(".toast-bad")).to_contain_text("没有完成：工单刚刚有变化")
    await expect(category).to_have_value("维修")
    version = page.locator("form[data-shape=properties] [name=version]")
    await expect(version).to_have_value("2")
    await page.locator("form[data-shape=properties]").get_by_role("button", name="保存").click()
    await expect(page.locator(".toast")).to_contain_text("工单属性已保存")
    await expect(category).to_have_value("维修")


async def test_a_mail_is_merged_into_a_chat_and_one_of_its_messages_split_off_again(pair: Pair) -> None:
    database, made = pair.desk.database, pair.two
    said_id = await database.write(second_mail, made.mail)
    page = await pair.open(made.mail.number)
    await page.get_by_role("link", name="合并到另一张工单").click()
    await page.get_by_role("button", name="并入这张").click()
    await page.wait_for_url(f"**/tickets/{made.chat.number}?done=merged")
    await expect(page.locator(".toast")).to_contain_text("已合并")
    await expect(page.locator(".talk")).to_contain_text("来自已并入的工单")
    await page.locator(".said", has_text="另外想开发票").hover()
    await page.locator(f'a.split-link[href$="{said_id}"]').click()
    await expect(page.locator("[name=subject]")).to_have_value("发票")
    await page.get_by_role("button", name="拆分").click()
    await page.wait_for_url("**?done=split")
    await expect(page.locator(".talk")).to_contain_text("另外想开发票")
    ended = await database.read(tickets.by_number, made.mail.number)
    assert ended.status is Status.CLOSED
