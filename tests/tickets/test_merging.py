"""Two tickets of one person become one: who waits, what is told, what cannot be, and what races."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.messages import Channel, InboundMessage, Thread
from bot.receive import accept
from storage.database import Transaction, new_id
from storage.sqlite import SQLiteDatabase, open_database
from tests.rules import RULES
from tests.tickets.scenarios import Scene, at_the_desk, rehearse
from tickets import contacts, conversations, desk, events, merging, parts, tickets
from tickets.clocks import receipts, rows
from tickets.clocks.receipts import Cause
from tickets.errors import Conflict, Obstacle, Refused
from tickets.escalation import acknowledging
from tickets.mail import sent, undelivered
from tickets.mail.undelivered import Undelivered
from tickets.model import Agent, Alert, Metric, Owner, Reason, Status, Ticket

BOTH = "Mon 08:00 customer mail; 08:01 hand over mail; 09:00 customer; 09:01 hand over"


def actions(scene: Scene, thread: str) -> list[str]:
    return [event.action for event in events.of_ticket(scene.tx, scene.ticket(thread).id)]


def alerts(scene: Scene, thread: str) -> list[Alert]:
    return tickets.timeline(scene.tx, scene.ticket(thread)).alerts


def is_open(alert: Alert) -> bool:
    return alert.settled_at is None and alert.acknowledged_at is None


async def test_the_ticket_that_was_merged_ends_and_says_where_it_goes_on(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        source, target = scene.ticket("mail"), scene.ticket("chat")
        assert (source.status, source.merged_into_id) == (Status.CLOSED, target.id)
        assert target.status is Status.NEW
        assert actions(scene, "mail")[-1] == "merge"
        assert actions(scene, "chat")[-1] == "take_in"
        assert parts.current(scene.tx, scene.conversations["mail"]).id == target.conversation_id

    await at_the_desk(database, f"{BOTH}; 10:00 merge mail", then)


async def test_what_comes_later_in_the_old_thread_arrives_in_the_ticket_that_goes_on(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        message = scene.customer("mail", "补充：在成都")
        target = scene.ticket("chat")
        assert message.conversation_id == target.conversation_id
        told = [one.text for one in tickets.timeline(scene.tx, target).messages]
        assert told == ["轮胎多久换一次？", "轮胎多久换一次？", "补充：在成都"]

    await at_the_desk(database, f"{BOTH}; 10:00 merge mail", then)


async def test_a_ticket_that_waited_for_the_customer_is_open_again_if_the_other_customer_waits(
    database: SQLiteDatabase,
) -> None:
    happened = (
        "Mon 08:00 customer; 08:01 hand over; 08:30 reply; 09:00 customer mail; 09:01 hand over mail; 10:00 merge mail"
    )

    def then(scene: Scene) -> None:
        assert scene.ticket("chat").status is Status.OPEN
        assert actions(scene, "chat")[-2:] == ["take_in", "resume"]

    await at_the_desk(database, happened, then)


async def test_a_merger_alarms_nobody_twice_and_leaves_no_alert_open_where_nobody_looks(
    database: SQLiteDatabase,
) -> None:
    def then(scene: Scene) -> None:
        before = alerts(scene, "mail")
        assert [one.level for one in before] == [1]
        scene.go_on("Tue 08:05 merge mail; 08:05 sweep; 08:10 sweep")
        assert alerts(scene, "mail") == []
        assert [(one.level, is_open(one)) for one in alerts(scene, "chat")] == [(1, True)]
        scene.go_on("Tue 08:40 sweep")
        assert [one.level for one in alerts(scene, "chat")] == [1, 2]
        scene.go_on("Tue 09:00 reply")
        assert not any(map(is_open, alerts(scene, "chat")))

    happened = "Mon 08:00 customer mail; 08:01 hand over mail; Tue 07:00 customer; 07:01 hand over; 08:02 sweep"
    await at_the_desk(database, happened, then)


async def test_the_alerts_of_the_wait_that_ends_are_settled(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        assert [is_open(one) for one in alerts(scene, "mail")] == [True]
        scene.go_on("Tue 09:30 merge mail")
        assert not any(map(is_open, alerts(scene, "mail")))
        assert [one.level for one in alerts(scene, "chat") if is_open(one)] == [1, 2]

    happened = (
        "Mon 08:00 customer; 08:01 hand over; 09:00 customer mail; 09:01 hand over mail; 20:01 sweep; Tue 09:01 sweep"
    )
    await at_the_desk(database, happened, then)


async def test_what_was_acknowledged_rests_after_the_merger_too(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        assert acknowledging.acknowledge(scene.tx, scene.number("mail"), scene.staff["ming"], scene.now) == 1
        scene.go_on("Tue 08:05 merge mail; 09:00 sweep; 12:00 sweep")
        assert [(one.level, is_open(one)) for one in alerts(scene, "chat")] == [(1, False)]

    happened = "Mon 08:00 customer mail; 08:01 hand over mail; Tue 07:00 customer; 07:01 hand over; 08:02 sweep"
    await at_the_desk(database, happened, then)


async def test_the_receipt_says_that_it_was_merged_and_by_whom(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        clock = rows.running_reply(scene.tx, scene.ticket("chat").conversation_id)
        assert clock is not None
        newest = receipts.of_clock(scene.tx, clock.id)[-1]
        assert (newest.cause, newest.by_agent_id) == (Cause.MERGED, scene.staff["ming"].id)
        assert clock.ticket_id == scene.ticket("chat").id

    await at_the_desk(database, f"{BOTH}; 10:00 merge mail", then)


async def test_the_earlier_promised_time_holds(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        for thread, at in (("mail", 900), ("chat", 400)):
            clock = rows.running_reply(scene.tx, scene.ticket(thread).conversation_id)
            assert clock is not None
            scene.tx.change("UPDATE clock SET promised_at = :at WHERE id = :id", {"at": at, "id": clock.id})
        scene.go_on("Mon 10:00 merge mail")
        clock = rows.running_reply(scene.tx, scene.ticket("chat").conversation_id)
        assert clock is not None
        assert clock.promised_at == 400

    await at_the_desk(database, BOTH, then)


async def test_a_chain_of_mergers_leads_to_its_end_and_shows_everything(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        middle, mail, chat = scene.ticket("mail2"), scene.ticket("mail"), scene.ticket("chat")
        merging.merge(scene.tx, mail.number, ming(scene), mail.version, middle.number, middle.version, scene.now)
        middle = scene.ticket("mail2")
        merging.merge(scene.tx, middle.number, ming(scene), middle.version, chat.number, chat.version, scene.now)
        assert scene.customer("mail", "第一封的补充").conversation_id == chat.conversation_id
        assert len(tickets.timeline(scene.tx, chat).messages) == 4
        assert scene.clocks() == ["first_response Mon 20:00", "resolution Thu 08:00"]

    await at_the_desk(database, f"{BOTH}; 09:10 customer mail2; 09:11 hand over mail2", then)


def ming(scene: Scene) -> Agent:
    return scene.staff["ming"]


@pytest.mark.parametrize(
    ("happened", "source", "target", "obstacle"),
    [
        (BOTH, "chat", "mail", Obstacle.CHAT),
        (BOTH, "mail", "mail", Obstacle.SAME),
        (f"{BOTH}; 09:10 resolve in mail", "mail", "chat", Obstacle.DONE),
        (f"{BOTH}; 09:10 resolve", "mail", "chat", Obstacle.OTHER_DONE),
        (f"{BOTH}; 09:10 merge mail", "mail", "chat", Obstacle.DONE),
    ],
)
async def test_what_cannot_be_merged_is_refused_and_nothing_is_done(
    database: SQLiteDatabase, happened: str, source: str, target: str, obstacle: Obstacle
) -> None:
    def then(scene: Scene) -> None:
        one, other = scene.ticket(source), scene.ticket(target)
        with pytest.raises(Refused) as refused:
            merging.merge(scene.tx, one.number, ming(scene), one.version, other.number, other.version, scene.now)
        assert refused.value.obstacle is obstacle
        assert (scene.ticket(source), scene.ticket(target)) == (one, other)

    await at_the_desk(database, happened, then)


def other_persons_ticket(scene: Scene) -> Ticket:
    inbound = InboundMessage(
        Channel.MAIL, "mail:x", "wang@example.net", "我的保单呢？", scene.now, thread=Thread.NEW, subject="保单"
    )
    kept = accept(scene.tx, inbound)
    return desk.open_ticket(scene.tx, kept.conversation, Reason.ASKED_FOR_PERSON, "保单", [], RULES, scene.now)


async def test_tickets_of_two_people_are_not_merged_unless_mail_proves_that_they_are_one(
    database: SQLiteDatabase,
) -> None:
    def then(scene: Scene) -> None:
        source, target = other_persons_ticket(scene), scene.ticket("chat")
        contacts.learn_name(scene.tx, source.contact_id, "王伟")
        with pytest.raises(Refused) as refused:
            merging.merge(
                scene.tx, source.number, ming(scene), source.version, target.number, target.version, scene.now
            )
        assert refused.value.obstacle is Obstacle.STRANGER
        for authenticity, proved in (("unverified", False), ("aligned", True)):
            scene.tx.change(
                """
                INSERT INTO mail (id, mailbox, envelope_to_json, message_id, content_hash, raw_hash, size, received_at,
                    state, attempts, doubtful, from_address, authenticity, conversation_id)
                VALUES (:id, 'service', '[]', :id, :id, 'r', 1, 0, 'settled', 1, 0, 'Wang@example.net', :authenticity,
                    :conversation_id)
                """,
                {"id": new_id(), "authenticity": authenticity, "conversation_id": target.conversation_id},
            )
            assert contacts.are_one_person(scene.tx, source.contact_id, target.contact_id) is proved
            assert contacts.are_one_person(scene.tx, target.contact_id, source.contact_id) is proved
        merging.merge(scene.tx, source.number, ming(scene), source.version, target.number, target.version, scene.now)

    await at_the_desk(database, BOTH, then)


async def test_of_two_agents_who_merge_crosswise_at_once_one_gets_through(database: SQLiteDatabase) -> None:
    def two_mails(scene: Scene) -> tuple[Ticket, Ticket, Scene]:
        return scene.ticket("mail"), scene.ticket("mail2"), scene

    happened = "Mon 08:00 customer mail; 08:01 hand over mail; 09:00 customer mail2; 09:01 hand over mail2"
    one, other, scene = await at_the_desk(database, happened, two_mails)

    def merger(source: Ticket, target: Ticket, login: str) -> Callable[[Transaction], Ticket]:
        return lambda tx: merging.merge(
            tx, source.number, scene.staff[login], source.version, target.number, target.version, scene.now
        )

    came = await asyncio.gather(
        database.write(merger(one, other, "ming")), database.write(merger(other, one, "wu")), return_exceptions=True
    )
    assert [type(outcome) for outcome in came] in ([Ticket, Conflict], [Conflict, Ticket])
    now = [await database.read(tickets.by_number, ticket.number) for ticket in (one, other)]
    assert sorted(ticket.status for ticket in now) == [Status.CLOSED, Status.NEW]


@pytest.mark.parametrize("first", ["mail", "merger"])
async def test_a_mail_that_arrives_during_a_merger_is_in_the_ticket_that_goes_on_either_way(
    database: SQLiteDatabase, first: str
) -> None:
    scene = await at_the_desk(database, BOTH, lambda scene: scene)
    mail, chat = [await database.read(tickets.by_number, scene.number(name)) for name in ("mail", "chat")]
    inbound = InboundMessage(
        Channel.MAIL, "mail:late", "lin@example.com", "还有一事", scene.now + 1, thread=Thread.THIS,
        conversation_id=mail.conversation_id, facts={"mail": {"id": "late", "verified": True}},
    )  # fmt: skip

    def merger(tx: Transaction) -> Ticket:
        version = tickets.by_number(tx, mail.number).version
        return merging.merge(tx, mail.number, scene.staff["ming"], version, chat.number, chat.version, scene.now + 1)

    steps = [database.write(accept, inbound), database.write(merger)]
    await asyncio.gather(*(steps if first == "mail" else reversed(steps)))
    told = (await database.read(tickets.timeline, chat)).messages
    assert [one.text for one in told][-1] == "还有一事"
    reply = await database.read(rows.running_reply, chat.conversation_id)
    assert reply is not None
    assert await database.read(rows.running_reply, mail.conversation_id) is None


async def test_the_bot_says_nothing_any_more_in_a_thread_that_was_merged(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        home = conversations.get_conversation(scene.tx, scene.conversations["mail"])
        assert home.owner is Owner.BOT
        assert not [one for one in conversations.undecided(scene.tx, 10) if one.conversation_id == home.id]

    await at_the_desk(database, f"{BOTH}; 10:00 merge mail", then)


async def test_what_a_mail_server_says_of_an_older_reply_reaches_the_ticket_that_goes_on(
    database: SQLiteDatabase,
) -> None:
    def then(scene: Scene) -> None:
        sent_id = new_id()
        sent.keep(
            scene.tx,
            sent.SentMail(
                sent_id, "service", scene.conversations["mail"], "reply", False, False, "lin@example.com",
                "m@example.com", None, (), "轮胎", (), None, False, "zh", scene.now,
            ),
        )  # fmt: skip
        scene.go_on("Mon 10:00 merge mail")
        sent.record_bounce(scene.tx, sent_id, sent.Report("failed", "5.1.1", None, dead=True), scene.now)
        assert actions(scene, "chat")[-1] == "mail_bounced"
        assert undelivered.of_live_tickets(scene.tx) == [Undelivered(scene.number("chat"), 1)]

    await at_the_desk(database, BOTH, then)


async def test_a_reply_that_was_written_before_the_merger_is_shown_it_first(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        seen, last = scene.ticket("chat").version, scene.conversation("chat").last_number
        scene.go_on("Mon 10:00 merge mail")
        for thread in ("chat", "mail"):
            number = 1 if thread == "mail" else last
            with pytest.raises(Conflict) as conflict:
                desk.reply(
                    scene.tx, scene.number(thread), scene.staff["wu"], "六万公里", number, f"r-{thread}", False,
                    scene.now, version=seen,
                )  # fmt: skip
            assert [change.kind for change in conflict.value.changes] == ["merged"]

    await at_the_desk(database, BOTH, then)


async def test_what_colleagues_noted_at_the_ticket_that_ended_is_read_where_it_goes_on(
    database: SQLiteDatabase,
) -> None:
    def then(scene: Scene) -> None:
        assert [note.text for note in tickets.timeline(scene.tx, scene.ticket("chat")).notes] == ["客户很着急"]

    await at_the_desk(database, f"{BOTH}; 09:30 note in mail; 10:00 merge mail", then)


async def test_a_merger_holds_after_a_restart(tmp_path: Path) -> None:
    database = open_database(tmp_path / "again")
    scene = await at_the_desk(database, f"{BOTH}; 10:00 merge mail", lambda scene: scene)
    await database.close()
    database = open_database(tmp_path / "again")
    try:
        inbound = InboundMessage(
            Channel.MAIL, "mail:later", "lin@example.com", "还有一事", scene.now + 1, thread=Thread.THIS,
            conversation_id=scene.conversations["mail"], facts={"mail": {"id": "later", "verified": True}},
        )  # fmt: skip
        kept = await database.write(accept, inbound)
        assert kept.conversation.id == scene.conversations["chat"]
    finally:
        await database.close()


MAIL_SAYS = ("priority urgent in mail", "category 维修 in mail", "note in mail")
CHAT_SAYS = ("priority urgent", "category 维修", "hold", "reply", "note")


@pytest.mark.parametrize("first", ["mail", "chat"])
async def test_whatever_the_terms_no_promise_is_put_off_and_it_comes_as_it_was_foreseen(
    database: SQLiteDatabase, first: str
) -> None:
    opened = {"mail": "customer mail; 08:01 hand over mail", "chat": "customer; 08:01 hand over"}
    second = opened["chat" if first == "mail" else "mail"].replace("08:", "09:")
    for mail_says, chat_says in itertools.product(MAIL_SAYS, CHAT_SAYS):
        happened = f"Mon 08:00 {opened[first]}; 09:00 {second}; 09:10 {mail_says}; 09:20 {chat_says}"
        await rehearse(database, happened, merges_strictly)


def merges_strictly(scene: Scene) -> None:
    source, target = scene.ticket("mail"), scene.ticket("chat")
    before = [*rows.running_of_ticket(scene.tx, source.id), *rows.running_of_ticket(scene.tx, target.id)]
    foreseen = merging.foresee(scene.tx, source, target, scene.now)
    scene.play("merge mail")
    after = rows.running_of_ticket(scene.tx, target.id)
    assert sorted((one.metric, one.due_at) for one in foreseen) == sorted((one.metric, one.due_at) for one in after)
    for resolution in (True, False):
        earlier = [one.due_at for one in before if (one.metric is Metric.RESOLUTION) is resolution]
        now = [one.due_at for one in after if (one.metric is Metric.RESOLUTION) is resolution]
        assert len(now) == min(1, len(earlier))
        assert not earlier or now[0] <= min(earlier)
    assert rows.running_of_ticket(scene.tx, source.id) == []
