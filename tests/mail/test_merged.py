"""Replies to a ticket that was merged: by whichever sign they come, they arrive where it goes on."""

import pytest

from bot import learning
from storage.database import Transaction, new_id
from tests.conftest import StartServer
from tests.fakes import Clock
from tests.mail.arrivals import until
from tests.mail.desk import Office, mail_settings, mailbox
from tests.mail.post import SETTINGS, Post, mail
from tickets import agents, events, merging, splitting, tickets
from tickets.mail import sent
from tickets.model import Author, Role, Ticket


@pytest.fixture
async def post(start_server: StartServer) -> Post:
    return Post(await start_server(mail=SETTINGS))


def merge(tx: Transaction, source: str, target: str, now: int) -> Ticket:
    agent = agents.create(tx, f"zhou-{source}", "周敏", Role.AGENT, "hash", None, now)
    one, other = tickets.by_number(tx, source), tickets.by_number(tx, target)
    return merging.merge(tx, source, agent, one.version, target, other.version, now)


async def two_threads(post: Post) -> tuple[str, Ticket, Ticket]:
    """The conversation that was merged, its ticket, and the one that goes on."""
    first = (await post.settled(mail(text="第一件事", message_id="<one@example.cn>")))["conversation_id"]
    second = (await post.settled(mail(text="第二件事", message_id="<two@example.cn>")))["conversation_id"]
    one, other = await post.ticket(first), await post.ticket(second)
    return first, one, other


@pytest.mark.parametrize("sign", ["address", "our id", "their id", "number"])
async def test_a_reply_in_the_old_thread_arrives_in_the_ticket_that_goes_on(post: Post, sign: str) -> None:
    first, one, other = await two_threads(post)
    ours = await post.sends(first, "lin@example.cn", new_id())
    await post.server.database.write(merge, one.number, other.number, post.server.clock())
    raw = {
        "address": lambda: mail(text="补充", to=post.signer.reply_address("desk@example.com", first)),
        "our id": lambda: mail(text="补充", in_reply_to=f"<{ours.message_id}>"),
        "their id": lambda: mail(text="补充", in_reply_to="<one@example.cn>"),
        "number": lambda: mail(text="补充", subject=f"回复：[{one.number}] 订单的问题"),
    }[sign]()
    joined = await post.settled(raw)
    assert (joined["outcome"], joined["conversation_id"]) == ("joined", other.conversation_id)
    told = (await post.server.database.read(tickets.timeline, other)).messages
    theirs = [message.text for message in told if message.author is Author.CONTACT]
    assert theirs == ["第一件事", "第二件事", "补充"]


async def test_a_vacation_reply_to_the_old_thread_is_noted_where_it_goes_on(post: Post) -> None:
    first, one, other = await two_threads(post)
    ours = await post.sends(first, "lin@example.cn", new_id())
    await post.server.database.write(merge, one.number, other.number, post.server.clock())
    await post.settled(mail(text="我在休假", auto_submitted="auto-replied", in_reply_to=f"<{ours.message_id}>"))
    told = await post.server.database.read(events.of_ticket, other.id)
    assert [event.action for event in told][-1] == "auto_reply"


async def test_an_answer_to_a_mail_that_was_split_off_goes_on_with_the_new_ticket(post: Post) -> None:
    first = (await post.settled(mail(text="第一件事", message_id="<one@example.cn>")))["conversation_id"]
    await post.settled(mail(text="第二件事", message_id="<two@example.cn>", in_reply_to="<one@example.cn>"))
    ticket = await post.ticket(first)

    def split(tx: Transaction) -> Ticket:
        agent = agents.create(tx, "zhou", "周敏", Role.AGENT, "hash", None, post.server.clock())
        chosen = splitting.open_messages(tx, ticket)[1]
        rules = post.server.config.rules
        return splitting.split(
            tx, ticket.number, agent, ticket.version, {chosen.id}, "第二件事", True, rules, post.server.clock()
        )

    new = await post.server.database.write(split)
    later = await post.settled(mail(text="第二件事的补充", in_reply_to="<two@example.cn>"))
    earlier = await post.settled(mail(text="第一件事的补充", in_reply_to="<one@example.cn>"))
    assert later["conversation_id"] == new.conversation_id
    assert earlier["conversation_id"] == first


async def test_what_is_answered_after_a_merger_goes_to_where_the_customer_wrote_last(
    start_server: StartServer, clock: Clock
) -> None:
    server = await start_server(mail=mail_settings(mailbox(1), sending=False))
    office = await Office.staffed(server, clock)
    target = await office.ticket((await office.mail_arrives("第二件事", subject="第二件事")).message)
    clock.now += 1_000
    asked = (await office.mail_arrives("第一件事", subject="第一件事")).message
    source = await office.ticket(asked)
    await server.database.write(merge, source.number, target.number, clock())
    await office.answers(target, "两件事都办好了。")
    letter = (await office.read(sent.of_conversation, target.conversation_id))[-1]
    assert letter.in_reply_to == asked.trace["mail"]["message_id"]
    assert letter.about_id == asked.id


async def test_what_was_asked_in_the_old_thread_counts_as_answered_when_the_ticket_that_goes_on_is_resolved(
    post: Post,
) -> None:
    _, one, other = await two_threads(post)
    database, now = post.server.database, post.server.clock()

    def questions(tx: Transaction) -> list[str | None]:
        return [row["ticket_id"] for row in tx.execute("SELECT ticket_id FROM asked_question ORDER BY asked_at")]

    async def both_are_kept() -> bool:
        return await database.read(questions) == [None, None]

    await until(both_are_kept)
    await database.write(merge, one.number, other.number, now)

    def resolve(tx: Transaction) -> None:
        agent = agents.create(tx, "wu", "吴悦", Role.AGENT, "hash", None, now)
        learning.resolve(tx, other.number, agent, tickets.by_number(tx, other.number).version, now)

    await database.write(resolve)
    assert await database.read(questions) == [other.id, other.id]
