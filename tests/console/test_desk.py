"""A ticket's properties, its customer, and how tickets are merged and split, as agents do it in the console."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from storage.database import Transaction
from tests.console import cast as people
from tests.console import mails
from tests.console.conftest import Browser, Console, NewBrowser
from tests.console.mails import Sample
from tickets import contacts, conversations, teams, tickets
from tickets.model import Author, Draft, MessageKind, Priority, Status, Ticket
from tickets.sla import rulebook
from tickets.sla.model import Budget, Condition, ConditionField, Policy, RuleKind

HOUR = people.HOUR


@dataclass(frozen=True, slots=True)
class Two:
    """A chat and a mail of one customer, and the mail of somebody else."""

    chat: Ticket
    mail: Ticket
    stranger: Ticket


def promise(tx: Transaction, field: ConditionField, value: str, hours: int, name: str) -> None:
    chain_id = rulebook.in_force(tx).policies[-1].definition.chain_id  # type: ignore[union-attr]
    budget = Budget(hours * HOUR)
    policy = Policy(budget, budget, None, chain_id, (Condition(field, (value,)),))
    rulebook.add(tx, RuleKind.POLICY, name, policy, "test", 1, people.NOON - 100 * HOUR)


def two(tx: Transaction) -> Two:
    chat = people.ask(tx, "v-1", "刹车异响，什么时候能修", people.NOON - 10 * people.MINUTE)
    contacts.learn_name(tx, chat.contact_id, "张敏")
    tx.change(
        """
        INSERT INTO identity (id, contact_id, channel, address, created_at)
        VALUES ('own', :contact_id, 'mail', 'zhang.min@example.net', 0)
        """,
        {"contact_id": chat.contact_id},
    )
    mail, _ = mails.write_in(tx, "a" * 64, Sample())
    other, _ = mails.write_in(tx, "b" * 64, Sample(sender="wang@example.org", name="王伟", subject="发票"))
    return Two(chat, mail, other)


def page_of(ticket: Ticket, what: str = "") -> str:
    return f"/console/tickets/{ticket.number}{what}"


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


@pytest.fixture
async def li(console: Console, new_browser: NewBrowser) -> Browser:
    return await new_browser.of(console.cast.li)


async def test_a_higher_priority_says_before_and_after_what_moves_and_can_be_undone(
    console: Console, li: Browser
) -> None:
    await console.database.write(promise, ConditionField.PRIORITY, "urgent", 2, "紧急")
    ticket = await console.ask()
    outlook = await li.session.get(console.origin + page_of(ticket, "/properties/outlook?priority=urgent"))
    told = (await outlook.json())["text"]
    assert told == "保存后按「紧急」：首次答复时限由 明天 04:00 改为 今天 18:00"
    same = await li.session.get(console.origin + page_of(ticket, "/properties/outlook?priority=high"))
    assert "时限不变" in (await same.json())["text"]
    saved = await li.send(page_of(ticket, "/properties"), version=1, priority="urgent", category=" 维修 ", team="")
    answer = await saved.json()
    assert answer["text"] == "工单属性已保存。首次答复时限由 明天 04:00 改为 今天 18:00"
    _, page = await li.open(page_of(ticket))
    assert "优先级由普通改为紧急；分类由无改为\u2068维修\u2069；首次答复时限由 明天 04:00 改为 今天 18:00" in page
    undo = answer["undo"]
    back = await li.send(page_of(ticket, "/properties"), version=undo["version"], **undo["fields"])
    assert (await back.json())["text"] == "工单属性已保存。首次答复时限由 今天 18:00 改为 明天 04:00"
    now = await console.database.read(tickets.by_number, ticket.number)
    assert (now.priority, now.category) == (Priority.NORMAL, None)


async def test_without_scripts_the_form_works_and_keeps_what_was_typed_when_somebody_was_faster(
    console: Console, li: Browser
) -> None:
    team = await console.database.write(teams.add, "售后组", None)
    ticket = await console.ask()
    done = await li.send(
        page_of(ticket, "/properties"), fetch=False, version=1, priority="high", category="", team=team.id
    )
    assert (done.status, done.headers["Location"]) == (303, page_of(ticket, "?done=properties_saved"))
    late = await li.send(
        page_of(ticket, "/properties"), fetch=False, version=1, priority="low", category="我写的分类", team=""
    )
    shown = await late.text()
    assert late.status == 409
    assert "没有完成：工单刚刚有变化" in shown
    assert 'value="我写的分类"' in shown
    assert '<option value="low" selected>' in shown


async def test_a_team_that_is_not_there_and_a_priority_that_is_none_are_refused(console: Console, li: Browser) -> None:
    ticket = await console.ask()
    gone = await li.send(page_of(ticket, "/properties"), version=1, priority="high", category="", team="nobody")
    wrong = await li.send(page_of(ticket, "/properties"), version=1, priority="very", category="", team="")
    assert (gone.status, wrong.status) == (404, 400)


async def test_a_customer_is_described_and_the_promise_follows(console: Console, li: Browser) -> None:
    await console.database.write(promise, ConditionField.VALUE_CLASS, "VIP", 4, "贵宾")
    ticket = await console.ask()
    outlook = await li.session.get(
        console.origin + page_of(ticket, "/customer/outlook?value_class=vip&attribute_lines=")
    )
    assert "首次答复时限由 明天 04:00 改为 今天 20:00" in (await outlook.json())["text"]
    saved = await li.send(
        page_of(ticket, "/customer"), contact_version=1, value_class="VIP", attribute_lines="城市：深圳\n\n车型: E6"
    )
    assert "客户信息已保存。首次答复时限由" in (await saved.json())["text"]
    _, page = await li.open(page_of(ticket))
    for words in ("客户等级由无改为\u2068VIP\u2069", "城市: 深圳\n车型: E6</textarea>", "<bdi>深圳</bdi>"):
        assert words in page
    late = await li.send(page_of(ticket, "/customer"), contact_version=1, value_class="普通", attribute_lines="")
    assert late.status == 409


@pytest.mark.parametrize(
    ("value_class", "attributes", "said"),
    [
        ("很" * 41, "", "客户等级最多 40 个字符"),
        ("", "城市", "第 1 行看不懂"),
        ("", "城市：深圳\n：空", "第 2 行看不懂"),
        ("", "城市：深圳\n城市：广州", "第 2 行的名称重复了"),
        ("", f"城市：{'长' * 201}", "第 1 行太长"),
        ("", "\n".join(f"属性{one}：值" for one in range(21)), "最多 20 条属性"),
    ],
)
async def test_a_description_that_cannot_be_kept_says_what_is_wrong_and_stays_as_typed(
    console: Console, li: Browser, value_class: str, attributes: str, said: str
) -> None:
    ticket = await console.ask()
    fields: dict[str, Any] = {"contact_version": 1, "value_class": value_class, "attribute_lines": attributes}
    refused = await li.send(page_of(ticket, "/customer"), **fields)
    assert (refused.status, said in (await refused.json())["text"]) == (422, True)
    plain = await li.send(page_of(ticket, "/customer"), fetch=False, **fields)
    shown = await plain.text()
    assert (plain.status, said in shown, attributes in shown) == (422, True, True)
    looked = await li.session.get(console.origin + page_of(ticket, "/customer/outlook"), params=fields)
    assert said in (await looked.json())["text"]


async def test_a_mail_is_merged_into_the_chat_and_its_messages_are_shown_there(console: Console, li: Browser) -> None:
    made = await console.database.write(two)
    _, page = await li.open(page_of(made.mail, "/merge"))
    assert "这位客户没有其他" not in page
    assert "合并后：首次答复最晚明天 03:40" in page
    assert made.stranger.number not in page
    versions = {"version": field(page, "version"), "into_version": field(page, "into_version")}
    done = await li.send(page_of(made.mail, "/merge"), fetch=False, into=made.chat.number, **versions)
    assert (done.status, done.headers["Location"]) == (303, page_of(made.chat, "?done=merged"))
    _, shown = await li.open(page_of(made.chat))
    for words in (
        "刹车时有异响",
        f"来自已并入的工单 {made.mail.number}",
        f"李工\u2069把工单 {made.mail.number} 并了进来",
        "zhang.min@example.net",
    ):
        assert words in shown
    _, ended = await li.open(page_of(made.mail))
    assert f"已并入工单 {made.chat.number}" in ended
    assert 'data-shape="properties"' not in ended


async def test_a_chat_is_not_merged_and_the_page_says_from_where_to_do_it(console: Console, li: Browser) -> None:
    made = await console.database.write(two)
    _, page = await li.open(page_of(made.chat, "/merge"))
    assert "请从邮件工单发起" in page
    assert f'href="/console/tickets/{made.mail.number}/merge"' in page
    refused = await li.send(page_of(made.chat, "/merge"), fetch=False, version=1, into=made.mail.number, into_version=1)
    assert (refused.status, "客户的聊天窗口只显示这一个会话" in await refused.text()) == (422, True)


async def test_tickets_are_found_by_number_subject_and_name_and_strangers_are_told_apart(
    console: Console, li: Browser
) -> None:
    made = await console.database.write(two)
    for words in (made.stranger.number, "发票", "王伟"):
        _, page = await li.open(page_of(made.mail, f"/merge?q={words}"))
        assert "是另一位客户的工单" in page
    _, none = await li.open(page_of(made.mail, "/merge?q=100%25"))
    assert "没有找到未结束的工单" in none
    refused = await li.send(
        page_of(made.mail, "/merge"), fetch=False, version=1, into=made.stranger.number, into_version=1
    )
    assert refused.status == 422


async def test_whoever_merges_what_has_changed_is_shown_how_it_is_now(console: Console, li: Browser) -> None:
    made = await console.database.write(two)
    await console.customer_writes("还在吗？")
    late = await li.send(page_of(made.mail, "/merge"), fetch=False, version=1, into=made.chat.number, into_version=1)
    assert (late.status, "没有合并：其中一张工单刚刚有变化" in await late.text()) == (409, True)
    gone = await li.send(page_of(made.mail, "/merge"), fetch=False, version=1, into="2611-9999", into_version=1)
    assert (gone.status, "找不到要并入的工单" in await gone.text()) == (422, True)
    assert (await console.database.read(tickets.by_number, made.mail.number)).status is Status.NEW


def second_mail(tx: Transaction, ticket: Ticket) -> str:
    """The customer writes again in the mail's thread; the id of that message."""
    draft = conversations.history(tx, ticket.conversation_id)[0]
    said, _ = conversations.append(
        tx,
        ticket.conversation_id,
        Draft(
            Author.CONTACT, MessageKind.TEXT, "另外想开发票", trace={"mail": {**draft.trace["mail"], "subject": "发票"}}
        ),
        people.NOON - people.MINUTE,
    )
    return said.id


async def test_a_message_is_split_off_into_a_ticket_of_its_own(console: Console, li: Browser) -> None:
    made = await console.database.write(two)
    said_id = await console.database.write(second_mail, made.mail)
    _, page = await li.open(page_of(made.mail))
    assert f'/split?from={said_id}"' in page
    _, choice = await li.open(page_of(made.mail, f"/split?from={said_id}"))
    assert re.findall(r'name="m_([^"]+)" value="yes" checked', choice) == [said_id]
    assert field(choice, "version") == "1"
    done = await li.send(
        page_of(made.mail, "/split"), fetch=False, version=1, subject="要开发票", **{f"m_{said_id}": "yes"}
    )
    assert done.status == 303
    _, new = await li.open(done.headers["Location"])
    for words in ("要开发票", "另外想开发票", f"从工单 {made.mail.number} 拆分出了这张工单", "由坐席从另一张工单拆出"):
        assert words in new
    _, old = await li.open(page_of(made.mail))
    assert "把消息拆分到了工单" in old
    assert '<p class="words" dir="auto">另外想开发票' not in old


async def test_a_split_that_cannot_be_done_says_why_and_keeps_what_was_ticked(console: Console, li: Browser) -> None:
    made = await console.database.write(two)
    said_id = await console.database.write(second_mail, made.mail)
    ticked = {f"m_{said_id}": "yes"}
    for fields, said in (
        ({"subject": "发票"}, "请至少选择一条客户的消息"),
        ({"subject": "", **ticked}, "请填写主题"),
    ):
        refused = await li.send(page_of(made.mail, "/split"), fetch=False, version=1, **fields)
        shown = await refused.text()
        assert (refused.status, said in shown) == (422, True)
    assert f'name="m_{said_id}" value="yes" checked' in shown
    late = await li.send(page_of(made.mail, "/split"), fetch=False, version=7, subject="发票", **ticked)
    assert (late.status, "没有拆分：工单刚刚有变化" in await late.text()) == (409, True)
    chat = await li.send(page_of(made.chat, "/split"), fetch=False, version=1, subject="x")
    assert chat.status == 422


async def test_a_reply_written_before_a_merger_is_not_sent_unseen(console: Console, li: Browser) -> None:
    made = await console.database.write(two)
    await li.open(page_of(made.chat))
    await li.send(page_of(made.mail, "/merge"), fetch=False, version=1, into=made.chat.number, into_version=1)
    held = await li.send(
        page_of(made.chat, "/reply"), text="周六可以到店。", last_seen=1, client_id="client-0001", version=1
    )
    assert (held.status, "合并了工单" in await held.text()) == (409, True)
    sent = await li.send(
        page_of(made.chat, "/reply"), text="周六可以到店。", last_seen=1, client_id="client-0002", version=2
    )
    assert sent.status == 200
