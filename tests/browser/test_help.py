"""The help centre in a real browser, with scripts and without."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from bot.help.reader import words
from knowledgebase.learning import articles
from knowledgebase.learning.articles import ArticleCount, Reason
from knowledgebase.model import Entry
from tests.browser.conftest import MakeContext, type_on
from tests.browser.test_widget import PHONE
from tests.fakes import ENTRIES, Clock, Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SAY = words("zh-CN")
ARTICLE = "/help/entries/tyre-when"
EVERYTHING = """**先断电。** 看[保养](/help/%E8%BD%AE%E8%83%8E)
1. 甲
   - 子
2. 乙

| 里程 | 项目 |
|---|---|
| 5,000 | 机油 |"""


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path / "data", {}, Clock())
    await server.start()
    await server.publish([*ENTRIES, Entry("marked", "保养怎么做？", EVERYTHING, "轮胎")])
    yield server
    await server.stop()


async def visit(server: Server, new_context: MakeContext, path: str, **wishes: Any) -> Page:
    page = await (await new_context(**wishes)).new_page()
    await page.goto(server.url + path)
    return page


async def heard(server: Server) -> list[ArticleCount]:
    return await server.database.read(articles.counts)


@pytest.mark.parametrize("device", [{}, PHONE], ids=["desk", "phone"])
async def test_questions_are_offered_while_somebody_types_and_lead_to_the_article(
    server: Server, new_context: MakeContext, device: dict[str, Any]
) -> None:
    page = await visit(server, new_context, "/help", **device)
    box, heading = page.get_by_role("combobox"), page.locator("#topics")
    before = await heading.bounding_box()
    await type_on(box, "轮胎多")
    option = page.get_by_role("option").first
    await expect(option).to_have_text(ENTRIES[0].question)
    await expect(box).to_have_attribute("aria-expanded", "true")
    assert await heading.bounding_box() == before, "nothing moves"
    await option.click()
    await page.wait_for_url(f"**{ARTICLE}")
    await expect(page.locator("h1")).to_have_text(ENTRIES[0].question)


async def test_suggestions_are_chosen_with_the_keyboard(server: Server, new_context: MakeContext) -> None:
    page = await visit(server, new_context, "/help")
    box = page.get_by_role("combobox")
    await type_on(box, "轮胎")
    options = page.get_by_role("option")
    await expect(options.first).to_be_visible()
    count = await options.count()
    await expect(page.locator(".field [role=status]")).to_have_text(SAY["suggestions_count"] % count)
    await page.keyboard.press("ArrowDown")
    await expect(options.first).to_have_attribute("aria-selected", "true")
    assert await box.get_attribute("aria-activedescendant") == await options.first.get_attribute("id")
    await page.keyboard.press("ArrowUp")
    assert await box.get_attribute("aria-activedescendant") is None, "the box itself"
    await page.keyboard.press("ArrowUp")
    await expect(options.last).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Escape")
    await expect(options.first).to_be_hidden()
    assert await box.input_value() == "轮胎"
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/help/entries/*")


async def test_enter_without_a_choice_searches_as_the_form_does(server: Server, new_context: MakeContext) -> None:
    page = await visit(server, new_context, "/help")
    await page.get_by_role("combobox").press_sequentially("轮胎多久")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/help/search?q=*")
    await expect(page.locator(".results").first).to_contain_text(ENTRIES[0].question)


async def test_an_input_method_at_work_asks_for_nothing(server: Server, new_context: MakeContext) -> None:
    page = await visit(server, new_context, "/help")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/help/suggest" in request.url else None)
    session = await page.context.new_cdp_session(page)
    await page.get_by_role("combobox").focus()
    for typed in ("lun", "luntai", "luntaiduo"):
        await session.send(
            "Input.imeSetComposition", {"text": typed, "selectionStart": len(typed), "selectionEnd": len(typed)}
        )
    await page.wait_for_timeout(400)
    assert asked == []
    await session.send("Input.insertText", {"text": "轮胎多"})
    await expect(page.get_by_role("option").first).to_be_visible()
    assert len(asked) == 1


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
@pytest.mark.parametrize("device", [{}, PHONE], ids=["desk", "phone"])
async def test_a_reader_says_that_an_article_did_not_help_and_why(
    server: Server, new_context: MakeContext, device: dict[str, Any], scripts: bool
) -> None:
    page = await visit(server, new_context, ARTICLE, java_script_enabled=scripts, **device)
    await page.get_by_role("button", name=SAY["helped_no"], exact=True).click()
    await expect(page.locator("legend")).to_have_text(SAY["helped_sorry"])
    assert await heard(server) == [ArticleCount("tyre-when", 0, 1)]
    await page.get_by_label(SAY["reason_outdated"]).check()
    await page.get_by_role("button", name=SAY["reason_send"]).click()
    await expect(page.locator(".feedback [role=status]")).to_have_text(SAY["reason_thanks"])
    assert await heard(server) == [ArticleCount("tyre-when", 0, 1, {Reason.OUTDATED: 1})]
    await page.goto(server.url + ARTICLE)
    await page.get_by_role("button", name=SAY["helped_yes"], exact=True).click()
    await expect(page.locator(".feedback [role=status]")).to_have_text(SAY["helped_thanks"])
    assert await heard(server) == [ArticleCount("tyre-when", 1, 0)]


async def test_the_help_centre_is_whole_without_scripts(server: Server, new_context: MakeContext) -> None:
    page = await visit(server, new_context, "/help", java_script_enabled=False)
    await page.locator("input[name=q]").fill("轮胎多久换")
    await page.get_by_role("button", name=SAY["search"], exact=True).click()
    await page.locator(".results a").first.click()
    await expect(page.locator("h1")).to_have_text(ENTRIES[0].question)
    await page.goto(f"{server.url}/help/entries/marked")
    for selector in (".answer strong", ".answer ol > li > ul > li", ".answer table td", ".answer a"):
        await expect(page.locator(selector).first).to_be_visible()


async def test_an_answer_has_its_form_in_the_chat_too(server: Server, new_context: MakeContext) -> None:
    page = await visit(server, new_context, "/demo")
    await page.locator(".bubble").click()
    await page.locator(".composer textarea").fill("保养怎么做？")
    await page.keyboard.press("Enter")
    answer = page.locator(".message.bot .blocks")
    await expect(answer.locator("ol > li > ul > li")).to_have_text("子")
    await expect(answer.locator("table td")).to_have_text(["5,000", "机油"])
    link = answer.locator("a")
    assert await link.get_attribute("href") == f"{server.url}/help/%E8%BD%AE%E8%83%8E"
