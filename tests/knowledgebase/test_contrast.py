"""The contrast set is what it says, and its benchmark tells an answer from the other's answer."""

from collections import Counter
from dataclasses import replace

import pytest
from rapidfuzz.distance import Postfix, Prefix

from benchmarks.contrast import KINDS, Outcome, Pair, ask, read_pairs, summary
from knowledgebase.judging.evaluate import decide
from knowledgebase.model import Entry
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.text import compact

FEWEST_PAIRS = 300
FEWEST_OF_A_KIND = 40
FEWEST_TRADES = 10


LONGEST_DIFFERENCE = 7


def between(left: str, right: str) -> tuple[str, str]:
    """What is left of two texts without their common beginning and end."""
    start = Prefix.similarity(left, right)
    end = Postfix.similarity(left[start:], right[start:])
    return left[start : len(left) - end], right[start : len(right) - end]


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return read_pairs()


def wordings(pair: Pair) -> list[str]:
    return [text for entry in (pair.a, pair.b) for text in (entry.question, *entry.similar)]


def asks(pair: Pair) -> list[str]:
    return [*pair.asks_a, *pair.asks_b]


def test_there_are_enough_pairs_of_each_kind_in_many_trades(pairs: list[Pair]) -> None:
    kinds = Counter(pair.kind for pair in pairs)
    assert len(pairs) >= FEWEST_PAIRS
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= FEWEST_OF_A_KIND
    assert len({pair.trade for pair in pairs}) >= FEWEST_TRADES


def test_each_side_has_similar_questions_an_answer_of_its_own_and_two_customers_wordings(pairs: list[Pair]) -> None:
    for pair in pairs:
        assert pair.a.similar, pair
        assert pair.b.similar, pair
        assert pair.a.answer.strip() != pair.b.answer.strip(), pair
        assert (len(pair.asks_a), len(pair.asks_b)) == (2, 2), pair
        assert all(text.strip() for text in (*wordings(pair), *asks(pair))), pair


def test_no_wording_of_a_trade_stands_twice_and_none_is_asked_letter_for_letter(pairs: list[Pair]) -> None:
    texts = Counter((pair.trade, compact(text)) for pair in pairs for text in (*wordings(pair), *asks(pair)))
    assert [key for key, count in texts.items() if count > 1] == []


def test_the_two_sides_of_a_pair_stay_apart_after_normalising(pairs: list[Pair]) -> None:
    for pair in pairs:
        assert compact(pair.a.question) != compact(pair.b.question), pair
        assert not {*map(compact, pair.asks_a)} & {*map(compact, pair.asks_b)}, pair


def test_the_two_questions_of_a_pair_differ_in_one_short_place(pairs: list[Pair]) -> None:
    longer = [pair for pair in pairs if max(map(len, between(pair.a.question, pair.b.question))) > LONGEST_DIFFERENCE]
    assert longer == []


def test_the_benchmark_runs_on_two_trades_and_its_outcomes_add_up(pairs: list[Pair]) -> None:
    trades = sorted({pair.trade for pair in pairs})[:2]
    few = [pair for pair in pairs if pair.trade in trades]
    results = ask(few)
    figures = summary(results)
    assert len(results) == 4 * len(few)
    assert sum(figures[outcome] for outcome in Outcome) == pytest.approx(1)
    assert figures[Outcome.OTHER] <= 0.03
    assert figures["right first"] > figures["rapidfuzz right first"]


def test_a_question_in_just_the_other_entry_s_words_is_counted_as_the_others_answer() -> None:
    a = Entry("a", "怎么开启童锁？", "长按三秒。", "", ("童锁打开的步骤",))
    b = Entry("b", "怎么关闭童锁？", "长按五秒。", "", ("童锁关掉的步骤",))
    swapped = Pair(a, b, asks_a=(b.question,), asks_b=(a.question,), kind="opposite", trade="appliances")
    straight = replace(swapped, asks_a=swapped.asks_b, asks_b=swapped.asks_a)
    assert {each.outcome for each in ask([swapped])} == {Outcome.OTHER}
    assert {each.outcome for each in ask([straight])} == {Outcome.RIGHT}
    assert all(each.peer_other for each in ask([swapped]))


def test_one_thing_decides_even_between_two_entries_alone() -> None:
    a = Entry("a", "5000公里保养做哪些项目？", "换机油。", "", ("五千公里的保养都做什么",))
    b = Entry("b", "10000公里保养做哪些项目？", "换机油和滤芯。", "", ("一万公里的保养都做什么",))
    base = KnowledgeBase.build([a, b])
    found = base.search("一万公里保养做哪些项目")
    assert found[0].entry.id == "b"
    assert decide(found[0].confidence, base.thresholds) == "answer"
