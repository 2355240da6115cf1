"""What a conversation leaves behind for those who write the entries."""

import pytest

from bot.receive import Answering
from bot.templates import load_templates
from knowledgebase.learning import asked
from knowledgebase.learning.asked import AskedQuestion, Decided
from storage.sqlite import SQLiteDatabase
from tests.bot.cast import LIMITS, PRICE, SERVICE, TYRES, Customer, ScriptedShelf, match
from tests.rules import RULES
from tickets.model import Message, MessageKind


@pytest.fixture
def bot(database: SQLiteDatabase, shelf: ScriptedShelf, lin: Customer) -> Answering:
    shelf.knows("轮胎多久换一次", match(TYRES, 0.95), match(PRICE, 0.2))
    shelf.knows("首保", match(SERVICE, 0.5), match(PRICE, 0.4))
    shelf.knows("保险怎么买?", match(PRICE, 0.1))
    return Answering(database, shelf, load_templates(), RULES, lambda channel: LIMITS, lambda: lin.now + 1_000)


async def talk(bot: Answering, lin: Customer, text: str) -> list[Message]:
    written = await lin.writes(text)
    await bot.answer(written)
    return await lin.reads(after=written.number)


async def press(bot: Answering, lin: Customer, action: str, about: Message) -> list[Message]:
    pressed = await lin.presses(action, about.number)
    await bot.answer(pressed)
    return await lin.reads(after=pressed.number)


async def kept(database: SQLiteDatabase) -> list[AskedQuestion]:
    return list(reversed(await database.read(asked.recent, 100)))


async def test_an_answered_question_is_kept_with_entry_version_and_confidence(
    bot: Answering, lin: Customer, database: SQLiteDatabase
) -> None:
    [answer] = await talk(bot, lin, "轮胎多久换一次")
    [question] = await kept(database)
    assert (question.text, question.decision, question.channel) == ("轮胎多久换一次", Decided.ANSWER, "chat")
    assert (question.entry_id, question.entry_version, question.confidence) == ("tyres", 1, 0.95)
    assert (question.reply_id, question.solved) == (answer.id, None)


async def test_the_last_word_on_an_answer_counts(bot: Answering, lin: Customer, database: SQLiteDatabase) -> None:
    [answer] = await talk(bot, lin, "轮胎多久换一次")
    await press(bot, lin, "solved", answer)
    assert [one.solved for one in await kept(database)] == [True]
    await press(bot, lin, "unsolved", answer)
    assert [one.solved for one in await kept(database)] == [False]


async def test_a_question_asked_back_about_gets_what_was_chosen_and_whether_it_helped(
    bot: Answering, lin: Customer, database: SQLiteDatabase
) -> None:
    [clarify] = await talk(bot, lin, "首保")
    assert [(one.decision, one.entry_id) for one in await kept(database)] == [(Decided.CLARIFY, "service")]
    answer = (await press(bot, lin, "entry:price", clarify))[0]
    [question] = await kept(database)
    assert (question.chosen_entry_id, question.reply_id, question.solved) == ("price", answer.id, None)
    await press(bot, lin, "solved", answer)
    assert [one.solved for one in await kept(database)] == [True]


async def test_a_choice_that_is_typed_counts_like_a_button(
    bot: Answering, lin: Customer, database: SQLiteDatabase
) -> None:
    await talk(bot, lin, "首保")
    await talk(bot, lin, "第二个")
    assert [(one.text, one.chosen_entry_id) for one in await kept(database)] == [("首保", "price")]


async def test_an_unanswered_question_is_kept_as_handed_over(
    bot: Answering, lin: Customer, database: SQLiteDatabase
) -> None:
    [handoff, *_] = await talk(bot, lin, "保险怎么买？")
    assert handoff.kind is MessageKind.HANDOFF
    [question] = await kept(database)
    assert (question.text, question.decision, question.entry_id) == ("保险怎么买？", Decided.HANDOFF, "price")
    await talk(bot, lin, "那上牌怎么办理？")
    assert [one.decision for one in await kept(database)] == [Decided.HANDOFF, Decided.NOTED]


@pytest.mark.parametrize("text", ["你好", "谢谢", "转人工", "我要投诉你们", "13800138000", "？", "好的"])
async def test_what_asks_nothing_of_the_knowledge_base_is_not_kept(
    text: str, bot: Answering, lin: Customer, database: SQLiteDatabase
) -> None:
    await talk(bot, lin, text)
    assert await kept(database) == []


async def test_a_message_that_several_entries_answer_names_none(
    bot: Answering, shelf: ScriptedShelf, lin: Customer, database: SQLiteDatabase
) -> None:
    shelf.knows("轮胎多久换一次?", match(TYRES, 0.95))
    shelf.knows("首保什么时候做?", match(SERVICE, 0.95))
    await talk(bot, lin, "轮胎多久换一次？首保什么时候做？")
    assert [(one.decision, one.entry_id) for one in await kept(database)] == [(Decided.ANSWER, None)]
