"""Mails handed in as bytes, and the mails that leave for a real SMTP server."""

import re
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from storage.database import Row, Transaction
from tests.conftest import StartServer
from tests.fakes import Clock
from tests.mail.arrivals import until
from tests.mail.post import DESK, MAILBOX, Post, mail
from tests.tickets.alerts.peers import Mailbox
from tickets import tickets
from tickets.clocks import rows
from tickets.model import Reason, Ticket

MINUTE = 60_000


@dataclass
class Talk:
    """A customer who writes to us from a mailbox of their own."""

    post: Post
    relay: Mailbox
    clock: Clock
    sent: int = 0

    async def writes(self, text: str, subject: str = "咨询", to: EmailMessage | None = None, **more: str) -> str:
        """Send a mail, in answer to one of ours or by itself; the conversation it went into."""
        self.sent += 1
        self.clock.now += 5 * MINUTE
        headers: dict[str, Any] = {"Message_ID": f"<q{self.sent}@example.cn>", **more}
        if to is not None:
            headers["In_Reply_To"] = to["Message-ID"]
            headers["References"] = f"{to['References'] or ''} {to['Message-ID']}".strip()
            headers["to"] = to["Reply-To"].addresses[0].addr_spec
        verdict = await self.post.settled(mail(text=text, subject=subject, **headers))
        return str(verdict["conversation_id"])

    async def receives(self, count: int) -> EmailMessage:
        """The newest mail of ours, once there are so many."""

        async def came() -> bool:
            return len(self.relay.mails) >= count and not await self.post.server.database.read(_waiting_letters)

        await until(came)
        assert len(self.relay.mails) == count
        return self.relay.mails[-1]

    async def receives_no_more(self, conversation_id: str, count: int) -> None:
        """Everything has been decided, and no more mails than these were sent."""

        async def is_done() -> bool:
            read = self.post.server.database.read
            return not (await read(_undecided, conversation_id) or await read(_waiting_letters))

        await until(is_done)
        assert len(self.relay.mails) == count

    async def ticket(self, conversation_id: str) -> Ticket | None:
        return await self.post.server.database.read(tickets.live_of_conversation, conversation_id)


def _undecided(tx: Transaction, conversation_id: str) -> list[Row]:
    return tx.execute(
        "SELECT id FROM message WHERE conversation_id = :id AND decided_at IS NULL", {"id": conversation_id}
    )


def _waiting_letters(tx: Transaction) -> list[Row]:
    return tx.execute("SELECT id FROM sent_mail WHERE state = 'queued'")


async def talk(start_server: StartServer, clock: Clock, relay: Mailbox) -> Talk:
    mailbox = {**MAILBOX, "title": "星舟客服", "smtp_port": relay.port, "smtp_security": "none"}
    settings = {"mailboxes": [mailbox], "listen_port": 0}
    server = await start_server(mail=settings, answers={"answer_threshold": 0.6, "clarify_threshold": 0.2})
    return Talk(Post(server), relay, clock)


def words(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def test_a_question_by_mail_is_answered_in_its_thread(start_server: StartServer, clock: Clock) -> None:
    async with Mailbox().open() as relay:
        lin = await talk(start_server, clock, relay)
        conversation = await lin.writes("您好，请问轮胎多久换一次？谢谢！\n\n林小姐", "Re: 回复：咨询")
        answer = await lin.receives(1)
        assert (answer["To"], answer["Subject"]) == ("lin@example.cn", "Re: 咨询")
        assert (answer["In-Reply-To"], answer["References"]) == ("<q1@example.cn>", "<q1@example.cn>")
        assert (answer["Auto-Submitted"], answer["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
        assert answer["X-Yingsheng-Loop"] == DESK
        assert answer["From"] == f"星舟客服 <{DESK}>"
        text = words(answer)
        assert "> 您好，请问轮胎多久换一次？谢谢！" in text
        assert "一般 5 年或 6 万公里更换一次轮胎。" in text
        assert "没有解决？直接回复本邮件即可转人工" in text
        assert "一般 5 年或 6 万公里更换一次轮胎。" in words(answer, "html")
        assert await lin.ticket(conversation) is None
        assert await lin.post.server.database.read(rows.running_reply, conversation) is None


async def test_a_reply_to_the_answer_gets_a_person_and_one_acknowledgement(
    start_server: StartServer, clock: Clock
) -> None:
    async with Mailbox().open() as relay:
        lin = await talk(start_server, clock, relay)
        conversation = await lin.writes("请问轮胎多久换一次？")
        answer = await lin.receives(1)
        assert await lin.writes("还是没有解决，我的轮胎鼓包了", "Re: 咨询", answer) == conversation
        acknowledged = await lin.receives(2)
        ticket = await lin.ticket(conversation)
        assert ticket is not None
        assert ticket.reason is Reason.NOT_SOLVED
        assert acknowledged["Subject"] == f"Re: [{ticket.number}] 咨询"
        assert re.search(rf"工单 {ticket.number}。同事最晚.* 前用邮件答复您。", words(acknowledged))
        assert await lin.post.server.database.read(rows.running_reply, conversation) is not None
        for text in ("在吗？", "轮胎多久换一次？"):
            await lin.writes(text, "Re: 咨询", acknowledged)
        await lin.receives_no_more(conversation, 2)


async def test_thanks_for_the_answer_are_the_end_of_it(start_server: StartServer, clock: Clock) -> None:
    async with Mailbox().open() as relay:
        lin = await talk(start_server, clock, relay)
        conversation = await lin.writes("请问轮胎多久换一次？")
        answer = await lin.receives(1)
        await lin.writes("非常感谢您的回复！\n\n祝工作顺利\n林小姐", "回复: 咨询", answer)
        await lin.receives_no_more(conversation, 1)
        assert await lin.ticket(conversation) is None
        assert await lin.post.server.database.read(rows.running_reply, conversation) is None


async def test_of_several_questions_the_sure_ones_are_answered_and_the_others_named(
    start_server: StartServer, clock: Clock
) -> None:
    async with Mailbox().open() as relay:
        lin = await talk(start_server, clock, relay)
        conversation = await lin.writes(
            "客服您好：\n有几个问题想请教：\n1. 轮胎多久换一次？\n2. 轮胎换位收费吗？\n3. 门把手掉漆怎么处理？\n盼复"
        )
        text = words(await lin.receives(1))
        ticket = await lin.ticket(conversation)
        assert ticket is not None
        assert text.index("一般 5 年") < text.index("轮胎换位收费 80 元") < text.index("· 门把手掉漆怎么处理？")
        assert ticket.number in text


async def test_an_answer_never_meets_another_machine(start_server: StartServer, clock: Clock) -> None:
    async with Mailbox().open() as relay:
        lin = await talk(start_server, clock, relay)
        conversation = await lin.writes("轮胎多久换一次？", List_Id="<owners.example.cn>")
        await lin.receives_no_more(conversation, 0)
        assert await lin.ticket(conversation) is not None


async def test_who_is_not_proved_gets_none_of_his_own_words_sent_to_a_victim(
    start_server: StartServer, clock: Clock
) -> None:
    async with Mailbox().open() as relay:
        lin = await talk(start_server, clock, relay)
        for number in range(4):
            raw = mail(
                text=f"轮胎多久换一次？点 evil{number}.example 领奖？",
                subject=f"中奖 evil{number}.example",
                verified=False,
                Message_ID=f"<forged{number}@example.cn>",
            )
            verdict = await lin.post.settled(raw)
            await lin.receives_no_more(str(verdict["conversation_id"]), 1)
        (notice,) = lin.relay.mails
        assert "evil" not in f"{notice['Subject']}{words(notice)}{words(notice, 'html')}"
        assert "中奖" not in notice["Subject"]


async def test_who_is_proved_has_none_of_his_words_sent_to_whom_his_reply_to_names(
    start_server: StartServer, clock: Clock
) -> None:
    async with Mailbox().open() as relay:
        attacker = await talk(start_server, clock, relay)
        text = "轮胎多久换一次？\n\n点 evil.example 领奖吗？"
        await attacker.writes(text, "中奖 evil.example", Reply_To="victim@example.cn")
        notice = await attacker.receives(1)
        assert notice["To"] == "victim@example.cn"
        assert "evil" not in f"{notice['Subject']}{words(notice)}{words(notice, 'html')}"
