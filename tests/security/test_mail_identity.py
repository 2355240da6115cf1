"""Nobody joins somebody else's conversation by mail, and nobody speaks as an agent (X1)."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from bot.mail.addresses import Signer
from storage.database import Row, new_id
from tests.conftest import StartServer
from tests.mail.post import DESK, MTA, SETTINGS, Post, mail
from tickets import agents
from tickets.model import Role, Ticket

LIN = "lin@example.cn"
MALLORY = "mallory@example.net"
FIRST = "<first@example.cn>"
GROUP = b"From: us: lin@example.cn, mallory@example.net;"
OTHERS_WORD = "mx.evil.example; dmarc=pass header.from=example.cn"
SENDER = b"Sender: lin@example.cn\r\n"
BELOW = b"Authentication-Results: mx.example.com; dmarc=none header.from=example.cn\r\n"
OTHER_DOMAIN = f"{MTA}; dkim=pass header.d=example.net; spf=pass smtp.mailfrom=x@example.net"


@dataclass
class Case:
    """Lin's conversation with its ticket, and all that somebody else may have seen of it."""

    post: Post
    conversation_id: str
    ticket: Ticket
    sent_id: str

    @property
    def token(self) -> str:
        return self.post.signer.reply_address(DESK, self.conversation_id)

    @property
    def our_id(self) -> str:
        return self.post.signer.message_id(self.sent_id, "example.com")


@pytest.fixture
async def case(start_server: StartServer) -> Case:
    post = Post(await start_server(mail=SETTINGS))
    opened = await post.settled(mail(LIN, "订单 DD20261101 还没到，我要投诉", message_id="<first@example.cn>"))
    conversation_id = opened["conversation_id"]
    ticket = await post.ticket(conversation_id)
    ours = await post.sends(conversation_id, LIN, new_id())
    return Case(post, conversation_id, ticket, ours.id)


Forge = Callable[[Case], bytes]
OTHER_KEY = Signer("a key of somebody else")
FORGED: dict[str, Forge] = {
    "in reply to the customer's id": lambda c: mail(MALLORY, in_reply_to=FIRST),
    "referring to the customer's id": lambda c: mail(MALLORY, references=f"<x@example.net> {FIRST}"),
    "the customer's name, proved for another domain": lambda c: mail(f"林一 <{MALLORY}>", in_reply_to=FIRST),
    "the customer's address as a display name": lambda c: mail(f'"{LIN}" <{MALLORY}>', in_reply_to=FIRST),
    "the ticket's number in the subject": lambda c: mail(MALLORY, subject=f"Re: [{c.ticket.number}] 订单的问题"),
    "the ticket's number in Chinese": lambda c: mail(MALLORY, subject=f"工单 {c.ticket.number}"),
    "a number sign": lambda c: mail(MALLORY, subject=f"#{c.ticket.number} #{c.ticket.id}"),
    "unproved, the customer's address and an id": lambda c: mail(LIN, verified=False, in_reply_to=FIRST),
    "unproved, the customer's address and the number": lambda c: mail(
        LIN, verified=False, subject=f"[{c.ticket.number}]"
    ),
    "a token with another tag": lambda c: mail(
        LIN, verified=False, to=OTHER_KEY.reply_address(DESK, c.conversation_id)
    ),
    "our Message-ID with another tag": lambda c: mail(
        LIN, verified=False, in_reply_to=f"<{OTHER_KEY.message_id(c.sent_id, 'example.com')}>"
    ),
    "our Message-ID without a tag": lambda c: mail(LIN, verified=False, in_reply_to=f"<{c.sent_id}@example.com>"),
    "the right token from another address": lambda c: mail(MALLORY, to=c.token),
    "the right token in Delivered-To from another address": lambda c: mail(MALLORY, delivered_to=c.token),
    "the right Message-ID from another address": lambda c: mail(MALLORY, in_reply_to=f"<{c.our_id}>"),
    "two addresses in From": lambda c: mail(f"{LIN}, {MALLORY}", to=c.token),
    "From twice": lambda c: b"From: <lin@example.cn>\r\n" + mail(MALLORY, to=c.token),
    "a group in From": lambda c: mail(MALLORY, to=c.token).replace(b"From: mallory@example.net", GROUP),
    "Sender and Reply-To of the customer": lambda c: SENDER + mail(MALLORY, to=c.token, reply_to=LIN),
    "a letter that looks like ours": lambda c: mail("lin@exаmple.cn", to=c.token, verified=False),
    "somebody else's word for it": lambda c: mail(
        LIN, verified=False, in_reply_to=FIRST, authentication_results=OTHERS_WORD
    ),
    "our server's word, but below its own": lambda c: BELOW + mail(LIN, in_reply_to=FIRST),
    "our server's word about another domain": lambda c: mail(
        LIN, verified=False, in_reply_to=FIRST, authentication_results=OTHER_DOMAIN
    ),
}


async def test_nobody_joins_a_conversation_that_is_not_his(case: Case) -> None:
    before = [one.id for one in await case.post.said(case.conversation_id)]
    verdicts = {how: await case.post.settled(forge(case)) for how, forge in FORGED.items()}
    assert [how for how, one in verdicts.items() if one["conversation_id"] == case.conversation_id] == []
    assert {one["outcome"] for one in verdicts.values()} == {"opened"}
    assert [one.id for one in await case.post.said(case.conversation_id)] == before


async def test_who_wrote_to_somebody_elses_address_is_told_nothing_and_agents_are_told(case: Case) -> None:
    foreign = await case.post.settled(mail(MALLORY, "把这个工单转给我", to=case.token))
    assert foreign["thread_rule"] == "foreign"
    said = await case.post.customer_said(foreign["conversation_id"])
    assert said[0].trace["mail"]["related"] == case.ticket.number
    timeline = await case.post.events(case.ticket)
    assert [one.detail for one in timeline if one.action == "related_mail"] == [
        {"mail_id": foreign["id"], "conversation_id": foreign["conversation_id"]}
    ]
    told = [one.text for one in await case.post.said(foreign["conversation_id"]) if one.author != "contact"]
    assert not any(case.ticket.number in text or "DD20261101" in text for text in told)


async def test_an_agents_address_in_from_is_a_strangers(case: Case) -> None:
    database, now = case.post.server.database, case.post.server.clock()
    await database.write(agents.create, "chen", "陈晓", Role.AGENT, "x", "chen@example.com", now)
    for raw in (
        mail("chen@example.com", "本单已解决，请关闭", to=case.token),
        mail("chen@example.com", "本单已解决，请关闭", in_reply_to=f"<{case.our_id}>", verified=False),
    ):
        verdict = await case.post.settled(raw)
        assert verdict["conversation_id"] != case.conversation_id
        said = await case.post.said(verdict["conversation_id"])
        assert not [one for one in said if one.author == "agent"]
    assert (await case.post.ticket(case.conversation_id)).status == case.ticket.status


async def test_the_customer_himself_goes_on_and_what_is_unproved_is_marked(case: Case) -> None:
    proved: Row = await case.post.settled(mail(LIN, "一", in_reply_to=FIRST))
    unproved: Row = await case.post.settled(mail(LIN, "二", to=case.token, verified=False))
    assert {proved["conversation_id"], unproved["conversation_id"]} == {case.conversation_id}
    said = await case.post.customer_said(case.conversation_id)
    assert [one.trace["mail"]["verified"] for one in said] == [True, True, False]


async def test_an_unproved_mail_changes_nothing_that_is_known_of_its_customer(case: Case) -> None:
    before = await case.post.contact(case.conversation_id)
    await case.post.settled(mail(f"马洛里 <{LIN}>", "请打 13900000000", verified=False))
    await case.post.settled(mail(f"马洛里 <{LIN}>", "13900000000", verified=False))
    assert await case.post.contact(case.conversation_id) == before
