"""Files between a customer and an agent, in a real Chromium: pasted, dropped, chosen, failed, removed, received."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import FilePayload, Locator, Page, Route, expect

from tests.browser.conftest import MakeContext
from tests.console import cast as people
from tests.fakes import Clock, Server
from tests.files import hostile
from tickets.model import Agent

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LONG = "保养手册与维修记录_车架号LGXC00000000001_第三版_最终确认.txt"
# A file as the clipboard or the file manager gives it: {name, type, text} or, without text, a picture.
GIVE = """async (node, [event, name, text]) => {
  const canvas = new OffscreenCanvas(40, 30);
  canvas.getContext('2d').fillRect(5, 5, 20, 10);
  const content = text ?? await canvas.convertToBlob({ type: 'image/png' });
  const data = new DataTransfer();
  data.items.add(new File([content], name, { type: text ? 'text/plain' : 'image/png' }));
  const more = { bubbles: true, composed: true, cancelable: true };
  node.dispatchEvent(event === 'paste'
    ? new ClipboardEvent('paste', { clipboardData: data, ...more })
    : new DragEvent('drop', { dataTransfer: data, ...more }));
}"""


@dataclass(slots=True)
class Shop:
    """A whole running server with its staff, and doors to it for a customer and for an agent."""

    server: Server
    cast: people.Cast
    new_context: MakeContext

    async def customer(self, **wishes: Any) -> Page:
        """The open widget of a new customer."""
        page = await (await self.new_context(**wishes)).new_page()
        page.on("pageerror", _fail)
        await page.goto(f"{self.server.url}/demo")
        await page.locator(".bubble").click()
        await expect(page.locator(".state-words")).to_have_text("智能客服在线")
        return page

    async def agent(self, agent: Agent, path: str, **wishes: Any) -> Page:
        page = await (await self.new_context(**wishes)).new_page()
        page.on("pageerror", _fail)
        await page.goto(f"{self.server.url}/console/login?next={path}")
        await page.fill("[name=login]", agent.login)
        await page.fill("[name=password]", people.PASSWORD)
        await page.click("form.door-card button")
        await page.wait_for_url(f"{self.server.url}{path}")
        await expect(page.locator("#link-state")).to_have_attribute("data-state", "live")
        return page

    async def agent_of(self, customer: Page, **wishes: Any) -> Page:
        """The ticket of this customer, who asks for a person, open before an agent who has taken it."""
        await customer.locator("button.human").click()
        await expect(customer.locator(".state-words")).to_contain_text(re.compile(r"\d{4}-\d{4}"))
        [ticket] = await self.server.database.read(lambda tx: tx.execute("SELECT number FROM ticket"))
        return await self.agent(self.cast.li, f"/console/tickets/{ticket['number']}", **wishes)

    async def attached(self) -> list[str]:
        """The names of all files that went with a message."""
        rows = await self.server.database.read(
            lambda tx: tx.execute("SELECT name FROM attachment WHERE message_id IS NOT NULL")
        )
        return sorted(row["name"] for row in rows)


def _fail(error: Exception) -> None:
    raise AssertionError(f"a script failed: {error}")


@pytest_asyncio.fixture(loop_scope="session")
async def shop(tmp_path: Path, new_context: MakeContext) -> AsyncIterator[Shop]:
    server = Server(tmp_path / "data", {}, Clock(people.NOON))
    await server.start()
    yield Shop(server, await server.database.write(people.hire), new_context)
    await server.stop()


def text_file(name: str = "说明.txt", content: bytes = b"four tyres") -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": content}


async def choose(page: Page, button: str, *files: FilePayload) -> None:
    """Choose files as a person does: by the button and the system's dialog."""
    async with page.expect_file_chooser() as chooser:
        await page.locator(button).click()
    await (await chooser.value).set_files(files=list(files))


def tray(page: Page) -> Locator:
    """What a customer is about to send."""
    return page.locator(".tray li")


def chosen(page: Page) -> Locator:
    """What an agent is about to send."""
    return page.locator(".chosen-file")


async def is_drawn(picture: Locator) -> bool:
    return bool(await picture.evaluate("async (img) => { await img.decode(); return img.naturalWidth > 0 }"))


@pytest.mark.parametrize("wishes", [{}, PHONE], ids=["desk", "phone"])
async def test_a_customer_pastes_drops_and_chooses_files_and_sees_them_sent(shop: Shop, wishes: dict[str, Any]) -> None:
    page = await shop.customer(**wishes)
    await page.locator("textarea").evaluate(GIVE, ["paste", "截图.png", None])
    await expect(tray(page).locator("img")).to_be_visible()
    assert await is_drawn(tray(page).locator("img"))
    await page.locator(".composer").evaluate(GIVE, ["drop", "里程.txt", "12,000 km"])
    await choose(page, ".attach", text_file())
    await expect(tray(page).locator("bdi")).to_have_text(["截图.png", "里程.txt", "说明.txt"])
    await page.locator("textarea").fill("请看")
    await page.locator(".send").click()
    await expect(tray(page)).to_have_count(0)
    sent = page.locator(".message.contact .files")
    await expect(sent.locator(".file bdi")).to_have_text(["里程.txt", "说明.txt"])
    await expect(page.locator(".delivery .words").last).to_have_text("已发送")
    assert await is_drawn(sent.locator(".picture img"))
    assert await shop.attached() == sorted(["截图.png", "里程.txt", "说明.txt"])
    await page.reload()
    await page.locator(".bubble").click()
    await expect(sent.locator("a")).to_have_count(3)


async def test_nothing_is_sent_before_a_file_is_whole_and_its_way_is_shown(shop: Shop) -> None:
    page = await shop.customer()
    go_on = asyncio.Event()

    async def hold(route: Route) -> None:
        await go_on.wait()
        await route.continue_()

    await page.route("**/chat/files", hold)
    await choose(page, ".attach", text_file())
    await expect(tray(page).locator("small")).to_have_text(re.compile("上传中"))
    await expect(tray(page).locator("progress")).to_be_visible()
    await page.locator("textarea").fill("请看")
    await page.locator("textarea").press("Enter")
    await expect(page.locator(".send")).to_be_disabled()
    await expect(page.locator("textarea")).to_have_value("请看")
    go_on.set()
    await expect(page.locator(".send")).to_be_enabled()
    await expect(tray(page).locator("progress")).to_be_hidden()
    await page.locator("textarea").press("Enter")
    await expect(page.locator(".message.contact .file bdi")).to_have_text("说明.txt")


async def test_an_upload_that_failed_says_why_is_tried_again_and_another_is_taken_back(shop: Shop) -> None:
    page = await shop.customer()
    await page.route("**/chat/files", lambda route: route.abort())
    await choose(page, ".attach", text_file(), text_file("多余.txt"))
    await expect(tray(page).first).to_contain_text("网络断开了")
    await expect(page.locator(".send")).to_be_disabled()
    await page.unroute("**/chat/files")
    await tray(page).first.locator(".retry").click()
    await expect(tray(page).first.locator("small")).to_have_text("10 B")
    await tray(page).last.locator(".remove").click()
    await expect(tray(page)).to_have_count(1)
    await page.locator(".send").click()
    await expect(page.locator(".message.contact .file bdi")).to_have_text(["说明.txt"])
    await expect(page.locator(".delivery .words").last).to_have_text("已发送")
    assert await shop.attached() == ["说明.txt"]


async def test_what_failed_goes_up_by_itself_when_the_network_is_back(shop: Shop) -> None:
    page = await shop.customer()
    await page.route("**/chat/files", lambda route: route.abort())
    await choose(page, ".attach", text_file())
    await expect(tray(page)).to_contain_text("网络断开了")
    await page.unroute("**/chat/files")
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(tray(page).locator("small")).to_have_text("10 B")


async def test_what_is_never_taken_is_said_in_words_and_offered_no_second_try(shop: Shop) -> None:
    page = await shop.customer()
    await choose(page, ".attach", text_file("photo.png", hostile.PROGRAM), text_file("leer.txt", b""))
    await expect(tray(page).nth(0)).to_contain_text("不支持这种文件")
    await expect(tray(page).nth(1)).to_contain_text("这个文件是空的")
    await expect(page.locator(".tray .retry:visible")).to_have_count(0)
    await choose(page, ".attach", *(text_file(f"{number}.txt") for number in range(4)))
    await expect(tray(page)).to_have_count(5)
    await expect(tray(page).last.locator("small")).to_have_text("10 B")
    await expect(page.get_by_text("一次最多 5 个文件")).to_be_visible()
    await tray(page).first.locator(".remove").click()
    await expect(page.get_by_text("一次最多 5 个文件")).to_be_hidden()


@pytest.mark.parametrize("wishes", [{}, PHONE], ids=["desk", "phone"])
async def test_an_agent_pastes_drops_and_chooses_files_and_the_customer_gets_them(
    shop: Shop, wishes: dict[str, Any]
) -> None:
    customer = await shop.customer()
    page = await shop.agent_of(customer, **wishes)
    await page.locator("#form-reply textarea").evaluate(GIVE, ["paste", "位置.png", None])
    await expect(chosen(page).locator("img")).to_be_visible()
    assert await is_drawn(chosen(page).locator("img"))
    await page.locator("#form-reply").evaluate(GIVE, ["drop", "步骤.txt", "1. 停车"])
    await choose(page, "[data-attach]", text_file(LONG))
    await expect(chosen(page).locator("bdi")).to_have_text(["位置.png", "步骤.txt", LONG])
    await chosen(page).nth(1).get_by_role("button", name="移除 步骤.txt").click()
    await expect(page.locator("[name=files]")).to_have_value(re.compile(r"^\S{36} \S{36}$"))
    await page.locator("#form-reply .button-main").click()
    await expect(page.locator(".said-agent .sent-file bdi")).to_have_text(LONG)
    await expect(chosen(page)).to_have_count(0)
    assert await is_drawn(page.locator(".said-agent .sent-picture img"))
    assert await page.locator("#talk-scroll").evaluate("(talk) => talk.scrollWidth <= talk.clientWidth")
    received = customer.locator(".files")
    await expect(received.locator(".file bdi")).to_have_text(LONG)
    assert await is_drawn(received.locator(".picture img"))
    async with customer.expect_download() as download:
        await received.locator(".file").click()
    assert (await (await download.value).path()).read_bytes() == b"four tyres"


async def test_an_agents_upload_that_failed_holds_the_reply_until_it_is_tried_again_or_removed(shop: Shop) -> None:
    customer = await shop.customer()
    page = await shop.agent_of(customer)
    await page.route("**/console/uploads", lambda route: route.abort())
    await choose(page, "[data-attach]", text_file(), text_file("多余.txt"))
    await expect(chosen(page).first).to_contain_text("没有上传成功")
    await expect(chosen(page).last).to_contain_text("没有上传成功")
    send, told = page.locator("#form-reply .button-main"), page.locator(".toast").first
    # What failed must not hide the buttons.
    while await overlap(told, page.locator("#form-reply .composer-foot")):
        await asyncio.sleep(0.02)
    await page.locator("#form-reply textarea").fill("见附件")
    await send.click()
    await expect(told).to_contain_text("重试或移除")
    await expect(page.locator(".said-agent")).to_have_count(0)
    await page.unroute("**/console/uploads")
    await chosen(page).first.get_by_role("button", name="重试").click()
    await expect(page.locator(".chosen-bad")).to_have_count(1)
    await chosen(page).last.get_by_role("button", name="移除 多余.txt").click()
    await send.click()
    await expect(page.locator(".said-agent .sent-file bdi")).to_have_text(["说明.txt"])
    assert await shop.attached() == ["说明.txt"]


async def overlap(one: Locator, other: Locator) -> bool:
    a, b = await one.bounding_box(), await other.bounding_box()
    assert a
    assert b
    return (
        a["x"] < b["x"] + b["width"]
        and b["x"] < a["x"] + a["width"]
        and a["y"] < b["y"] + b["height"]
        and b["y"] < a["y"] + a["height"]
    )


async def test_what_an_agent_uploaded_is_still_there_after_a_reload(shop: Shop) -> None:
    customer = await shop.customer()
    page = await shop.agent_of(customer)
    await choose(page, "[data-attach]", text_file())
    await expect(page.locator("[name=files]")).to_have_value(re.compile(r"^\S{36}$"))
    await page.reload()
    await expect(chosen(page).locator("bdi")).to_have_text("说明.txt")
    await page.locator("#form-reply .button-main").click()
    await expect(customer.locator(".files .file bdi")).to_have_text("说明.txt")
