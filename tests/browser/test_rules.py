"""The pages of rules in a real Chromium: tried out while they are typed, with a keyboard alone, without scripts."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Page, expect

from storage.database import Transaction
from tests.browser.newsroom import Newsroom
from tests.console import cast as people
from tickets.sla import editing, rulebook
from tickets.sla.model import Condition, ConditionField, Policy, RuleKind

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
LOOKS: dict[str, dict[str, Any]] = {
    "desk": {},
    "desk-dark": {"color_scheme": "dark"},
    "phone": PHONE,
    "phone-dark": {**PHONE, "color_scheme": "dark"},
}


def add(tx: Transaction, name: str) -> str:
    """A policy for the value class of this name."""
    around = editing.surroundings(tx, frozenset({"chat", "mail"}), frozenset(), people.NOON)
    last = around.policies[-1].definition
    assert isinstance(last, Policy)
    condition = Condition(ConditionField.VALUE_CLASS, (name,))
    return editing.add(tx, RuleKind.POLICY, name, replace(last, conditions=(condition,)), around, "admin").id


def calendar_id(tx: Transaction) -> str:
    return next(one.id for one in rulebook.in_force(tx).others.values() if one.kind is RuleKind.CALENDAR)


async def test_a_calendar_is_tried_out_while_it_is_typed(newsroom: Newsroom) -> None:
    address = f"/console/rules/calendars/{await newsroom.database.read(calendar_id)}"
    page = await newsroom.page(newsroom.cast.admin, address)
    tried = page.locator("#tried")
    await page.get_by_role("button", name="国庆节前最后一个工作日").click()
    await page.get_by_label("时限").fill("12")
    await expect(tried).to_contain_text("9月30日（周三）17:50 提交的工单，10月9日（周五）14:50 到期。")
    await page.get_by_label("周六").fill("09:00-12")
    await page.locator("[name='special.0.date']").fill("2026-10-03")
    await page.locator("[name='special.0.name']").fill("国庆值班")
    await page.locator("[name='special.0.hours']").fill("10:00-16:00")
    await expect(tried).to_contain_text("10月8日（周四）16:20 到期。")
    await expect(tried.locator(".account tr", has_text="国庆值班")).to_contain_text("6 小时")
    await page.get_by_label("周一").fill("8-12")
    await page.get_by_role("button", name="周一的时段用到周五").click()
    await expect(page.get_by_label("周五")).to_have_value("8-12")
    await page.get_by_label("周一").fill("乱写")
    await expect(tried).to_contain_text("看不懂，请写成")
    await expect(tried.locator(".trial")).to_have_count(0)
    assert len(await newsroom.database.read(rulebook.versions, address.rpartition("/")[2])) == 1


async def test_what_is_wrong_is_said_beside_the_form_and_the_form_is_kept(newsroom: Newsroom) -> None:
    page = await newsroom.page(newsroom.cast.admin, "/console/rules/policies/new")
    await page.locator("#name").fill("贵宾")
    await page.get_by_label("客户等级").fill("VIP")
    await page.get_by_label("承诺解决时限").focus()
    await page.keyboard.press("Space")
    await page.locator("[name='resolution.amount']").fill("1")
    await page.get_by_role("button", name="保存并启用").click()
    await expect(page.locator("#problems")).to_be_focused()
    await expect(page.locator("#problems")).to_contain_text("首次答复的时限比解决还晚")
    await expect(page.get_by_label("客户等级")).to_have_value("VIP")
    await page.locator("[name='resolution.amount']").fill("48")
    await page.get_by_role("button", name="保存并启用").click()
    await expect(page.locator(".rule-card-changed")).to_contain_text("客户等级是⁨VIP⁩")


async def test_policies_are_moved_with_the_keyboard(newsroom: Newsroom) -> None:
    for name in ("金", "银"):
        await newsroom.database.write(add, name)
    page = await newsroom.page(newsroom.cast.admin, "/console/rules")
    await page.keyboard.press("j")
    await expect(page.get_by_role("link", name="金", exact=True)).to_be_focused()
    await page.get_by_role("button", name="上移银").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".toast")).to_have_text("顺序已调整")
    await expect(page.locator(".rule-card .entry-link")).to_have_text(["银", "金", "标准时限"])


async def test_everything_works_without_scripts(newsroom: Newsroom) -> None:
    page = await newsroom.page(newsroom.cast.admin, "/console/rules/calendars/new", java_script_enabled=False)
    await page.locator("#name").fill("热线")
    await page.get_by_label("周一").fill("08:00-20:00")
    await page.get_by_role("button", name="周一的时段用到周五").click()
    await expect(page.get_by_label("周五")).to_have_value("08:00-20:00")
    await page.get_by_role("button", name="国庆节前最后一个工作日").click()
    await expect(page.locator("#tried")).to_contain_text("9月30日（周三）19:50 提交的工单")
    await page.get_by_label("周二").fill("08:00-21:00")
    await page.get_by_label("周二").press("Enter")
    await expect(page.locator(".rule-card", has_text="热线")).to_contain_text("周二 08:00–21:00")


async def test_a_change_is_brought_to_running_tickets(newsroom: Newsroom) -> None:
    await newsroom.database.write(people.ask, "v-1", "我要找人工", people.NOON - 3 * people.HOUR)
    last = (await newsroom.database.read(rulebook.in_force)).policies[-1]
    page = await newsroom.page(newsroom.cast.admin, f"/console/rules/policies/{last.id}")
    await page.get_by_label("首次答复的时限").fill("2")
    await page.get_by_role("button", name="保存新版本").click()
    await page.get_by_role("button", name="预览重算").click()
    row = page.locator(".recompute-table tbody tr")
    await expect(row).to_contain_text("马上超时")
    await page.get_by_role("button", name="重算这 1 张工单").click()
    await expect(page.locator(".notice-good")).to_contain_text("已重算 1 张工单")
    await expect(row).to_contain_text("已重算")


@pytest.mark.parametrize("look", list(LOOKS))
async def test_no_page_is_wider_than_its_window(newsroom: Newsroom, look: str) -> None:
    long = "一个名称很长很长的策略" * 5
    policy_id = await newsroom.database.write(add, long)
    await newsroom.database.write(people.ask, "v-1", "轮胎" * 60, people.NOON - people.HOUR)
    office = await newsroom.database.read(calendar_id)
    page = await newsroom.page(newsroom.cast.admin, "/console/rules", **LOOKS[look])
    for place in (
        "",
        f"/policies/{policy_id}",
        "/calendars",
        f"/calendars/{office}?try.day=2026-09-30&try.at=17:50",
        f"/{policy_id}/versions",
        "/recompute",
    ):
        await page.goto(f"{newsroom.url}/console/rules{place}")
        await _fits(page, place)
    await page.get_by_role("button", name="预览", exact=True).click()
    await expect(page.locator("h1")).to_contain_text("重算预览")
    await _fits(page, "recomputation")


async def _fits(page: Page, place: str) -> None:
    over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over <= 0, place
