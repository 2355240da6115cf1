"""Writing entries in a real Chromium: hints and preview, review and publication, two editors, drafts, files."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from knowledgebase.authoring import entries
from knowledgebase.model import EntryStatus
from tests.browser.newsroom import FREE, TYRE, Newsroom
from tests.console import cast as people

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
ENTRY = "/console/knowledge/entries/tyre"


async def save(page: Page) -> None:
    await page.get_by_role("button", name="保存草稿").click()


@pytest.mark.parametrize("wishes", [{}, PHONE], ids=["desk", "phone"])
async def test_an_entry_is_written_warned_about_reviewed_and_published(
    newsroom: Newsroom, wishes: dict[str, Any]
) -> None:
    page = await newsroom.page(newsroom.cast.li, "/console/knowledge", **wishes)
    await page.get_by_role("link", name="新条目").click()
    await page.get_by_label("问题", exact=False).first.fill("怎么开发票？")
    await page.fill("#similar", "轮胎多久换一次\n发票怎么开")
    hints = page.locator("#hints")
    await expect(hints).to_contain_text("另一个条目已经有完全相同的问法")
    await expect(hints.get_by_role("link")).to_have_text(TYRE.question)
    await page.fill("#similar", "发票怎么开")
    await expect(hints).to_contain_text("没有发现冲突")
    await page.fill("#answer", "在**订单**里申请。\n\n- 电子发票\n- 纸质发票")
    preview = page.locator("#preview")
    await expect(preview.locator("strong")).to_have_text("订单")
    await expect(preview.locator("li")).to_have_count(2)
    await page.fill("#pick", "首保")
    await page.locator("#pick-list [role=option]", has_text=FREE.question).click()
    await expect(page.locator("#picks")).to_contain_text(FREE.question)
    await page.get_by_role("button", name="保存并提交审核").click()
    await expect(page.locator(".head-badges")).to_have_text("待审核")
    place = page.url.removeprefix(newsroom.url).partition("?")[0]
    zhou = await newsroom.page(newsroom.cast.supervisor, place, **wishes)
    await expect(zhou.locator("#picks")).to_contain_text(FREE.question)
    await zhou.get_by_role("button", name="发布…", exact=True).click()
    await expect(zhou.locator("#publication")).to_have_attribute("data-state", "ready")
    await zhou.get_by_role("button", name="接受", exact=True).first.click()
    await zhou.get_by_role("button", name="发布", exact=True).click()
    await expect(zhou.locator("#publication")).to_have_attribute("data-state", "published")
    answers = {entry.question: entry.answer for entry in await newsroom.database.read(entries.published)}
    assert answers["怎么开发票？"].startswith("在**订单**里申请。")


async def test_the_second_of_two_editors_sees_both_texts_and_merges_them(newsroom: Newsroom) -> None:
    li = await newsroom.page(newsroom.cast.li, ENTRY)
    chen = await newsroom.page(newsroom.cast.chen, ENTRY)
    await li.fill("#answer", "每 6 年更换。")
    await save(li)
    await expect(li.locator(".toast")).to_have_text("已保存为草稿")
    await chen.fill("#answer", "每 5 年更换，可以免费检查。")
    await save(chen)
    await expect(chen.locator("#conflict")).to_contain_text("李工")
    await expect(chen.locator(".diff-before")).to_contain_text("每 6 年更换。")
    await expect(chen.locator(".diff-after")).to_contain_text("每 5 年更换，可以免费检查。")
    assert (await newsroom.database.read(entries.get_entry, "tyre")).answer == "每 6 年更换。"
    await chen.get_by_role("button", name="合并编辑").click()
    await expect(chen.locator("#answer")).to_have_value("每 5 年更换，可以免费检查。")
    await chen.get_by_text("对方的内容").click()
    await expect(chen.locator(".theirs")).to_contain_text("每 6 年更换。")
    await chen.fill("#answer", "每 6 年更换，可以免费检查。")
    await save(chen)
    await expect(chen.locator(".toast")).to_have_text("已保存为草稿")
    await chen.goto(f"{newsroom.url}{ENTRY}/versions")
    await expect(chen.locator(".version")).to_have_count(3)
    assert (await newsroom.database.read(entries.get_entry, "tyre")).answer == "每 6 年更换，可以免费检查。"


@pytest.mark.parametrize(("choice", "answer"), [("用我的", "每 7 年更换。"), ("用对方的", "每 6 年更换。")])
async def test_of_two_texts_one_can_be_chosen_and_the_other_stays_among_the_versions(
    newsroom: Newsroom, choice: str, answer: str
) -> None:
    li = await newsroom.page(newsroom.cast.li, ENTRY)
    chen = await newsroom.page(newsroom.cast.chen, ENTRY)
    await li.fill("#answer", "每 6 年更换。")
    await save(li)
    await expect(li.locator(".toast")).to_have_text("已保存为草稿")
    await chen.fill("#answer", "每 7 年更换。")
    await save(chen)
    await chen.locator(".conflict-choices").get_by_text(choice).last.click()
    await expect(chen.locator("#answer")).to_have_value(answer)
    while (await newsroom.database.read(entries.get_entry, "tyre")).answer != answer:
        await asyncio.sleep(0.02)
    assert (await newsroom.database.read(entries.get_entry, "tyre", 2)).answer == "每 6 年更换。"


async def test_what_was_not_saved_survives_a_reload_and_ends_with_the_login(newsroom: Newsroom) -> None:
    page = await newsroom.page(newsroom.cast.li, ENTRY)
    page.on("dialog", lambda dialog: dialog.accept())
    await page.fill("#answer", "写了一半")
    await expect(page.locator("#save-state")).to_contain_text("草稿已存在本机")
    await page.reload()
    await expect(page.locator("#answer")).to_have_value(TYRE.answer)
    await page.get_by_role("button", name="恢复草稿").click()
    await expect(page.locator("#answer")).to_have_value("写了一半")
    await page.click(".menu summary")
    await page.get_by_role("button", name="退出登录").click()
    await page.wait_for_url("**/console/login")
    assert await page.evaluate("Object.keys(localStorage).filter((key) => key.includes('draft')).length") == 0


async def test_a_text_that_met_a_conflict_is_offered_again_to_who_went_away(newsroom: Newsroom) -> None:
    chen = await newsroom.page(newsroom.cast.chen, ENTRY)
    li = await newsroom.page(newsroom.cast.li, ENTRY)
    await li.fill("#answer", "每 6 年更换。")
    await save(li)
    await expect(li.locator(".toast")).to_have_text("已保存为草稿")
    await chen.fill("#answer", "每 7 年更换。")
    await save(chen)
    await expect(chen.locator("#conflict")).to_be_visible()
    await chen.goto(f"{newsroom.url}{ENTRY}")
    await expect(chen.locator("#kept-draft")).to_contain_text("之后有人保存过新的版本")
    await chen.get_by_role("button", name="恢复草稿").click()
    await expect(chen.locator("#answer")).to_have_value("每 7 年更换。")
    await save(chen)
    await expect(chen.locator(".toast")).to_have_text("已保存为草稿")
    await chen.reload()
    await expect(chen.locator("#kept-draft")).to_be_hidden()


async def test_what_was_saved_is_not_offered_again(newsroom: Newsroom) -> None:
    page = await newsroom.page(newsroom.cast.li, "/console/knowledge/new")
    await page.fill("#question", "怎么开发票？")
    await page.fill("#answer", "在订单里申请。")
    await expect(page.locator("#save-state")).to_contain_text("草稿已存在本机")
    await save(page)
    await expect(page.locator(".head-badges")).to_have_text("草稿")
    await page.goto(f"{newsroom.url}/console/knowledge/new")
    await expect(page.locator("#kept-draft")).to_be_hidden()


async def test_an_entry_can_be_written_with_the_keyboard_alone(newsroom: Newsroom) -> None:
    page = await newsroom.page(newsroom.cast.li, "/console/knowledge")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("下一个条目")
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await expect(page.locator(".entry-link").first).to_be_focused()
    await page.keyboard.press("n")
    await page.wait_for_url("**/console/knowledge/new")
    await page.locator("#question").focus()
    await page.keyboard.type("怎么开发票？")
    await page.locator("#answer").focus()
    await page.keyboard.type("在订单里申请。")
    await page.keyboard.press("Control+s")
    await expect(page.locator(".head-badges")).to_have_text("草稿")


async def test_what_a_form_lacks_is_said_where_it_is_and_nothing_is_lost(newsroom: Newsroom) -> None:
    page = await newsroom.page(newsroom.cast.li, ENTRY)
    await page.fill("#answer", "见 [这里](ftp://example.com)")
    await save(page)
    await expect(page.locator("#problems")).to_be_focused()
    await expect(page.locator("#answer-problem")).to_contain_text("链接不对")
    await expect(page.locator("#answer")).to_have_value("见 [这里](ftp://example.com)")


async def test_a_file_with_errors_is_named_row_by_row_and_mended_it_is_taken(
    newsroom: Newsroom, tmp_path: Path
) -> None:
    rows = [
        {"id": "invoice", "question": "怎么开发票？", "answer": "在订单里申请。"},
        {"id": "no answer", "question": "坏行？", "answer": "x"},
    ]
    file = tmp_path / "entries.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    page = await newsroom.page(newsroom.cast.supervisor, "/console/knowledge/import")
    await page.set_input_files("[name=file]", file)
    await page.get_by_role("button", name="检查文件").click()
    await expect(page.locator(".plain-table tbody tr").first).to_have_text(
        "2编号编号只能用字母、数字、点、横线和下划线。"
    )
    await expect(page.get_by_role("button", name="导入为草稿")).to_have_count(0)
    file.write_text(json.dumps(rows[0], ensure_ascii=False), encoding="utf-8")
    await page.get_by_role("link", name="导入与导出").first.click()
    await page.set_input_files("[name=file]", file)
    await page.get_by_role("button", name="检查文件").click()
    await expect(page.locator(".figure-created strong")).to_have_text("1")
    await page.get_by_role("button", name="导入为草稿").click()
    await expect(page.locator(".version-words").first).to_contain_text("已从文件导入 1 个条目")
    assert (await newsroom.database.read(entries.get_entry, "invoice")).status is EntryStatus.DRAFT
    await page.get_by_role("button", name="撤销").click()
    await expect(page.locator(".version-acts").first).to_have_text("已撤销")


async def test_many_entries_are_edited_at_once_and_back_again(newsroom: Newsroom) -> None:
    page = await newsroom.page(newsroom.cast.supervisor, "/console/knowledge")
    await expect(page.locator("#bulk-bar")).to_be_hidden()
    await page.get_by_label("选择本页全部").check()
    await expect(page.locator("#bulk-bar")).to_contain_text("已选 2 条")
    await page.locator("#bulk-bar input[name=category]").fill("车")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="确认修改 2 条").click()
    await expect(page.locator(".notice-good")).to_contain_text("已修改 2 个条目的分类")
    await page.get_by_role("button", name="撤销").click()
    await expect(page.locator(".toast")).to_have_text("已撤销这次批量操作")
    assert (await newsroom.database.read(entries.get_entry, "tyre")).category == TYRE.category


async def test_without_scripts_an_entry_is_written_and_a_conflict_is_shown(newsroom: Newsroom) -> None:
    page = await newsroom.page(newsroom.cast.li, ENTRY, java_script_enabled=False)
    await page.fill("#answer", "每 6 年更换。")
    await page.fill("#related", "free")
    await newsroom.database.write(
        entries.save, [TYRE.__class__("tyre", TYRE.question, "每 8 年更换。")], newsroom.cast.chen.id, people.NOON
    )
    await save(page)
    await expect(page.locator("#conflict")).to_contain_text("陈晓雯")
    await page.get_by_role("button", name="用我的").click()
    entry = await newsroom.database.read(entries.get_entry, "tyre")
    assert (entry.answer, entry.related) == ("每 6 年更换。", ("free",))
