"""Mails through the one door: what is answered, what goes to a person, and when nothing is said."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.mail.postman import Posting, PostKind, Refusal
from bot.messages import Channel, InboundMessage, Thread
from bot.receive import Answering, accept
from bot.templates import load_templates
from knowledgebase.learning import asked
from storage.database import Row, Transaction
from storage.sqlite import SQLiteDatabase
from tests.bot.cast import HOUR, LIMITS, MINUTE, NOW, PRICE, SERVICE, TYRES, ScriptedShelf, match
from tests.rules import RULES
from tickets import agents, conversations, desk, events, tickets
from tickets.clocks import rows
from tickets.model import Agent, Contact, Conversation, Message, MessageKind, Priority, Reason, Role, Status, Ticket

TEMPLATES = load_templates()


@dataclass
class Postbox:
    """A postman who keeps what is posted, and refuses when told to."""

    posted: list[Posting] = field(default_factory=list)
    refuses: str | None = None
    asked: int = 0

    follows_chats = False

    def allow(
        self, tx: Transaction, message: Message, conversation: Conversation, contact: Contact, now: int
    ) -> Refusal | None:
        self.asked += 1
        return Refusal(self.refuses) if self.refuses else None

    def post(self, tx: Transaction, posting: Posting, now: int) -> None:
        self.posted.append(posting)


@dataclass
class Writer:
    """Somebody who writes mails to us, and the bot that reads them."""

    database: SQLiteDatabase
    bot: Answering
    box: Postbox
    now: int = NOW
    sent: int = 0
    conversation_id: str | None = None

    async def writes(self, text: str, subject: str = "", **more: Any) -> list[Message]:
        """Send a mail, in the same thread after the first; what was said to it."""
        message = (await self.database.write(accept, self.mail(text, subject, **more))).message
        self.conversation_id = message.conversation_id
        self.now += 1_000
        await self.bot.answer(message)
        said = await self.database.read(conversations.history, message.conversation_id, message.number)
        return [one for one in said if one.author != "contact"]

    def mail(self, text: str, subject: str = "", verified: bool = True, silent: str | None = None) -> InboundMessage:
        self.sent += 1
        self.now += MINUTE
        facts: Mapping[str, Any] = {
            "id": f"mail-{self.sent}",
            "mailbox": "help",
            "message_id": f"q{self.sent}@example.cn",
            "references": [],
            "subject": subject,
            "verified": verified,
            "from": "lin@example.cn",
        }
        return InboundMessage(
            Channel.MAIL,
            f"q{self.sent}@example.cn",
            "lin@example.cn",
            text,
            self.now,
            thread=Thread.THIS if self.conversation_id else Thread.NEW,
            conversation_id=self.conversation_id,
            subject=subject,
            silent=silent,
            facts={"mail": facts},
        )

    async def ticket(self) -> Ticket | None:
        assert self.conversation_id
        return await self.database.read(tickets.live_of_conversation, self.conversation_id)

    async def waits(self) -> bool:
        assert self.conversation_id
        return await self.database.read(rows.running_reply, self.conversation_id) is not None


@pytest.fixture
def box() -> Postbox:
    return Postbox()


@pytest.fixture
def lin(database: SQLiteDatabase, shelf: ScriptedShelf, box: Postbox) -> Writer:
    shelf.knows("轮胎多久换一次?", match(TYRES, 0.95), match(PRICE, 0.2))
    shelf.knows("轮胎多久换一次", match(TYRES, 0.95), match(PRICE, 0.2))
    shelf.knows("首保什么时候做?", match(SERVICE, 0.9))
    shelf.knows("换轮胎多少钱?", match(PRICE, 0.5))
    writer: Writer

    def clock() -> int:
        return writer.now

    bot = Answering(database, shelf, TEMPLATES, RULES, lambda channel: LIMITS, clock, postman=box)
    writer = Writer(database, bot, box)
    return writer


@pytest.fixture
async def agent_su(database: SQLiteDatabase) -> Agent:
    return await database.write(agents.create, "su", "苏敏", Role.AGENT, "hash", None, 0)


async def questions(database: SQLiteDatabase) -> list[tuple[str, str]]:
    kept = await database.read(asked.recent, 10)
    return [(one.text, one.decision.value) for one in kept]


def feedback(tx: Transaction) -> list[Row]:
    return tx.execute("SELECT entry_id, solved FROM answer_feedback ORDER BY message_id")


# --- Answers ----------------------------------------------------------------------------------------------------


async def test_a_sure_question_is_answered_by_one_mail_and_the_wait_ends(lin: Writer) -> None:
    (said,) = await lin.writes("您好，请问轮胎多久换一次？谢谢！\n\n李强", "咨询")
    assert (said.kind, said.text) == (MessageKind.ANSWER, TYRES.answer)
    assert "actions" not in said.extras or said.extras["actions"] == []
    (posted,) = lin.box.posted
    assert (posted.kind, posted.automatic, posted.quotes, posted.language) == (PostKind.ANSWER, True, True, "zh")
    assert (posted.subject, posted.about and posted.about.text[:2]) == ("Re: 咨询", "您好")
    assert [one.id for one in posted.said] == [said.id]
    assert not await lin.waits()
    assert await lin.ticket() is None


async def test_the_subject_alone_may_be_the_question(lin: Writer) -> None:
    (said,) = await lin.writes("如题", "轮胎多久换一次？")
    assert said.text == TYRES.answer


async def test_several_questions_are_each_answered(lin: Writer, database: SQLiteDatabase) -> None:
    (said,) = await lin.writes("1. 轮胎多久换一次？\n2. 首保什么时候做？", "两个问题")
    assert TYRES.answer in said.text
    assert SERVICE.answer in said.text
    assert len(lin.box.posted) == 1
    assert await lin.ticket() is None


async def test_what_is_not_sure_is_named_beside_the_answers_and_goes_to_a_person(
    lin: Writer, database: SQLiteDatabase
) -> None:
    answer, handed = await lin.writes("1. 轮胎多久换一次？\n2. 换轮胎多少钱？\n3. 门把手掉漆了", "三个问题")
    ticket = await lin.ticket()
    assert ticket is not None
    assert (answer.kind, handed.kind) == (MessageKind.ANSWER, MessageKind.HANDOFF)
    assert f"工单 {ticket.number}" in handed.text
    assert "· 换轮胎多少钱？\n· 门把手掉漆了\n" in handed.text
    assert "用邮件答复您" in handed.text
    (posted,) = lin.box.posted
    assert posted.kind is PostKind.ANSWER
    assert posted.subject == f"Re: [{ticket.number}] 三个问题"
    assert posted.said == (answer, handed)
    assert (await lin.waits(), ticket.subject) == (True, "三个问题")
    assert [one["id"] for one in ticket.candidates] == ["price"]
    assert await questions(database) == [("换轮胎多少钱?", "handoff")]


async def test_whose_address_is_not_proved_reads_nothing_of_what_was_written(lin: Writer) -> None:
    _, handed = await lin.writes("1. 轮胎多久换一次？\n2. 快点我 evil.example 领奖？", "中奖通知", verified=False)
    assert "领奖" not in handed.text
    (posted,) = lin.box.posted
    assert not posted.quotes
    assert "中奖" not in posted.subject
    assert posted.subject.endswith("关于您的来信")


async def test_the_mail_has_a_limit_of_its_own(database: SQLiteDatabase, lin: Writer, shelf: ScriptedShelf) -> None:
    seen: list[str] = []

    def limits(channel: str) -> Any:
        seen.append(channel)
        return LIMITS

    bot = Answering(database, shelf, TEMPLATES, RULES, limits, lambda: lin.now, postman=lin.box)
    await replace_bot(lin, bot).writes("轮胎多久换一次？")
    assert seen == ["mail"]


def replace_bot(writer: Writer, bot: Answering) -> Writer:
    return replace(writer, bot=bot)


async def test_customers_read_their_own_script_and_language(lin: Writer, shelf: ScriptedShelf) -> None:
    shelf.knows("how often are tyres changed?", match(TYRES, 0.95))
    await lin.writes("請問輪胎多久換一次？", "輪胎")
    lin.conversation_id = None
    await lin.writes("How often are tyres changed?", "Tyres")
    assert [(one.language, one.subject) for one in lin.box.posted] == [("zh-TW", "Re: 輪胎"), ("en", "Re: Tyres")]


# --- People -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "subject", "reason"),
    [
        ("门把手掉漆了怎么办？", "掉漆", Reason.NOT_UNDERSTOOD),
        ("您好", "", Reason.NOT_UNDERSTOOD),
        ("谢谢", "", Reason.NOT_UNDERSTOOD),
        ("", "", Reason.NOT_UNDERSTOOD),
        ("请帮我转人工", "", Reason.ASKED_FOR_PERSON),
        ("你们态度太差了，我要投诉！", "投诉", Reason.COMPLAINT),
        ("刹车失灵了！", "急", Reason.DANGER),
        ("我按照你们说的做了，还是不行。轮胎多久换一次？", "", Reason.NOT_UNDERSTOOD),
    ],
)
async def test_anything_else_is_handed_over_with_one_acknowledgement(
    lin: Writer, text: str, subject: str, reason: Reason
) -> None:
    (said,) = await lin.writes(text, subject)
    ticket = await lin.ticket()
    assert ticket is not None
    assert ticket.reason is reason
    assert said.kind is MessageKind.HANDOFF
    assert f"工单 {ticket.number}" in said.text
    assert [one.kind for one in lin.box.posted] == [PostKind.ACKNOWLEDGEMENT]
    assert await lin.waits(), "an acknowledgement stops no clock"
    assert "form" not in said.extras


async def test_while_a_person_is_awaited_nothing_more_is_sent(lin: Writer) -> None:
    await lin.writes("门把手掉漆了怎么办？", "掉漆")
    for text in ("你好，有人吗？", "轮胎多久换一次？", "谢谢", "在吗"):
        assert await lin.writes(text, "Re: 掉漆") == []
    assert len(lin.box.posted) == 1
    assert await lin.waits()


async def test_danger_is_urgent_even_while_a_person_is_awaited(lin: Writer) -> None:
    await lin.writes("门把手掉漆了怎么办？", "掉漆")
    await lin.writes("刹车失灵了！", "Re: 掉漆")
    ticket = await lin.ticket()
    assert ticket is not None
    assert ticket.priority is Priority.URGENT


# --- Replies to us ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["没有解决，还是漏气", "那首保什么时候做？", "轮胎多久换一次？"])
async def test_who_replies_to_an_automatic_answer_gets_a_person(
    lin: Writer, database: SQLiteDatabase, text: str
) -> None:
    await lin.writes("轮胎多久换一次？", "轮胎")
    (said,) = await lin.writes(text, "Re: 轮胎")
    ticket = await lin.ticket()
    assert ticket is not None
    assert (ticket.reason, said.kind) == (Reason.NOT_SOLVED, MessageKind.HANDOFF)
    assert await database.read(feedback) == [{"entry_id": "tyres", "solved": 0}]


@pytest.mark.parametrize(
    "text", ["谢谢", "非常感谢您的回复！\n\n李强", "解决了，谢谢！", "好的，谢谢。\n李强", "Thank you very much!"]
)
async def test_thanks_end_the_matter(lin: Writer, database: SQLiteDatabase, text: str) -> None:
    await lin.writes("轮胎多久换一次？", "轮胎")
    assert await lin.writes(text, "Re: 轮胎") == []
    assert await lin.ticket() is None
    assert not await lin.waits()
    assert await database.read(feedback) == [{"entry_id": "tyres", "solved": 1}]


async def test_an_ok_ends_it_too_and_says_nothing_of_the_answer(lin: Writer, database: SQLiteDatabase) -> None:
    await lin.writes("轮胎多久换一次？", "轮胎")
    assert await lin.writes("好的，收到", "Re: 轮胎") == []
    assert not await lin.waits()
    assert await database.read(feedback) == []


async def test_a_reply_after_an_agent_has_resolved_it_is_opened_again_but_thanks_are_not(
    lin: Writer, database: SQLiteDatabase, agent_su: Agent
) -> None:
    await lin.writes("门把手掉漆了怎么办？", "掉漆")
    ticket = await lin.ticket()
    assert ticket is not None
    sent = await database.write(desk.reply, ticket.number, agent_su, "请来店里补漆。", 2, "r1", False, lin.now)
    taken = await database.read(tickets.by_number, ticket.number)
    await database.write(desk.resolve, ticket.number, agent_su, taken.version, lin.now + 1)
    lin.now += HOUR
    assert await lin.writes("谢谢！", "Re: 掉漆") == []
    assert await lin.ticket() is None
    assert not await lin.waits()
    await lin.writes("补漆要预约吗？", "Re: 掉漆")
    again = await lin.ticket()
    assert again is not None
    assert (again.number, again.status) == (ticket.number, Status.OPEN)
    assert await lin.waits()
    assert sent.number < 4


# --- Silence ----------------------------------------------------------------------------------------------------


async def test_what_must_not_be_answered_becomes_a_ticket_without_a_word(lin: Writer, database: SQLiteDatabase) -> None:
    assert await lin.writes("轮胎多久换一次？", "轮胎", silent="list") == []
    ticket = await lin.ticket()
    assert ticket is not None
    assert [one["id"] for one in ticket.candidates] == ["tyres"]
    assert (lin.box.asked, lin.box.posted, await lin.waits()) == (0, [], True)
    kept = await database.read(events.of_ticket, ticket.id)
    assert [one.detail for one in kept if one.action == "not_answered"] == [{"reason": "list"}]


async def test_what_the_postman_refuses_becomes_a_ticket_without_a_word(lin: Writer, database: SQLiteDatabase) -> None:
    lin.box.refuses = "too_many"
    assert await lin.writes("轮胎多久换一次？", "轮胎") == []
    ticket = await lin.ticket()
    assert ticket is not None
    assert (ticket.reason, lin.box.posted) == (Reason.NOT_UNDERSTOOD, [])
    kept = await database.read(events.of_ticket, ticket.id)
    assert [one.detail for one in kept if one.action == "not_answered"] == [{"reason": "too_many"}]
    assert await questions(database) == [("轮胎多久换一次？", "handoff")]


async def test_an_automatic_reply_says_nothing_of_our_answer(lin: Writer, database: SQLiteDatabase) -> None:
    await lin.writes("轮胎多久换一次？", "轮胎")
    assert await lin.writes("我在休假，12月1日回来。", "自动回复: Re: 轮胎", silent="auto_reply") == []
    assert await database.read(feedback) == []
    assert len(lin.box.posted) == 1


async def test_who_is_not_proved_and_writes_into_a_conversation_is_told_no_ticket(lin: Writer) -> None:
    await lin.writes("轮胎多久换一次？", "轮胎")
    (said,) = await lin.writes("没有用", "Re: 轮胎", verified=False)
    ticket = await lin.ticket()
    assert ticket is not None
    assert ticket.number not in said.text
    assert "同事会尽快用邮件答复您" in said.text
    assert ticket.number not in lin.box.posted[-1].subject


# --- Both channels ----------------------------------------------------------------------------------------------


async def test_a_mail_into_a_chat_conversation_is_answered_by_mail_and_a_chat_message_in_the_chat(
    lin: Writer, database: SQLiteDatabase, shelf: ScriptedShelf
) -> None:
    shelf.knows("轮胎多久换一次", match(TYRES, 0.95))
    chat = InboundMessage(Channel.CHAT, "chat-0000001", "visitor", "轮胎多久换一次", lin.now)
    first = (await database.write(accept, chat)).message
    await lin.bot.answer(first)
    assert (lin.box.posted, lin.box.asked) == ([], 0)
    lin.conversation_id = first.conversation_id
    (said,) = await lin.writes("还是不明白", "Re: 轮胎")
    assert said.kind is MessageKind.HANDOFF
    assert [one.kind for one in lin.box.posted] == [PostKind.ACKNOWLEDGEMENT]
