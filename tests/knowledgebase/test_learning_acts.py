"""What editors do with what customers asked, on a real database, and how it is undone."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from knowledgebase.authoring import entries
from knowledgebase.errors import EntryInvalid, EntryNotFound, NothingLeft
from knowledgebase.learning import acts, asked, edits
from knowledgebase.learning.acts import ActKind, Doer
from knowledgebase.learning.edits import EditedAnswer, Use, Verdict
from knowledgebase.model import Entry, EntryStatus
from storage.sqlite import SQLiteDatabase, open_database
from tests.knowledgebase.test_asked import NOW, QUESTION, ask

TYRE = Entry("tyre", "轮胎多久换一次？", "5 年。", "轮胎", ("轮胎几年换",))
LI = Doer("li", NOW)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    database = open_database(tmp_path)
    await database.write(entries.save, [TYRE], "test", NOW)
    yield database
    await database.close()


async def asked_twice(database: SQLiteDatabase) -> list[str]:
    """Two customers asked the same; their messages."""
    first = await database.write(ask, QUESTION, "lin")
    second = await database.write(ask, replace(QUESTION, text="胎该几年一换"), "wu")
    return [first.message_id, second.message_id]


async def dealt_with(database: SQLiteDatabase) -> list[str | None]:
    return [one.act_id for one in await database.read(asked.recent, 10)]


async def test_a_topic_becomes_a_draft_with_the_customers_words_and_the_agents_answer(
    database: SQLiteDatabase,
) -> None:
    messages = await asked_twice(database)
    act = await database.write(
        acts.draft_entry,
        ["轮胎几年换", "胎该几年一换", "轮胎几年换？"],
        "请致电 13800138000，5 年一换。",
        "轮胎",
        messages,
        LI,
    )
    assert act.entry_id is not None
    draft = await database.read(entries.get_entry, act.entry_id)
    assert (draft.question, draft.similar, draft.category) == ("轮胎几年换", ("胎该几年一换",), "轮胎")
    assert (draft.answer, draft.status) == ("请致电 ×××，5 年一换。", EntryStatus.DRAFT)
    assert await dealt_with(database) == [act.id, act.id]
    assert draft not in await database.read(entries.published)


async def test_a_draft_that_is_undone_is_archived_and_its_questions_wait_again(database: SQLiteDatabase) -> None:
    act = await database.write(acts.draft_entry, ["几年换"], "5 年。", "", await asked_twice(database), LI)
    assert await database.write(acts.undo, act.id, LI)
    assert await dealt_with(database) == [None, None]
    assert act.entry_id is not None
    assert (await database.read(entries.get_entry, act.entry_id)).status is EntryStatus.ARCHIVED
    assert not await database.write(acts.undo, act.id, LI)
    assert not await database.write(acts.undo, "no-act", LI)


async def test_a_draft_that_somebody_went_on_with_stays(database: SQLiteDatabase) -> None:
    act = await database.write(acts.draft_entry, ["几年换"], "5 年。", "", await asked_twice(database), LI)
    assert act.entry_id is not None
    draft = await database.read(entries.get_entry, act.entry_id)
    await database.write(entries.edit, replace(draft, answer="6 年。"), 1, LI.change)
    assert await database.write(acts.undo, act.id, LI)
    assert (await database.read(entries.get_entry, act.entry_id)).status is EntryStatus.DRAFT


async def test_what_nobody_could_use_as_a_question_makes_no_draft(database: SQLiteDatabase) -> None:
    messages = await asked_twice(database)
    with pytest.raises(EntryInvalid):
        await database.write(acts.draft_entry, ["几年换"], "", "", messages, LI)
    assert await dealt_with(database) == [None, None]


async def test_wordings_come_on_top_of_the_working_copy_beside_what_customers_get(database: SQLiteDatabase) -> None:
    messages = await asked_twice(database)
    act = await database.write(acts.add_wordings, "tyre", ["胎该几年一换", "轮胎几年换？"], messages, LI)
    head = await database.read(entries.get_head, "tyre")
    assert head.entry.similar == ("轮胎几年换", "胎该几年一换")
    assert (head.entry.status, head.entry.version, head.published_version) == (EntryStatus.DRAFT, 2, 1)
    assert (act.kind, act.entry_version) == (ActKind.WORDED, 2)
    assert await database.write(acts.undo, act.id, LI)
    head = await database.read(entries.get_head, "tyre")
    assert (head.entry.similar, head.entry.status) == (("轮胎几年换",), EntryStatus.PUBLISHED)


async def test_wordings_on_top_of_somebodys_draft_leave_that_draft_when_undone(database: SQLiteDatabase) -> None:
    await database.write(entries.edit, replace(TYRE, answer="6 年。"), 1, LI.change)
    act = await database.write(acts.add_wordings, "tyre", ["胎该几年一换"], await asked_twice(database), LI)
    assert await database.write(acts.undo, act.id, LI)
    head = (await database.read(entries.get_head, "tyre")).entry
    assert (head.answer, head.similar, head.status) == ("6 年。", ("轮胎几年换",), EntryStatus.DRAFT)


async def test_wordings_that_were_there_already_leave_somebodys_draft_as_it_is_when_undone(
    database: SQLiteDatabase,
) -> None:
    await database.write(entries.edit, replace(TYRE, answer="6 年。"), 1, LI.change)
    act = await database.write(acts.add_wordings, "tyre", ["轮胎几年换？"], await asked_twice(database), LI)
    assert await database.write(acts.undo, act.id, LI)
    assert (await database.read(entries.get_entry, "tyre")).answer == "6 年。"
    assert await dealt_with(database) == [None, None]


async def test_a_whole_story_becomes_the_question_of_a_draft_but_no_similar_question(database: SQLiteDatabase) -> None:
    story = "我昨天在路上" + "开着开着" * 60
    messages = await asked_twice(database)
    with pytest.raises(EntryInvalid):
        await database.write(acts.add_wordings, "tyre", [story], messages, LI)
    act = await database.write(acts.draft_entry, [story], "5 年。", "", messages, LI)
    assert act.entry_id is not None
    draft = await database.read(entries.get_entry, act.entry_id)
    assert (draft.question, draft.similar) == (story[:200], ())


async def test_an_answer_is_rewritten_only_of_an_entry_that_there_is(database: SQLiteDatabase) -> None:
    with pytest.raises(EntryNotFound):
        await database.write(acts.mark_rewritten, "no-entry", await asked_twice(database), LI)
    assert await dealt_with(database) == [None, None]


async def test_two_editors_do_not_do_the_same_twice(database: SQLiteDatabase) -> None:
    messages = await asked_twice(database)
    await database.write(acts.dismiss, messages, LI)
    with pytest.raises(NothingLeft):
        await database.write(acts.add_wordings, "tyre", ["胎该几年一换"], messages, LI)
    assert (await database.read(entries.get_entry, "tyre")).version == 1
    with pytest.raises(NothingLeft):
        await database.write(acts.dismiss, messages, LI)


async def test_a_rejected_wording_is_remembered_without_its_words(database: SQLiteDatabase) -> None:
    messages = await asked_twice(database)
    act = await database.write(acts.reject_wording, "tyre", "胎该几年一换", messages, LI)
    [(entry_id, kept)] = await database.read(acts.rejected)
    assert (entry_id, len(kept)) == ("tyre", 64)
    assert await database.write(acts.undo, act.id, LI)
    assert await database.read(acts.rejected) == frozenset()


# --- Edited answers ---------------------------------------------------------------------------------------------

ANSWER = "一般 5 年或 6 万公里更换一次轮胎。\n胎纹深度低于 1.6 毫米时请马上更换。"


@pytest.mark.parametrize(
    ("sent", "use"),
    [
        (ANSWER, Use.SENT),
        (f"您好，{ANSWER}\n还有问题请随时说。", Use.SENT),
        (ANSWER.replace("\n", " "), Use.SENT),
        (ANSWER.replace("5 年", "6 年"), Use.EDITED),
        ("一般 5 年或 6 万公里更换一次轮胎。", Use.EDITED),
        ("好的，周六可以到店。", Use.DROPPED),
    ],
)
def test_what_an_agent_did_with_an_answer_shows_in_what_was_sent(sent: str, use: Use) -> None:
    assert edits.use_of(ANSWER, sent) is use


async def test_an_agent_is_asked_once_about_a_message_and_nobody_else_is(database: SQLiteDatabase) -> None:
    question = await database.write(ask, QUESTION)
    edited = EditedAnswer(question.message_id, question.conversation_id, "tyre", 1, "li", None, NOW)
    await database.write(edits.keep, edited)
    await database.write(edits.keep, edited)
    assert await database.read(edits.unanswered, question.conversation_id, "li") == [edited]
    assert await database.read(edits.unanswered, question.conversation_id, "chen") == []
    assert not await database.write(edits.decide, question.message_id, "chen", Verdict.DECLINED)
    assert await database.write(edits.decide, question.message_id, "li", Verdict.NOTED)
    assert not await database.write(edits.decide, question.message_id, "li", Verdict.DECLINED)
    assert await database.read(edits.unanswered, question.conversation_id, "li") == []
    assert await database.read(edits.noted, 10) == [replace(edited, verdict=Verdict.NOTED)]
    assert await database.write(edits.forget, question.conversation_id) == 1
    assert await database.read(edits.get_edit, question.message_id) is None
