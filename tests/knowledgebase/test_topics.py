"""Questions asked in vain become topics; confirmed wordings become offers; both say what they would buy."""

import random
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.topics import parts, quality
from knowledgebase.learning.asked import AskedQuestion, Decided
from knowledgebase.learning.deflection import experience, next_entries
from knowledgebase.learning.likeness import Meaning, together
from knowledgebase.learning.topics import WEEK_MS, WINDOW_MS, Search, Suggestion, Topic, topics, waits
from knowledgebase.learning.wordings import Offer, hash_of, offers
from knowledgebase.model import Entry
from knowledgebase.search import KnowledgeBase

NOW = 1_795_399_200_000
DAY = WEEK_MS // 7
TYRE = Entry("tyre", "轮胎多久换一次？", "5 年。", "轮胎", ("轮胎几年换", "车胎多长时间换一次"))
FREE = Entry("free", "首保免费吗？", "免费。", "保养", ("第一次保养要钱吗",))
WASH = Entry("wash", "可以免费洗车吗？", "可以。", "保养", ("送洗车吗",))
BASE = KnowledgeBase.build([TYRE, FREE, WASH])
PLAIN = AskedQuestion("", "talk", "chat", "", Decided.HANDOFF, None, None, 0.1, NOW)

IMPORTS = ("外地车能上本地牌吗", "外地车怎么上本地牌", "外地买的车可以上本地牌吗")
CAMPING = ("露营用的外放电怎么开", "外放电怎么用来露营", "露营外放电开关在哪")


def ask(*texts: str, **fields: object) -> list[AskedQuestion]:
    """Questions that ask this, a day apart, the first of them today."""
    blank = replace(PLAIN, **fields)  # type: ignore[arg-type]
    return [
        replace(blank, message_id=f"{text}-{place}", text=text, asked_at=blank.asked_at - place * DAY)
        for place, text in enumerate(texts)
    ]


def gathered(questions: list[AskedQuestion]) -> list[Topic]:
    found = {one.text: BASE.search(one.text) for one in questions}
    known = [text for entry in BASE.entries for text in (entry.question, *entry.similar)]
    search = Search(found, known, BASE.matcher.vocabulary, answer=0.95)
    return topics(questions, search, NOW)


# --- Topics -----------------------------------------------------------------------------------------------------


def test_what_means_the_same_becomes_one_topic_the_most_frequent_first() -> None:
    found = gathered(ask(*CAMPING) + ask(*IMPORTS, IMPORTS[0]))
    assert [sorted(set(topic.wordings)) for topic in found] == [sorted(IMPORTS), sorted(CAMPING)]
    assert [len(topic.questions) for topic in found] == [4, 3]
    assert {topic.suggestion for topic in found} == {Suggestion.NEW_ENTRY}


def test_topics_do_not_depend_on_the_order_of_questions() -> None:
    questions = ask(*CAMPING) + ask(*IMPORTS)
    shuffled = random.Random(1).sample(questions, len(questions))
    assert {frozenset(one.questions) for one in gathered(shuffled)} == {
        frozenset(one.questions) for one in gathered(questions)
    }
    assert gathered(questions) == gathered(questions)


def test_the_trend_compares_this_week_with_the_one_before() -> None:
    old = ask(IMPORTS[0], asked_at=NOW - 20 * DAY)
    before = ask(IMPORTS[1], asked_at=NOW - 8 * DAY)
    now = ask(IMPORTS[0], IMPORTS[2])
    [topic] = gathered(now + before + [replace(one, message_id="old") for one in old])
    assert (len(topic.questions), topic.this_week, topic.week_before) == (4, 2, 1)
    assert topic.questions[0].asked_at == NOW


def test_what_lies_near_an_entry_is_suggested_as_its_wording() -> None:
    near = ask("车胎多少年换一次比较好")
    found = {near[0].text: BASE.search(near[0].text)}
    assert found[near[0].text][0].confidence > 0.5
    [topic] = topics(near, Search(found, [], BASE.matcher.vocabulary, answer=1.0), NOW)
    assert (topic.suggestion, topic.target_id) == (Suggestion.ADD_WORDING, "tyre")


def test_an_answer_that_did_not_solve_it_is_to_be_rewritten() -> None:
    disputed = ask("轮胎几年换", "轮胎几年换", decision=Decided.ANSWER, entry_id="tyre", entry_version=1, solved=False)
    [topic] = gathered(disputed)
    assert (topic.suggestion, topic.target_id) == (Suggestion.REWRITE, "tyre")


def test_what_is_answered_by_now_is_no_topic() -> None:
    assert gathered(ask("首保免费吗")) == []
    older = {"decision": Decided.ANSWER, "entry_id": "free", "entry_version": 0, "solved": False}
    assert gathered(ask("首保免费吗", **older)) == []


@pytest.mark.parametrize(
    ("question", "waiting"),
    [
        (PLAIN, True),
        (replace(PLAIN, decision=Decided.NOTED), True),
        (replace(PLAIN, decision=Decided.CLARIFY), True),
        (replace(PLAIN, decision=Decided.CLARIFY, chosen_entry_id="tyre"), False),
        (replace(PLAIN, decision=Decided.CLARIFY, chosen_entry_id="tyre", solved=False), True),
        (replace(PLAIN, decision=Decided.ANSWER, entry_id="tyre"), False),
        (replace(PLAIN, decision=Decided.ANSWER, entry_id="tyre", solved=False), True),
        (replace(PLAIN, decision=Decided.ANSWER), False),
        (replace(PLAIN, corrected_entry_id="tyre"), False),
        (replace(PLAIN, act_id="act"), False),
    ],
)
def test_a_question_waits_until_it_is_answered_or_dealt_with(question: AskedQuestion, waiting: bool) -> None:
    assert waits(question) is waiting


def test_nothing_asked_makes_no_topic() -> None:
    assert gathered([]) == []
    assert together(np.zeros((0, 0))) == []


def test_groups_are_joined_by_their_mean_and_the_first_of_equals_goes_first() -> None:
    alike = np.array([[1.0, 0.9, 0.1, 0.0], [0.9, 1.0, 0.5, 0.0], [0.1, 0.5, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]], float)
    assert together(alike, 0.6) == [[0, 1], [2], [3]]
    assert together(alike, 0.3) == [[0, 1, 2], [3]]
    assert together(alike, 0.31) == [[0, 1], [2], [3]]


def test_the_quality_of_groups_is_1_when_they_are_as_expected_and_near_0_by_chance() -> None:
    perfect = quality([[0, 1], [2, 3]], ("a", "a", "b", "b"))
    assert (perfect.ari, perfect.purity, perfect.b3, perfect.share) == (1.0, 1.0, 1.0, 1.0)
    crossed = quality([[0, 2], [1, 3]], ("a", "a", "b", "b"))
    assert crossed.ari < 0
    assert crossed.purity == crossed.b3 == 0.5


# --- What entries would buy -------------------------------------------------------------------------------------


def test_the_next_entries_are_ranked_by_what_they_would_answer() -> None:
    vain = ask(*CAMPING) + ask(*IMPORTS, IMPORTS[0])
    answered = ask(*["轮胎几年换"] * 13, decision=Decided.ANSWER, entry_id="tyre", entry_version=1)
    known = experience(vain + answered, NOW)
    assert (known.asked, known.with_entry, known.solved) == (20, 13, 13)
    first, second = next_entries(gathered(vain), known)
    assert (first.topic.title in IMPORTS, second.topic.title in CAMPING) == (True, True)
    assert first.per_week == pytest.approx(4 / known.weeks)
    assert first.deflected == pytest.approx(first.per_week * known.share)
    assert second.gain == pytest.approx((4 + 3) / 20 * known.share)


def test_with_little_experience_the_share_is_a_careful_guess() -> None:
    assert experience([], NOW).share == pytest.approx(0.7)
    disputed = ask("轮胎几年换", decision=Decided.ANSWER, entry_id="tyre", solved=False)
    assert 0.6 < experience(disputed, NOW).share < 0.7
    assert experience(ask("老问题", asked_at=NOW - WINDOW_MS), NOW).asked == 0


# --- Wordings ---------------------------------------------------------------------------------------------------

ENTRIES = {entry.id: entry for entry in (TYRE, FREE, WASH)}


def offered(questions: list[AskedQuestion], *rejected: tuple[str, str]) -> list[Offer]:
    return offers(questions, ENTRIES, {one.text: BASE.search(one.text) for one in questions}, frozenset(rejected))


def test_a_wording_that_helped_is_offered_once_however_often_it_came() -> None:
    helped = {"decision": Decided.ANSWER, "entry_id": "tyre", "solved": True}
    [offer] = offered(ask("车胎该几年一换", "车胎该几年一换？", **helped))
    assert (offer.entry_id, offer.wording, len(offer.questions)) == ("tyre", "车胎该几年一换", 2)
    assert not offer.by_agent


def test_a_choice_counts_when_it_helped_and_an_agents_word_always() -> None:
    chosen = {"decision": Decided.CLARIFY, "entry_id": "free", "chosen_entry_id": "tyre"}
    assert offered(ask("胎要换了", **chosen)) == []
    assert [one.entry_id for one in offered(ask("胎要换了", solved=True, **chosen))] == ["tyre"]
    [offer] = offered(ask("胎要换了", corrected_entry_id="tyre"))
    assert offer.by_agent


def test_what_the_entry_says_already_or_was_rejected_is_not_offered() -> None:
    helped = {"decision": Decided.ANSWER, "entry_id": "tyre", "solved": True}
    assert offered(ask("轮胎几年换?", **helped)) == []
    assert offered(ask("车胎该几年一换", **helped), ("tyre", hash_of("车胎，该几年一换？"))) == []
    assert offered(ask("车胎该几年一换", act_id="act", **helped)) == []
    assert offered(ask("车胎该几年一换" * 20, **helped)) == []
    gone = {**helped, "entry_id": "gone"}
    assert offered(ask("车胎该几年一换", **gone)) == []


def test_a_wording_that_is_nearer_to_another_entry_says_so() -> None:
    [offer] = offered(ask("洗车免费吗", corrected_entry_id="free"))
    assert offer.nearer is not None
    assert offer.nearer.entry.id == "wash"


def test_what_was_covered_is_left_out_of_the_wording() -> None:
    [offer] = offered(ask("××× 的车胎该几年一换", corrected_entry_id="tyre"))
    assert offer.wording == "的车胎该几年一换"


def test_vectors_bring_together_what_shares_no_character() -> None:
    questions = ask("异地牌照转籍", "外省车牌换成本市", "空调不冷")
    rows = {"异地牌照转籍": [1.0, 0.1], "外省车牌换成本市": [1.0, 0.0], "空调不冷": [0.0, 1.0]}
    meaning = Meaning({text: np.array(row, np.float32) for text, row in rows.items()}, np.zeros(2, np.float32))
    search = Search({}, [], BASE.matcher.vocabulary, answer=0.95)
    assert len(topics(questions, search, NOW)) == 3
    gathered_by_meaning = topics(questions, replace(search, meaning=meaning), NOW)
    assert [set(topic.wordings) for topic in gathered_by_meaning] == [
        {"异地牌照转籍", "外省车牌换成本市"},
        {"空调不冷"},
    ]


def test_topics_agree_with_the_entries_that_would_answer_them() -> None:
    part = next(parts())
    found = quality(together(part.ours), part.expected)
    assert found.ari > 0.25
    assert found.purity > 0.75
    assert found.b3 > 0.68


def test_a_customer_who_was_just_asked_back_may_still_choose() -> None:
    assert gathered(ask(IMPORTS[0], decision=Decided.CLARIFY)) == []
    assert len(gathered(ask(IMPORTS[0], decision=Decided.CLARIFY, asked_at=NOW - DAY))) == 1
