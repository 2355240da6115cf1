"""What customers and agents have said corrects how sure the knowledge base is."""

from dataclasses import replace
from pathlib import Path

import pytest

from knowledgebase.authoring import entries
from knowledgebase.judging.calibration import uncalibrated
from knowledgebase.judging.heeding import FARTHEST, heed, told_by
from knowledgebase.learning import asked
from knowledgebase.learning.asked import Decided, Outcome
from knowledgebase.library import Library
from knowledgebase.matching.confidence import shipped_weights
from knowledgebase.model import Entry, Match
from storage.sqlite import open_database
from tests.knowledgebase.test_asked import NOW, QUESTION, ask

PLAIN = uncalibrated(shipped_weights())
TYRE, PRICE = Entry("tyre", "轮胎多久换一次？", "5 年。"), Entry("price", "换轮胎多少钱？", "600 元。")


def test_answers_that_were_wrong_make_it_less_sure_and_right_ones_surer() -> None:
    wrong = heed(PLAIN, [(0.9, False)] * 8 + [(0.9, True)] * 4)
    assert wrong.recalibrated(0.9) < 0.85
    right = heed(PLAIN, [(0.7, True)] * 30)
    assert right.recalibrated(0.7) > 0.72
    assert wrong.thresholds == right.thresholds == PLAIN.thresholds


def test_what_turned_out_as_expected_changes_next_to_nothing() -> None:
    expected = heed(PLAIN, [(0.9, True)] * 90 + [(0.9, False)] * 10)
    assert expected.recalibrated(0.9) == pytest.approx(0.9, abs=0.002)
    assert heed(PLAIN, []) is PLAIN


@pytest.mark.parametrize(("told", "bound"), [((0.98, False), FARTHEST[0]), ((0.02, True), FARTHEST[1])])
def test_nobodys_words_move_it_far(told: tuple[float, bool], bound: float) -> None:
    assert heed(PLAIN, [told] * 10_000).shift == pytest.approx(bound)


def test_only_what_somebody_has_judged_counts() -> None:
    def search(text: str) -> list[Match]:
        sure = {"逐字": 0.99, "没有": None}.get(text, 0.8)
        return [] if sure is None else [Match(TYRE, 1.0, sure, TYRE.question)]

    outcomes = [
        Outcome("说对了", "tyre", True),
        Outcome("另一条才对", "price", True),
        Outcome("另一条不对", "price", False),
        Outcome("这条不对", "tyre", False),
        Outcome("这条不对", "tyre", True),
        Outcome("逐字", "tyre", True),
        Outcome("没有", "tyre", True),
    ]
    assert told_by(outcomes, search) == [(0.8, True), (0.8, False), (0.8, False)]


async def test_the_library_heeds_what_was_said_after_each_publication(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    await database.write(entries.save, [TYRE, PRICE], "test", NOW)
    library = Library(database)
    await library.reload()
    await library.calibrated()
    before, wording = library.calibration, "轮胎开了五年要换了吗"
    sure = (await library.search(wording))[0].confidence
    for visitor in range(20):
        blank = replace(QUESTION, text=f"{wording}{'啊' * (visitor % 5)}", decision=Decided.ANSWER, reply_id=None)
        kept = await database.write(ask, blank, f"v-{visitor}")
        await database.write(asked.correct, kept.message_id, "elsewhere", "li")
    await library.reload()
    await library.calibrated()
    assert library.calibration.shift < before.shift
    assert (await library.search(wording))[0].confidence < sure
    await library.close()
    await database.close()
