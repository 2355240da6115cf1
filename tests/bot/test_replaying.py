"""The loop behind the gate, with a real library on a real database."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import Config
from bot.diagnosis import diagnose
from bot.replaying import Replaying, Settings
from knowledgebase.authoring import entries
from knowledgebase.authoring.rows import Change
from knowledgebase.judging.replay import FlipKind, Mark
from knowledgebase.judging.trials import Question
from knowledgebase.library import Library
from knowledgebase.model import Entry
from knowledgebase.publishing import flips, publications, questions, register, words
from knowledgebase.publishing.model import ChangeSet, Failure, Publication, PublicationState
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.word_lists import Changes, WordList, shipped
from storage.check import Severity
from storage.database import Transaction
from storage.sqlite import SQLiteDatabase, open_database
from tests.bot.cast import NOW
from tests.fakes import PATIENCE_S

TYRE = Entry("tyre", "轮胎多久换一次？", "5 年。", "轮胎", ("几年换轮胎", "轮胎多久换"))
FREE = Entry("free", "首保免费吗？", "免费。", "保养", ("首保要钱吗",))
LABELLED = [
    Question("轮胎多久换一次？", frozenset({"tyre"})),
    Question("首保免费吗？", frozenset({"free"})),
    Question("怎么开发票？", frozenset({"invoice"})),
]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    database = open_database(tmp_path)
    await database.write(entries.save, [TYRE, FREE], "xu", NOW)
    await database.write(questions.bring_in, LABELLED, "xu", NOW)
    yield database
    await database.close()


@pytest.fixture
async def replaying(database: SQLiteDatabase) -> AsyncIterator[Replaying]:
    library = Library(database, 0.9)
    await library.reload()
    yield Replaying(database, library, Settings(0.9, lambda chosen: chosen, 100), lambda: NOW)
    await library.close()


def draft(tx: Transaction, entry: Entry) -> ChangeSet:
    """Keep this text as a draft; what publishes it."""
    seen = entries.get_entry(tx, entry.id).version
    return ChangeSet({entry.id: entries.edit(tx, entry, seen, Change("xu", NOW)).version})


def draft_new(tx: Transaction, entry: Entry) -> ChangeSet:
    """Keep a new entry as a draft; what publishes it."""
    return ChangeSet({entry.id: entries.create(tx, entry, Change("xu", NOW)).version})


async def replayed(replaying: Replaying, changes: ChangeSet) -> Publication:
    """Ask for these changes and let the loop go round."""
    publication = await replaying.database.write(publications.begin, changes, "xu", NOW)
    await replaying.turn()
    return await replaying.database.read(register.get, publication.id)


async def publish(replaying: Replaying, publication: Publication) -> PublicationState:
    """Accept every flip and publish."""
    write = replaying.database.write
    if publication.state is PublicationState.READY:
        await write(publications.accept, publication.id, publication.base, None, None, "wang", NOW)
    state = await write(publications.publish, publication.id, replaying.model, "wang", NOW)
    await replaying.library.reload()
    return state


async def test_a_new_entry_makes_its_question_appear(replaying: Replaying) -> None:
    invoice = Entry("invoice", "怎么开发票？", "在订单里申请。", "发票")
    publication = await replayed(replaying, await replaying.database.write(draft_new, invoice))
    assert publication.state is PublicationState.READY
    [kept] = await replaying.database.read(flips.of, publication.id)
    assert (kept.flip.kind, kept.flip.mark, kept.flip.after.entry_id) == (FlipKind.APPEARED, Mark.BETTER, "invoice")
    assert publication.summary is not None
    assert (publication.summary.questions, publication.summary.labelled) == (3, 3)
    assert await publish(replaying, publication) is PublicationState.PUBLISHED
    assert (await replaying.library.search("怎么开发票？"))[0].entry.id == "invoice"


async def test_another_answer_flips_nothing_and_is_counted(replaying: Replaying) -> None:
    publication = await replayed(replaying, await replaying.database.write(draft, replace(TYRE, answer="6 年。")))
    assert publication.state is PublicationState.ACCEPTED
    assert publication.summary is not None
    assert (publication.summary.flips, publication.summary.reworded) == (0, 1)


async def test_hiding_an_entry_from_customers_makes_its_answer_vanish(replaying: Replaying) -> None:
    hidden = replace(TYRE, valid_from=NOW + 1)
    publication = await replayed(replaying, await replaying.database.write(draft, hidden))
    [kept] = await replaying.database.read(flips.of, publication.id)
    assert (kept.flip.kind, kept.flip.mark) == (FlipKind.VANISHED, Mark.WORSE)


async def test_a_synonym_changes_what_is_answered(replaying: Replaying) -> None:
    await replaying.database.write(questions.bring_in, [Question("脚丫子多久换一次", frozenset({"tyre"}))], "xu", NOW)
    line = next(line for line in shipped(WordList.SYNONYMS) if line.startswith("轮胎"))
    changes = Changes((f"{line} 脚丫子",), (line,))
    number = await replaying.database.write(words.save, WordList.SYNONYMS, changes, 0, "xu", NOW)
    publication = await replayed(replaying, ChangeSet(words={WordList.SYNONYMS: number}))
    assert publication.summary is not None
    found = publication.summary
    assert (found.questions, found.vanished) == (4, 0)
    assert await publish(replaying, publication) is PublicationState.PUBLISHED
    assert "脚丫子" in replaying.library.knowledge_base.matcher.vocabulary.synonyms


async def test_more_precision_on_one_channel_is_replayed_there(replaying: Replaying) -> None:
    publication = await replayed(replaying, ChangeSet(precision={"mail": 0.995}))
    assert publication.summary is not None
    assert publication.summary.questions == 6
    kept = await replaying.database.read(flips.of, publication.id)
    assert {one.flip.question.channel for one in kept} <= {"mail"}
    await publish(replaying, publication)
    assert replaying.library.precision_wanted("mail") == 0.995
    assert replaying.library.precision_wanted("chat") == 0.9


async def test_of_two_ready_ones_the_second_is_replayed_against_the_first(replaying: Replaying) -> None:
    first = await replayed(replaying, await replaying.database.write(draft, replace(TYRE, answer="6 年。")))
    second = await replayed(replaying, await replaying.database.write(draft, replace(FREE, answer="不免费。")))
    await publish(replaying, first)
    assert (await replaying.database.read(register.get, second.id)).state is PublicationState.STALE
    await replaying.turn()
    again = await replaying.database.read(register.get, second.id)
    assert again.state is PublicationState.ACCEPTED
    assert await publish(replaying, again) is PublicationState.PUBLISHED


async def test_after_a_restart_what_was_being_replayed_is_replayed(replaying: Replaying) -> None:
    changes = await replaying.database.write(draft, replace(TYRE, answer="6 年。"))
    publication = await replaying.database.write(publications.begin, changes, "xu", NOW)
    await replaying.database.write(publications.start, publication.id, 10, NOW)
    await replaying.turn()
    assert (await replaying.database.read(register.get, publication.id)).state is PublicationState.ACCEPTED


async def test_what_breaks_a_replay_fails_it_visibly(replaying: Replaying, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(base: KnowledgeBase, text: str, limit: int = 5, vector: object = None) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(KnowledgeBase, "search", broken)
    publication = await replayed(replaying, await replaying.database.write(draft, replace(TYRE, answer="6 年。")))
    assert (publication.state, publication.failure) == (PublicationState.FAILED, Failure.BROKEN)


async def test_a_withdrawn_one_is_not_replayed_to_its_end(
    replaying: Replaying, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()
    may_go_on = threading.Event()

    def slow(base: KnowledgeBase, text: str, limit: int = 5, vector: object = None) -> list[object]:
        asked.set()
        may_go_on.wait(10)
        return []

    monkeypatch.setattr(KnowledgeBase, "search", slow)
    changes = await replaying.database.write(draft, replace(TYRE, answer="6 年。"))
    publication = await replaying.database.write(publications.begin, changes, "xu", NOW)
    turn = asyncio.create_task(replaying.turn())
    assert await asyncio.to_thread(asked.wait, PATIENCE_S)
    await replaying.database.write(publications.withdraw, publication.id, "xu", NOW)
    replaying.abandon(publication.id)
    may_go_on.set()
    await asyncio.wait_for(turn, PATIENCE_S)
    assert (await replaying.database.read(register.get, publication.id)).state is PublicationState.WITHDRAWN
    assert replaying.progress == {}


async def test_a_calibration_that_changes_no_answer_leaves_no_trace(replaying: Replaying) -> None:
    first = await replayed(replaying, await replaying.database.write(draft, replace(TYRE, answer="6 年。")))
    await publish(replaying, first)
    await replaying.turn()
    assert [one.id for one in await replaying.database.read(register.newest)] == [first.id]


async def test_a_change_that_came_past_the_gate_is_shown_for_acceptance(replaying: Replaying, tmp_path: Path) -> None:
    first = await replayed(replaying, await replaying.database.write(draft, replace(TYRE, answer="6 年。")))
    await publish(replaying, first)
    hidden = replace(FREE, valid_until=NOW - 1)
    await replaying.database.write(entries.save, [hidden], "import", NOW)
    await replaying.library.reload()
    await replaying.turn()
    [drift, _] = await replaying.database.read(register.newest)
    assert (drift.requested_by, drift.state) == (publications.NOBODY, PublicationState.READY)
    [kept] = await replaying.database.read(flips.of, drift.id)
    assert (kept.flip.kind, kept.flip.question.utterance) == (FlipKind.VANISHED, "首保免费吗？")
    config = Config.model_validate({"server": {"data_folder": tmp_path}})
    told = [finding for finding in await diagnose(config, NOW) if finding.sentence.startswith("answers")]
    assert [finding.severity for finding in told] == [Severity.WARNING]
    assert await publish(replaying, drift) is PublicationState.PUBLISHED
    await replaying.turn()
    assert len(await replaying.database.read(register.live)) == 0
