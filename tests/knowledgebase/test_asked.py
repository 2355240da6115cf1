"""What customers asked, in the database, and what became of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from knowledgebase.learning import asked
from knowledgebase.learning.asked import AskedQuestion, Decided, Outcome
from storage.database import Transaction
from storage.sqlite import SQLiteDatabase, open_database
from tickets import contacts, conversations
from tickets.model import Author, Draft, MessageKind

NOW = 1_795_399_200_000
QUESTION = AskedQuestion("", "", "chat", "轮胎几年换", Decided.ANSWER, "tyre", 3, 0.95, NOW)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    database = open_database(tmp_path)
    yield database
    await database.close()


def ask(tx: Transaction, question: AskedQuestion, visitor: str = "lin") -> AskedQuestion:
    """Write what the question says, and keep the question."""
    contact = contacts.identify(tx, "chat", visitor, NOW)
    conversation = conversations.find_or_open(tx, contact.id, "chat", NOW)
    message, _ = conversations.append(tx, conversation.id, Draft(Author.CONTACT, MessageKind.TEXT, "…"), NOW)
    kept = replace(question, message_id=message.id, conversation_id=conversation.id)
    asked.keep(tx, kept)
    return kept


async def test_the_newest_questions_come_first(database: SQLiteDatabase) -> None:
    first = await database.write(ask, QUESTION)
    second = await database.write(ask, replace(QUESTION, text="首保免费吗", asked_at=NOW + 1))
    assert await database.read(asked.recent, 10) == [second, first]
    assert await database.read(asked.recent, 1) == [second]


async def test_a_question_is_kept_once(database: SQLiteDatabase) -> None:
    kept = await database.write(ask, QUESTION)
    await database.write(asked.keep, replace(kept, text="另一句"))
    assert await database.read(asked.recent, 10) == [kept]


async def test_what_tells_who_asked_is_covered_before_it_is_stored(database: SQLiteDatabase) -> None:
    kept = await database.write(ask, replace(QUESTION, text="京A12345 的保养\n电话 13800138000"))
    assert (await database.read(asked.recent, 1))[0].text == "××× 的保养 电话 ×××"
    assert kept.text != "××× 的保养 电话 ×××"


async def test_a_conversation_is_forgotten_whole(database: SQLiteDatabase) -> None:
    kept = await database.write(ask, QUESTION)
    other = await database.write(ask, QUESTION, "wu")
    assert await database.write(asked.forget, kept.conversation_id) == 1
    assert await database.read(asked.recent, 10) == [other]


async def test_an_agent_says_which_entry_answers_and_may_take_it_back(database: SQLiteDatabase) -> None:
    kept = await database.write(ask, QUESTION)
    assert await database.write(asked.correct, kept.message_id, "battery", "su")
    found = await database.read(asked.of_message, kept.message_id)
    assert found == replace(kept, corrected_entry_id="battery")
    assert await database.write(asked.correct, kept.message_id, None, "su")
    assert await database.read(asked.of_message, kept.message_id) == kept
    assert not await database.write(asked.correct, "no-message", "battery", "su")


async def test_outcomes_are_told_newest_first(database: SQLiteDatabase) -> None:
    await database.write(ask, QUESTION)
    told = await database.write(ask, replace(QUESTION, text="首保免费吗", reply_id="reply", asked_at=NOW + 1))
    await database.write(asked.settle, "reply", False)
    assert await database.read(asked.outcomes, 10) == [Outcome("首保免费吗", "tyre", False)]
    await database.write(asked.correct, told.message_id, "free", "su")
    assert await database.read(asked.outcomes, 10) == [
        Outcome("首保免费吗", "free", True),
        Outcome("首保免费吗", "tyre", False),
    ]


CLARIFIED = replace(QUESTION, decision=Decided.CLARIFY)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (QUESTION, []),
        (replace(QUESTION, solved=True), [("tyre", True)]),
        (replace(QUESTION, solved=False), [("tyre", False)]),
        (CLARIFIED, []),
        (replace(CLARIFIED, chosen_entry_id="price"), [("price", True), ("tyre", False)]),
        (replace(CLARIFIED, chosen_entry_id="tyre", solved=True), [("tyre", True)]),
        (replace(CLARIFIED, chosen_entry_id="price", solved=False), [("price", False)]),
        (replace(QUESTION, decision=Decided.HANDOFF, corrected_entry_id="tyre"), [("tyre", True)]),
        (replace(QUESTION, solved=True, corrected_entry_id="price"), [("price", True), ("tyre", False)]),
        (replace(QUESTION, solved=False, corrected_entry_id="tyre"), [("tyre", True)]),
    ],
)
def test_a_word_of_customer_or_agent_says_what_answers(question: AskedQuestion, told: list[tuple[str, bool]]) -> None:
    assert [(one.entry_id, one.right) for one in asked.outcomes_of(question)] == told
