"""How many mails go out by themselves: to whom, from where, and what no machine can talk us into."""

from collections.abc import Sequence
from typing import Any

import pytest

from bot.alerting.words import Speech, notice
from bot.mail.addresses import Signer
from bot.mail.posting.office import PostOffice
from bot.mail.posting.outlets import Outlet, Outlets
from bot.mail.postman import PostKind
from bot.templates import load_templates
from storage import outbox
from storage.database import Row, Transaction, new_id
from storage.outbox import OutboxRow
from storage.sqlite import SQLiteDatabase
from tests.mail.desk import HOUR, MINUTE, SECOND, keep_mail, say
from tests.rules import WAYS, ZONE
from tests.tickets.cast import MORNING
from tickets.escalation.outcomes import Waiting
from tickets.escalation.telling import operators
from tickets.mail import incidents
from tickets.mail.limits import Automatic, Incoming, Withheld, guard
from tickets.mail.smtp import SmtpServer

DAY = 24 * HOUR
SERVICE = Outlet("service", "service@example.com", "", True, SmtpServer("127.0.0.1", 25))
SALES = Outlet("sales", "sales@example.com", "", True, SmtpServer("127.0.0.1", 25))
OWN = ("service@example.com", "sales@example.com", "kefu@example.com")


def _tell_busy(tx: Transaction, mailbox: str, now: int) -> None:
    incidents.tell_busy(tx, mailbox, operators(tx, WAYS, ZONE, now), now)


OFFICE = PostOffice(Outlets([SERVICE, SALES], OWN), Signer("k"), 0, _tell_busy)


class Traffic:
    """Mails that come in one after another, in one transaction, and what the bot may answer."""

    def __init__(self, database: SQLiteDatabase) -> None:
        self._database = database
        self.now = MORNING

    async def asks(self, count: int = 1, apart: int = 0, **mail: Any) -> list[str]:
        """So many mails, so far apart; for each 'sent', or why nothing went out."""
        return await self._database.write(self._ask, [mail] * count, apart)

    async def ask(self, mails: Sequence[dict[str, Any]], apart: int = 0) -> list[str]:
        """These mails, so far apart, and what becomes of each."""
        return await self._database.write(self._ask, mails, apart)

    def _ask(self, tx: Transaction, mails: Sequence[dict[str, Any]], apart: int) -> list[str]:
        told = []
        for mail in mails:
            asked = keep_mail(tx, self.now, **mail)
            refusal = say(tx, OFFICE, asked, "请到设置里申请。", PostKind.ANSWER, self.now)
            told.append(refusal.reason if refusal else "sent")
            self.now += apart
        return told

    async def notices(self, topic: str) -> list[OutboxRow]:
        """What people are to be told."""
        return await self._database.write(outbox.claim_due, [topic], self.now, MINUTE, 10)

    async def sent(self) -> list[Row]:
        def read(tx: Transaction) -> list[Row]:
            return tx.execute("SELECT recipient, subject, quotes, state FROM sent_mail ORDER BY created_at, id")

        return await self._database.read(read)


@pytest.fixture
def traffic(database: SQLiteDatabase) -> Traffic:
    return Traffic(database)


async def test_who_is_proved_gets_three_mails_in_ten_minutes_and_ten_a_day(traffic: Traffic) -> None:
    assert await traffic.asks(5, apart=MINUTE) == ["sent"] * 3 + [Withheld.ADDRESS_OFTEN] * 2
    traffic.now += 10 * MINUTE
    answered = await traffic.asks(20, apart=11 * MINUTE)
    assert answered == ["sent"] * 7 + [Withheld.ADDRESS_OFTEN] * 13
    assert await traffic.asks(mailbox="sales") == ["sent"]
    traffic.now += DAY
    assert await traffic.asks() == ["sent"]


async def test_a_thousand_mails_in_a_victims_name_bring_the_victim_one_mail_an_hour_without_a_word_of_them(
    traffic: Traffic,
) -> None:
    spellings = ("victim@example.cn", "Victim@Example.cn", "victim+1@example.cn", "victim+2@example.cn")
    attack = [
        {"sender": spellings[number % 4], "mailbox": ("service", "sales")[number % 2], "text": f"转账 {number}"}
        for number in range(1_000)
    ]
    told = await traffic.ask([{**one, "verified": False} for one in attack], apart=3 * SECOND)
    assert told.count("sent") == 1
    mails = await traffic.sent()
    assert traffic.now - MORNING == 3_000 * SECOND
    assert len(mails) == 1
    traffic.now = MORNING + HOUR
    assert await traffic.asks(sender="victim@example.cn", verified=False) == ["sent"]
    traffic.now += MINUTE
    assert await traffic.asks(sender="victim+3@example.cn", verified=False) == [Withheld.UNVERIFIED_OFTEN]


async def test_a_proved_sender_who_names_a_victim_in_reply_to_brings_the_victim_one_mail_an_hour(
    traffic: Traffic,
) -> None:
    named = {"sender": "attacker@example.cn", "answer_to": "victim@example.cn", "verified": True}
    assert await traffic.asks(5, apart=11 * MINUTE, **named) == ["sent"] + [Withheld.UNVERIFIED_OFTEN] * 4
    assert await traffic.asks(sender="lin@example.cn", answer_to="Lin@example.cn") == ["sent"]


async def test_a_mailbox_sends_so_many_a_minute_five_minutes_and_an_hour(traffic: Traffic) -> None:
    async def burst(count: int) -> int:
        told = await traffic.ask([{"sender": f"c{new_id()}@example.cn"} for _ in range(count)])
        assert set(told) <= {"sent", Withheld.MAILBOX_BUSY}
        return told.count("sent")

    assert await burst(60) == 50
    traffic.now += MINUTE
    assert await burst(60) == 50
    traffic.now += MINUTE
    assert await burst(60) == 20
    allowed = 120
    for _ in range(14):
        traffic.now += 4 * MINUTE
        allowed += await burst(60)
    assert allowed == 600
    (told,) = await traffic.notices("alert.webhook")
    waiting = Waiting("1", "webhook", "everyone", None, ())
    words = notice(told, waiting, Speech(load_templates(), "zh", "Asia/Shanghai", ""), traffic.now)
    assert words.subject == "【自动回信暂停】邮箱 service 的自动邮件已达上限"
    assert await traffic.asks(mailbox="sales", sender="other@example.cn") == ["sent"]


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("service@example.com", Withheld.OWN_ADDRESS),
        ("kefu@example.com", Withheld.OWN_ADDRESS),
        ("sales+anything@example.com", Withheld.OWN_ADDRESS),
        (
            Signer("k").reply_address(SERVICE.address, "01a219f7-eab5-76c0-8419-d81fa89389be"),
            Withheld.OWN_ADDRESS,
        ),
        ("no-reply@example.cn", Withheld.MACHINE_ADDRESS),
        ("MAILER-DAEMON@example.cn", Withheld.MACHINE_ADDRESS),
        ("", Withheld.NO_MAILBOX),
    ],
)
async def test_nothing_goes_to_ourselves_or_to_machines(traffic: Traffic, sender: str, reason: Withheld) -> None:
    assert await traffic.asks(sender=sender) == [reason]
    assert await traffic.sent() == []


async def test_the_same_body_again_and_again_is_answered_twice_at_most(traffic: Traffic) -> None:
    told = await traffic.asks(5, apart=11 * MINUTE, body_hash="same")
    assert told[0] == "sent"
    assert "sent" not in told[1:]


async def test_a_second_acknowledgement_of_a_ticket_is_kept_and_not_sent(
    traffic: Traffic, database: SQLiteDatabase
) -> None:
    def twice(tx: Transaction) -> None:
        asked = keep_mail(tx, MORNING)
        for now in (MORNING, MORNING + 10 * MINUTE):
            more = keep_mail(tx, now, thread=asked.conversation_id)
            assert say(tx, OFFICE, more, "已转人工。", PostKind.ACKNOWLEDGEMENT, now) is None

    await database.write(twice)
    assert [row["state"] for row in await traffic.sent()] == ["queued", "withdrawn"]


OURS = (Automatic("ours@example.com", MORNING),)


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        (Incoming(MORNING + 5 * SECOND, ("ours@example.com",), 1, False), Withheld.ANSWERS_ANSWER),
        (Incoming(MORNING + 2 * MINUTE, ("ours@example.com",), 1, False), Withheld.ANSWERS_ANSWER),
        (Incoming(MORNING + 3 * MINUTE, ("ours@example.com",), 1, False), None),
        (Incoming(MORNING + HOUR, ("ours@example.com",), 1, True), Withheld.ANSWERS_ANSWER),
        (Incoming(MORNING + 5 * SECOND, (), 1, False), Withheld.ANSWERS_ANSWER),
        (Incoming(MORNING + MINUTE, (), 1, False), None),
        (Incoming(MORNING + HOUR, (), 1, True), Withheld.ANSWERS_ANSWER),
        (Incoming(MORNING - MINUTE, (), 1, False), None),
        (Incoming(MORNING - MINUTE, (), 1, True), None),
        (Incoming(MORNING - MINUTE, (), 3, True), Withheld.SAME_BODY),
    ],
)
def test_an_answer_to_an_answer_is_known_by_its_haste_and_words(mail: Incoming, expected: Withheld | None) -> None:
    assert guard(mail, OURS) == expected


def test_who_has_had_nothing_from_us_answers_nothing() -> None:
    assert guard(Incoming(MORNING, (), 1, True), ()) is None
