"""Mail from end to end: a real IMAP server, a real SMTP server, our program as a process, an agent over HTTP."""

import asyncio
import contextlib
import json
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.journeys.desk import AgentAtDesk, Peers, open_peers
from tests.journeys.program import Customer, Program
from tests.journeys.witness import stocked, until
from tests.mail.dovecot import Dovecot
from tickets.model import Role

SURE = "轮胎多久换一次？"
UNSURE = "我的车在山路上会自己唱歌，方向盘里面好像住着一只鸟，这是怎么回事"
BOXES = ("service", "parts")
pytestmark = pytest.mark.slow


@dataclass
class Office:
    """Our program with its mailboxes, and everybody outside."""

    program: Program
    peers: Peers
    dovecot: Dovecot
    agent: AgentAtDesk
    session: aiohttp.ClientSession
    written: list[EmailMessage] = field(default_factory=list)

    def writes(self, sender: str, subject: str, text: str, to: str = "service", **headers: str) -> EmailMessage:
        """A customer's mail, delivered into a mailbox of ours."""
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"] = sender
        mail["To"] = headers.pop("To", f"{to}@example.com")
        mail["Subject"] = subject
        mail["Message-ID"] = make_msgid(domain="example.cn")
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text, charset="utf-8")
        self.dovecot.deliver(to, mail.as_bytes())
        self.written.append(mail)
        return mail

    def answers(self, mail: EmailMessage, to_ours: EmailMessage, text: str, sender: str) -> EmailMessage:
        """The customer answers a mail of ours, as clients do: to its Reply-To, with the chain of ids and a quote."""
        quoted = "\n".join(f"> {line}" for line in _text(to_ours).splitlines())
        return self.writes(
            sender,
            f"回复: {to_ours['Subject']}",
            f"{text}\n\n在 2026年11月23日，上午10:05，售后服务 <service@example.com> 写道：\n{quoted}\n",
            To=str(to_ours["Reply-To"] or to_ours["From"]),
            In_Reply_To=str(to_ours["Message-ID"]),
            References=f"{mail['Message-ID']} {to_ours['Message-ID']}",
        )

    def received(self, by: str) -> list[EmailMessage]:
        """The mails that our program sent to this customer."""
        found = [envelope for envelope in self.peers.mails if by in envelope.rcpt_tos]
        parsed = [message_from_bytes(one.original_content or b"", policy=policy.default) for one in found]
        return [one for one in parsed if isinstance(one, EmailMessage)]

    async def receives(self, by: str, count: int = 1) -> list[EmailMessage]:
        """The mails of this customer, once there are so many."""
        await until(lambda: len(self.received(by)) >= count)
        return self.received(by)

    def rows(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        """What the database says."""
        connection = sqlite3.connect(f"file:{self.program.folder / 'yingsheng.db'}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        with contextlib.closing(connection):
            return [dict(row) for row in connection.execute(sql, parameters)]

    def ticket(self, number: str) -> dict[str, Any]:
        """A ticket with the clock that runs for it, if one does."""
        return self.rows(
            """
            SELECT t.*, v.last_number, k.started_at AS waiting_since FROM ticket t
            JOIN conversation v ON v.id = t.conversation_id
            LEFT JOIN clock k ON k.conversation_id = v.id AND k.stopped_at IS NULL AND k.metric <> 'resolution'
            WHERE t.number = ?
            """,
            number,
        )[0]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Two mailboxes on one Dovecot, an agent (Li) at the desk."""
    if shutil.which("dovecot") is None:
        pytest.skip("dovecot is not installed")
    dovecot = Dovecot()
    dovecot.start()
    try:
        async with open_peers() as peers, aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            boxes = [{**dovecot.settings(name), "title": "应声汽车售后"} for name in BOXES]
            for box in boxes:
                box.pop("smtp_host")
                box.pop("smtp_port")
            settings = {**peers.settings, "YINGSHENG_MAIL__MAILBOXES": json.dumps(boxes)}
            settings["YINGSHENG_MAIL__CONTINUE_CHAT_AFTER"] = "1s"
            program = Program(await stocked(tmp_path / "data", li=Role.AGENT), settings)
            await asyncio.to_thread(program.start)
            agent = AgentAtDesk(program, session)
            try:
                await agent.log_in("li")
                yield Office(program, peers, dovecot, agent, session)
            finally:
                await asyncio.to_thread(program.stop)
    finally:
        dovecot.remove()


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def _number_in(mail: EmailMessage) -> str:
    found = re.search(r"\d{4}-\d{4}", _text(mail))
    assert found, _text(mail)
    return found[0]


async def test_a_question_by_mail_gets_a_sure_answer_in_its_thread(office: Office) -> None:
    asked = office.writes("王小明 <wang@example.cn>", "请教一个问题", f"您好，\n\n{SURE}\n\n谢谢\n王小明")
    (answer,) = await office.receives("wang@example.cn")
    assert answer["In-Reply-To"] == asked["Message-ID"]
    assert asked["Message-ID"] in answer["References"]
    assert answer["Auto-Submitted"] == "auto-replied"
    assert answer["X-Auto-Response-Suppress"] == "All"
    assert "service@example.com" in answer["From"]
    assert "直接回复本邮件即可转人工" in _text(answer)
    assert [part.get_content_type() for part in answer.iter_parts()] == ["text/plain", "text/html"]
    assert office.rows("SELECT id FROM ticket") == []
    assert office.rows("SELECT id FROM clock WHERE stopped_at IS NULL") == []
    (said,) = office.rows("SELECT text FROM message WHERE kind = 'answer'")
    assert said["text"].splitlines()[0] in _text(answer)


async def test_an_unsure_mail_becomes_a_ticket_an_agent_answers_and_the_customers_reply_reopens_it(
    office: Office,
) -> None:
    asked = office.writes("陈先生 <chen@example.cn>", "奇怪的声音", UNSURE)
    (acknowledged,) = await office.receives("chen@example.cn")
    number = _number_in(acknowledged)
    assert office.ticket(number)["waiting_since"], "an acknowledgement stops no clock"
    assert await office.agent.reply(number, "您好，请到店检查方向盘。", office.ticket(number)["last_number"]) == 200
    *_, reply = await office.receives("chen@example.cn", 2)
    assert "请到店检查方向盘" in _text(reply)
    assert reply["Auto-Submitted"] is None
    assert reply["X-Auto-Response-Suppress"] is None
    assert asked["Message-ID"] in reply["References"]
    assert office.ticket(number)["status"] == "pending"
    assert office.ticket(number)["waiting_since"] is None
    office.answers(asked, reply, "去检查过了，鸟还在。", "chen@example.cn")
    await until(lambda: office.ticket(number)["status"] == "open")
    assert office.ticket(number)["waiting_since"]
    assert len(office.rows("SELECT id FROM ticket")) == 1
    last = office.rows("SELECT text FROM message WHERE author = 'contact' ORDER BY number")[-1]
    assert last["text"] == "去检查过了，鸟还在。"
    page = await office.agent.ticket(number)
    assert "去检查过了" in page


async def test_a_reply_to_an_automatic_answer_brings_a_person(office: Office) -> None:
    asked = office.writes("林女士 <lin@example.cn>", SURE, "如题，谢谢。")
    (answer,) = await office.receives("lin@example.cn")
    office.answers(asked, answer, "这个没有解决我的问题。", "lin@example.cn")
    await until(lambda: len(office.rows("SELECT id FROM ticket")) == 1)
    (ticket,) = office.rows("SELECT reason, status FROM ticket")
    assert ticket == {"reason": "not_solved", "status": "new"}
    assert len(office.rows("SELECT id FROM conversation")) == 1


async def test_two_mailboxes_each_answer_from_their_own_address(office: Office) -> None:
    office.writes("甲 <jia@example.cn>", "问题", SURE, to="service")
    office.writes("乙 <yi@example.cn>", "问题", SURE, to="parts")
    (first,) = await office.receives("jia@example.cn")
    (second,) = await office.receives("yi@example.cn")
    assert "service@example.com" in first["From"]
    assert "parts@example.com" in second["From"]


async def test_a_chat_goes_on_by_mail_when_the_customer_has_left(office: Office) -> None:
    visitor = Customer(office.program, office.session, "visitor")
    life = asyncio.create_task(visitor.live())
    visitor.say("message-0001", "转人工")
    await until(lambda: any("工单" in item["text"] for item in visitor.received))
    visitor.say("message-0002", "left@example.cn")
    await until(lambda: visitor.waiting == 0)
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)
    number = office.rows("SELECT number FROM ticket")[0]["number"]
    assert await office.agent.reply(number, "您的配件明天到店。", office.ticket(number)["last_number"]) == 200
    (mailed,) = await office.receives("left@example.cn")
    assert "您的配件明天到店" in _text(mailed)
    office.answers(mailed, mailed, "好的，我下午三点去取，可以吗？", "left@example.cn")
    await until(lambda: len(office.rows("SELECT id FROM message WHERE author = 'contact'")) == 3)
    conversations = office.rows("SELECT id, channel FROM conversation")
    assert [one["channel"] for one in conversations] == ["chat"]
    assert office.ticket(number)["status"] == "open"
    assert office.ticket(number)["waiting_since"]
