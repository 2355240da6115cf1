"""The main job as two people live it: a customer and an agent, two browsers, one real server that restarts."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.camera import Camera
from tests.browser.conftest import MakeContext
from tests.journeys.desk import PASSWORD
from tests.journeys.program import Program

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}


@pytest.fixture(params=["desk", "phone"])
def device(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def camera(request: pytest.FixtureRequest, device: str) -> Camera:
    return Camera(bool(request.config.getoption("--pictures")), device)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """A server on an empty data folder, not started yet."""
    program = Program(tmp_path / "data", {"YINGSHENG_SERVER__LOG_LEVEL": "INFO"})
    yield program
    program.kill()


async def become_administrator(program: Program, context: BrowserContext) -> Page:
    """Follow the one-time link that the server printed; the console, logged in."""
    page = await context.new_page()
    assert program.setup_link
    await page.goto(program.setup_link)
    await page.locator("input[name=name]").fill("李工")
    await page.locator("input[name=login]").fill("li")
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.locator("input[name=again]").fill(PASSWORD)
    await page.locator("form.door-card button").click()
    await page.wait_for_url(re.compile(r"/console$"))
    return page


async def open_widget(program: Program, context: BrowserContext) -> Page:
    page = await context.new_page()
    await page.goto(f"{program.url}/demo")
    await page.locator(".bubble").click()
    await expect(page.locator(".state-words")).to_have_text("智能客服在线")
    return page


async def say(page: Page, text: str) -> None:
    await page.locator(".composer textarea").fill(text)
    await page.locator(".composer textarea").press("Enter")


def bot_says(page: Page, text: str | re.Pattern[str]) -> Any:
    return expect(page.locator(".message .text").filter(has_text=text).last)


async def test_asked_answered_handed_over_restarted_replied_and_read(
    program: Program, new_context: MakeContext, device: str, camera: Camera
) -> None:
    screen = DESK if device == "desk" else PHONE
    await asyncio.to_thread(program.start)
    agent = await become_administrator(program, await new_context(**screen))
    await expect(agent.locator(".empty").first).to_be_visible()
    customer = await open_widget(program, await new_context(**screen))

    await say(customer, "轮胎多久换一次?")
    await bot_says(customer, "1.6 mm").to_be_visible()
    await camera.take(customer, "widget")

    await say(customer, "我在火星上开车，氧气舱漏气怎么修？")
    handed = customer.locator(".message .text").filter(has_text=re.compile(r"工单 \d{4}-\d{4}")).first
    await expect(handed).to_be_visible()
    said = await handed.inner_text()
    number = re.search(r"\d{4}-\d{4}", said)
    assert number
    assert re.search(r"(今天|明天) \d\d:\d\d 前", said), said
    await expect(customer.locator(".state-words")).to_contain_text(number[0])

    row = agent.locator(f".row[data-key='{number[0]}']")
    await expect(row).to_be_visible()
    await camera.take(agent, "queue")

    await asyncio.to_thread(program.stop)
    await say(customer, "还在吗？我等你们回复")
    await expect(customer.locator(".delivery .words").last).to_contain_text("未发送")
    await asyncio.to_thread(program.start)
    await expect(customer.locator(".delivery .words").last).to_have_text("已发送")

    await row.click()
    await expect(agent.locator("#talk-scroll")).to_contain_text("还在吗？我等你们回复")
    await agent.locator("#form-reply textarea").fill("您好，氧气舱请到就近服务中心检查，我帮您预约明天上午。")
    await camera.take(agent, "ticket")
    await agent.locator("#form-reply .button-main").click()
    await bot_says(customer, "我帮您预约明天上午").to_be_visible()
    await expect(customer.locator(".state-words")).to_contain_text("人工服务中：李工")

    numbers = await customer.locator(".message .text").all_inner_texts()
    assert len(numbers) == len(set(numbers)), "the customer sees a message twice"


async def test_silence_over_the_due_time_raises_the_alarm_until_someone_acknowledges(
    tmp_path: Path, new_context: MakeContext, device: str, camera: Camera
) -> None:
    program = Program(
        tmp_path / "data",
        {"YINGSHENG_SLA__REPLY": "3s", "YINGSHENG_SLA__WARN_AT": "0", "YINGSHENG_ESCALATION__SWEEP_EVERY": "200ms"},
    )
    screen = DESK if device == "desk" else PHONE
    try:
        await asyncio.to_thread(program.start)
        agent = await become_administrator(program, await new_context(**screen))
        customer = await open_widget(program, await new_context(**screen))
        await customer.locator("button.human").click()
        alarm = agent.locator(".queue-alert")
        await expect(alarm).to_be_visible()
        await agent.locator(".row").first.click()
        await expect(agent.locator(".alarm")).to_be_visible()
        await expect(agent.locator("#link-state")).to_have_attribute("data-state", "live")
        await camera.take(agent, "alert")
        await agent.locator(".alarm button").click()
        await expect(agent.locator(".alarm")).to_have_count(0)
    finally:
        await asyncio.to_thread(program.kill)


async def test_the_help_centre_answers_without_a_chat(
    program: Program, new_context: MakeContext, device: str, camera: Camera
) -> None:
    await asyncio.to_thread(program.start)
    screen = DESK if device == "desk" else PHONE
    page = await (await new_context(**screen, java_script_enabled=False)).new_page()
    await page.goto(f"{program.url}/help")
    typing = await (await new_context(**screen)).new_page()
    await typing.goto(f"{program.url}/help")
    await typing.get_by_role("combobox").press_sequentially("轮胎多久")
    await expect(typing.get_by_role("option").first).to_have_text("轮胎多久换一次？")
    await camera.take(typing, "help")
    await page.locator("input[name=q]").first.fill("輪胎多久換一次")
    await page.locator("input[name=q]").first.press("Enter")
    await expect(page.locator("main")).to_contain_text("輪胎多久換一次")
