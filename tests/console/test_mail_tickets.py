"""What a ticket's page says of mail: who wrote from where, what became of our answers, and how a reply will go."""

import re
from typing import Any

import pytest

from bot.console.mail.post import Way, way_of
from bot.console.texts import Language, sayer
from storage import outbox
from storage.blobs import Blobs
from storage.database import Transaction, new_id
from tests.console.cast import MINUTE, NOON
from tests.console.conftest import Browser, Console, NewBrowser
from tests.console.mails import MAILBOX, OURS, Sample, laid_down, write_in
from tickets import conversations, desk, events
from tickets.mail import dead_addresses, sent
from tickets.mail.dead_addresses import DeadAddress
from tickets.mail.sent import Report, SentMail, SentState, Trouble
from tickets.model import (
    SYSTEM,
    Agent,
    Author,
    Contact,
    Conversation,
    Message,
    MessageKind,
    Owner,
    Ticket,
    TicketEvent,
)

WHOLE = "还是不行。\n\n在 2026年11月23日，客服 写道：\n> 请先重启一次。"


async def mail_ticket(console: Console, sample: Sample, whole: str | None = None) -> tuple[Ticket, str]:
    blobs = Blobs(console.database.folder)
    return await console.database.write(write_in, laid_down(blobs, sample), sample, whole)


def reply_by_mail(tx: Transaction, ticket: Ticket, agent: Agent, **told: Any) -> tuple[Message, SentMail]:
    """An agent's reply and the mail that it became."""
    message = desk.reply(tx, ticket.number, agent, "周六可以到店检查。", 1, f"{agent.id}:{new_id()}", False, NOON)
    mail = SentMail(
        **{
            "id": new_id(),
            "mailbox": MAILBOX,
            "conversation_id": ticket.conversation_id,
            "kind": "reply",
            "automatic": False,
            "after_chat": False,
            "recipient": "zhang.min@example.net",
            "message_id": f"{new_id()}@example.com",
            "in_reply_to": None,
            "references": (),
            "subject": "Re: 刹车异响怎么办",
            "said": (message.id,),
            "about_id": None,
            "quotes": True,
            "language": "zh",
            "created_at": NOON,
            **told,
        }
    )
    sent.keep(tx, mail)
    return message, mail


@pytest.fixture
async def agent(console: Console, new_browser: NewBrowser) -> Browser:
    return await new_browser.of(console.cast.li)


def plain(text: str) -> str:
    """A page without its markup and the marks that isolate names."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text)).replace("\u2068", "").replace("\u2069", "")


async def test_a_mail_tells_from_where_it_came_and_shows_the_rest_when_asked(console: Console, agent: Browser) -> None:
    ticket, mail_id = await mail_ticket(console, Sample(text="还是不行。"), WHOLE)
    _, text = await agent.open(f"/console/tickets/{ticket.number}")
    assert f'href="/console/mail/{mail_id}"' in text
    assert f'href="/console/mail/{mail_id}/text"' in text
    assert "展开引用的原文" in text
    assert "已验证" in text
    assert "请先重启一次" not in text
    _, part = await agent.open(f"/console/mail/{mail_id}/text", **{"X-Fetch": "1"})
    assert "&gt; 请先重启一次。" in part
    status, _ = await agent.open(f"/console/mail/{mail_id}/text")
    assert status == 303


async def test_a_sender_who_proves_nothing_is_marked_wherever_an_agent_could_believe_them(
    console: Console, agent: Browser
) -> None:
    ticket, _ = await mail_ticket(console, Sample(verdict={"authenticity": "unverified"}))
    _, text = await agent.open(f"/console/tickets/{ticket.number}")
    told = plain(text)
    assert told.count("未验证") >= 3
    assert "发件人未验证，不要透露客户资料。" in told
    assert "已验证" not in told
    assert "将以邮件发送给 zhang.min@example.net，主题 刹车异响怎么办" in told


@pytest.mark.parametrize(
    ("state", "reason", "told", "again"),
    [
        (SentState.QUEUED, None, "邮件排队中，发往 zhang.min@example.net", False),
        (SentState.SENT, None, "邮件已发送给 zhang.min@example.net", False),
        (SentState.FAILED, Trouble.MAILBOX_FULL, "邮件发送失败：对方邮箱已满", True),
        (SentState.BOUNCED, Trouble.NO_SUCH_ADDRESS, "邮件被退回：地址不存在", True),
        (SentState.UNCERTAIN, Trouble.LOST_REPLY, "不确定邮件是否送达：对方服务器在确认前断开了连接", True),
        (SentState.WITHDRAWN, Trouble.READ_IN_CHAT, "没有发邮件：客户已在网页上看到", False),
        (SentState.FAILED, "brand_new", "邮件发送失败：550 nobody here", True),
    ],
)
async def test_each_reply_tells_what_became_of_it_as_a_mail(
    console: Console, agent: Browser, state: SentState, reason: str | None, told: str, again: bool
) -> None:
    ticket, _ = await mail_ticket(console, Sample())
    settled = None if state is SentState.QUEUED else NOON
    await console.database.write(
        lambda tx: reply_by_mail(
            tx, ticket, console.cast.li, state=state, reason=reason, error="550 nobody here", settled_at=settled
        )
    )
    _, text = await agent.open(f"/console/tickets/{ticket.number}")
    assert told in plain(text)
    assert ("/retry" in text) is again


async def test_every_reason_of_the_program_has_words_in_both_languages(console: Console) -> None:
    for language in Language:
        say = sayer(language)
        assert [one for one in Trouble if not say.knows(f"delivery_reason.{one}")] == []
        assert [one for one in SentState if not say.knows(f"delivery.{one}")] == []


async def test_a_mail_that_failed_is_sent_again_once_and_only_through_its_own_ticket(
    console: Console, agent: Browser
) -> None:
    ticket, _ = await mail_ticket(console, Sample())
    other, _ = await mail_ticket(console, Sample(sender="wei@example.net", subject="别的事"))

    def fail(tx: Transaction) -> SentMail:
        _, mail = reply_by_mail(tx, ticket, console.cast.li)
        outbox.enqueue(tx, "letter", sent.key_of(mail.id), {}, NOON)
        tx.change("UPDATE outbox SET status = 'dead' WHERE key = :key", {"key": sent.key_of(mail.id)})
        sent.failed(tx, mail, Trouble.MAILBOX_FULL, "550 full", NOON)
        return mail

    mail = await console.database.write(fail)
    _, text = await agent.open(f"/console/tickets/{ticket.number}")
    assert "有 1 封回复没有送达" in text
    assert "邮件发送失败：对方邮箱已满" in plain(text)
    address = f"/console/tickets/{{}}/letters/{mail.id}/retry"
    assert (await agent.send(address.format(other.number))).status == 404
    assert (await agent.send(address.format(ticket.number), csrf=None)).status == 403
    assert (await agent.send(address.format(ticket.number), fetch=False)).status == 303
    again = await console.database.read(sent.get, mail.id)
    assert again is not None
    assert again.state is SentState.QUEUED
    assert (await agent.send(address.format(ticket.number))).status == 409
    assert "没有送达" not in (await agent.open("/console"))[1]


async def test_a_dead_address_is_said_before_an_agent_writes_in_vain(console: Console, agent: Browser) -> None:
    ticket, _ = await mail_ticket(console, Sample())
    dead = DeadAddress("zhang.min@example.net", "5.1.1", "no such user", NOON - MINUTE)
    await console.database.write(dead_addresses.mark, dead)
    told = plain((await agent.open(f"/console/tickets/{ticket.number}"))[1])
    assert "这个地址收不到邮件，请换一种方式联系客户。" in told
    assert "邮件送不到 zhang.min@example.net" in told


async def test_what_mail_servers_and_strangers_did_is_told_in_words(console: Console, agent: Browser) -> None:
    ticket, mail_id = await mail_ticket(console, Sample())

    def happen(tx: Transaction) -> None:
        _, mail = reply_by_mail(tx, ticket, console.cast.li)
        sent.delayed(tx, mail, NOON)
        sent.record_bounce(tx, mail.id, Report("failed", "5.1.1", "<b>no such user</b>", dead=True), NOON)
        for action, detail in (("auto_reply", {"mail_id": mail_id}), ("related_mail", {"mail_id": mail_id})):
            events.record(tx, ticket.id, [TicketEvent(SYSTEM, action, ticket.status, ticket.status, NOON, detail)])

    await console.database.write(happen)
    _, text = await agent.open(f"/console/tickets/{ticket.number}")
    told = plain(text)
    for sentence in (
        "邮件迟迟没有送出，系统仍在重试",
        "邮件被退回：地址不存在",
        "客户的邮箱自动回复了，不算客户的话",
        "另一个地址回复了这个会话的邮件，已单独建立会话",
    ):
        assert sentence in told
    assert "<b>no such user" not in text


async def test_a_chat_says_that_a_customer_who_left_gets_a_mail_only_where_there_are_mailboxes(
    console: Console, agent: Browser
) -> None:
    ticket = await console.ask()
    await console.database.write(
        lambda tx: tx.change("UPDATE contact SET email = 'lin@example.cn' WHERE id = :id", {"id": ticket.contact_id})
    )
    assert "也会发邮件到" not in (await agent.open(f"/console/tickets/{ticket.number}"))[1]


async def test_the_queue_shows_a_mail_by_its_icon_and_subject(console: Console, agent: Browser) -> None:
    await mail_ticket(console, Sample())
    _, text = await agent.open("/console")
    assert 'title="邮件"' in text
    assert "刹车异响怎么办" in text


async def test_our_own_address_is_nowhere_taken_for_the_customers(console: Console, agent: Browser) -> None:
    ticket, _ = await mail_ticket(console, Sample())
    assert OURS not in plain((await agent.open(f"/console/tickets/{ticket.number}"))[1])
    said = await console.database.read(conversations.latest, ticket.conversation_id, 5)
    assert len(said) == 1


def conversation_of(channel: str) -> Conversation:
    return Conversation("c", "p", channel, Owner.BOT, None, 1, 1, None, None, NOON, NOON, "刹车异响")


def contact_with(email: str | None) -> Contact:
    return Contact("p", "张敏", None, email, None, NOON)


def said_by_mail(**facts: object) -> Message:
    trace = {"mail": facts} if facts else {}
    return Message("m", "c", 1, Author.CONTACT, None, MessageKind.TEXT, "在吗", None, None, {}, trace, NOON)


@pytest.mark.parametrize(
    ("channel", "email", "facts", "mailboxes", "way"),
    [
        ("chat", "a@example.cn", {}, True, Way(False, "a@example.cn", None, False)),
        ("chat", "a@example.cn", {}, False, Way(False, None, None, False)),
        ("chat", None, {}, True, Way(False, None, None, False)),
        ("mail", None, {"from": "b@example.cn", "verified": True}, True, Way(True, "b@example.cn", "刹车异响", True)),
        (
            "mail",
            None,
            {"from": "b@x.cn", "answer_to": "c@example.cn"},
            True,
            Way(True, "c@example.cn", "刹车异响", False),
        ),
        ("mail", None, {"from": "b@example.cn", "verified": "yes"}, True, Way(True, "b@example.cn", "刹车异响", False)),
        ("chat", None, {"from": "b@example.cn", "subject": "续"}, True, Way(True, "b@example.cn", "续", False)),
        ("mail", "a@example.cn", {}, True, Way(True, "a@example.cn", "刹车异响", False)),
    ],
)
def test_a_reply_goes_where_the_customer_wrote_from_last(
    channel: str, email: str | None, facts: dict[str, object], mailboxes: bool, way: Way
) -> None:
    assert way_of(conversation_of(channel), contact_with(email), [said_by_mail(**facts)], mailboxes) == way
