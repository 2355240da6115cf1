"""The gate in a real Chromium: replay, flips, acceptance, publication; for entries, word lists and the precision."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, expect

from bot.keys import LIBRARY, REPLAYING
from bot.replaying import Replaying
from bot.workers import Workers, ringing
from knowledgebase.authoring import entries
from knowledgebase.authoring.rows import Change
from knowledgebase.judging.trials import Question
from knowledgebase.library import Library
from knowledgebase.model import Entry
from knowledgebase.publishing import questions
from storage.database import Transaction
from storage.signals import Bell
from storage.sqlite import SQLiteDatabase, open_database
from tests.browser.conftest import MakeContext
from tests.console import cast as people
from tests.console.conftest import build
from tickets.model import Agent

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TYRE = Entry("tyre", "轮胎多久换一次？", "每 5 年更换。", "轮胎", ("轮胎几年换", "轮胎的寿命是多久"))
FREE = Entry("free", "首保免费吗？", "免费。", "保养", ("首保要钱吗", "首保收费吗"))
INVOICE = Entry("invoice", "怎么开发票？", "在订单里申请。", "发票")
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
LOOK_AGAIN_S = 30.0


@dataclass(slots=True)
class Newsroom:
    """A running console whose publications are replayed in the background."""

    url: str
    database: SQLiteDatabase
    cast: people.Cast
    library: Library
    new_context: MakeContext

    async def page(self, agent: Agent, path: str, **wishes: Any) -> Page:
        """A page on which this agent is logged in. A script error on it fails the test."""
        page = await (await self.new_context(**wishes)).new_page()
        page.on("pageerror", _fail)
        await page.goto(f"{self.url}/console/login?next={path}")
        await page.fill("[name=login]", agent.login)
        await page.fill("[name=password]", people.PASSWORD)
        await page.click("form.door-card button")
        await page.wait_for_url(f"{self.url}{path}")
        return page

    async def draft(self, entry: Entry) -> None:
        """A new entry that nobody has published."""
        await self.database.write(entries.create, entry, Change(self.cast.li.id, people.NOON))


def _fail(error: Exception) -> None:
    raise AssertionError(f"a script failed: {error}")


def _fill(tx: Transaction) -> None:
    entries.save(tx, [TYRE, FREE], "test", people.NOON)
    asked = [("轮胎多久换一次？", "tyre"), ("首保免费吗？", "free"), ("怎么开发票？", "invoice")]
    questions.bring_in(tx, [Question(text, frozenset({one})) for text, one in asked], "test", people.NOON)


@pytest_asyncio.fixture(loop_scope="session")
async def newsroom(tmp_path: Path, new_context: MakeContext) -> AsyncIterator[Newsroom]:
    database = open_database(tmp_path / "data")
    clock = people.Clock()
    cast = await database.write(people.hire)
    await database.write(_fill)
    app = build(database, clock, people.TypingHeard())
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    await app[LIBRARY].reload()
    workers = _working(app[LIBRARY], app[REPLAYING])
    yield Newsroom(f"http://127.0.0.1:{server.port}", database, cast, app[LIBRARY], new_context)
    app[REPLAYING].close()
    await workers.stop()
    await app[LIBRARY].close()
    await server.close()
    await database.close()


def _working(library: Library, replaying: Replaying) -> Workers:
    """The two loops of a server that matter here."""
    workers = Workers(people.Clock())
    signals = replaying.database.signals
    workers.start("knowledge", library.reload, ringing(Bell(signals, "entries"), LOOK_AGAIN_S), 60_000)
    waiting = ringing(Bell(signals, "publications", "calibrated"), LOOK_AGAIN_S)
    workers.start("replay", replaying.turn, waiting, 60_000)
    return workers


async def test_an_entry_is_published_once_its_flip_is_accepted(newsroom: Newsroom) -> None:
    await newsroom.draft(INVOICE)
    page = await newsroom.page(newsroom.cast.supervisor, "/console/knowledge/entries/invoice")
    await page.click("form[action$='/publish'] button")
    await expect(page.locator("#publication")).to_have_attribute("data-state", "ready", timeout=60_000)
    publish = page.get_by_role("button", name="发布", exact=True)
    await expect(publish).to_be_disabled()
    row = page.locator(".flips tbody tr")
    await expect(row).to_contain_text("怎么开发票？")
    await expect(row).to_contain_text("转人工")
    await expect(row).to_contain_text("变好")
    await row.get_by_role("button", name="接受").click()
    await expect(row).to_contain_text("周敏")
    await expect(publish).to_be_focused()
    await publish.click()
    await expect(page.locator(".toast")).to_have_text("已发布，马上生效")
    await expect(page.locator("#publication")).to_have_attribute("data-state", "published")
    await page.goto(f"{newsroom.url}/console/knowledge/entries/invoice/versions")
    await expect(page.locator(".version-in-force")).to_contain_text("回放 3 题，1 处变化、⁨周敏⁩ 接受")


async def test_going_back_to_an_old_version_passes_the_gate_too(newsroom: Newsroom) -> None:
    emptied = replace(TYRE, question="胎压多少合适？", similar=())
    await newsroom.database.write(entries.save, [emptied], newsroom.cast.li.id, people.NOON)
    page = await newsroom.page(newsroom.cast.supervisor, "/console/knowledge/entries/tyre/versions")
    await page.locator(".version", has_text="v1").get_by_role("button", name="以此版本为草稿").click()
    await page.click("form[action$='/publish'] button")
    await expect(page.locator("#publication")).to_have_attribute("data-state", "ready", timeout=60_000)
    await expect(page.locator(".flips")).to_contain_text("轮胎多久换一次？")
    await page.get_by_role("button", name="全部接受").click()
    await page.get_by_role("button", name="发布", exact=True).click()
    await expect(page.locator("#publication")).to_have_attribute("data-state", "published")
    published = await newsroom.database.read(entries.published)
    assert {entry.question for entry in published} == {TYRE.question, FREE.question}


async def test_a_synonym_that_changes_an_answer_is_seen_before_it_counts(newsroom: Newsroom) -> None:
    asked = [Question("脚丫子多久换一次？", frozenset({"tyre"}))]
    await newsroom.database.write(questions.bring_in, asked, "test", people.NOON)
    page = await newsroom.page(newsroom.cast.supervisor, "/console/knowledge/words?list=synonyms", **PHONE)
    line = "轮胎 车胎 胎 轱辘 车轱辘 轮子"
    await page.locator("summary", has_text="随软件提供的").click()
    await page.fill("#shipped-filter", "轱辘")
    await page.get_by_label(line).uncheck()
    await page.fill("#added", f"{line} 脚丫子")
    await page.fill("[name=sentence]", "脚丫子多久换一次")
    await page.get_by_role("button", name="试读").click()
    await expect(page.locator(".tried")).to_contain_text("→ 轮胎")
    await expect(page.locator("#added")).to_have_value(f"{line} 脚丫子")
    await page.get_by_role("button", name="保存并回放").click()
    await expect(page.locator("#publication")).to_have_attribute("data-state", "ready", timeout=60_000)
    flip = page.locator(".flips tr", has_text="脚丫子多久换一次？")
    await expect(flip).to_contain_text("变好")
    await page.get_by_role("button", name="全部接受").click()
    await page.get_by_role("button", name="发布", exact=True).click()
    await expect(page.locator("#publication")).to_have_attribute("data-state", "published")


async def test_another_precision_is_replayed_and_counts_once_published(newsroom: Newsroom) -> None:
    page = await newsroom.page(newsroom.cast.supervisor, "/console/knowledge/precision")
    await page.fill("#mail", "99")
    await page.get_by_role("button", name="发布前回放").click()
    publication = page.locator("#publication")
    await expect(publication).to_have_attribute("aria-busy", "false", timeout=60_000)
    if await publication.get_attribute("data-state") == "ready":
        await page.get_by_role("button", name="全部接受").click()
    await page.get_by_role("button", name="发布", exact=True).click()
    await expect(publication).to_have_attribute("data-state", "published")
    await page.goto(f"{newsroom.url}/console/knowledge/precision")
    await expect(page.locator("#mail")).to_have_value("99")


async def test_of_two_lists_saved_at_once_the_second_shows_both_texts(newsroom: Newsroom) -> None:
    address = "/console/knowledge/words?list=stop_words"
    first = await newsroom.page(newsroom.cast.admin, address)
    second = await newsroom.page(newsroom.cast.supervisor, address)
    await first.fill("#added", "咕噜")
    await first.get_by_role("button", name="保存", exact=True).click()
    await expect(first.locator(".toast")).to_have_text("已保存，还没有生效")
    await second.fill("#added", "哗啦")
    await second.get_by_role("button", name="保存", exact=True).click()
    await expect(second.locator("[role=alert]")).to_contain_text("咕噜")
    await expect(second.locator("[role=alert]")).to_contain_text("哗啦")
    await expect(second.locator("#added")).to_have_value("哗啦")
