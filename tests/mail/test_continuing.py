"""A customer who has left the chat gets the agent's answer by mail, and goes on by replying to it."""

import pytest

from bot.gateway import hub
from bot.keys import SIGNER
from tests.conftest import StartServer
from tests.fakes import ChatClient, Clock, eventually
from tests.mail.desk import HOUR, MINUTE, Office, mail_settings, mailbox
from tests.tickets.alerts.peers import Mailbox
from tickets import tickets
from tickets.mail.sent import SentState, Trouble
from tickets.model import Ticket

ADDRESS = "lin@example.cn"


async def office(start_server: StartServer, clock: Clock, relay: Mailbox) -> Office:
    server = await start_server(mail=mail_settings(mailbox(relay.port)))
    return await Office.staffed(server, clock)


async def asks_for_a_person(desk: Office, page: ChatClient) -> Ticket:
    """A customer in the chat who wants a person and says where mail arrives."""
    await page.say("转人工")
    await page.reads("bot")
    await page.say(f"我的邮箱是 {ADDRESS}")
    told = ""
    while "已记下" not in told:
        told = (await page.reads("bot"))["text"]
    assert ("发到这个邮箱" in told) is bool(desk.server.config.mail.mailboxes)
    (row,) = await desk.read(tickets.queue, "all_live", None, 10)
    return await desk.read(tickets.by_number, row.number)


async def leaves(desk: Office, page: ChatClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is closed, and long enough ago."""
    await page.leave()
    await eventually(lambda: desk.server.pages == 0)
    monkeypatch.setattr(hub, "JUST_LEFT_S", -1.0)


async def test_answers_to_a_customer_who_has_left_go_out_as_one_mail_that_can_be_replied_to(
    start_server: StartServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Mailbox().open() as relay:
        desk = await office(start_server, clock, relay)
        async with desk.server.page() as page:
            ticket = await asks_for_a_person(desk, page)
            await leaves(desk, page, monkeypatch)
        await desk.answers(ticket, "您好，师傅明天上午到。")
        clock.advance(30_000)
        await desk.answers(ticket, "请准备好车位。")
        assert relay.mails == []
        clock.advance(31_000)
        desk.wakes()
        await desk.until_state(ticket.conversation_id, SentState.SENT)
        clock.advance(HOUR)
        await desk.answers(ticket, "已经改到下午。")
        clock.advance(2 * MINUTE)
        desk.wakes()
        await desk.until_state(ticket.conversation_id, SentState.SENT)
    first, second = relay.mails
    body = first.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert text.index("师傅明天上午到") < text.index("请准备好车位")
    assert "转人工" not in text
    assert ticket.number in first["Subject"]
    reply_to = first["Reply-To"].addresses[0].addr_spec
    assert desk.server.app[SIGNER].conversation_of(reply_to) == ticket.conversation_id
    assert second["In-Reply-To"] == first["Message-ID"]
    assert relay.recipients == [[ADDRESS], [ADDRESS]]


async def test_whoever_has_the_chat_before_them_or_wrote_there_since_gets_no_mail(
    start_server: StartServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Mailbox().open() as relay:
        desk = await office(start_server, clock, relay)
        async with desk.server.page() as page:
            ticket = await asks_for_a_person(desk, page)
            await desk.answers(ticket, "您好，师傅明天上午到。")
            clock.advance(2 * MINUTE)
            desk.wakes()
            seen = await desk.until_state(ticket.conversation_id, SentState.WITHDRAWN)
            await desk.answers(ticket, "请准备好车位。")
            await page.say("好的，谢谢")
            await leaves(desk, page, monkeypatch)
        clock.advance(2 * MINUTE)
        desk.wakes()
        answered = await desk.until_state(ticket.conversation_id, SentState.WITHDRAWN)
        assert answered.id != seen.id
        assert {seen.reason, answered.reason} == {Trouble.READ_IN_CHAT}
    assert relay.mails == []


async def test_a_page_between_two_questions_over_http_has_not_left_yet(start_server: StartServer, clock: Clock) -> None:
    async with Mailbox().open() as relay:
        desk = await office(start_server, clock, relay)
        async with desk.server.page() as page:
            ticket = await asks_for_a_person(desk, page)
            await page.leave()
            await eventually(lambda: desk.server.pages == 0)
        await desk.answers(ticket, "您好，师傅明天上午到。")
        clock.advance(2 * MINUTE)
        desk.wakes()
        await desk.until_held()
        assert relay.mails == []


async def test_without_a_mailbox_or_an_address_the_answer_stays_in_the_chat(
    start_server: StartServer, clock: Clock
) -> None:
    desk = await Office.staffed(await start_server(), clock)
    async with desk.server.page() as page:
        ticket = await asks_for_a_person(desk, page)
    await desk.answers(ticket)
    assert await desk.sent(ticket.conversation_id) == []
    assert await desk.letters() == []
