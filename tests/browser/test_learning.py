"""What customers ask becomes what the knowledge base answers, as a customer, an agent and an editor live it."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from bot.keys import LIBRARY
from knowledgebase.authoring import entries
from knowledgebase.model import EntryStatus
from tests.browser.conftest import MakeContext
from tests.console import cast as people
from tests.fakes import ENTRIES, ChatClient, Clock, Frame, Server
from tickets.model import Agent

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

IMPORTS = ("外地牌照能换成本地的吗", "外地牌照怎么换成本地的", "外地牌照可以换本地牌照吗")
ANSWER = "带行驶证和登记证书到车管所办理转入，一般当天办好。"
# Each is near an entry; the first that the bot asks back about is the one.
PLAUSIBLE = ("开了五年的胎还行不", "胎磨平了换不换", "这胎还能撑多长时间", "轮胎的事")


@dataclass(slots=True)
class School:
    """A whole server with its people, and doors to it."""

    server: Server
    cast: people.Cast
    new_context: MakeContext

    async def page(self, agent: Agent, path: str) -> Page:
        """A page on which this agent is logged in. A script error on it fails the test."""
        page = await (await self.new_context()).new_page()
        page.on("pageerror", _fail)
        await page.goto(f"{self.server.url}/console/login?next={path}")
        await page.fill("[name=login]", agent.login)
        await page.fill("[name=password]", people.PASSWORD)
        await page.click("form.door-card button")
        await page.wait_for_url(f"{self.server.url}{path}")
        return page

    async def ticket(self, agent: Agent, text: str) -> Page:
        """The page of the ticket with this text, come to through the queue."""
        page = await self.page(agent, "/console")
        await page.locator(".row", has_text=text).first.click()
        await page.wait_for_url("**/console/tickets/*")
        await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
        return page

    async def ask(self, text: str) -> tuple[ChatClient, Frame]:
        """A new customer asks this; their page, and what they are told."""
        customer = self.server.page()
        await customer.connect()
        await customer.greet()
        await customer.say(text)
        return customer, await customer.reads()


def _fail(error: Exception) -> None:
    raise AssertionError(f"a script failed: {error}")


@pytest_asyncio.fixture(loop_scope="session")
async def school(tmp_path: Path, new_context: MakeContext) -> AsyncIterator[School]:
    server = Server(tmp_path / "data", {}, Clock())
    await server.start()
    await server.publish()
    yield School(server, await server.database.write(people.hire), new_context)
    await server.stop()


async def test_an_unanswered_topic_becomes_a_draft_with_the_agents_answer(school: School) -> None:
    for text in IMPORTS:
        customer, told = await school.ask(text)
        assert told["kind"] == "handoff"
        await customer.leave()
    page = await school.ticket(school.cast.li, IMPORTS[0])
    await page.fill("#form-reply textarea", ANSWER)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast")).to_contain_text("已发送给客户")
    await expect(page.locator(".head .chip")).to_have_text("等客户回复")
    await page.locator('form[data-act="resolve"] button').click()
    await expect(page.locator(".head .chip")).to_have_text("已解决")
    await page.goto(f"{school.server.url}/console/knowledge/learning?view=topics")
    topic = page.locator(".topic")
    await expect(topic).to_have_count(1)
    await expect(topic).to_contain_text("3 次")
    await expect(topic).to_contain_text("坐席答过")
    await topic.get_by_role("button", name="写成新条目").click()
    await page.wait_for_url("**/console/knowledge/entries/asked-*")
    await expect(page.locator("#main")).to_contain_text("草稿")
    await expect(page.locator("[name=answer]").first).to_have_value(ANSWER)
    drafts = [one for one in await school.server.database.read(entries.every_entry) if one.id.startswith("asked-")]
    assert [(one.status, {one.question, *one.similar}) for one in drafts] == [(EntryStatus.DRAFT, set(IMPORTS))]
    await page.goto(f"{school.server.url}/console/knowledge/learning?view=topics")
    await expect(page.locator(".topic")).to_have_count(0)
    await page.locator("#recent").get_by_role("button", name="撤销").click()
    await page.get_by_role("link", name="话题").first.click()
    await expect(page.locator(".topic")).to_have_count(1)


async def test_a_wording_that_helped_is_accepted_in_one_click_and_answered_once_published(school: School) -> None:
    for wording in PLAUSIBLE:
        customer, told = await school.ask(wording)
        if told["kind"] == "clarify":
            break
        await customer.leave()
    assert told["kind"] == "clarify"
    await customer.press("entry:tyre-when", told["number"])
    answer = await customer.reads()
    assert answer["kind"] == "answer"
    await customer.press("solved", answer["number"])
    await customer.reads()
    await customer.leave()
    page = await school.page(school.cast.supervisor, "/console/knowledge/learning?view=offers")
    await expect(page.locator(".offer-line")).to_contain_text(wording)
    await page.locator(".offer-line input").check()
    await page.get_by_role("button", name="收下所选").click()
    await expect(page.locator(".notice-good")).to_contain_text("已收进条目的草稿")
    draft = await school.server.database.read(entries.get_head, "tyre-when")
    assert (wording in draft.entry.similar, draft.published_version) == (True, 1)
    await page.get_by_role("button", name="去发布").click()
    publication = page.locator("#publication")
    await expect(publication).to_have_attribute("data-state", re.compile("ready|accepted"))
    if await publication.get_attribute("data-state") == "ready":
        await page.get_by_role("button", name="全部接受").first.click()
    await page.get_by_role("button", name="发布", exact=True).click()
    await expect(publication).to_have_attribute("data-state", "published")
    await school.server.app[LIBRARY].reload()
    customer, told = await school.ask(wording)
    assert told["kind"] == "answer"
    await customer.leave()


async def test_who_edits_an_inserted_answer_is_asked_whether_the_entry_should_change(school: School) -> None:
    customer, told = await school.ask("我要人工")
    assert told["kind"] == "handoff"
    page = await school.ticket(school.cast.li, "我要人工")
    await page.fill("[data-look-up] input", "轮胎多久换一次")
    found = page.locator("#found .candidate", has_text="轮胎多久换一次？")
    await found.get_by_role("button", name="插入答案").click()
    box = page.locator("#form-reply textarea")
    await expect(box).to_have_value(ENTRIES[0].answer)
    await page.reload()
    await expect(box).to_have_value(ENTRIES[0].answer)
    await box.fill(ENTRIES[0].answer.replace("5 年", "6 年"))
    await page.keyboard.press("Control+Enter")
    ask = page.locator(".ask-change")
    await expect(ask).to_contain_text("您改了知识条目的答案，要不要也改条目？")
    await expect(page.locator(".said-agent .said-mark")).to_contain_text("发送前改过")
    await ask.get_by_role("button", name="改成这样").click()
    await expect(page.locator(".toast")).to_contain_text("已存为条目的草稿")
    await expect(ask).to_have_count(0)
    await page.locator(".toast a").click()
    await page.wait_for_url("**/console/knowledge/entries/tyre-when")
    await expect(page.locator("[name=answer]").first).to_have_value(ENTRIES[0].answer.replace("5 年", "6 年"))
    head = await school.server.database.read(entries.get_head, "tyre-when")
    assert (head.entry.status, head.published_version) == (EntryStatus.DRAFT, 1)
    await customer.leave()
