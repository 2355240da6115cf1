"""Vectors of entries: kept in the database, made once, brought into force when all are there."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from knowledgebase.authoring import entries
from knowledgebase.encoders import cache, store
from knowledgebase.encoders.store import VectorStore
from knowledgebase.encoders.thread import EncoderThread
from knowledgebase.encoders.vectors import encode_each, stacked, texts_of
from knowledgebase.errors import EncoderUnavailable
from knowledgebase.judging.calibration import Calibration, Evidence
from knowledgebase.judging.carry import carried_over
from knowledgebase.library import Library
from knowledgebase.model import Entry, Thresholds
from knowledgebase.publishing.terms import in_force
from knowledgebase.search import KnowledgeBase
from storage.sqlite import SQLiteDatabase, open_database
from tests.fakes import PATIENCE_S
from tests.knowledgebase.encoder import LetterEncoder

TYRE = Entry("tyre", "轮胎多久换一次？", "5 年。", "轮胎", ("几年换轮胎", "轮胎多久换"))
FREE = Entry("free", "首保免费吗？", "免费。", "保养", ("首保要钱吗",))
TEXTS = [f"第{number}句" for number in range(40)]
NOW = 1_795_399_200_000


class Home:
    """A data folder that outlives the database that is open in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database: SQLiteDatabase = open_database(folder)
        self._threads: list[EncoderThread] = []
        self._libraries: list[Library] = []
        self.waited: list[float] = []

    def store(self, encoder: LetterEncoder) -> VectorStore:
        self._threads.append(EncoderThread(encoder, 20.0))
        return VectorStore(self.database, self._threads[-1], self._wait)

    def library(self, encoder: LetterEncoder) -> Library:
        self._libraries.append(Library(self.database, 0.9, self.store(encoder)))
        return self._libraries[-1]

    async def restart(self) -> None:
        await self.close()
        self.database = open_database(self.folder)

    async def close(self) -> None:
        for library in self._libraries:
            await library.close()
        for thread in self._threads:
            await thread.close()
        self._threads, self._libraries = [], []
        await self.database.close()

    async def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    home = Home(tmp_path)
    yield home
    await home.close()


@pytest.fixture
def encoder() -> LetterEncoder:
    return LetterEncoder()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calibrations are not what is looked at here."""
    monkeypatch.setattr(KnowledgeBase, "calibrated", lambda base, precision, abandoned: base.under(base.calibration))


# --- Kept in the database ---------------------------------------------------------------------------------------


async def test_what_was_encoded_survives_a_restart(home: Home, encoder: LetterEncoder) -> None:
    before = await home.store(encoder).complete(TEXTS)
    assert sorted(encoder.encoded) == sorted(TEXTS)
    await home.restart()
    encoder.encoded.clear()
    after = await home.store(encoder).complete(TEXTS)
    assert encoder.encoded == TEXTS[:1], "one is encoded again, to see that the encoder is still the same"
    assert (after.of(TEXTS) == before.of(TEXTS)).all()
    assert after.of(TEXTS) == pytest.approx(LetterEncoder().encode(TEXTS), abs=1e-3)


async def test_a_large_knowledge_base_starts_again_without_encoding(home: Home) -> None:
    texts = [f"第{number}种说法" for number in range(10_000)]
    rows = np.random.default_rng(1).standard_normal((len(texts), 16)).astype(np.float16)
    await home.database.write(cache.write_rows, "letters", dict(zip(texts, rows, strict=True)))
    encoder = LetterEncoder()
    encoder.fail(EncoderUnavailable("busy"))
    vectors = await home.store(encoder).at_hand(texts)
    assert vectors is not None
    assert (vectors.of(texts[-9:]) == rows[-9:]).all()
    assert encoder.encoded == []


async def test_what_was_done_before_the_encoder_failed_is_kept(home: Home, encoder: LetterEncoder) -> None:
    encoder.fail(EncoderUnavailable("no key", permanent=True))
    with pytest.raises(EncoderUnavailable):
        await home.store(encoder).complete(TEXTS)
    assert (await home.store(encoder).at_hand(TEXTS[:4])) is not None
    assert await home.database.read(cache.count_rows, "letters") == 4


async def test_vectors_of_another_encoder_are_not_taken(home: Home, encoder: LetterEncoder) -> None:
    await home.store(encoder).complete(TEXTS)
    other = LetterEncoder("letters 2", 8)
    assert (await home.store(other).complete(TEXTS)).dimensions == 8
    assert len(other.encoded) == len(TEXTS)


@pytest.mark.parametrize("changed", [LetterEncoder(dimensions=8), LetterEncoder(turned=5)], ids=["shorter", "other"])
async def test_an_encoder_that_is_another_under_the_same_name_is_noticed(
    home: Home, encoder: LetterEncoder, changed: LetterEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    await home.store(encoder).complete(TEXTS)
    assert await home.store(changed).at_hand(TEXTS) is None
    vectors = await home.store(changed).complete(TEXTS)
    assert vectors.of(TEXTS) == pytest.approx(changed.encode(TEXTS), abs=1e-3)
    assert "made anew" in caplog.text


async def test_an_encoder_that_changes_meanwhile_begins_again(home: Home, encoder: LetterEncoder) -> None:
    held = home.store(encoder)
    await held.complete(TEXTS[:8])
    encoder.dimensions = 6
    assert (await held.complete(TEXTS)).of(TEXTS).shape == (len(TEXTS), 6)


async def test_rows_that_nothing_needs_are_forgotten(home: Home, encoder: LetterEncoder) -> None:
    await home.store(LetterEncoder("old")).complete(TEXTS)
    held = home.store(encoder)
    await held.complete(TEXTS)
    await held.prune(TEXTS[:3])
    assert await home.database.read(cache.count_rows, "old") == 0
    assert await home.database.read(cache.count_rows, "letters") == 3
    encoder.encoded.clear()
    await held.complete(TEXTS[:5])
    assert encoder.encoded == TEXTS[3:5]


async def test_few_missing_texts_are_encoded_at_once_and_many_are_not(home: Home, encoder: LetterEncoder) -> None:
    held = home.store(encoder)
    assert await held.at_hand(TEXTS) is None
    assert encoder.encoded == []
    vectors = await held.at_hand(TEXTS[: store.FEW])
    assert vectors is not None
    assert len(vectors) == store.FEW


async def test_an_encoder_that_hangs_does_not_hold_up_a_new_knowledge_base(
    home: Home, encoder: LetterEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "FEW_WITHIN_S", 0.01)
    encoder.hold()
    assert await home.store(encoder).at_hand(TEXTS[:3]) is None
    encoder.go_on()


async def test_a_busy_encoder_is_asked_again_later_and_told_of_once(
    home: Home, encoder: LetterEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    encoder.fail(*[EncoderUnavailable("busy", retry_after_ms=5_000)] * 3)
    held = home.store(encoder)
    vectors = await held.complete(TEXTS)
    assert len(vectors) == len(TEXTS)
    assert len(home.waited) == 3
    assert min(home.waited) >= 5
    assert caplog.text.count("busy") == 1
    assert (held.progress.ready, held.progress.wanted, held.progress.failure) == (len(TEXTS), len(TEXTS), None)


def test_texts_are_needed_once_each() -> None:
    twice = Entry("twice", TYRE.question, "", "", (*TYRE.similar, *TYRE.similar))
    assert texts_of([TYRE, twice, FREE], ["你好", "首保免费吗？"]) == [
        *(TYRE.question, *TYRE.similar),
        *(FREE.question, *FREE.similar),
        "你好",
    ]


def test_vectors_are_found_by_their_text(encoder: LetterEncoder) -> None:
    vectors = stacked("letters", encode_each(encoder, TEXTS))
    assert (len(vectors), vectors.dimensions) == (len(TEXTS), 16)
    assert TEXTS[7] in vectors
    assert "从未见过" not in vectors
    assert vectors.of([TEXTS[7], TEXTS[7]]) == pytest.approx(encoder.encode([TEXTS[7]] * 2), abs=1e-3)
    with pytest.raises(KeyError):
        vectors.of(["从未见过"])


# --- In force ---------------------------------------------------------------------------------------------------


async def test_the_knowledge_base_answers_before_its_vectors_are_there(home: Home, encoder: LetterEncoder) -> None:
    await home.database.write(entries.save, [TYRE, FREE], "xu", NOW)
    encoder.hold()
    library = home.library(encoder)
    await library.reload()
    assert (await library.search("轮胎多久换一次"))[0].entry.id == "tyre"
    assert library.knowledge_base.vectors is None
    encoder.go_on()
    await library.settled()
    vectors = library.knowledge_base.vectors
    assert vectors is not None
    assert {TYRE.question, *FREE.similar} <= set(vectors.places)
    assert (await library.search("轮胎多久换一次"))[0].entry.id == "tyre"
    assert encoder.encoded[-1] == "轮胎多久换一次"


async def test_after_a_restart_the_first_knowledge_base_has_vectors(home: Home, encoder: LetterEncoder) -> None:
    await home.database.write(entries.save, [TYRE, FREE], "xu", NOW)
    library = home.library(encoder)
    await library.reload()
    await library.settled()
    await home.restart()
    encoder.encoded.clear()
    library = home.library(encoder)
    await library.reload()
    assert library.knowledge_base.vectors is not None
    assert len(encoder.encoded) == 1


async def test_an_edit_encodes_what_is_new_and_keeps_vectors_in_force(home: Home, encoder: LetterEncoder) -> None:
    await home.database.write(entries.save, [TYRE], "xu", NOW)
    library = home.library(encoder)
    await library.reload()
    await library.settled()
    encoder.encoded.clear()
    await home.database.write(entries.save, [FREE], "xu", NOW)
    await library.reload()
    assert library.knowledge_base.vectors is not None
    assert encoder.encoded == [FREE.question, *FREE.similar]
    await library.settled()
    assert await home.database.read(cache.count_rows, "letters") == len(library.knowledge_base.vectors)


async def test_a_question_without_a_vector_is_matched_without(
    home: Home, encoder: LetterEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await home.database.write(entries.save, [TYRE, FREE], "xu", NOW)
    library = home.library(encoder)
    await library.reload()
    await library.settled()
    encoder.fail(EncoderUnavailable("away"))
    asked: list[bool] = []
    search = KnowledgeBase.search

    def watched(base: KnowledgeBase, *arguments: object) -> object:
        asked.append(base.vectors is not None)
        return search(base, *arguments)  # type: ignore[arg-type]  # handed on as they come

    monkeypatch.setattr(KnowledgeBase, "search", watched)
    assert (await library.search("首保要钱吗"))[0].entry.id == "free"
    assert asked == [True, False], "the one in force hands it to the one without vectors"


async def test_without_the_encoder_the_server_goes_on_as_without_the_setting(
    home: Home, encoder: LetterEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    await home.database.write(entries.save, [TYRE, FREE], "xu", NOW)
    encoder.fail(*[EncoderUnavailable("the package is not installed", permanent=True)] * 9)
    library = home.library(encoder)
    for _ in range(2):
        await library.reload()
        await library.settled()
    assert library.knowledge_base.vectors is None
    assert (await library.search("首保要钱吗"))[0].entry.id == "free"
    assert caplog.text.count("not installed") == 1


async def test_closing_gives_up_encoding(home: Home, encoder: LetterEncoder) -> None:
    await home.database.write(entries.save, [TYRE], "xu", NOW)
    encoder.hold()
    library = home.library(encoder)
    await library.reload()
    await asyncio.to_thread(encoder.begun.wait, PATIENCE_S)
    await asyncio.wait_for(library.close(), PATIENCE_S)
    encoder.go_on()


async def test_what_is_proposed_is_searched_with_vectors_like_what_is_in_force(
    home: Home, encoder: LetterEncoder
) -> None:
    await home.database.write(entries.save, [TYRE], "xu", NOW)
    library = home.library(encoder)
    found = replace(await home.database.read(in_force), entries=[TYRE, FREE])
    assert (await library.proposed(found)).vectors is None
    await library.reload()
    await library.settled()
    other = await library.proposed(found)
    assert other.vectors is not None
    assert FREE.question in other.vectors
    questions = ["轮胎几年换", "首保要钱吗"]
    for _ in range(2):
        search = await library.searcher(other, questions)
        assert [search(text)[0].entry.id for text in questions] == ["tyre", "free"]
    assert encoder.encoded.count("轮胎几年换") == 1


async def test_what_is_proposed_does_not_wait_for_an_encoder_that_is_away(home: Home, encoder: LetterEncoder) -> None:
    await home.database.write(entries.save, [TYRE], "xu", NOW)
    library = home.library(encoder)
    await library.reload()
    await library.settled()
    encoder.fail(*[EncoderUnavailable("away")] * 9)
    found = replace(await home.database.read(in_force), entries=[TYRE, FREE])
    other = await library.proposed(found)
    assert other.vectors is None
    search = await library.searcher(library.knowledge_base, ["轮胎几年换"])
    assert search("轮胎几年换")[0].entry.id == "tyre"


# --- Told in the terms of another calibration -------------------------------------------------------------------


def test_a_confidence_carried_over_does_what_its_own_thresholds_would() -> None:
    careful = Calibration(Evidence(), 0.97, Thresholds(0.9, 0.4), enough=True)
    bold = Calibration(Evidence(), 0.97, Thresholds(0.7, 0.2), enough=True)
    assert carried_over(0.89, careful, bold) < 0.7 <= carried_over(0.9001, careful, bold)
    assert carried_over(0.39, careful, bold) < 0.2 <= carried_over(0.4001, careful, bold)
    grid = [carried_over(place / 100, careful, bold) for place in range(101)]
    assert grid == sorted(grid)
    assert carried_over(0.6, bold, bold) == pytest.approx(0.6)
