"""Who is told and how in a real Chromium: chains, rotas, people, teams and ways, with and without scripts."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from storage.database import Transaction
from tests.browser.newsroom import Newsroom
from tests.browser.test_rules import LOOKS
from tests.console import cast as people
from tickets import teams
from tickets.escalation import outcomes, way_states
from tickets.sla import rulebook
from tickets.sla.model import RuleKind

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def chain_id(tx: Transaction) -> str:
    return next(one.id for one in rulebook.in_force(tx).others.values() if one.kind is RuleKind.CHAIN)


def newest_notice(tx: Transaction) -> str:
    (row,) = tx.execute("SELECT id FROM notice ORDER BY id DESC LIMIT 1")
    return str(row["id"])


async def chain_page(newsroom: Newsroom, **wishes: Any) -> Page:
    address = f"/console/rules/chains/{await newsroom.database.read(chain_id)}"
    return await newsroom.page(newsroom.cast.admin, address, **wishes)


async def test_who_would_be_told_follows_what_is_ticked(newsroom: Newsroom) -> None:
    page = await chain_page(newsroom)
    second = page.locator(".told-level").nth(1)
    await expect(second).to_contain_text("周敏")
    await page.locator(".level").nth(1).get_by_label("全体管理员").check(force=True)
    await expect(second).to_contain_text("管理员")
    await page.locator("[name='level.1.others']").fill("duty@example.com")
    await expect(second).to_contain_text("d***@example.com")
    await page.locator("[name='level.1.name']").fill("<b>夜里</b>")
    await expect(second).to_contain_text("<b>夜里</b>")


async def test_a_chain_is_written_without_scripts(newsroom: Newsroom) -> None:
    page = await chain_page(newsroom, java_script_enabled=False)
    await page.get_by_role("button", name="再加一级").click()
    await expect(page.locator(".level")).to_have_count(3)
    last = page.locator(".level").nth(2)
    await last.locator("[name='level.2.name']").fill("管理员")
    await last.get_by_label("全体管理员").check(force=True)
    await page.get_by_role("button", name="保存新版本").click()
    await expect(page.locator("#problems")).to_contain_text("请选择用什么方式通知")
    await last.get_by_role("group", name="用什么方式").get_by_label("邮件").first.check(force=True)
    await page.get_by_role("button", name="上移第 3 级").click()
    await page.get_by_role("button", name="保存新版本").click()
    await expect(page.locator(".rung-name")).to_have_text(["⁨受理人⁩", "⁨管理员⁩", "⁨主管⁩"])


async def test_a_rota_shows_its_weeks_while_it_is_typed(newsroom: Newsroom) -> None:
    page = await newsroom.page(newsroom.cast.admin, "/console/rules/rotas/new")
    await page.locator("#name").fill("夜间值班")
    await page.locator("[name='member.0']").select_option(label="李工")
    await page.locator("[name='member.1']").select_option(label="陈晓雯")
    await page.locator("#days_each").fill("1")
    await expect(page.locator(".duty td").nth(2)).to_contain_text("陈晓雯")
    await page.get_by_role("button", name="保存并启用").click()
    await expect(page.locator(".duty-now")).to_contain_text("现在⁨李工⁩值班")


async def test_a_test_shows_its_outcome_without_a_reload(newsroom: Newsroom) -> None:
    database = newsroom.database
    await database.write(way_states.close, "mail", "", "the SMTP connection failed (OSError)", people.NOON)
    page = await newsroom.page(newsroom.cast.admin, "/console/rules/ways/mail")
    await expect(page.locator(".notice-bad")).to_contain_text("连不上对方")
    await page.get_by_role("button", name="发送测试").click()
    await expect(page.locator(".outcome")).to_contain_text("测试已排队")
    notice_id = await database.read(newest_notice)
    await database.write(outcomes.begin, notice_id, people.NOON)
    await expect(page.locator(".outcome")).to_contain_text("正在发送")
    await database.write(outcomes.failed, notice_id, "", "the SMTP server answered 550", people.NOON, False)
    await expect(page.locator(".outcome")).to_contain_text("邮件服务器拒收")
    await expect(page.locator("table.entries tbody tr").first).to_contain_text("没有送到")
    await page.get_by_label("其他邮箱").first.check()
    await page.locator("#other").fill("nobody")
    await page.get_by_role("button", name="发送测试").click()
    await expect(page.locator("#test-problem")).to_have_text("这不像一个邮箱地址。")
    await expect(page.locator("#other")).to_have_value("nobody")


async def test_own_quiet_hours_are_kept_from_the_menu(newsroom: Newsroom) -> None:
    page = await newsroom.page(newsroom.cast.li, "/console")
    await page.locator(".menu > summary").last.click()
    await page.get_by_role("link", name="我的提醒方式").click()
    await page.locator("#phone").fill("138 0000 0011")
    await page.locator("[name='quiet_from']").fill("22:00")
    await page.locator("[name='quiet_until']").fill("07:00")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("#deputy-problem")).to_contain_text("选一位代班人")
    await page.locator("#deputy").select_option(label="陈晓雯")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator(".toast")).to_have_text("已保存")
    await expect(page.locator("#phone")).to_have_value("+8613800000011")


@pytest.mark.parametrize("look", LOOKS)
async def test_no_page_is_wider_than_the_screen(newsroom: Newsroom, look: str) -> None:
    team = await newsroom.database.write(teams.add, "一个名字很长很长的售后与大客户服务团队" * 2, newsroom.cast.li.id)
    chain = await newsroom.database.read(chain_id)
    page = await newsroom.page(newsroom.cast.admin, "/console/rules/people", **LOOKS[look])
    for place in ("people", "ways", "ways/mail", "chains", f"chains/{chain}", "rotas/new", f"teams/{team.id}"):
        await page.goto(f"{page.url.partition('/console')[0]}/console/rules/{place}")
        await expect(page.locator("h1")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
