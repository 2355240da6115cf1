"""What the robustness set does to a text, that it does it again, and that its benchmark counts what it says."""

import re
from random import Random

import pytest

from benchmarks import robustness
from benchmarks.perturbations import IN_ENGLISH, LOOK_ALIKE, PERTURBATIONS, look_alike, perturb
from benchmarks.robustness import ALONE, TOGETHER, generate, measure
from knowledgebase.judging.labelled import read_known, read_questions
from knowledgebase.judging.trials import Question
from knowledgebase.wording.text import DATA, is_traditional, normalise, pinyin

ASKED = "请问X50在服务中心更新软件，要预约吗？5.5公里远。"
QUESTIONS = read_questions(DATA / "questions-dev.jsonl")
FEWEST_LOOK_ALIKE = 120


def differing(left: str, right: str) -> list[tuple[str, str]]:
    assert len(left) == len(right)
    return [(a, b) for a, b in zip(left, right, strict=True) if a != b]


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_each_perturbation_changes_the_text_and_does_the_same_again(name: str) -> None:
    changed = perturb(ASKED, (name,), seed=1)
    assert changed != ASKED
    assert changed == perturb(ASKED, (name,), seed=1)


@pytest.mark.parametrize("name", ["homophone", "look-alike", "dropped", "doubled", "padding"])
def test_another_seed_gives_other_texts(name: str) -> None:
    texts = [question.utterance for question in QUESTIONS[:40]]
    assert [perturb(text, (name,), 1) for text in texts] != [perturb(text, (name,), 2) for text in texts]


def test_a_homophone_is_one_other_character_that_sounds_the_same() -> None:
    for seed in range(40):
        ((before, after),) = differing(ASKED, perturb(ASKED, ("homophone",), seed))
        assert pinyin(before) == pinyin(after)
        assert normalise(before) != after


def test_the_table_of_look_alikes_has_pairs_of_two_different_characters_each_once() -> None:
    assert len(LOOK_ALIKE) >= FEWEST_LOOK_ALIKE
    assert all(len(pair) == 2 and pair[0] != pair[1] for pair in LOOK_ALIKE)
    assert len({frozenset(pair) for pair in LOOK_ALIKE}) == len(LOOK_ALIKE)


def test_a_look_alike_comes_from_the_table_in_either_direction() -> None:
    known = {frozenset(pair) for pair in LOOK_ALIKE}
    for text in (ASKED, "己", "已"):
        ((before, after),) = differing(text, look_alike(text, Random(7)))
        assert frozenset((before, after)) in known


def test_traditional_is_traditional_and_normalises_back() -> None:
    changed = perturb("保养预约怎么取消", ("Traditional",), 1)
    assert is_traditional(changed)
    assert normalise(changed) == "保养预约怎么取消"


@pytest.mark.parametrize(("name", "longer"), [("dropped", -1), ("doubled", 1)])
def test_digits_and_letters_are_neither_dropped_nor_doubled(name: str, longer: int) -> None:
    for seed in range(40):
        changed = perturb(ASKED, (name,), seed)
        assert len(changed) == len(ASKED) + longer
        assert re.findall(r"[A-Z0-9.]+", changed) == re.findall(r"[A-Z0-9.]+", ASKED)


def test_a_short_question_loses_no_character() -> None:
    assert perturb("怎么退货", ("dropped",), 1) == "怎么退货"


def test_without_punctuation_a_decimal_point_stays() -> None:
    assert perturb(ASKED, ("no punctuation",), 1) == "请问X50在服务中心更新软件要预约吗5.5公里远"


def test_padding_keeps_the_question_whole_between_two_phrases() -> None:
    before, after = perturb(ASKED, ("padding",), 3).split(ASKED)
    assert before
    assert after


def test_mixed_english_says_one_known_word_in_english() -> None:
    made = {perturb(ASKED, ("mixed English",), seed) for seed in range(60)}
    words = ("服务中心", "软件", "预约", "更新")
    assert made == {ASKED.replace(word, IN_ENGLISH[word]) for word in words}


def test_two_together_leave_the_text_alone_unless_both_change_it() -> None:
    assert perturb("保养多少钱", ("padding", "mixed English"), 1) == "保养多少钱"
    both = perturb("怎么预约保养", ("padding", "mixed English"), 1)
    assert IN_ENGLISH["预约"] in both
    assert len(both) > len("怎么预约保养") + 4


def test_the_set_is_the_same_each_time_and_every_text_in_it_is_changed() -> None:
    few = QUESTIONS[:60]
    made = generate(few)
    assert made == generate(few)
    assert made != generate(few, seed=1)
    assert set(made) == {*PERTURBATIONS, ALONE, TOGETHER}
    assert all(each.clean.utterance != each.question.utterance for kind in made.values() for each in kind)
    assert all(each.clean.expected == each.question.expected for kind in made.values() for each in kind)


def test_the_benchmark_measures_a_few_questions_and_traditional_costs_next_to_nothing() -> None:
    losses = measure(read_known(DATA / "demo.jsonl"), generate(QUESTIONS[:60]))
    assert losses[TOGETHER].questions > 60
    assert losses["Traditional"].after >= losses["Traditional"].clean - 0.02
    assert all(loss.after >= loss.peer_after - 0.1 for loss in losses.values())


def test_a_question_that_becomes_unreadable_is_counted_as_lost() -> None:
    entries = read_known(DATA / "demo.jsonl")
    question = next(each for each in QUESTIONS if len(each.expected) == 1)
    gone = robustness.Changed(question, Question("qqqq", question.expected))
    loss = measure(entries, {"gone": [gone]})["gone"]
    assert (loss.clean, loss.after, loss.answered) == (1.0, 0.0, 0.0)
