"""What ours is compared with."""

import numpy as np
import pytest

from knowledgebase.judging.baselines import baselines, bm25
from knowledgebase.judging.mistyped import mistyped
from knowledgebase.judging.trials import Question
from knowledgebase.model import Entry

ENTRIES = [Entry("a", "轮胎多久换一次", "五年"), Entry("b", "首保要收费吗", "免费", similar=("首保免费吗",))]
ASKED = [
    Question("轮胎几年换一次", frozenset("a")),
    Question("首保免费吧", frozenset("b")),
    Question("你好", frozenset()),
]


def test_both_find_what_is_nearly_the_same() -> None:
    found = baselines(ENTRIES, ASKED)
    assert [each.accuracy for each in found.values()] == [1.0, 1.0]
    assert all(each.right.tolist() == [1, 1, 0] for each in found.values())


def test_bm25_is_the_formula() -> None:
    score = bm25(["甲", "乙"])
    rarity = np.log1p((2 - 1 + 0.5) / 1.5)
    assert score("甲") == pytest.approx([rarity, 0])


def test_nothing_to_find_is_no_error() -> None:
    assert all(each.accuracy == 0 for each in baselines([], ASKED).values())
    assert all(len(each.sure) == 0 for each in baselines(ENTRIES, []).values())


def test_a_slip_is_the_same_each_time_and_leaves_the_answer_what_it_is() -> None:
    slipped = mistyped(ASKED)
    assert slipped == mistyped(ASKED)
    assert [each.expected for each in slipped] == [frozenset("a"), frozenset("b")]
    assert all(new.utterance != old.utterance for new, old in zip(slipped, ASKED, strict=False))
