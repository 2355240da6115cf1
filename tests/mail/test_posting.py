"""Letters on their way out: to a real SMTP server, kind and unkind."""

from tests.conftest import StartServer
from tests.fakes import Clock
from tests.mail.desk import ADDRESS, CUSTOMER, Office, mail_settings, mailbox
from tests.tickets.alerts.peers import Mailbox
from tickets.mail.sent import SentState


async def office(start_server: StartServer, clock: Clock, relay: Mailbox, **settings: object) -> Office:
    server = await start_server(mail=mail_settings(mailbox(relay.port), **settings))
    opened = Office(server, clock)
    await opened.hire()
    return opened


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
    assert "请先关掉总闸" in body.get_content()
    assert "陈静" in body.get_content()
