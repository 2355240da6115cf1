"""Contacts, conversations and messages on a real database."""

import asyncio

import pytest

from storage.sqlite import SQLiteDatabase
from tests.tickets.cast import MORNING, ServiceDesk
from tickets import contacts, conversations
from tickets.contact_details import ContactDetails
from tickets.errors import NotFound
from tickets.model import Author, Draft, MessageKind, Owner


def said(text: str, external_id: str | None = None) -> Draft:
    return Draft(Author.CONTACT, MessageKind.TEXT, text, external_id=external_id)


async def test_an_address_is_the_same_contact_every_time_and_another_on_another_channel(
    database: SQLiteDatabase,
) -> None:
    first = await database.write(contacts.identify, "chat", "v-1", MORNING)
    again = await database.write(contacts.identify, "chat", "v-1", MORNING + 1)
    other = await database.write(contacts.identify, "mail", "v-1", MORNING)
    assert first == again
    assert other.id != first.id


async def test_many_first_messages_at_once_make_one_contact_with_one_conversation(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    await asyncio.gather(*(shop.customer_says(f"问题 {n}", MORNING) for n in range(30)))
    history = await database.read(conversations.history, (await shop.conversation()).id)
    assert [message.number for message in history] == list(range(1, 31))
    assert [row["n"] for row in await shop.rows("SELECT COUNT(*) AS n FROM contact")] == [1]


async def test_a_repeated_external_id_returns_the_stored_message_and_leaves_no_gap(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    conversation = await shop.conversation()
    first, new = await database.write(conversations.append, conversation.id, said("你好", "m-1"), MORNING)
    repeat, again = await database.write(conversations.append, conversation.id, said("别的", "m-1"), MORNING + 9)
    second, _ = await database.write(conversations.append, conversation.id, said("再见", "m-2"), MORNING + 10)
    assert (new, again) == (True, False)
    assert repeat == first
    assert (first.number, second.number) == (1, 2)


async def test_a_message_comes_back_as_it_was_written(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    conversation = await shop.conversation()
    draft = Draft(
        Author.BOT,
        MessageKind.CLARIFY,
        "𠮷𰻝 👨‍👩‍👧\u202e 您想问的是?",
        action="a",
        extras={"actions": [{"id": "e1", "label": "轮胎"}]},
        trace={"score": 0.5},
    )
    written, _ = await database.write(conversations.append, conversation.id, draft, MORNING)
    (read,) = await database.read(conversations.history, conversation.id)
    assert read == written
    assert (read.text, read.extras, read.trace) == (draft.text, draft.extras, draft.trace)


async def test_history_goes_on_after_a_number_and_latest_ends_at_the_newest(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    for n in range(1, 8):
        await shop.customer_says(str(n), MORNING + n)
    conversation = await shop.conversation()
    after = await database.read(conversations.history, conversation.id, 2, 3)
    latest = await database.read(conversations.latest, conversation.id, 2)
    assert [message.number for message in after] == [3, 4, 5]
    assert [message.number for message in latest] == [6, 7]


async def test_only_contacts_messages_wait_for_a_decision_and_only_one_claims_it(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    asked = await shop.customer_says("轮胎?", MORNING)
    notice = Draft(Author.BOT, MessageKind.NOTICE, "请稍候")
    await database.write(conversations.append, asked.conversation_id, notice, MORNING + 1)
    assert [message.id for message in await database.read(conversations.undecided, 10)] == [asked.id]
    claims = await asyncio.gather(
        *(database.write(conversations.mark_decided, asked.id, MORNING + 2) for _ in range(5))
    )
    assert sorted(claims) == [False, False, False, False, True]
    assert await database.read(conversations.undecided, 10) == []


async def test_the_page_last_told_is_kept_and_silence_does_not_erase_it(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    contact_id = (await shop.conversation()).contact_id
    open_at = ("https://example.com/a", "保养")
    await database.write(conversations.find_or_open, contact_id, "chat", MORNING, *open_at)
    kept = await database.write(conversations.find_or_open, contact_id, "chat", MORNING)
    assert (kept.page_url, kept.page_title) == open_at


async def test_the_owner_changes_only_from_what_was_seen(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    seen = await shop.conversation()
    first = await database.write(conversations.change_owner, seen, Owner.AGENT, "zhou", MORNING)
    second = await database.write(conversations.change_owner, seen, Owner.AGENT, "chen", MORNING)
    now = await shop.conversation()
    assert (first, second) == (True, False)
    assert (now.owner_agent_id, now.version) == ("zhou", seen.version + 1)


async def test_details_replace_a_refusal_and_a_refusal_keeps_them(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    contact_id = (await shop.conversation()).contact_id
    await database.write(contacts.refuse_details, contact_id, MORNING)
    refused = await database.read(contacts.get_contact, contact_id)
    phone = ContactDetails("phone", "+8613900000000")
    told = await database.write(contacts.save_details, contact_id, phone, MORNING + 1)
    mail = ContactDetails("email", "lin@example.com")
    both = await database.write(contacts.save_details, contact_id, mail, MORNING + 2)
    assert (refused.reachable, refused.contact_refused_at) == (False, MORNING)
    assert (told.reachable, told.contact_refused_at) == (True, None)
    assert (both.phone, both.email) == ("+8613900000000", "lin@example.com")


async def test_the_live_ticket_tells_when_details_were_given(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    ticket = await shop.ticket_from("转人工", MORNING)
    heard: list[str] = []
    database.signals.listen("queue", lambda _, key: heard.append(key))
    phone = ContactDetails("phone", "+8613900000000")
    await database.write(contacts.save_details, ticket.contact_id, phone, MORNING + 1)
    events = await shop.rows("SELECT action, actor, detail_json FROM ticket_event ORDER BY id")
    assert events[-1] == {"action": "details_given", "actor": "contact", "detail_json": None}
    assert heard == [ticket.number]


async def test_each_message_wakes_whoever_watches_its_conversation(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    heard: list[str] = []
    database.signals.listen("conversation", lambda _, key: heard.append(key))
    await shop.customer_says("你好", MORNING)
    assert heard == [(await shop.conversation()).id]


async def test_what_is_not_there_is_not_found(database: SQLiteDatabase) -> None:
    with pytest.raises(NotFound):
        await database.read(contacts.get_contact, "nobody")
    with pytest.raises(NotFound):
        await database.read(conversations.get_conversation, "nowhere")
    with pytest.raises(NotFound):
        await database.write(conversations.append, "nowhere", said("你好"), MORNING)
