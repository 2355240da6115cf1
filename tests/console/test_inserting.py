"""Entries beside a ticket: looked up, inserted, changed before sending, and what the knowledge base learns from it."""

import re
from dataclasses import replace
from typing import Any

import pytest

from bot.keys import LIBRARY
from knowledgebase.authoring import entries
from knowledgebase.authoring.rows import Change
from knowledgebase.learning import asked, edits
from knowledgebase.learning.asked import Decided
from knowledgebase.learning.edits import Verdict
from knowledgebase.model import Entry, EntryStatus, Visibility
from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser
from tests.console.test_learning import Asked, ask
from tickets import conversations

SECRET = Entry("inner-1", "轮胎索赔怎么走内部流程？", "填内部单 K7。", "轮胎", visibility=Visibility.AGENTS)
TYRE = people.ENTRIES[0]


@pytest.fixture
async def open_ticket(console: Console) -> Asked:
    """The cast's entries are in force, and somebody asked what nobody answered."""
    await console.database.write(entries.save, [*people.ENTRIES, SECRET], "test", people.NOON)
    await console.server.app[LIBRARY].reload()
    return await console.database.write(ask, "v-1", "车胎该几年一换啊", console.clock.now, Decided.HANDOFF)


def path(question: Asked, name: str = "") -> str:
    assert question.ticket is not None
    return f"/console/tickets/{question.ticket.number}{name}"


async def reply(browser: Browser, question: Asked, text: str, inserted: str = "", client: str = "0001") -> None:
    response = await browser.send(
        path(question, "/reply"), text=text, last_seen=9, client_id=f"client-{client}", inserted=inserted
    )
    assert response.status == 200


async def last_trace(console: Console, question: Asked) -> dict[str, Any]:
    [message] = await console.database.read(conversations.latest, question.conversation_id, 1)
    return message.trace


async def corrected(console: Console, question: Asked) -> str | None:
    found = await console.database.read(asked.of_message, question.message_id)
    assert found is not None
    return found.corrected_entry_id


async def test_entries_are_looked_up_as_the_chat_does_those_for_agents_alone_marked(
    console: Console, new_browser: NewBrowser, open_ticket: Asked
) -> None:
    browser = await new_browser.of(console.cast.li)
    fetch = {"X-Fetch": "1"}
    _, part = await browser.open(path(open_ticket, "/entries?q=轮胎多久换"), **fetch)
    assert "轮胎多久需要更换？" in part
    assert 'data-entry="tyre-01" data-version="1"' in part
    _, part = await browser.open(path(open_ticket, "/entries?q=轮胎索赔内部流程"), **fetch)
    assert "填内部单 K7。" in part
    assert "仅坐席，请勿原样转给客户" in part
    _, part = await browser.open(path(open_ticket, "/entries?q=qqq"), **fetch)
    assert "没有找到接近的条目" in part
    assert (await browser.open(path(open_ticket, "/entries?q=轮胎")))[0] == 303


async def test_a_ticket_without_candidates_shows_what_is_near_the_question(
    console: Console, new_browser: NewBrowser, open_ticket: Asked
) -> None:
    browser = await new_browser.of(console.cast.li)
    _, page = await browser.open(path(open_ticket))
    assert "车胎该几年一换啊" in page
    assert 'data-entry="tyre-01"' in page


async def test_an_inserted_answer_keeps_entry_and_version_with_the_message_and_answers_the_question(
    console: Console, new_browser: NewBrowser, open_ticket: Asked
) -> None:
    browser = await new_browser.of(console.cast.li)
    await browser.open(path(open_ticket))
    await reply(browser, open_ticket, f"您好，{TYRE.answer}", "tyre-01@1")
    used = {"id": "tyre-01", "version": 1, "question": TYRE.question, "edited": False}
    assert await last_trace(console, open_ticket) == {"inserted": [used]}
    assert await corrected(console, open_ticket) == "tyre-01"
    _, page = await browser.open(path(open_ticket))
    assert "来自条目「轮胎多久需要更换？」第 1 版<" in page
    assert "要不要也改条目" not in page
    _, page = await browser.open("/console/knowledge/learning?view=offers")
    assert "车胎该几年一换啊" in page


async def test_an_answer_of_which_nothing_was_sent_leaves_no_trace(
    console: Console, new_browser: NewBrowser, open_ticket: Asked
) -> None:
    browser = await new_browser.of(console.cast.li)
    await browser.open(path(open_ticket))
    await reply(browser, open_ticket, "我帮您约周六上午。", "tyre-01@1 gone@1 <script>@1 tyre-01@999")
    assert await last_trace(console, open_ticket) == {}
    assert await corrected(console, open_ticket) is None


EDITED = TYRE.answer.replace("5 年", "6 年") + "\n电话 13800138000"


async def test_who_changed_an_inserted_answer_is_asked_and_makes_a_draft_of_it(
    console: Console, new_browser: NewBrowser, open_ticket: Asked
) -> None:
    browser, other = await new_browser.of(console.cast.li), await new_browser.of(console.cast.chen)
    await browser.open(path(open_ticket))
    await reply(browser, open_ticket, EDITED, "tyre-01@1")
    assert (await last_trace(console, open_ticket))["inserted"][0]["edited"]
    _, page = await browser.open(path(open_ticket))
    assert "您改了知识条目的答案，要不要也改条目？" in page
    assert "要不要也改条目" not in (await other.open(path(open_ticket)))[1]
    message = re.search(r'class="ask-change".*?name="message" value="([^"]+)"', page, re.DOTALL)
    assert message is not None
    fields: dict[str, Any] = {"message": message[1], "do": "draft"}
    assert (await other.send(path(open_ticket, "/entry-change"), **fields)).status == 422
    answer = await (await browser.send(path(open_ticket, "/entry-change"), **fields)).json()
    assert answer["link"]["href"] == "/console/knowledge/entries/tyre-01"
    head = await console.database.read(entries.get_head, "tyre-01")
    assert (head.entry.status, head.published_version) == (EntryStatus.DRAFT, 1)
    assert head.entry.answer == EDITED.replace("13800138000", "×××")
    assert "要不要也改条目" not in (await browser.open(path(open_ticket)))[1]
    assert (await browser.send(path(open_ticket, "/entry-change"), **fields)).status == 422


@pytest.mark.parametrize(("word", "verdict"), [("note", Verdict.NOTED), ("no", Verdict.DECLINED)])
async def test_a_note_goes_to_the_editors_and_a_no_is_remembered(
    console: Console, new_browser: NewBrowser, open_ticket: Asked, word: str, verdict: Verdict
) -> None:
    browser = await new_browser.of(console.cast.li)
    await browser.open(path(open_ticket))
    await reply(browser, open_ticket, EDITED, "tyre-01@1")
    [edit] = await console.database.read(edits.unanswered, open_ticket.conversation_id, console.cast.li.id)
    told = await browser.send(path(open_ticket, "/entry-change"), message=edit.message_id, do=word)
    assert told.status == 200
    kept = await console.database.read(edits.get_edit, edit.message_id)
    assert kept == replace(edit, verdict=verdict)
    assert (await console.database.read(entries.get_entry, "tyre-01")).version == 1
    _, page = await browser.open("/console/knowledge/learning?view=disputes")
    assert ("6 年" in page, "13800138000" in page) == (verdict is Verdict.NOTED, False)
    if verdict is Verdict.NOTED:
        await browser.send("/console/knowledge/learning/notes", message=edit.message_id, do="done", fetch=False)
        _, page = await browser.open("/console/knowledge/learning?view=disputes")
        assert "6 年" not in page


async def test_an_entry_that_has_moved_on_gets_a_note_instead_of_an_older_text(
    console: Console, new_browser: NewBrowser, open_ticket: Asked
) -> None:
    browser = await new_browser.of(console.cast.li)
    await browser.open(path(open_ticket))
    await reply(browser, open_ticket, EDITED, "tyre-01@1")
    theirs = replace(await console.database.read(entries.get_entry, "tyre-01"), answer="看车况。")
    await console.database.write(entries.edit, theirs, 1, Change("zhou", console.clock.now))
    [edit] = await console.database.read(edits.unanswered, open_ticket.conversation_id, console.cast.li.id)
    told = await browser.send(path(open_ticket, "/entry-change"), message=edit.message_id, do="draft")
    assert "已提醒编辑" in (await told.json())["text"]
    assert (await console.database.read(entries.get_entry, "tyre-01")).answer == "看车况。"


async def test_the_text_of_the_channel_is_what_is_inserted_compared_and_changed(
    console: Console, new_browser: NewBrowser, open_ticket: Asked
) -> None:
    chat = replace(TYRE, id="tyre-chat", channel_answers=(("chat", "简短说：一般五年换一次轮胎就可以了。"),))
    await console.database.write(entries.save, [chat], "test", people.NOON)
    browser = await new_browser.of(console.cast.li)
    await browser.open(path(open_ticket))
    await reply(browser, open_ticket, "简短说：一般六年换一次轮胎就可以了。", "tyre-chat@1")
    [edit] = await console.database.read(edits.unanswered, open_ticket.conversation_id, console.cast.li.id)
    await browser.send(path(open_ticket, "/entry-change"), message=edit.message_id, do="draft")
    draft = await console.database.read(entries.get_entry, "tyre-chat")
    assert draft.answer == TYRE.answer
    assert draft.channel_answers == (("chat", "简短说：一般六年换一次轮胎就可以了。"),)


async def test_an_agent_says_which_entry_was_meant_and_takes_it_back(
    console: Console, new_browser: NewBrowser, open_ticket: Asked
) -> None:
    browser = await new_browser.of(console.cast.li)
    await browser.open(path(open_ticket))
    fields: dict[str, Any] = {"message": open_ticket.message_id, "entry": "tyre-01"}
    assert (await browser.send(path(open_ticket, "/mark"), **fields)).status == 200
    assert await corrected(console, open_ticket) == "tyre-01"
    _, page = await browser.open(path(open_ticket))
    assert "已标为 tyre-01" in page
    assert (await browser.send(path(open_ticket, "/mark"), **{**fields, "entry": ""})).status == 200
    assert await corrected(console, open_ticket) is None
    for wrong in ({"entry": "gone"}, {"message": "other"}):
        assert (await browser.send(path(open_ticket, "/mark"), **{**fields, **wrong})).status == 422
    other = await console.database.write(ask, "v-2", "别人的问题是什么", console.clock.now, Decided.HANDOFF)
    assert (await browser.send(path(other, "/mark"), **fields)).status == 422


async def test_an_answer_to_something_said_later_is_no_word_on_the_earlier_question(
    console: Console, new_browser: NewBrowser, open_ticket: Asked
) -> None:
    await console.customer_writes("另外能帮我看看照片吗")
    browser = await new_browser.of(console.cast.li)
    await browser.open(path(open_ticket))
    await reply(browser, open_ticket, TYRE.answer, "tyre-01@1")
    assert await corrected(console, open_ticket) is None
