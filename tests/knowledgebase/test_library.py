"""The knowledge base in force is swapped whole, searched meanwhile, and calibrated behind its back."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from knowledgebase.authoring import entries
from knowledgebase.errors import CalibrationAbandoned
from knowledgebase.judging.calibration import Evidence
from knowledgebase.library import Library
from knowledgebase.model import Entry
from knowledgebase.publishing import terms, words
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.word_lists import Changes, WordList, shipped
from storage.database import Transaction
from storage.sqlite import SQLiteDatabase, open_database
from tests.fakes import PATIENCE_S

TYRE = Entry("tyre", "轮胎多久换一次？", "5 年。", "轮胎", ("几年换轮胎", "轮胎多久换"))
FREE = Entry("free", "首保免费吗？", "免费。", "保养", ("首保要钱吗",))
NOW = 1_795_399_200_000


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    database = open_database(tmp_path)
    yield database
    await database.close()


@pytest.fixture
async def library(database: SQLiteDatabase) -> AsyncIterator[Library]:
    library = Library(database, 0.9)
    yield library
    await library.close()


class Waiting:
    """Calibrations that end when they are told to, or are abandoned; each says how many entries it was for."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.begun = threading.Event()

    def calibrated(self, base: KnowledgeBase, precision: float, abandoned: Callable[[], bool]) -> KnowledgeBase:
        self.begun.set()
        while not self.may_end.is_set():
            if abandoned():
                raise CalibrationAbandoned("told to")
        return base.under(replace(base.calibration, evidence=Evidence(left_out=base.size), precision_wanted=precision))


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    waiting = Waiting()
    monkeypatch.setattr(
        KnowledgeBase, "calibrated", lambda base, precision, abandoned: waiting.calibrated(base, precision, abandoned)
    )
    return waiting


async def test_what_is_published_is_found_before_it_is_calibrated(
    database: SQLiteDatabase, library: Library, waiting: Waiting
) -> None:
    await database.write(entries.save, [TYRE, FREE], "xu", NOW)
    await library.reload()
    assert await asyncio.to_thread(waiting.begun.wait, PATIENCE_S)
    assert (await library.search("轮胎多久换一次"))[0].entry.id == "tyre"
    assert library.calibration.evidence == Evidence()
    waiting.may_end.set()
    await library.calibrated()
    assert library.calibration.evidence == Evidence(left_out=2)
    assert library.calibration.precision_wanted == 0.9


async def test_a_publication_while_calibrating_is_not_lost(
    database: SQLiteDatabase, library: Library, waiting: Waiting
) -> None:
    await database.write(entries.save, [TYRE], "xu", NOW)
    await library.reload()
    assert await asyncio.to_thread(waiting.begun.wait, PATIENCE_S)
    await database.write(entries.save, [FREE], "xu", NOW)
    await library.reload()
    assert library.size == 2
    waiting.may_end.set()
    await library.calibrated()
    assert (library.size, library.calibration.evidence.left_out) == (2, 2)


async def test_the_former_calibration_holds_until_the_new_one_is_known(
    database: SQLiteDatabase, library: Library, waiting: Waiting
) -> None:
    await database.write(entries.save, [TYRE], "xu", NOW)
    waiting.may_end.set()
    await library.reload()
    await library.calibrated()
    waiting.may_end.clear()
    await database.write(entries.save, [FREE], "xu", NOW)
    await library.reload()
    assert (library.size, library.calibration.evidence.left_out) == (2, 1)


async def test_closing_does_not_wait_for_the_whole_calibration(
    database: SQLiteDatabase, library: Library, waiting: Waiting
) -> None:
    await database.write(entries.save, [TYRE], "xu", NOW)
    await library.reload()
    await asyncio.wait_for(library.close(), PATIENCE_S)
    assert library.size == 1


async def test_a_calibration_that_fails_leaves_the_knowledge_base_in_force(
    database: SQLiteDatabase, library: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> KnowledgeBase:
        raise ValueError("singular")

    monkeypatch.setattr(KnowledgeBase, "calibrated", fail)
    await database.write(entries.save, [TYRE], "xu", NOW)
    await library.reload()
    await library.calibrated()
    assert (await library.search("轮胎多久换一次"))[0].entry.id == "tyre"
    assert "knowledge base not calibrated entries=1" in caplog.text


async def test_a_real_calibration_is_swapped_in(database: SQLiteDatabase, library: Library) -> None:
    await database.write(entries.save, [TYRE, FREE], "xu", NOW)
    await library.reload()
    await library.calibrated()
    assert library.calibration.evidence.other_topics > 100
    assert not library.calibration.enough
    assert library.thresholds() == library.calibration.thresholds


async def test_published_synonyms_and_precision_are_in_force_after_a_reload(
    database: SQLiteDatabase, library: Library
) -> None:
    await database.write(entries.save, [TYRE], "xu", NOW)
    await library.reload()
    before = library.fingerprint
    assert library.thresholds("mail") == library.thresholds("chat")
    [unknown] = await library.search("脚丫子几年换")
    shipped_line = next(line for line in shipped(WordList.SYNONYMS) if line.startswith("轮胎"))

    def publish(tx: Transaction) -> None:
        changes = Changes(("轮胎 脚丫子",), (shipped_line,))
        number = words.save(tx, WordList.SYNONYMS, changes, 0, "xu", NOW)
        words.publish(tx, WordList.SYNONYMS, number, "publication")
        terms.set_precision(tx, {"all": 0.9, "mail": 0.99}, "publication")

    await database.write(publish)
    await library.reload()
    [known] = await library.search("脚丫子几年换")
    assert known.score > unknown.score
    assert library.precision_wanted("chat") == 0.9
    assert library.thresholds("mail").answer > library.thresholds("chat").answer
    assert library.fingerprint != before
