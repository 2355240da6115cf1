"""The gate in a real Chromium: replay, flips, acceptance, publication; for entries, word lists and the precision."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import expect

from knowledgebase.authoring import entries
from knowledgebase.judging.trials import Question
from knowledgebase.model import Entry
from knowledgebase.publishing import questions
from tests.browser.newsroom import FREE, TYRE, Newsroom
from tests.console import cast as people

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

INVOICE = Entry("invoice", "怎么开发票？", "在订单里申请。", "发票")
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


async def test_an_entry_is_published_once_its_flip_is_accepted(newsroom: Newsroom) -> None:
    await newsroom.draft(INVOICE)
    page = await newsroom.page(newsroom.cast.supervisor, "/console/knowledge/entries/invoice")
    await page.click("form[action$='/publish'] button")
    await expect(page.locator("#publication")).to_have_attribute("data-state", "ready")
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
    await expect(page.locator("#publication")).to_have_attribute("data-state", "ready")
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
    await expect(page.locator("#publication")).to_have_attribute("data-state", "ready")
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
    await expect(publication).to_have_attribute("aria-busy", "false")
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
