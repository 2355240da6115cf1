"""Letters on their way out: to a real SMTP server, kind and unkind."""

from dataclasses import dataclass, field

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.conftest import StartServer
from tests.fakes import PATIENCE_S, Clock, eventually, skip
from tests.mail.arrivals import until
from tests.mail.desk import ADDRESS, CUSTOMER, HOUR, Office, mail_settings, mailbox
from tests.tickets.alerts.peers import Mailbox, MoodySmtp
from tickets.mail import dead_addresses, sent, smtp
from tickets.mail.sent import SentState, Trouble


async def office(start_server: StartServer, clock: Clock, relay: Mailbox | MoodySmtp, **settings: object) -> Office:
    server = await start_server(mail=mail_settings(mailbox(relay.port), **settings))
    return await Office.staffed(server, clock)


async def test_an_agents_reply_goes_out_in_the_thread_without_a_word_of_a_machine(
    start_server: StartServer, clock: Clock
) -> None:
    async with Mailbox().open() as relay:
        desk = await office(start_server, clock, relay)
        asked = (await desk.mail_arrives(references=["first@example.cn"])).message
        ticket = await desk.ticket(asked)
        await desk.answers(ticket)
        mail = await desk.until_state(asked.conversation_id, SentState.SENT)
    (message,) = relay.mails
    facts = asked.trace["mail"]
    assert relay.recipients == [[CUSTOMER]]
    assert message["From"].addresses[0].addr_spec == ADDRESS
    assert message["Reply-To"].addresses[0].addr_spec.startswith("service+c")
    assert message["In-Reply-To"] == f"<{facts['message_id']}>"
    assert message["References"].split() == ["<first@example.cn>", f"<{facts['message_id']}>"]
    assert message["Message-ID"] == f"<{mail.message_id}>"
    assert message["Subject"] == f"Re: [{ticket.number}] 安装问题"
    assert "Auto-Submitted" not in message
    assert "X-Auto-Response-Suppress" not in message
    body = message.get_body(("plain",))
    assert body is not None
    assert "请先关掉总闸再试。" in body.get_content()
    assert "陈静" in body.get_content()


async def test_what_the_bot_says_carries_the_marks_of_a_machine_and_waits_while_sending_is_stopped(
    start_server: StartServer, clock: Clock
) -> None:
    async with Mailbox().open() as relay:
        stopped = await office(start_server, clock, relay, sending=False)
        asked = (await stopped.mail_arrives()).message
        await stopped.bot_says(asked)
        ticket = await stopped.ticket(asked)
        await stopped.answers(ticket)
        await stopped.until_state(asked.conversation_id, SentState.SENT)
        first, second = await stopped.sent(asked.conversation_id)
        assert (first.automatic, first.state) == (True, SentState.QUEUED)
        assert (second.automatic, second.state) == (False, SentState.SENT)
        await stopped.server.stop()
        stopped.server.config = stopped.server.config.model_copy(
            update={"mail": stopped.server.config.mail.model_copy(update={"sending": True})}
        )
        await stopped.server.start()
        await stopped.until_state(asked.conversation_id, SentState.SENT, index=0)
    automatic = relay.mails[-1]
    assert automatic["Auto-Submitted"] == "auto-replied"
    assert automatic["X-Auto-Response-Suppress"] == "All"
    assert automatic["X-Yingsheng-Loop"] == ADDRESS


async def test_a_letter_refused_for_good_is_told_at_the_ticket_at_once_and_never_repeated_by_itself(
    start_server: StartServer, clock: Clock
) -> None:
    async with Mailbox(refuse={"RCPT": "550 5.1.1 no such user"}).open() as relay:
        desk = await office(start_server, clock, relay)
        asked = (await desk.mail_arrives()).message
        ticket = await desk.ticket(asked)
        await desk.answers(ticket)
        mail = await desk.until_state(asked.conversation_id, SentState.FAILED)
        assert (mail.reason, mail.error) == (Trouble.NO_SUCH_ADDRESS, "5.1.1 no such user")
        assert [(event.action, (event.detail or {})["reason"]) for event in await desk.told(ticket)] == [
            ("mail_failed", Trouble.NO_SUCH_ADDRESS)
        ]
        assert await desk.read(dead_addresses.get, CUSTOMER)
        (row,) = await desk.letters()
        assert (row["status"], row["attempts"]) == ("dead", 1)
        # The bot is silent there now; a person may try, and what arrives brings the address back to life.
        again = (await desk.mail_arrives()).message
        refusal = await desk.bot_says(again)
        assert refusal is not None
        assert refusal.reason == "dead_address"
        relay.refuse.clear()
        assert await desk.server.database.write(sent.retry, mail.id, clock())
        await desk.until_state(asked.conversation_id, SentState.SENT)
        assert await desk.read(dead_addresses.get, CUSTOMER) is None
    assert [message["Message-ID"] for message in relay.mails] == [f"<{mail.message_id}>"]


@pytest.mark.parametrize(
    ("command", "reply", "reason", "dead"),
    [
        ("RCPT", f"550 User not found: {CUSTOMER}", Trouble.NO_SUCH_ADDRESS, True),
        ("RCPT", "550 收件人不存在", Trouble.NO_SUCH_ADDRESS, True),
        ("RCPT", "550 5.7.1 User unknown to our policy", Trouble.POLICY, False),
        ("MAIL", "550 5.1.1 no such user", Trouble.SENDER_REFUSED, False),
    ],
)
async def test_an_address_is_dead_if_the_server_says_so_of_the_recipient_in_whatever_words(
    start_server: StartServer, clock: Clock, command: str, reply: str, reason: Trouble, dead: bool
) -> None:
    async with Mailbox(refuse={command: reply}).open() as relay:
        desk = await office(start_server, clock, relay)
        asked = (await desk.mail_arrives()).message
        await desk.answers(await desk.ticket(asked))
        mail = await desk.until_state(asked.conversation_id, SentState.FAILED)
        assert mail.reason == reason
        assert (await desk.read(dead_addresses.get, CUSTOMER) is not None) is dead


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
async def test_a_busy_server_is_asked_again_people_hear_of_it_after_four_hours_and_after_three_days_it_ends(
    start_server: StartServer, clock: Clock, command: str
) -> None:
    async with Mailbox(refuse={command: "451 4.3.0 try later"}).open() as relay:
        desk = await office(start_server, clock, relay)
        asked = (await desk.mail_arrives()).message
        ticket = await desk.ticket(asked)
        await desk.answers(ticket)
        await desk.until_attempts(1)
        for hours, told in ((1, []), (4, ["mail_delayed"]), (1, ["mail_delayed"])):
            attempts = (await desk.letters())[0]["attempts"]
            clock.advance(hours * HOUR)
            desk.wakes()
            await desk.until_attempts(attempts + 1)
            assert [event.action for event in await desk.told(ticket)] == told
        clock.advance(72 * HOUR)
        desk.wakes()
        mail = await desk.until_state(asked.conversation_id, SentState.FAILED)
    assert mail.reason == Trouble.GAVE_UP
    assert [event.action for event in await desk.told(ticket)] == ["mail_delayed", "mail_failed"]
    assert relay.mails == []


@pytest.mark.parametrize("cut", [False, True])
async def test_a_server_that_hangs_or_hangs_up_anywhere_gets_the_same_mail_again_later(
    start_server: StartServer, clock: Clock, cut: bool
) -> None:
    async with MoodySmtp("", cut).open() as relay:
        desk = await office(start_server, clock, relay)
        for step in ("GREETING", "EHLO", "MAIL", "RCPT", "DATA", "BODY"):
            relay.step, relay.bodies[:] = step, []
            asked = (await desk.mail_arrives()).message
            hung = relay.hung
            await desk.answers(await desk.ticket(asked))
            if not cut:
                await eventually(lambda hung=hung: relay.hung > hung)  # type: ignore[misc]
                skip(PATIENCE_S + 1)
            await desk.until_attempted(asked.conversation_id)
            (mail,) = await desk.sent(asked.conversation_id)
            assert mail.state is (SentState.UNCERTAIN if step == "BODY" else SentState.QUEUED)
            relay.step = ""
            clock.advance(HOUR)
            desk.wakes()
            await desk.until_state(asked.conversation_id, SentState.SENT)
            ids = {line for body in relay.bodies for line in body.split(b"\r\n") if line.startswith(b"Message-ID:")}
            assert ids == {f"Message-ID: <{mail.message_id}>".encode()}
            assert len(relay.bodies) == (2 if step == "BODY" else 1)


async def test_nobody_knows_twice_and_then_the_letter_rests_until_somebody_asks(
    start_server: StartServer, clock: Clock
) -> None:
    async with MoodySmtp("BODY", cut=True).open() as relay:
        desk = await office(start_server, clock, relay)
        asked = (await desk.mail_arrives()).message
        ticket = await desk.ticket(asked)
        await desk.answers(ticket)
        await desk.until_state(asked.conversation_id, SentState.UNCERTAIN)
        assert await desk.told(ticket) == []
        for _ in range(3):
            clock.advance(HOUR)
            desk.wakes()
            await desk.until_told(ticket, "mail_uncertain")
        assert len(relay.bodies) == 2
        (mail,) = await desk.sent(asked.conversation_id)
        assert mail.can_be_retried


async def test_whatever_fails_after_the_server_took_it_no_letter_goes_out_twice(
    start_server: StartServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("after the 250")

    async def nothing_is_due() -> bool:
        return not await desk.due()

    async with Mailbox().open() as relay:
        desk = await office(start_server, clock, relay)
        for broken, name in ((sent, "settle"), (dead_addresses, "revive")):
            with monkeypatch.context() as patch:
                patch.setattr(broken, name, breaks)
                asked = (await desk.mail_arrives(sender=f"{name}@example.cn")).message
                await desk.answers(await desk.ticket(asked))
                await desk.until_row("sent")
                for _ in range(3):
                    clock.advance(HOUR)
                    desk.wakes()
        await until(nothing_is_due)
    assert [to for (to,) in relay.recipients] == ["settle@example.cn", "revive@example.cn"]


async def test_a_mailbox_whose_server_hangs_holds_up_no_other(
    start_server: StartServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "LONGEST_SECONDS", 600)
    async with Mailbox().open() as relay, MoodySmtp("GREETING", cut=False).open() as moody:
        boxes = (mailbox(moody.port, "slow"), mailbox(relay.port, "quick"))
        server = await start_server(mail=mail_settings(*boxes, timeout="10m"))
        desk = await Office.staffed(server, clock)
        for number in range(12):
            asked = (await desk.mail_arrives(sender=f"c{number}@a{number}.example.cn", mailbox="slow")).message
            await desk.answers(await desk.ticket(asked))
        asked = (await desk.mail_arrives(mailbox="quick")).message
        await desk.answers(await desk.ticket(asked))
        await desk.until_state(asked.conversation_id, SentState.SENT)


async def test_a_signed_sender_that_the_server_does_not_let_pass_is_replaced_by_the_mailbox(
    start_server: StartServer, clock: Clock
) -> None:
    relay = Strict()
    async with relay.open():
        desk = await office(start_server, clock, relay)
        asked = (await desk.mail_arrives()).message
        await desk.answers(await desk.ticket(asked))
        await desk.until_state(asked.conversation_id, SentState.SENT)
    assert relay.senders[0].startswith("service+b")
    assert relay.senders[1:] == [ADDRESS]


async def test_what_an_agent_encloses_goes_with_the_letter(start_server: StartServer, clock: Clock) -> None:
    async with Mailbox().open() as relay:
        desk = await office(start_server, clock, relay)
        asked = (await desk.mail_arrives()).message
        ticket = await desk.ticket(asked)
        await desk.answers(ticket, enclosing=("安装图.pdf", "application/pdf", b"%PDF-1.7 drawing"))
        await desk.until_state(asked.conversation_id, SentState.SENT)
    (enclosed,) = relay.mails[0].iter_attachments()
    assert enclosed.get_filename() == "安装图.pdf"
    assert enclosed.get_content_type() == "application/pdf"
    assert enclosed.get_content() == b"%PDF-1.7 drawing"


@dataclass
class Strict(Mailbox):
    """A server that takes mail from nobody but the mailbox."""

    senders: list[str] = field(default_factory=list)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.senders.append(address)
        if address != ADDRESS:
            return "501 5.7.1 mail from address must be same as authorization user"
        return await super().handle_MAIL(server, session, envelope, address, options)
