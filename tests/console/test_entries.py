"""Entries in the console: written, compared, gone back to, and never overwritten."""

import re
from dataclasses import replace
from typing import Any

import pytest

from bot.keys import LIBRARY
from knowledgebase.authoring import entries, versions
from knowledgebase.authoring.rows import Change
from knowledgebase.model import Entry, EntryStatus, Visibility
from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser

TYRE = Entry("tyre-01", "轮胎多久换一次？", "每 5 年更换。", "轮胎", ("轮胎几年换",))
OTHERS = (
    Entry("price", "换一条轮胎多少钱？", "600 元。", "轮胎"),
    Entry("inside", "轮胎供应商是谁？", "内部资料。", "采购", visibility=Visibility.INTERNAL),
    Entry("desk", "轮胎投诉怎么赔？", "先道歉。", "投诉", visibility=Visibility.AGENTS),
    Entry("draft", "轮胎草稿？", "未定。", "轮胎", status=EntryStatus.DRAFT),
)
FORM: dict[str, Any] = {
    "question": TYRE.question,
    "similar": "轮胎几年换\n车胎寿命\n",
    "answer": "每 6 年更换。",
    "category": "轮胎",
    "visibility": "public",
    "version": 1,
    "note": "新政策",
}


@pytest.fixture
async def stocked(console: Console) -> Console:
    """A console with a few entries."""
    await console.database.write(entries.save, [TYRE, *OTHERS], "test", people.NOON)
    return console


async def location(browser: Browser, path: str, **fields: Any) -> str:
    response = await browser.send(path, fetch=False, **fields)
    assert response.status == 303, await response.text()
    return response.headers["Location"]


async def test_an_agent_writes_a_draft_and_customers_keep_what_is_published(
    stocked: Console, new_browser: NewBrowser
) -> None:
    li = await new_browser.of(stocked.cast.li)
    assert await location(li, "/console/knowledge/entries/tyre-01/save", **FORM) == (
        "/console/knowledge/entries/tyre-01?done=entry_saved&saved=tyre-01"
    )
    head = await stocked.database.read(entries.get_head, "tyre-01")
    assert (head.entry.answer, head.entry.status, head.published_version) == ("每 6 年更换。", EntryStatus.DRAFT, 1)
    assert head.entry.similar == ("轮胎几年换", "车胎寿命")
    _, html = await li.open("/console/knowledge/entries/tyre-01")
    assert "客户仍在使用第 1 版" in html
    assert "新政策" in html
    assert await location(li, "/console/knowledge/entries/tyre-01/submit", version=2) == (
        "/console/knowledge/entries/tyre-01?done=entry_submitted"
    )
    assert await location(li, "/console/knowledge/entries/tyre-01/discard", version=3)
    assert (await stocked.database.read(entries.get_entry, "tyre-01")) == replace(TYRE, version=4)


async def test_a_new_entry_is_kept_with_everything_that_was_typed(stocked: Console, new_browser: NewBrowser) -> None:
    li = await new_browser.of(stocked.cast.li)
    _, html = await li.open("/console/knowledge/new?question=冬季胎怎么存放？")
    assert "冬季胎怎么存放？" in html
    found = re.search(r'name="id" value="([^"]+)"', html)
    assert found
    form = {
        **FORM,
        "id": found[1],
        "question": "冬季胎怎么存放？",
        "answer_mail": "您好，请平放。",
        "related": "tyre-01\nprice",
        "internal_note": "问仓库",
        "visibility": "agents",
        "valid_from": "2026-11-01",
        "valid_until": "2026-11-30",
        "then": "submit",
    }
    assert (await location(li, "/console/knowledge/new", **form)).endswith(f"?done=entry_submitted&saved={found[1]}")
    entry = await stocked.database.read(entries.get_entry, found[1])
    assert (entry.channel_answers, entry.related) == ((("mail", "您好，请平放。"),), ("tyre-01", "price"))
    assert (entry.valid_from, entry.valid_until) == (1_793_462_400_000, 1_796_054_400_000)
    assert (entry.status, entry.visibility) == (EntryStatus.REVIEW, Visibility.AGENTS)
    _, html = await li.open(f"/console/knowledge/entries/{found[1]}")
    assert 'value="2026-11-30"' in html
    # Sent twice, it is there once.
    assert (await location(li, "/console/knowledge/new", **form)).endswith(found[1])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"question": " "}, "问题</a>：请填写"),
        ({"answer": ""}, "答案</a>：请填写"),
        ({"answer": "[点这里](javascript:alert(1))"}, "只能用 http"),
        ({"similar": "长" * 201}, "太长了"),
        ({"valid_from": "2026-02-30"}, "日期不对"),
        ({"valid_from": "2026-12-02", "valid_until": "2026-12-01"}, "失效日期早于生效日期"),
        ({"related": "nothing"}, "有的相关条目不存在"),
        ({"question": "坏\x00字"}, "无法显示的字符"),
    ],
)
async def test_what_cannot_be_kept_comes_back_as_it_was_typed(
    stocked: Console, new_browser: NewBrowser, wrong: dict[str, str], said: str
) -> None:
    li = await new_browser.of(stocked.cast.li)
    form = {**FORM, "internal_note": "别丢了我", **wrong}
    response = await li.send("/console/knowledge/entries/tyre-01/save", fetch=False, **form)
    html = await response.text()
    assert response.status == 422
    assert said in html
    assert "别丢了我" in html
    assert (await stocked.database.read(entries.get_entry, "tyre-01")) == TYRE


async def test_the_second_of_two_editors_sees_both_texts_and_nothing_is_overwritten(
    stocked: Console, new_browser: NewBrowser
) -> None:
    li, chen = await new_browser.of(stocked.cast.li), await new_browser.of(stocked.cast.chen)
    await location(li, "/console/knowledge/entries/tyre-01/save", **FORM)
    mine = {**FORM, "answer": "每 7 年更换。"}
    response = await chen.send("/console/knowledge/entries/tyre-01/save", fetch=False, **mine)
    html = await response.text()
    assert response.status == 409
    assert "李工" in html
    assert "每 <del>6</del> 年更换。" in html
    assert "每 <ins>7</ins> 年更换。" in html
    assert (await stocked.database.read(entries.get_entry, "tyre-01")).answer == "每 6 年更换。"
    response = await chen.send("/console/knowledge/entries/tyre-01/merge", fetch=False, **mine)
    html = await response.text()
    assert response.status == 200
    assert "每 7 年更换。" in html
    assert 'name="version" value="2"' in html
    await location(chen, "/console/knowledge/entries/tyre-01/save", **{**mine, "version": 2})
    told = [(one.entry.answer, one.by) for one in await stocked.database.read(versions.history, "tyre-01")]
    assert told == [
        ("每 7 年更换。", stocked.cast.chen.id),
        ("每 6 年更换。", stocked.cast.li.id),
        ("每 5 年更换。", "test"),
    ]


async def test_versions_are_listed_with_who_and_compared_and_gone_back_to(
    stocked: Console, new_browser: NewBrowser
) -> None:
    li, zhou = await new_browser.of(stocked.cast.li), await new_browser.of(stocked.cast.supervisor)
    await location(li, "/console/knowledge/entries/tyre-01/save", **FORM)
    _, html = await zhou.open("/console/knowledge/entries/tyre-01/versions")
    assert "李工" in html
    assert "新政策" in html
    assert "每 <del>5</del> 年更换。" in html
    assert "<ins>车胎寿命</ins>" in html or "<ins>\n车胎寿命</ins>" in html
    await location(zhou, "/console/knowledge/entries/tyre-01/roll-back", version=2, to=1)
    head = await stocked.database.read(entries.get_head, "tyre-01")
    assert (head.entry, head.published_version) == (replace(TYRE, version=3, status=EntryStatus.DRAFT), 1)
    _, html = await zhou.open("/console/knowledge/entries/tyre-01/versions?from=1&to=3")
    assert "内容相同" in html
    assert (await zhou.open("/console/knowledge/entries/tyre-01/versions?from=9"))[0] == 404


async def test_an_act_on_an_older_version_is_refused(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    await location(zhou, "/console/knowledge/entries/tyre-01/save", **FORM)
    for act in ("submit", "publish", "archive", "discard"):
        response = await zhou.send(f"/console/knowledge/entries/tyre-01/{act}", version=1)
        assert response.status == 409, act
    response = await zhou.send("/console/knowledge/entries/draft/restore", version=1)
    assert response.status == 422
    response = await zhou.send("/console/knowledge/entries/nothing/submit", version=1)
    assert response.status == 404


async def test_publishing_asks_for_a_replay_first(stocked: Console, new_browser: NewBrowser) -> None:
    zhou = await new_browser.of(stocked.cast.supervisor)
    target = await location(zhou, "/console/knowledge/entries/tyre-01/save", **{**FORM, "then": "publish"})
    assert target.startswith("/console/knowledge/publications/")
    assert (await stocked.database.read(entries.get_head, "tyre-01")).published_version == 1
    assert (await location(zhou, "/console/knowledge/entries/price/archive", version=1)).startswith(
        "/console/knowledge/publications/"
    )
    assert (await location(zhou, "/console/knowledge/entries/draft/archive", version=1)).endswith("entry_archived")


async def test_an_agent_neither_publishes_nor_archives(stocked: Console, new_browser: NewBrowser) -> None:
    li = await new_browser.of(stocked.cast.li)
    for act in ("publish", "archive", "restore", "roll-back"):
        assert (await li.send(f"/console/knowledge/entries/tyre-01/{act}", version=1, to=1)).status == 403
    target = await location(li, "/console/knowledge/entries/tyre-01/save", **{**FORM, "then": "publish"})
    assert target.endswith("?done=entry_saved&saved=tyre-01")


async def test_a_reader_sees_what_is_published_for_the_house_and_nothing_else(
    stocked: Console, new_browser: NewBrowser
) -> None:
    await stocked.server.app[LIBRARY].reload()
    await stocked.database.write(
        entries.edit, replace(TYRE, answer="还没定的新答案。"), 1, Change(stocked.cast.li.id, people.NOON)
    )
    reader = await new_browser.of(stocked.cast.reader)
    status, html = await reader.open("/console/knowledge")
    assert status == 200
    assert "轮胎供应商是谁" in html
    assert "轮胎投诉" not in html
    assert "轮胎草稿" not in html
    for query in ("?q=轮胎投诉怎么赔", "?q=轮胎投诉怎么赔&how=text", "?status=draft", "?visibility=agents"):
        assert "轮胎投诉怎么赔？" not in (await reader.open(f"/console/knowledge{query}"))[1]
    status, html = await reader.open("/console/knowledge/entries/tyre-01")
    assert "每 5 年更换。" in html
    assert "还没定的新答案" not in html
    assert "<form" not in html.split('id="main"')[1].split("</main>")[0]
    for hidden in ("desk", "draft", "nothing"):
        assert (await reader.open(f"/console/knowledge/entries/{hidden}"))[0] == 404
    assert (await reader.open("/console", **{"X-Fetch": "1"}))[0] == 403


async def test_a_reader_comes_to_the_knowledge_base_after_the_login(console: Console, new_browser: NewBrowser) -> None:
    browser = new_browser()
    response = await browser.log_in(console.cast.reader)
    assert response.headers["Location"] == "/console/knowledge"
    async with browser.session.get(f"{console.origin}/console/login", allow_redirects=False) as again:
        assert again.headers["Location"] == "/console/knowledge"


async def test_hints_say_whose_the_questions_are(stocked: Console, new_browser: NewBrowser) -> None:
    await stocked.server.app[LIBRARY].reload()
    li = await new_browser.of(stocked.cast.li)
    form = {**FORM, "id": "fresh", "question": "怎么开发票？", "similar": "轮胎多久换一次\n怎么 开发票"}
    html = await (await li.send("/console/knowledge/check", **form)).text()
    assert "另一个条目已经有完全相同的问法" in html
    assert "/console/knowledge/entries/tyre-01" in html
    assert "和本条目里的另一个问法重复" in html
    draft = await (
        await li.send("/console/knowledge/check", **{**form, "question": "轮胎草稿？", "similar": ""})
    ).text()
    assert "/console/knowledge/entries/draft" in draft
    own = await (await li.send("/console/knowledge/check", **{**FORM, "id": "tyre-01"})).text()
    assert "没有发现冲突" in own
    odd = await (await li.send("/console/knowledge/check", **{**form, "answer": "打 {电话}，[x](ftp://y)"})).text()
    assert "不认识的占位符 {电话}" in odd
    assert "链接不对" in odd


async def test_the_preview_shows_what_customers_get(stocked: Console, new_browser: NewBrowser) -> None:
    li = await new_browser.of(stocked.cast.li)
    form = {**FORM, "answer": "**先**停车\n\n- 打电话 <b>", "answer_mail": "您好", "channel": "chat"}
    html = await (await li.send("/console/knowledge/preview", **form)).text()
    assert "<strong>先</strong>停车" in html
    assert "<li>打电话 &lt;b&gt;</li>" in html
    assert "您好" in await (await li.send("/console/knowledge/preview", **{**form, "channel": "mail"})).text()


async def test_entries_to_relate_are_found_by_meaning_and_by_text(stocked: Console, new_browser: NewBrowser) -> None:
    await stocked.server.app[LIBRARY].reload()
    li = await new_browser.of(stocked.cast.li)
    async with li.session.get(f"{stocked.origin}/console/knowledge/find?q=草稿") as response:
        assert "draft" in [one["id"] for one in (await response.json())["entries"]]
    async with li.session.get(f"{stocked.origin}/console/knowledge/find?q=换轮胎要多少钱") as response:
        assert (await response.json())["entries"][0]["id"] == "price"
    async with li.session.get(f"{stocked.origin}/console/knowledge/find?q=") as response:
        assert (await response.json())["entries"] == []


@pytest.mark.parametrize(
    ("query", "there", "absent"),
    [
        ("", {"tyre-01", "price", "inside", "desk", "draft"}, set()),
        ("?status=draft", {"draft"}, {"tyre-01"}),
        ("?visibility=internal", {"inside"}, {"tyre-01", "desk"}),
        ("?category=采购", {"inside"}, {"price"}),
        ("?category=*", {"inside", "price"}, set()),
        ("?q=供应商&how=text", {"inside"}, {"price"}),
        ("?q=%25&how=text", set(), {"price", "tyre-01"}),
        ("?only=never_asked", {"tyre-01"}, set()),
        ("?only=expiring", set(), {"tyre-01"}),
        ("?only=nonsense&status=nonsense&sort=nonsense&page=-1", {"tyre-01"}, set()),
        ("?page=99999", {"tyre-01"}, set()),
    ],
)
async def test_the_list_is_narrowed(
    stocked: Console, new_browser: NewBrowser, query: str, there: set[str], absent: set[str]
) -> None:
    li = await new_browser.of(stocked.cast.li)
    status, html = await li.open(f"/console/knowledge{query}")
    shown = set(re.findall(r'href="/console/knowledge/entries/([^"]+)"', html))
    assert status == 200
    assert there <= shown
    assert not absent & shown


async def test_the_list_has_pages_and_orders(console: Console, new_browser: NewBrowser) -> None:
    many = [Entry(f"e-{n:03}", f"第 {n:03} 个问题？", "答。", "类") for n in range(120)]
    await console.database.write(entries.save, many, "test", people.NOON)
    li = await new_browser.of(console.cast.li)
    _, html = await li.open("/console/knowledge?sort=question&page=2&category=类")
    shown = re.findall(r'href="/console/knowledge/entries/(e-\d+)"', html)
    assert shown == [f"e-{n:03}" for n in range(50, 100)]
    assert "第 2 / 3 页" in html
    assert "sort=question" in html


async def test_an_empty_knowledge_base_says_what_to_do(console: Console, new_browser: NewBrowser) -> None:
    li = await new_browser.of(console.cast.li)
    assert "知识库还是空的" in (await li.open("/console/knowledge"))[1]
    assert "没有符合条件的条目" in (await li.open("/console/knowledge?q=x&how=text"))[1]
