"""A knowledge base calibrates itself from its own entries, carefully, and the same way each time."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from knowledgebase.errors import CalibrationAbandoned
from knowledgebase.judging.calibration import ENOUGH, Calibration, calibrate, lowest_threshold
from knowledgebase.judging.familiar import likeness, sketch
from knowledgebase.judging.labelled import read_known
from knowledgebase.judging.trials import SAMPLED, sample
from knowledgebase.matching.confidence import shipped_weights
from knowledgebase.model import Entry
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.text import shipped_vocabulary

DEMO = Path(__file__).parents[2] / "knowledgebase" / "data" / "demo.jsonl"
SHIPPED = shipped_weights().thresholds
THINGS = ("水杯", "台灯", "书包", "雨伞", "拖鞋", "地毯", "闹钟")
WISHES = ("怎么清洗", "可以退货吗", "保修几年", "有什么颜色", "多久发货")
FEW = (
    Entry("wash", "水杯怎么清洗", "用清水。", similar=("水杯脏了怎么办",)),
    Entry("back", "雨伞可以退货吗", "可以。"),
)


def shop(twins: bool) -> list[Entry]:
    """Entries with three similar questions each; with twins every question comes in two entries."""
    entries = []
    for thing in THINGS:
        for at, wish in enumerate(WISHES):
            texts = (f"{thing}{wish}", f"请问{thing}{wish}", f"{thing}的话{wish}呢", f"我买的{thing}{wish}")
            entries.append(Entry(f"{thing}{at}", texts[0], "请看说明书。", similar=texts[1:]))
            if twins:
                asked = tuple(text.replace(thing, f"新{thing}") for text in texts)
                entries.append(Entry(f"新{thing}{at}", asked[0], "请看说明书。", similar=asked[1:]))
    return entries


def own(entries: list[Entry], precision: float = 0.97) -> Calibration:
    return calibrate(entries, shipped_vocabulary(), shipped_weights(), precision)


@pytest.fixture(scope="module")
def plain() -> Calibration:
    return own(shop(twins=False))


def test_the_same_entries_give_the_same_calibration(plain: Calibration) -> None:
    assert own(shop(twins=False)) == plain
    assert plain.enough
    assert plain.evidence.left_out >= ENOUGH


def test_a_surer_first_match_stays_surer(plain: Calibration) -> None:
    found = [plain.recalibrated(step / 100) for step in range(101)]
    assert all(low < high for low, high in pairwise(found))
    assert 0 <= found[0] < found[-1] <= 1


def test_entries_that_are_hard_to_tell_apart_make_it_less_sure(plain: Calibration) -> None:
    twins = own(shop(twins=True))
    assert twins.enough
    assert twins.recalibrated(0.9) < plain.recalibrated(0.9)
    assert shipped_needed(twins) > shipped_needed(plain)


def shipped_needed(found: Calibration) -> float:
    """The least shipped confidence, in steps, that is answered under this calibration."""
    steps = [step / 1000 for step in range(1001)]
    return next(step for step in steps if found.recalibrated(step) >= found.thresholds.answer)


def test_more_precision_wanted_needs_more_confidence(plain: Calibration) -> None:
    loose = own(shop(twins=False), 0.9)
    assert loose.thresholds.answer < plain.thresholds.answer
    assert (loose.precision_wanted, plain.precision_wanted) == (0.9, 0.97)


def test_too_little_evidence_answers_no_more_and_asks_back_no_less_than_shipped() -> None:
    found = own(list(FEW))
    assert not found.enough
    assert found.thresholds.answer >= found.recalibrated(SHIPPED.answer) - 0.001
    assert found.thresholds.clarify <= found.recalibrated(SHIPPED.clarify) + 0.001


def test_without_similar_questions_the_shipped_thresholds_stay() -> None:
    found = own([replace(entry, similar=()) for entry in shop(twins=False)])
    assert not found.enough
    assert found.thresholds == SHIPPED
    assert found.recalibrated(0.5) == 0.5


def test_no_entries_at_all_are_calibrated_to_nothing() -> None:
    assert own([]).thresholds == SHIPPED


def test_a_known_wording_is_answered_however_careful_it_is() -> None:
    base = KnowledgeBase.build(shop(twins=False)).calibrated(0.995)
    assert base.search("雨伞可以退货吗")[0].confidence >= base.thresholds.answer


def test_entries_with_labelled_questions_keep_what_those_gave() -> None:
    found = own(read_known(DEMO))
    assert (found.evidence.familiar, found.evidence.left_out, found.enough) == (1.0, 0, True)
    assert found.thresholds == SHIPPED


def test_likeness_is_the_share_of_common_wordings() -> None:
    demo = read_known(DEMO)
    assert likeness(sketch(demo), sketch(demo[: len(demo) // 2])) == pytest.approx(0.5, abs=0.2)
    assert likeness(sketch(demo), sketch(shop(twins=False))) == 0
    assert likeness([], []) == 0


def test_however_many_entries_the_questions_are_bounded() -> None:
    entries = [Entry(str(at), f"第{at}问", "答", similar=(f"{at}号问题", f"问{at}")) for at in range(20_000)]
    trials = list(sample(entries))
    questions = [question for trial in trials for question in trial.questions]
    assert len(trials) == 2
    assert sum(bool(question.expected) for question in questions) == SAMPLED
    assert sum(question.near for question in questions) == SAMPLED
    for trial in trials:
        known = {entry.id: (entry.question, *entry.similar) for entry in trial.entries}
        assert all(question.utterance not in known[each] for question in trial.questions for each in question.expected)
        asked = {wording for wordings in known.values() for wording in wordings}
        assert not asked & {question.utterance for question in trial.questions}


def test_calibrating_stops_when_nobody_wants_to_know() -> None:
    answers = iter([False] * 10)
    with pytest.raises(CalibrationAbandoned):
        calibrate(shop(twins=False), shipped_vocabulary(), shipped_weights(), 0.97, lambda: next(answers, True))


def test_a_threshold_counts_each_question_by_its_importance() -> None:
    weights = shipped_weights().ranking
    sure, worth = weights[:3] * 0 + (0.9, 0.8, 0.7), weights[:3] * 0 + (1.0, 0.0, 1.0)
    assert lowest_threshold(sure, worth, weights[:3] * 0 + (9.0, 1.0, 90.0), 0.95) == 0.7
    assert lowest_threshold(sure, worth, weights[:3] * 0 + (1.0, 9.0, 1.0), 0.95) == 0.9
    assert lowest_threshold(sure, worth * 0, worth + 1, 0.5) == 1.0


def test_any_precision_can_be_chosen_by_the_evidence_at_hand(plain: Calibration) -> None:
    for wanted in (0.85, 0.985):
        assert plain.thresholds_for(wanted) == own(shop(twins=False), wanted).thresholds
    assert plain.thresholds_for(plain.precision_wanted) == plain.thresholds


def test_wanting_more_answers_less(plain: Calibration) -> None:
    answered = [choice.answered or 0.0 for choice in plain.choices]
    assert answered == sorted(answered, reverse=True)
    assert answered[0] > 0


def test_a_precision_between_two_choices_takes_the_more_careful_one(plain: Calibration) -> None:
    assert plain.thresholds_for(0.951) == plain.thresholds_for(0.955)
