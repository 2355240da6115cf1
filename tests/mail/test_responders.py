"""Machines that answer machines: whoever answers us by itself gets one automatic mail of ours, and no second."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from storage.database import Row, Transaction
from tests.conftest import StartServer
from tests.fakes import PATIENCE_S, Server
from tests.mail.arrivals import until
from tests.ports import free_port
from tests.tickets.alerts.peers import Mailbox

OURS, THEIRS = "service@ours.example.com", "holiday@theirs.example.cn"
MTA = "mx.example.com"
MARKS = ("auto-submitted", "x-auto-response-suppress", "x-yingsheng-loop", "precedence")


def settings(address: str, listen_port: int, smtp_port: int, signed: bool = True) -> dict[str, object]:
    box = {
        "name": "service",
        "address": address,
        "receive": "listener",
        "smtp_host": "127.0.0.1",
        "smtp_port": smtp_port,
        "smtp_security": "none",
        "trusted_authserv_ids": [MTA],
        "signed_addresses": signed,
    }
    return {"mailboxes": [box], "listen_port": listen_port, "listen_protocol": "smtp", "timeout": "30s"}


def question(sender: str, to: str) -> EmailMessage:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = "关于轮胎"
    message["Message-ID"] = "<the-first@theirs.example.cn>"
    message.set_content("轮胎多久换一次？")
    return message


def proved(message: EmailMessage) -> bytes:
    """The mail as a mail server hands it on that knows its sender."""
    del message["Authentication-Results"]
    domain = str(message["From"]).rpartition("@")[2].rstrip(">")
    raw = message.as_bytes(policy=policy.SMTP)
    return f"Authentication-Results: {MTA}; dmarc=pass header.from={domain}\r\n".encode() + raw


async def hand_over(port: int, sender: str, recipient: str, raw: bytes) -> None:
    await aiosmtplib.send(
        raw, sender=sender, recipients=[recipient], hostname="127.0.0.1", port=port, start_tls=False, timeout=PATIENCE_S
    )


@dataclass
class Relay(Mailbox):
    """A mail server in between: hands each mail on to somebody, as respond makes it; None ends it here."""

    respond: Callable[[EmailMessage], EmailMessage | None] = lambda message: message
    port_of: dict[str, int] = field(default_factory=dict)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        passed_on = self.respond(self.mails[-1])
        if passed_on is not None:
            to = passed_on["To"].addresses[0].addr_spec
            sender = passed_on["From"].addresses[0].addr_spec
            task = asyncio.create_task(hand_over(self.port_of[_bare(to)], sender, to, proved(passed_on)))
            self.under_way.add(task)
            task.add_done_callback(self.under_way.discard)
        return answer


def unmarked(message: EmailMessage) -> EmailMessage:
    """Whatever says that a machine wrote it is lost on the way."""
    for name in MARKS:
        del message[name]
    return message


async def until_quiet(relay: Relay, servers: Sequence[Server], least: int) -> None:
    """Once so many mails have passed, and nothing is on its way any more."""

    async def is_quiet() -> bool:
        busy = [await server.database.read(_busy) for server in servers]
        return len(relay.mails) >= least and not relay.under_way and not any(busy)

    await until(is_quiet)


def _busy(tx: Transaction) -> list[Row]:
    return tx.execute(
        """
        SELECT id FROM outbox WHERE status = 'queued' AND SUBSTR(topic, 1, 7) = 'letter.'
        UNION ALL SELECT id FROM mail WHERE state = 'waiting'
        UNION ALL SELECT id FROM message WHERE decided_at IS NULL AND author = 'contact'
        """
    )


async def automatic(server: Server) -> int:
    """How many automatic mails a server of ours has sent."""

    def read(tx: Transaction) -> list[Row]:
        return tx.execute("SELECT id FROM sent_mail WHERE automatic = 1 AND state <> 'withdrawn'")

    return len(await server.database.read(read))


@pytest.mark.parametrize("lost", [False, True], ids=["marked", "marks-lost"])
async def test_two_of_our_own_pointed_at_each_other_send_one_automatic_mail_each_at_most(
    start_server: StartServer, lost: bool
) -> None:
    other = "service@other.example.com"
    relay = Relay(respond=unmarked if lost else lambda message: message)
    relay.port_of.update({OURS: free_port(), other: free_port()})
    async with relay.open():
        ours = await start_server(mail=settings(OURS, relay.port_of[OURS], relay.port))
        theirs = await start_server(mail=settings(other, relay.port_of[other], relay.port))
        await hand_over(relay.port_of[OURS], other, OURS, proved(question(other, OURS)))
        await until_quiet(relay, (ours, theirs), least=2 if lost else 1)
        assert (await automatic(ours), await automatic(theirs)) == (1, 1 if lost else 0)
    assert len(relay.mails) == (2 if lost else 1)


_counter = itertools.count(1)


def vacation(*, marked: bool, refers: bool, same: bool) -> Callable[[EmailMessage], EmailMessage]:
    """Answers every mail at once. marked: says so in its header. refers: names the mail. same: always in one body."""

    def respond(message: EmailMessage) -> EmailMessage:
        answer = EmailMessage(policy=policy.SMTP)
        answer["From"] = THEIRS
        answer["To"] = str(message["Reply-To"] or message["From"])
        answer["Subject"] = f"Re: {message['Subject']}" if refers else "外出通知"
        answer["Message-ID"] = f"<away-{next(_counter)}@theirs.example.cn>"
        if refers:
            answer["In-Reply-To"] = str(message["Message-ID"])
        if marked:
            answer["Auto-Submitted"] = "auto-replied"
        answer.set_content("我外出了，下周一回来处理您的邮件。" + ("" if same else f"编号 {next(_counter)}。"))
        return answer

    return respond


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
@pytest.mark.parametrize(
    ("marked", "refers", "same"),
    [(True, True, True), (False, True, True), (False, True, False), (False, False, True), (False, False, False)],
)
async def test_a_vacation_responder_gets_one_automatic_mail_whatever_it_leaves_out(
    start_server: StartServer, marked: bool, refers: bool, same: bool, signed: bool
) -> None:
    relay = Relay(respond=vacation(marked=marked, refers=refers, same=same))
    port = free_port()
    relay.port_of = {OURS: port}
    async with relay.open():
        ours = await start_server(mail=settings(OURS, port, relay.port, signed))
        await hand_over(port, THEIRS, OURS, proved(question(THEIRS, OURS)))
        await until_quiet(relay, (ours,), least=1)
        assert await automatic(ours) == 1
    assert len(relay.mails) == 1


def _bare(address: str) -> str:
    return address.partition("+")[0].partition("@")[0] + address[address.rindex("@") :]


async def test_whoever_writes_in_a_victims_name_makes_us_send_one_mail_without_a_word_of_theirs(
    start_server: StartServer,
) -> None:
    relay, port = Relay(respond=lambda message: None), free_port()
    victim = "victim@bank.example.cn"
    async with relay.open():
        ours = await start_server(mail=settings(OURS, port, relay.port))
        for number in range(6):
            attack = EmailMessage(policy=policy.SMTP)
            attack["From"] = f'"点击 evil.example.net" <{victim}>'
            attack["To"] = OURS
            attack["Subject"] = f"中奖通知 {number}"
            attack["Message-ID"] = f"<attack-{number}@evil.example.net>"
            attack.set_content(f"轮胎多久换一次？请把钱转到 evil.example.net/{number}")
            await hand_over(port, "x@evil.example.net", OURS, attack.as_bytes())
        await until_quiet(relay, (ours,), least=1)
        assert await automatic(ours) == 1
    (sent,) = relay.mails
    assert relay.recipients == [[victim]]
    for word in ("evil", "中奖", "转到", "点击"):
        assert word not in str(sent["Subject"]) + str(sent["To"])
        assert all(word not in part.get_content() for part in sent.walk() if not part.is_multipart())
