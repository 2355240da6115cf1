"""Messages of a customer become a ticket of their own: which go, which stay, and what cannot be."""

import pytest

from storage.database import new_id
from storage.sqlite import SQLiteDatabase
from tests.rules import RULES
from tests.tickets.scenarios import Scene, at_the_desk
from tickets import attachments, conversations, desk, events, splitting, tickets
from tickets.attachments import Attachment
from tickets.clocks import rows
from tickets.errors import Conflict, Obstacle, Refused
from tickets.model import Message, Owner, Priority, Reason, Status, Ticket

TWO = "Mon 08:00 customer mail; 09:00 customer mail; 09:01 hand over mail"


def split(scene: Scene, thread: str, chosen: list[Message], version: int | None = None, by_mail: bool = True) -> Ticket:
    ticket = scene.ticket(thread)
    seen = ticket.version if version is None else version
    ids = {one.id for one in chosen}
    new = splitting.split(
        scene.tx, ticket.number, scene.staff["ming"], seen, ids, "另一件事", by_mail, RULES, scene.now
    )
    scene.tickets["split"], scene.conversations["split"] = new.number, new.conversation_id
    return new


def theirs(scene: Scene, thread: str) -> list[Message]:
    return splitting.open_messages(scene.tx, scene.ticket(thread))


async def test_a_mail_moves_with_all_that_belongs_to_it(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        second = theirs(scene, "mail")[1]
        file = Attachment(new_id(), "mail:x", second.id, 0, "a.png", "image/png", 1, "hash", scene.now)
        attachments.keep(scene.tx, file)
        scene.tx.change(
            """
            INSERT INTO mail (id, mailbox, envelope_to_json, message_id, content_hash, raw_hash, size, received_at,
                state, attempts, doubtful, conversation_id, said_id)
            VALUES ('m', 'service', '[]', 'm@x', 'c', 'r', 1, 0, 'settled', 1, 0, :conversation_id, :said_id)
            """,
            {"conversation_id": second.conversation_id, "said_id": second.id},
        )
        new = split(scene, "mail", [second])
        told = conversations.history(scene.tx, new.conversation_id)
        assert [(one.id, one.number, one.created_at) for one in told] == [(second.id, 1, second.created_at)]
        assert list(attachments.of_conversation(scene.tx, new.conversation_id)) == [second.id]
        mail = scene.tx.execute("SELECT conversation_id FROM mail WHERE id = 'm'")
        assert mail[0]["conversation_id"] == new.conversation_id
        assert [one.number for one in theirs(scene, "mail")] == [1]

    await at_the_desk(database, TWO, then)


async def test_the_new_ticket_is_nobodys_and_says_where_it_came_from(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        old = scene.ticket("mail")
        new = split(scene, "mail", theirs(scene, "mail")[1:])
        home = conversations.get_conversation(scene.tx, new.conversation_id)
        assert (new.status, new.reason, new.assignee_id) == (Status.NEW, Reason.SPLIT, None)
        assert (new.priority, new.subject) == (Priority.URGENT, "另一件事")
        assert (home.channel, home.subject, home.owner) == ("mail", "另一件事", Owner.BOT)
        opened = events.of_ticket(scene.tx, new.id)[0]
        assert (opened.action, (opened.detail or {})["from"]) == ("open", old.number)
        gone = events.of_ticket(scene.tx, old.id)[-1]
        assert (gone.action, (gone.detail or {})["to"]) == ("split", new.number)
        assert scene.ticket("mail").version == old.version + 1

    await at_the_desk(database, f"{TWO}; 09:30 priority urgent in mail", then)


async def test_what_the_customer_writes_to_the_new_thread_belongs_to_the_new_ticket(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        new = split(scene, "mail", theirs(scene, "mail")[1:])
        assert scene.customer("split", "补充").conversation_id == new.conversation_id
        assert scene.customer("mail", "第一件事的补充").conversation_id == scene.ticket("mail").conversation_id

    await at_the_desk(database, TWO, then)


async def test_what_was_written_in_a_chat_stays_there_and_is_copied(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        scene.tx.change("UPDATE contact SET email = 'lin@example.com'", {})
        first, second = theirs(scene, "chat")
        attachments.keep(
            scene.tx, Attachment(new_id(), "contact:x", second.id, 0, "a.png", "image/png", 1, "hash", scene.now)
        )
        new = split(scene, "chat", [second])
        chat = conversations.history(scene.tx, scene.conversations["chat"])
        assert [one.number for one in chat] == [1, 2]
        assert chat[1].trace["split_to"] == new.number
        copied = conversations.history(scene.tx, new.conversation_id)
        assert [(one.text, one.created_at) for one in copied] == [(second.text, second.created_at)]
        assert [one.name for one in attachments.of_message(scene.tx, copied[0].id)] == ["a.png"]
        assert [one.id for one in theirs(scene, "chat")] == [first.id]
        assert scene.clocks() == [
            "first_response Mon 20:00",
            "split first_response Mon 21:00",
            "split resolution Thu 09:00",
        ]

    await at_the_desk(database, "Mon 08:00 customer; 09:00 customer; 09:01 hand over", then)


@pytest.mark.parametrize(
    ("happened", "thread", "chosen", "by_mail", "obstacle"),
    [
        (TWO, "mail", slice(0), True, Obstacle.NOTHING),
        (TWO, "mail", slice(2), True, Obstacle.EVERYTHING),
        (f"{TWO}; 10:00 resolve in mail", "mail", slice(1), True, Obstacle.DONE),
        ("Mon 08:00 customer; 09:00 customer; 09:01 hand over", "chat", slice(1), True, Obstacle.NO_ADDRESS),
        ("Mon 08:00 customer; 09:00 customer; 09:01 hand over", "chat", slice(1), False, Obstacle.NO_ADDRESS),
    ],
)
async def test_what_cannot_be_split_is_refused_and_nothing_is_done(
    database: SQLiteDatabase, happened: str, thread: str, chosen: slice, by_mail: bool, obstacle: Obstacle
) -> None:
    def then(scene: Scene) -> None:
        before = scene.ticket(thread)
        if not by_mail:
            scene.tx.change("UPDATE contact SET email = 'lin@example.com'", {})
        with pytest.raises(Refused) as refused:
            split(scene, thread, theirs(scene, thread)[chosen], by_mail=by_mail)
        assert refused.value.obstacle is obstacle
        assert scene.ticket(thread) == before
        assert len(scene.tx.execute("SELECT id FROM ticket")) == 1

    await at_the_desk(database, happened, then)


async def test_only_the_customers_messages_of_this_ticket_can_be_split_off(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        own = desk.reply(
            scene.tx, scene.number("mail"), scene.staff["ming"], "好的，六万公里", 2, "r-1", False, scene.now
        )
        foreign = theirs(scene, "chat")[0]
        for wrong in (own, foreign):
            with pytest.raises(Refused) as refused:
                split(scene, "mail", [wrong])
            assert refused.value.obstacle is Obstacle.NOTHING

    await at_the_desk(database, f"{TWO}; 09:10 customer; 09:11 customer; 09:12 hand over", then)


async def test_whoever_saw_an_older_ticket_splits_nothing(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        seen = scene.ticket("mail").version
        scene.customer("mail", "还有")
        with pytest.raises(Conflict):
            split(scene, "mail", theirs(scene, "mail")[:1], version=seen)

    await at_the_desk(database, TWO, then)


async def test_what_was_merged_can_be_split_off_again(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        mailed = [one for one in theirs(scene, "chat") if one.conversation_id == scene.conversations["mail"]]
        new = split(scene, "chat", mailed)
        assert [one.id for one in conversations.history(scene.tx, new.conversation_id)] == [one.id for one in mailed]
        assert scene.clocks() == [
            "first_response Mon 21:00",
            "resolution Thu 08:00",
            "split first_response Mon 20:00",
            "split resolution Thu 08:00",
        ]

    happened = "Mon 08:00 customer mail; 08:01 hand over mail; 09:00 customer; 09:01 hand over; 10:00 merge mail"
    await at_the_desk(database, happened, then)


async def test_a_split_alarms_nobody_twice_for_the_wait_that_moves(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        new = split(scene, "mail", theirs(scene, "mail")[:1])
        scene.go_on("Tue 08:10 sweep; 08:20 sweep")
        moved = tickets.timeline(scene.tx, new).alerts
        assert [one.level for one in moved] == [1]
        assert tickets.timeline(scene.tx, scene.ticket("mail")).alerts == []
        scene.go_on("Tue 09:01 sweep")
        assert [one.level for one in tickets.timeline(scene.tx, scene.ticket("mail")).alerts] == [1]
        clock = rows.running_reply(scene.tx, scene.conversations["mail"])
        assert clock is not None

    await at_the_desk(database, f"{TWO}; Tue 08:01 sweep", then)
