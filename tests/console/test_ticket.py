"""The queue and a ticket as agents see them, and what they do to it."""

import re
from dataclasses import replace
from typing import Any

import pytest

from knowledgebase.authoring import entries
from knowledgebase.model import EntryStatus
from storage.database import Transaction
from storage.errors import StorageUnavailable
from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser
from tests.rules import open_alerts
from tickets import contacts, conversations, desk, tickets
from tickets.clocks import rows
from tickets.model import MessageKind, Owner, Reason, Status, Ticket

FETCH = {"X-Fetch": "1"}


async def ticket_now(console: Console, ticket: Ticket) -> Ticket:
    return await console.database.read(tickets.by_number, ticket.number)


async def reply(
    browser: Browser, ticket: Ticket, text: str, last_seen: int, client_id: str = "client-0001", **more: Any
) -> tuple[int, str]:
    response = await browser.send(
        f"/console/tickets/{ticket.number}/reply",
        text=text,
        last_seen=last_seen,
        client_id=client_id,
        **more,
    )
    if response.content_type == "application/json":
        return response.status, (await response.json())["text"]
    return response.status, await response.text()


async def test_the_queue_shows_first_what_is_due_first_with_words_for_its_urgency(
    console: Console, new_browser: NewBrowser
) -> None:
    made = await console.database.write(people.fill_desk, console.cast)
    browser = await new_browser.of(console.cast.li)
    _, page = await browser.open("/console")
    shown = re.findall(r'data-key="(\d{4}-\d{4})"', page)
    order = ["overdue", "soon", "long", "calm", "traditional"]
    assert shown == [made[name].number for name in order]
    for words in ("已超时 47 分", "还剩 1 小时 21 分", "2 条未确认预警", "2 条预警还没有人确认", "即将到期"):
        assert words in page


@pytest.mark.parametrize("view", ["waiting", "mine", "unassigned", "all_live", "done"])
async def test_every_view_says_what_to_do_when_it_is_empty(
    console: Console, new_browser: NewBrowser, view: str
) -> None:
    browser = await new_browser.of(console.cast.li)
    status, page = await browser.open(f"/console?view={view}")
    assert status == 200
    assert 'class="empty"' in page
    assert 'aria-current="page">' in page


async def test_an_unknown_view_is_the_waiting_one(console: Console, new_browser: NewBrowser) -> None:
    browser = await new_browser.of(console.cast.li)
    assert (await browser.open("/console?view=%27;DROP"))[0] == 200


async def test_a_ticket_shows_conversation_notes_events_trace_and_customer(
    console: Console, new_browser: NewBrowser
) -> None:
    made = await console.database.write(people.fill_desk, console.cast)
    browser = await new_browser.of(console.cast.chen)
    _, page = await browser.open(f"/console/tickets/{made['soon'].number}")
    for words in (
        "内部备注 · 仅团队可见",
        "胎侧裂纹超过 2 mm",
        "接管了会话",
        "致意，不算答复",
        "第 3 版",
        "直接回答 ≥ 0.80",
        "客户反馈答案没有解决问题",
        "58%",
        "花纹深度低于 1.6 毫米",
        "这个条目已经不在知识库里",
        "E6 保养与维修",
        "正在受理。接管后才能回复客户",
    ):
        assert words in page, words


async def test_an_overdue_ticket_shows_its_alarm_until_someone_acknowledges(
    console: Console, new_browser: NewBrowser
) -> None:
    made = await console.database.write(people.fill_desk, console.cast)
    browser = await new_browser.of(console.cast.li)
    path = f"/console/tickets/{made['overdue'].number}"
    _, page = await browser.open(path)
    assert "第 2 级预警：客户还在等答复" in page
    assert "补发" in page
    assert (await browser.send(f"{path}/acknowledge")).status == 200
    _, page = await browser.open(path)
    assert "客户还在等答复" not in page
    assert re.search(r"李工.?于今天 16:00 确认", page)
    assert await console.database.read(open_alerts) == []


async def test_a_reply_reaches_the_conversation_takes_over_and_stops_the_clock(
    console: Console, new_browser: NewBrowser
) -> None:
    ticket = await console.ask()
    browser = await new_browser.of(console.cast.li)
    status, answer = await reply(browser, ticket, "您好，\r\n周六可以到店。", last_seen=1)
    assert (status, "已发送给客户" in answer) == (200, True)
    said = await console.database.read(conversations.latest, ticket.conversation_id, 1)
    assert (said[0].text, said[0].agent_id) == ("您好，\n周六可以到店。", console.cast.li.id)
    conversation = await console.database.read(conversations.get_conversation, ticket.conversation_id)
    assert (conversation.owner, conversation.owner_agent_id) == (Owner.AGENT, console.cast.li.id)
    assert await console.database.read(rows.running_reply, ticket.conversation_id) is None


async def test_the_same_reply_sent_twice_is_said_once(console: Console, new_browser: NewBrowser) -> None:
    ticket = await console.ask()
    browser = await new_browser.of(console.cast.li)
    for _ in range(2):
        assert (await reply(browser, ticket, "您好", last_seen=1, client_id="same-id-0001"))[0] == 200
    assert len(await console.database.read(conversations.history, ticket.conversation_id)) == 2


@pytest.mark.parametrize(
    ("text", "fields", "said"),
    [
        ("请稍候", {}, "看起来只是请客户稍等"),
        ("我去查一下订单，十分钟内给您结果", {"holding": "yes"}, "这是致意"),
    ],
)
async def test_a_holding_message_says_that_the_clock_goes_on(
    console: Console, new_browser: NewBrowser, text: str, fields: dict[str, Any], said: str
) -> None:
    ticket = await console.ask()
    browser = await new_browser.of(console.cast.li)
    status, answer = await reply(browser, ticket, text, 1, **fields)
    assert (status, said in answer) == (200, True)
    newest = await console.database.read(conversations.latest, ticket.conversation_id, 1)
    assert newest[0].kind is MessageKind.HOLDING
    assert await console.database.read(rows.running_reply, ticket.conversation_id) is not None


async def test_a_reply_that_missed_a_message_is_refused_with_what_changed_and_then_sent_anyway(
    console: Console, new_browser: NewBrowser
) -> None:
    ticket = await console.ask()
    browser = await new_browser.of(console.cast.li)
    await console.customer_writes("先别来了，<b>我改时间</b>")
    status, panel = await reply(browser, ticket, "周六可以到店", last_seen=1)
    assert status == 409
    assert "客户来了新消息" in panel
    assert "先别来了，&lt;b&gt;我改时间&lt;/b&gt;" in panel
    assert "重新看过，仍要发送" in panel
    last = re.search(r'data-last="(\d+)"', panel)
    assert last is not None
    assert (await reply(browser, ticket, "周六可以到店", last_seen=int(last[1])))[0] == 200


async def test_two_agents_replying_at_once_get_one_reply_and_one_conflict_that_names_the_other(
    console: Console, new_browser: NewBrowser
) -> None:
    ticket = await console.ask()
    li, chen = await new_browser.of(console.cast.li), await new_browser.of(console.cast.chen)
    assert (await reply(li, ticket, "我来处理", last_seen=1))[0] == 200
    status, panel = await reply(chen, ticket, "您好", last_seen=1)
    assert status == 409
    assert re.search(r"李工.?已经回复客户", panel)
    assert "我来处理" in panel
    assert re.search(r"受理人变为.?李工", panel)
    assert "接管并发送" in panel
    version, last = re.search(r'data-version="(\d+)"', panel), re.search(r'data-last="(\d+)"', panel)
    assert version is not None
    assert last is not None
    taken = await chen.send(f"/console/tickets/{ticket.number}/take-over", version=version[1])
    assert taken.status == 200
    assert (await reply(chen, ticket, "您好", last_seen=int(last[1])))[0] == 200


async def test_without_scripts_a_conflict_is_a_page_that_keeps_the_text(
    console: Console, new_browser: NewBrowser
) -> None:
    ticket = await console.ask()
    browser = await new_browser.of(console.cast.li)
    await console.customer_writes("还在吗")
    response = await browser.send(
        f"/console/tickets/{ticket.number}/reply",
        fetch=False,
        text="写了很久的一段话",
        last_seen=1,
        client_id="client-0001",
    )
    page = await response.text()
    assert response.status == 409
    assert "写了很久的一段话</textarea>" in page
    assert "没有发出：工单刚刚有变化" in page


@pytest.mark.parametrize(
    ("text", "said"),
    [(" \n ", "请先写内容"), ("长" * 4001, "最多 4000 个字符，现在有 4001 个"), ("a\x00b", "无法显示的字符")],
)
@pytest.mark.parametrize("act", ["reply", "note"])
async def test_a_text_that_cannot_be_sent_is_refused_with_the_reason(
    console: Console, new_browser: NewBrowser, act: str, text: str, said: str
) -> None:
    ticket = await console.ask()
    browser = await new_browser.of(console.cast.li)
    response = await browser.send(
        f"/console/tickets/{ticket.number}/{act}", text=text, last_seen=1, client_id="client-0001"
    )
    assert response.status == 422
    assert said in (await response.json())["text"]


async def test_a_note_is_never_a_message(console: Console, new_browser: NewBrowser) -> None:
    ticket = await console.ask()
    browser = await new_browser.of(console.cast.li)
    assert (await browser.send(f"/console/tickets/{ticket.number}/note", text="客户脾气急")).status == 200
    assert len(await console.database.read(conversations.history, ticket.conversation_id)) == 1
    _, page = await browser.open(f"/console/tickets/{ticket.number}")
    assert "客户脾气急" in page


async def test_resolving_is_undone_by_the_act_that_the_answer_names(console: Console, new_browser: NewBrowser) -> None:
    ticket = await console.ask()
    browser = await new_browser.of(console.cast.li)
    path = f"/console/tickets/{ticket.number}"
    done = await (await browser.send(f"{path}/resolve", version=ticket.version)).json()
    assert (await ticket_now(console, ticket)).status is Status.RESOLVED
    undone = await browser.send(f"{path}/{done['undo']['act']}", version=done["undo"]["version"])
    assert undone.status == 200
    assert (await ticket_now(console, ticket)).status is Status.OPEN


async def test_an_act_on_a_ticket_that_changed_meanwhile_is_refused(console: Console, new_browser: NewBrowser) -> None:
    ticket = await console.ask()
    browser = await new_browser.of(console.cast.li)
    await console.customer_writes("还有一件事")
    response = await browser.send(f"/console/tickets/{ticket.number}/resolve", version=ticket.version)
    assert response.status == 409
    assert "工单刚刚有变化" in (await response.json())["text"]
    assert (await ticket_now(console, ticket)).status is Status.NEW


async def test_an_act_that_the_status_forbids_is_refused_in_words(console: Console, new_browser: NewBrowser) -> None:
    ticket = await console.ask()
    browser = await new_browser.of(console.cast.li)
    response = await browser.send(f"/console/tickets/{ticket.number}/resume", version=ticket.version)
    assert (response.status, (await response.json())["error"]) == (422, "not_allowed")


async def test_without_scripts_an_act_leads_back_to_the_ticket_and_says_so(
    console: Console, new_browser: NewBrowser
) -> None:
    ticket = await console.ask()
    browser = await new_browser.of(console.cast.li)
    path = f"/console/tickets/{ticket.number}"
    response = await browser.send(f"{path}/take-over", fetch=False, version=ticket.version)
    assert (response.status, response.headers["Location"]) == (303, f"{path}?done=taken_over")
    _, page = await browser.open(response.headers["Location"])
    assert "已由您受理" in page
    assert (await browser.open(f"{path}?done=%3Cscript%3E"))[0] == 200


@pytest.mark.parametrize("number", ["2611-9999", "0000-0000", "2611-0001'--", "x", "2611-0001%00"])
async def test_a_ticket_that_does_not_exist_is_a_page_that_says_so(
    console: Console, new_browser: NewBrowser, number: str
) -> None:
    browser = await new_browser.of(console.cast.li)
    status, page = await browser.open(f"/console/tickets/{number}")
    assert status == 404
    assert "找不到这个页面或工单" in page


async def test_what_customers_write_is_shown_as_text_everywhere(console: Console, new_browser: NewBrowser) -> None:
    attack = '<script>alert(1)</script>{{7*7}}"><img src=x onerror=alert(1)>'
    ticket = await console.ask(text=attack)
    browser = await new_browser.of(console.cast.li)
    for path in ("/console", f"/console/tickets/{ticket.number}"):
        _, page = await browser.open(path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "{{7*7}}" in page


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://[", "data:text/html,x", ""])
async def test_a_page_address_that_is_no_web_address_becomes_no_link(
    console: Console, new_browser: NewBrowser, url: str
) -> None:
    def attack(tx: Transaction, url: str) -> Ticket:
        contact = contacts.identify(tx, "chat", "v-9", people.NOON)
        conversation = conversations.find_or_open(tx, contact.id, "chat", people.NOON, url, "点我")
        return desk.open_ticket(tx, conversation, Reason.ASKED_FOR_PERSON, "?", [], people.RULES, people.NOON)

    ticket = await console.database.write(attack, url)
    browser = await new_browser.of(console.cast.li)
    _, page = await browser.open(f"/console/tickets/{ticket.number}")
    assert "点我" not in page


async def test_the_parts_for_the_script_are_the_same_without_the_page(
    console: Console, new_browser: NewBrowser
) -> None:
    ticket = await console.ask()
    browser = await new_browser.of(console.cast.li)
    status, parts = await browser.open(f"/console/tickets/{ticket.number}", **FETCH)
    assert status == 200
    assert "<html" not in parts
    names = ["queue", "head", "banner", "talk", "hint", "side", "properties", "description"]
    assert re.findall(r'data-region="(\w+)"', parts) == names
    _, parts = await browser.open("/console", **FETCH)
    assert re.findall(r'data-region="(\w+)"', parts) == ["queue", "home"]


async def test_the_console_speaks_english_to_whoever_asks_for_it(console: Console, new_browser: NewBrowser) -> None:
    browser = await new_browser.of(console.cast.li)
    _, page = await browser.open("/console", **{"Accept-Language": "en-GB,en;q=0.9"})
    assert "Waiting" in page
    await browser.send("/console/language", fetch=False, language="en", next="/console?view=mine")
    _, page = await browser.open("/console")
    assert '<html lang="en">' in page
    await browser.send("/console/language", fetch=False, language="zh")
    _, page = await browser.open("/console", **{"Accept-Language": "en"})
    assert '<html lang="zh-CN">' in page


@pytest.mark.parametrize(
    ("acted_at", "led_to"),
    [
        ("/console/rules/ways/mail/test", "/console/rules/ways/mail"),
        ("/console/rules/notices/gone/retry", "/console/rules"),
        ("/console/tickets/2611-0001/acknowledge", "/console/tickets/2611-0001"),
        ("/console/rules/policies/new?like=gone", "/console/rules/policies/new?like=gone"),
        ("/console/login", "/console/login"),
    ],
)
async def test_who_changes_the_language_where_an_act_was_answered_is_led_to_a_page(
    console: Console, new_browser: NewBrowser, acted_at: str, led_to: str
) -> None:
    browser = await new_browser.of(console.cast.admin)
    response = await browser.send("/console/language", fetch=False, language="en", next=acted_at)
    assert response.headers["Location"] == led_to


async def test_an_entry_that_was_withdrawn_offers_no_answer(console: Console, new_browser: NewBrowser) -> None:
    made = await console.database.write(people.fill_desk, console.cast)
    withdrawn = replace(people.ENTRIES[0], status=EntryStatus.ARCHIVED)
    await console.database.write(entries.save, [withdrawn], "test", people.NOON)
    browser = await new_browser.of(console.cast.li)
    _, page = await browser.open(f"/console/tickets/{made['calm'].number}")
    assert "花纹深度低于" not in page


async def test_when_nothing_can_be_saved_agents_are_told_and_can_still_read(
    console: Console, new_browser: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise StorageUnavailable("the disk is full")

    ticket = await console.ask()
    browser = await new_browser.of(console.cast.li)
    monkeypatch.setattr(console.database, "write", refuse)
    console.clock.pass_by(5 * people.MINUTE)
    assert (await browser.open(f"/console/tickets/{ticket.number}"))[0] == 200
    status, said = await reply(browser, ticket, "您好", last_seen=1)
    assert (status, said) == (503, "暂时无法保存，内容没有发出。请稍后再试，草稿还在。")
