"""From a message at the door to its reply, on a real database with a knowledge base that does what it is told."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot import workers
from bot.decide import HandOff, Limits
from bot.errors import FrameError
from bot.intent import plain
from bot.receive import Answering, Terms, record
from bot.scene import details_in, load_scene, typed_button
from bot.templates import load_templates
from knowledgebase.authoring import entries
from knowledgebase.model import EntryStatus, Match, Visibility
from storage.database import Row, Transaction
from storage.sqlite import SQLiteDatabase, open_database
from tests.bot.cast import (
    BRAKES,
    COMPLAINTS,
    HOUR,
    LIMITS,
    MINUTE,
    NOW,
    PRICE,
    SERVICE,
    TYRES,
    Customer,
    ScriptedShelf,
    match,
)
from tests.rules import RULES, seed
from tickets import agents, contacts, conversations, desk, tickets
from tickets.clocks import rows
from tickets.contact_details import ContactDetails
from tickets.model import Agent, Clock, Contact, Message, MessageKind, Reason, Role, Status, Ticket

TEMPLATES = load_templates()
TERMS = Terms(LIMITS, RULES, TEMPLATES)


def answering(database: SQLiteDatabase, shelf: ScriptedShelf, lin: Customer, limits: Limits = LIMITS) -> Answering:
    """The bot, whose clock stands a second after the customer's last message."""
    return Answering(database, shelf, TEMPLATES, RULES, lambda channel: limits, lambda: lin.now + 1_000)


@pytest.fixture
def bot(database: SQLiteDatabase, shelf: ScriptedShelf, lin: Customer) -> Answering:
    shelf.knows("轮胎多久换一次", match(TYRES, 0.95), match(PRICE, 0.2))
    shelf.knows("首保", match(SERVICE, 0.5), match(PRICE, 0.4))
    shelf.knows("保养", match(SERVICE, 0.5))
    return answering(database, shelf, lin)


@pytest.fixture
async def agent_su(database: SQLiteDatabase) -> Agent:
    return await database.write(agents.create, "su", "苏敏", Role.AGENT, "hash", None, 0)


async def talk(bot: Answering, lin: Customer, *texts: str) -> list[Message]:
    """Write these one after the other; what was said to the last of them."""
    last: Message | None = None
    for text in texts:
        last = await lin.writes(text)
        await bot.answer(last)
    return await lin.reads(after=last.number if last else 0)


async def press(bot: Answering, lin: Customer, action: str, about: Message) -> list[Message]:
    pressed = await lin.presses(action, about.number)
    await bot.answer(pressed)
    return await lin.reads(after=pressed.number)


async def running(database: SQLiteDatabase, message: Message) -> Clock | None:
    return await database.read(rows.running_reply, message.conversation_id)


async def ticket_of(database: SQLiteDatabase, message: Message) -> Ticket | None:
    return await database.read(tickets.live_of_conversation, message.conversation_id)


async def contact_of(database: SQLiteDatabase, lin: Customer) -> Contact:
    contact = await database.read(contacts.find, "chat", lin.name)
    assert contact is not None
    return contact


def feedback(tx: Transaction) -> list[Row]:
    return tx.execute("SELECT entry_id, entry_version, solved FROM answer_feedback ORDER BY message_id")


# --- The door ---------------------------------------------------------------------------------------------------


async def test_a_message_is_kept_once_and_starts_the_clock(database: SQLiteDatabase, lin: Customer) -> None:
    first = await lin.writes("轮胎多久换一次", external_id="same-id-01")
    again = await lin.writes("轮胎多久换一次", external_id="same-id-01")
    assert (again.id, again.number) == (first.id, first.number) == (first.id, 1)
    clock = await running(database, first)
    assert clock is not None
    assert (clock.started_at, clock.due_at, clock.first_message_number) == (
        first.created_at,
        first.created_at + 12 * HOUR,
        1,
    )
    assert not clock.needs_person
    assert [one.id for one in await database.read(conversations.undecided, 10)] == [first.id]


async def test_the_clock_keeps_the_time_of_the_first_unanswered_message(
    database: SQLiteDatabase, lin: Customer
) -> None:
    first = await lin.writes("轮胎多久换一次")
    later = await lin.writes("在吗")
    clock = await running(database, later)
    assert clock is not None
    assert clock.started_at == first.created_at


@pytest.mark.parametrize(
    ("action", "about"), [("entry:tyres", 1), ("solved", 7), ("entry:tyres", None), ("none", None)]
)
async def test_a_button_that_was_never_offered_is_refused_and_nothing_is_kept(
    database: SQLiteDatabase, lin: Customer, action: str, about: int | None
) -> None:
    with pytest.raises(FrameError, match="action_gone"):
        await lin.presses(action, about)
    assert await database.read(conversations.undecided, 10) == []


async def test_a_pressed_button_is_stored_as_its_label(bot: Answering, lin: Customer) -> None:
    (asked,) = await talk(bot, lin, "首保")
    pressed = await lin.presses("entry:service", asked.number)
    assert (pressed.text, pressed.action) == ("首保什么时候做？", "entry:service")


# --- Answers, and the clock -------------------------------------------------------------------------------------


async def test_a_sure_answer_stops_the_clock_and_opens_no_ticket(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    (answer,) = await talk(bot, lin, "轮胎多久换一次")
    assert (answer.kind, answer.text) == (MessageKind.ANSWER, TYRES.answer)
    assert await running(database, answer) is None
    assert await ticket_of(database, answer) is None
    assert await database.read(conversations.undecided, 10) == []


async def test_asking_back_stops_the_clock_and_the_next_message_starts_another(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    (asked,) = await talk(bot, lin, "首保")
    assert asked.kind is MessageKind.CLARIFY
    assert await running(database, asked) is None
    later = await lin.writes("我的车")
    clock = await running(database, later)
    assert clock is not None
    assert clock.started_at == later.created_at


async def test_an_acknowledgement_needs_no_answer_and_no_clock(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    (polite,) = await talk(bot, lin, "轮胎多久换一次", "好的")
    assert polite.text == "好的，还有问题可以接着问。"
    assert await talk(bot, lin, "嗯嗯") == []
    assert await running(database, polite) is None


async def test_a_hand_off_opens_a_ticket_that_keeps_the_clock_running(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    first = await lin.writes("车顶行李架能装皮划艇吗")
    await bot.answer(first)
    handed, form = await lin.reads()
    ticket, clock = await ticket_of(database, first), await running(database, first)
    assert ticket is not None
    assert clock is not None
    assert (ticket.reason, ticket.subject, ticket.status) == (Reason.NOT_UNDERSTOOD, first.text, Status.NEW)
    assert clock.needs_person
    assert clock.due_at == first.created_at + 12 * HOUR
    assert ticket.number in handed.text
    assert "今天 21:00 前" in handed.text
    assert form.extras == {"form": "contact"}


async def test_a_ticket_holds_the_candidates_that_were_not_sure_enough(
    database: SQLiteDatabase, bot: Answering, shelf: ScriptedShelf, lin: Customer
) -> None:
    shelf.knows("轮毂盖多少钱", match(PRICE, 0.2), match(TYRES, 0.1))
    (handed, _) = await talk(bot, lin, "轮毂盖多少钱")
    ticket = await ticket_of(database, handed)
    assert ticket is not None
    assert [(one["id"], one["confidence"]) for one in ticket.candidates] == [("price", 0.2), ("tyres", 0.1)]


async def test_after_two_rounds_of_asking_back_a_person_gets_the_candidates(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    (asked,) = await talk(bot, lin, "首保")
    (again,) = await press(bot, lin, "none", asked)
    assert again.kind is MessageKind.CLARIFY
    handed, *_ = await talk(bot, lin, "首保")
    assert handed.kind is MessageKind.HANDOFF
    ticket = await ticket_of(database, handed)
    assert ticket is not None
    assert [one["id"] for one in ticket.candidates] == ["service", "price"]
    assert ticket.subject == "首保"


async def test_the_candidates_turned_down_twice_go_with_the_ticket(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    (asked,) = await talk(bot, lin, "首保")
    await press(bot, lin, "none", asked)
    handed, *_ = await talk(bot, lin, "？")
    ticket = await ticket_of(database, handed)
    assert ticket is not None
    assert [one["id"] for one in ticket.candidates] == ["service", "price"]


async def test_a_call_for_a_person_is_about_what_was_said_before(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    handed, *_ = await talk(bot, lin, "你好", "轮胎多久换一次", "好的", "我要转人工客服谢谢")
    ticket = await ticket_of(database, handed)
    assert ticket is not None
    assert (ticket.reason, ticket.subject) == (Reason.ASKED_FOR_PERSON, "轮胎多久换一次")


async def test_the_person_button_of_the_page_needs_no_offer(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    pressed = await lin.presses("human")
    await bot.answer(pressed)
    ticket = await ticket_of(database, pressed)
    assert ticket is not None
    assert (ticket.reason, ticket.subject) == (Reason.ASKED_FOR_PERSON, "转人工")


async def test_a_long_subject_is_cut_to_one_line(database: SQLiteDatabase, bot: Answering, lin: Customer) -> None:
    handed, *_ = await talk(bot, lin, "车顶的\n行李架" * 20)
    ticket = await ticket_of(database, handed)
    assert ticket is not None
    assert len(ticket.subject) == 60
    assert ticket.subject.startswith("车顶的 行李架")
    assert ticket.subject.endswith("…")


async def test_danger_is_handed_over_with_the_answer_beside_it(
    database: SQLiteDatabase, bot: Answering, shelf: ScriptedShelf, lin: Customer
) -> None:
    shelf.knows("刹车失灵了怎么办", match(BRAKES, 0.9))
    safety, answer, _ = await talk(bot, lin, "刹车失灵了怎么办")
    assert safety.text.startswith("请先确保人身安全")
    assert answer.text == BRAKES.answer
    clock = await running(database, safety)
    assert clock is not None
    assert clock.needs_person


# --- While a person is awaited ----------------------------------------------------------------------------------


async def test_an_answer_given_while_a_person_is_awaited_does_not_stop_the_clock(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    (answer,) = await talk(bot, lin, "转人工", "轮胎多久换一次")
    assert answer.kind is MessageKind.ANSWER
    clock = await running(database, answer)
    assert clock is not None
    assert clock.needs_person


async def test_what_is_added_is_noted_once_and_not_after_every_line(bot: Answering, lin: Customer) -> None:
    (noted,) = await talk(bot, lin, "转人工", "我的车是黑色的")
    assert noted.text.startswith("已补充到工单")
    assert await talk(bot, lin, "去年三月买的") == []
    assert await talk(bot, lin, "好的") == []
    lin.now += 11 * MINUTE
    (later,) = await talk(bot, lin, "车牌尾号是 7")
    assert later.text == noted.text


async def test_whoever_asks_whether_anybody_is_there_is_told_when(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    (waiting,) = await talk(bot, lin, "转人工", "在吗")
    assert waiting.text.endswith("前在这个窗口回复您。")
    lin.now += 13 * HOUR
    (overdue,) = await talk(bot, lin, "人工呢")
    assert "让您久等了" in overdue.text


async def test_a_second_call_for_a_person_opens_no_second_ticket(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    handed, *_ = await talk(bot, lin, "转人工")
    (waiting,) = await talk(bot, lin, "转人工")
    ticket = await ticket_of(database, waiting)
    assert ticket is not None
    assert ticket.number in handed.text
    assert ticket.number in waiting.text
    assert len(await database.read(tickets.queue, "all_live", None, 10)) == 1


# --- A way to reach the customer --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["13900000000", "我的手机号是 139-0000-0000", "电话：１３９００００００００，谢谢"])
async def test_a_number_typed_as_a_message_is_saved_and_masked(
    database: SQLiteDatabase, bot: Answering, lin: Customer, text: str
) -> None:
    (saved,) = await talk(bot, lin, "转人工", text)
    assert (await contact_of(database, lin)).phone == "+8613900000000"
    assert "13900000000" not in saved.text
    assert "****0000" in saved.text
    ticket = await ticket_of(database, saved)
    assert ticket is not None
    assert "139" not in ticket.subject


async def test_a_customer_whose_address_is_known_is_not_asked_for_it(bot: Answering, lin: Customer) -> None:
    handed = await talk(bot, lin, "lin@example.com", "转人工")
    assert [one.kind for one in handed] == [MessageKind.HANDOFF]


async def test_a_customer_who_refused_is_not_asked_again(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    refused = await lin.presses("contact_refused", label="不用了")
    await bot.answer(refused)
    (polite,) = await lin.reads()
    assert polite.text.startswith("好的，不留也没关系")
    assert (await contact_of(database, lin)).contact_refused_at == refused.created_at
    handed = await talk(bot, lin, "转人工")
    assert [one.kind for one in handed] == [MessageKind.HANDOFF]


@pytest.mark.parametrize("text", ["13900000000 是谁的电话，为什么给我打", "我的车开了 139000 公里", "电话", "E40", ""])
def test_a_text_that_says_more_is_not_taken_for_a_number(text: str) -> None:
    assert details_in(text) is None


def test_a_mail_address_is_found_among_the_words_around_it() -> None:
    assert details_in("邮箱：Lin@Example.com。") == ContactDetails("email", "Lin@example.com")


# --- Solved or not ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "text", "solved"), [("solved", "解决了", 1), ("unsolved", "还是没解决", 0)])
async def test_the_word_on_an_answer_is_kept_with_entry_and_version_pressed_or_typed(
    database: SQLiteDatabase, bot: Answering, lin: Customer, action: str, text: str, solved: int
) -> None:
    (first,) = await talk(bot, lin, "轮胎多久换一次")
    await press(bot, lin, action, first)
    await talk(bot, lin, "轮胎多久换一次", text)
    kept = await database.read(feedback)
    assert kept[0] == {"entry_id": "tyres", "entry_version": 1, "solved": solved}
    assert len(kept) == 2 - (1 - solved)


async def test_what_did_not_help_is_not_said_again_and_goes_to_a_person(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    (answer,) = await talk(bot, lin, "轮胎多久换一次")
    (offer,) = await press(bot, lin, "unsolved", answer)
    assert offer.extras["actions"] == [{"id": "human", "label": "转人工"}]
    handed, *_ = await talk(bot, lin, "轮胎多久换一次")
    ticket = await ticket_of(database, handed)
    assert ticket is not None
    assert ticket.reason is Reason.NOT_SOLVED


async def test_a_yes_to_the_offer_of_a_person_calls_one(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    handed, *_ = await talk(bot, lin, "轮胎多久换一次", "没解决", "好的")
    ticket = await ticket_of(database, handed)
    assert ticket is not None
    assert (ticket.reason, ticket.subject) == (Reason.NOT_SOLVED, "轮胎多久换一次")


# --- Candidates that are named instead of pressed ---------------------------------------------------------------


@pytest.mark.parametrize("text", ["2", "第二个", "换轮胎多少钱"])
async def test_a_candidate_may_be_named_instead_of_pressed(bot: Answering, lin: Customer, text: str) -> None:
    (answer,) = await talk(bot, lin, "首保", text)
    assert answer.text == (PRICE.answer)


async def test_a_yes_to_the_only_candidate_chooses_it(bot: Answering, lin: Customer) -> None:
    (answer,) = await talk(bot, lin, "保养", "是的")
    assert answer.text == SERVICE.answer


async def test_a_candidate_that_was_withdrawn_is_not_answered(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    (asked,) = await talk(bot, lin, "保养")
    withdrawn = replace(SERVICE, status=EntryStatus.ARCHIVED)
    await database.write(entries.save, [withdrawn], "test", lin.now)
    handed, *_ = await press(bot, lin, "entry:service", asked)
    assert handed.kind is MessageKind.HANDOFF


def test_a_text_without_a_button_on_offer_presses_none() -> None:
    assert typed_button("1", {}, offers_person=False) is None
    assert typed_button("3", {"entry:a": "甲", "entry:b": "乙", "none": "都不是"}, offers_person=False) is None
    assert typed_button("好的", {"human": "转人工"}, offers_person=False) is None
    assert typed_button("都不对", {"entry:a": "甲", "none": "都不是"}, offers_person=False) == "none"


async def test_a_follow_up_goes_with_the_question_before(bot: Answering, shelf: ScriptedShelf, lin: Customer) -> None:
    shelf.knows("轮胎换多少钱", match(PRICE, 0.9))
    (answer,) = await talk(bot, lin, "轮胎多久换一次", "那多少钱")
    assert answer.text == PRICE.answer


async def test_a_follow_up_without_a_question_before_is_asked_back(
    bot: Answering, shelf: ScriptedShelf, lin: Customer
) -> None:
    (asked,) = await talk(bot, lin, "那多少钱")
    assert asked.kind is MessageKind.CLARIFY
    assert shelf.asked == []


# --- Agents -----------------------------------------------------------------------------------------------------


async def test_the_bot_is_silent_while_an_agent_has_the_conversation(
    database: SQLiteDatabase, bot: Answering, lin: Customer, agent_su: Agent
) -> None:
    handed, *_ = await talk(bot, lin, "转人工")
    ticket = await ticket_of(database, handed)
    assert ticket is not None
    await database.write(desk.take_over, ticket.number, agent_su, ticket.version, lin.now)
    told = len(await lin.reads())
    await lin.writes("轮胎多久换一次")
    assert await database.read(conversations.undecided, 10) == []
    assert len(await lin.reads()) == told


async def test_a_reply_of_the_bot_is_dropped_if_an_agent_took_over_meanwhile(
    database: SQLiteDatabase, bot: Answering, lin: Customer, agent_su: Agent
) -> None:
    handed, *_ = await talk(bot, lin, "转人工")
    ticket = await ticket_of(database, handed)
    assert ticket is not None
    question = await lin.writes("轮胎多久换一次")
    scene = await database.read(load_scene, question, lin.now)
    opened = await ticket_of(database, handed)
    assert opened is not None
    await database.write(desk.take_over, opened.number, agent_su, opened.version, lin.now)
    assert await database.write(record, scene, HandOff(Reason.COMPLAINT), TERMS, lin.now)
    assert await lin.reads(after=question.number) == []
    assert await database.read(conversations.undecided, 10) == []


async def test_a_decision_on_what_is_no_longer_true_is_made_anew(
    database: SQLiteDatabase, bot: Answering, lin: Customer, agent_su: Agent
) -> None:
    handed, *_ = await talk(bot, lin, "转人工")
    added = await lin.writes("我的车是黑色的")
    stale = await database.read(load_scene, added, lin.now)
    ticket = await ticket_of(database, handed)
    assert ticket is not None
    await database.write(desk.resolve, ticket.number, agent_su, ticket.version, lin.now)
    assert not await database.write(record, stale, HandOff(Reason.COMPLAINT), TERMS, lin.now)
    assert [one.id for one in await database.read(conversations.undecided, 10)] == [added.id]
    await bot.answer(added)
    assert await database.read(conversations.undecided, 10) == []


# --- Once, in order, and whatever breaks ------------------------------------------------------------------------


async def test_two_answers_to_the_same_message_leave_one_reply(
    database: SQLiteDatabase, bot: Answering, lin: Customer
) -> None:
    question = await lin.writes("轮胎多久换一次")
    await asyncio.gather(*(bot.answer(question) for _ in range(5)))
    assert [one.text for one in await lin.reads()] == [TYRES.answer]


async def test_an_answer_whose_time_ended_before_it_was_given_is_not_given(
    database: SQLiteDatabase, shelf: ScriptedShelf, lin: Customer
) -> None:
    shelf.knows("轮胎多久换一次", match(replace(TYRES, valid_until=lin.now + 500), 0.95))
    handed, *_ = await talk(answering(database, shelf, lin), lin, "轮胎多久换一次")
    assert handed.kind is MessageKind.HANDOFF


async def test_a_failure_ends_at_a_person(
    database: SQLiteDatabase, bot: Answering, shelf: ScriptedShelf, lin: Customer
) -> None:
    shelf.breaks()
    handed, _ = await talk(bot, lin, "轮胎多久换一次")
    ticket = await ticket_of(database, handed)
    assert ticket is not None
    assert ticket.reason is Reason.NOT_UNDERSTOOD


async def test_an_answer_that_cannot_be_stored_ends_at_a_person(
    bot: Answering, shelf: ScriptedShelf, lin: Customer
) -> None:
    shelf.knows("怪问题", match(replace(TYRES, answer="\ud800"), 0.95))
    handed, _ = await talk(bot, lin, "怪问题")
    assert handed.kind is MessageKind.HANDOFF


async def test_a_restart_goes_on_with_what_was_accepted_in_order(tmp_path: Path, shelf: ScriptedShelf) -> None:
    shelf.knows("轮胎多久换一次", match(TYRES, 0.95))
    shelf.knows("轮胎换多少钱", match(PRICE, 0.95))
    before = open_database(tmp_path / "restarted")
    await before.write(seed, NOW)
    lin = Customer(before)
    await lin.writes("轮胎多久换一次")
    await lin.writes("那多少钱")
    await before.close()
    after = open_database(tmp_path / "restarted")
    lin.database = after
    await workers.answer_accepted(after, answering(after, shelf, lin))()
    assert [one.text for one in await lin.reads()] == [TYRES.answer, PRICE.answer]
    await after.close()


async def test_two_customers_are_answered_side_by_side(
    database: SQLiteDatabase, bot: Answering, shelf: ScriptedShelf, lin: Customer
) -> None:
    zhao = Customer(database, "visitor-zhao")
    shelf.knows("投诉多久有结果", match(COMPLAINTS, 0.9))
    both = [await lin.writes("轮胎多久换一次"), await zhao.writes("投诉多久有结果")]
    await asyncio.gather(*(bot.answer(one) for one in both))
    assert [one.text for one in await lin.reads()] == [TYRES.answer]
    assert [one.text for one in await zhao.reads()] == [COMPLAINTS.answer]


# --- The customer's language ------------------------------------------------------------------------------------


SIMPLIFIED, TRADITIONAL, ENGLISH = "您好，我是智能客服。请直接写", "您好，我是智能客服。請直接寫", "Hello, I am"


@pytest.mark.parametrize(
    ("texts", "reply"),
    [
        (["你好"], SIMPLIFIED),
        (["輪胎多久換", "您好"], TRADITIONAL),
        (["这个问题", "輪胎多久換", "您好"], TRADITIONAL),
        (["這個問題", "车胎几年换", "你好"], SIMPLIFIED),
        (["hello"], ENGLISH),
        (["how long do tyres last", "hi"], ENGLISH),
        (["轮胎", "hello"], SIMPLIFIED),
    ],
)
async def test_the_latest_text_that_shows_it_tells_the_language(
    bot: Answering, shelf: ScriptedShelf, lin: Customer, texts: list[str], reply: str
) -> None:
    for text in texts:
        shelf.knows(plain(text), match(SERVICE, 0.9))
    *_, said = await talk(bot, lin, *texts)
    assert said.text.startswith(reply)


@pytest.mark.parametrize("text", ["OTA", "E40", "ok", "vin"])
async def test_a_code_or_a_single_word_is_not_english(
    bot: Answering, shelf: ScriptedShelf, lin: Customer, text: str
) -> None:
    found: Match = match(SERVICE, 0.5)
    shelf.knows(text.lower(), found)
    reply, *_ = await talk(bot, lin, text)
    assert any("㐀" <= char <= "鿿" for char in reply.text)


async def test_an_answer_offers_what_its_author_named_as_next(
    database: SQLiteDatabase, bot: Answering, shelf: ScriptedShelf, lin: Customer
) -> None:
    hidden = replace(SERVICE, id="inside", visibility=Visibility.INTERNAL)
    tyres = replace(TYRES, related=("inside", PRICE.id, COMPLAINTS.id, BRAKES.id))
    await database.write(entries.save, [tyres, hidden, PRICE, COMPLAINTS, BRAKES], "test", 0)
    shelf.knows("轮胎多久换一次", match(tyres, 0.95))
    (answer,) = await talk(bot, lin, "轮胎多久换一次")
    ids = [action["id"] for action in answer.extras["actions"]]
    assert ids == ["solved", "unsolved", "related:price", "related:complaints"]
    (price,) = await press(bot, lin, "related:price", answer)
    assert price.text == PRICE.answer
    shelf.knows("车胎几年换", match(tyres, 0.95))
    (again,) = await talk(bot, lin, "车胎几年换")
    assert [action["id"] for action in again.extras["actions"]][2:] == ["related:complaints", "related:brakes"]


async def test_agreeing_to_an_answer_asks_for_nothing_that_it_offers(
    database: SQLiteDatabase, bot: Answering, shelf: ScriptedShelf, lin: Customer
) -> None:
    tyres = replace(TYRES, related=(PRICE.id,))
    await database.write(entries.save, [tyres, PRICE], "test", 0)
    shelf.knows("轮胎多久换一次", match(tyres, 0.95))
    said = await talk(bot, lin, "轮胎多久换一次", "好的")
    assert [one.kind for one in said] == [MessageKind.SMALL_TALK]


async def test_an_answer_is_said_as_the_chat_says_it_with_its_lists_kept(
    database: SQLiteDatabase, bot: Answering, shelf: ScriptedShelf, lin: Customer
) -> None:
    rich = replace(TYRES, answer="信里的话。", channel_answers=(("chat", "**分两种：**\n1. 夏季胎\n2. 冬季胎"),))
    shelf.knows("轮胎多久换一次", match(rich, 0.95))
    (answer,) = await talk(bot, lin, "轮胎多久换一次")
    assert answer.text == "分两种：\n1. 夏季胎\n2. 冬季胎"
    assert [block["kind"] for block in answer.extras["blocks"]] == ["paragraph", "list"]


async def test_an_answer_in_traditional_keeps_its_addresses(
    database: SQLiteDatabase, bot: Answering, shelf: ScriptedShelf, lin: Customer
) -> None:
    rich = replace(TYRES, answer="**轮胎**见[说明](https://www.example.com/轮胎)")
    shelf.knows("轮胎多久换一次", match(rich, 0.95))
    (answer,) = await talk(bot, lin, "輪胎多久換一次")
    bold, _, link = answer.extras["blocks"][0]["inlines"]
    assert bold["inlines"] == [{"kind": "text", "text": "輪胎"}]
    assert link["href"] == "https://www.example.com/轮胎"
    assert answer.text.startswith("輪胎見說明")


async def test_a_ticket_gets_the_category_of_what_was_asked_back_about_and_no_worse_guess(
    database: SQLiteDatabase, bot: Answering, lin: Customer, shelf: ScriptedShelf
) -> None:
    sorted_in = replace(SERVICE, category="保养", version=2)
    await database.write(entries.save, [sorted_in], "test", NOW)
    shelf.knows("首保", match(sorted_in, 0.5), match(PRICE, 0.4))
    await talk(bot, lin, "首保", "转人工")
    asked_back = (await database.read(_tickets))[0]
    assert asked_back["category"] == "保养"
    other = Customer(database, "visitor-wu", lin.now)
    shelf.knows("天上的星星", match(sorted_in, 0.1))
    await talk(answering(database, shelf, other), other, "天上的星星", "转人工")
    assert [row["category"] for row in await database.read(_tickets)] == ["保养", None]


def _tickets(tx: Transaction) -> list[Row]:
    return tx.execute("SELECT number, category FROM ticket ORDER BY number")
