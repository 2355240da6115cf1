"""An explanation names what really joined a question to an entry, and what decided."""

import dataclasses

import pytest

from knowledgebase.matching.explain import GROUPS, Explanation, Ground, Group, Link, explain
from knowledgebase.matching.match import FEATURES
from knowledgebase.model import Entry, Thresholds
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.contrasts import Topic

ENTRIES = (
    Entry("tyre-when", "轮胎多久换一次？", "一般 5 年或 6 万公里。", "轮胎", ("轮胎几年换", "车胎多长时间换一次")),
    Entry("tyre-price", "换一条轮胎多少钱？", "按规格报价。", "轮胎", ("轮胎价格", "一个胎几块钱")),
    Entry("first-free", "首保要收费吗？", "首保免费。", "保养", ("首保免费吗", "第一次保养要钱吗")),
    Entry("oil-5000", "5000公里要换机油吗？", "要。", "保养", ("跑了5000公里换机油",)),
    Entry("sentry-on", "怎么开启哨兵模式？", "在设置里打开。", "车机"),
    Entry("sentry-fails", "哨兵模式不能用怎么办？", "请重启车机。", "车机"),
    Entry("x50-seat", "X50 座椅怎么放倒？", "拉起拉手。", "车机"),
    Entry("rescue", "怎么联系道路救援？", "拨打 400-000-0122。", "救援", ("道路救援电话",)),
)
HOSTILE = [
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "[bold]换轮胎[/bold]",
    "\x1b[31m换轮胎\x07",
    "\u202e换轮胎\u200b",
    "\ud800换轮胎",
    "换" * 5_000,
    "胎轮" * 2_000,
    "'; DROP TABLE entry; --",
    "%s %(x)s {x}",
    "👍🏽" * 50,
]


@pytest.fixture(scope="module")
def base() -> KnowledgeBase:
    return KnowledgeBase.build(ENTRIES)


def links(explanation: Explanation) -> dict[str, tuple[Link, str]]:
    """The words of the question with their links to the first match."""
    return {joint.said: (joint.link, joint.there) for joint in explanation.matches[0].joints}


@pytest.mark.parametrize(
    ("utterance", "entry_id", "said", "link", "there"),
    [
        ("轮胎多久换一次", "tyre-when", "轮胎", Link.SAME, "轮胎"),
        ("轱辘多久换一次", "tyre-when", "轱辘", Link.SYNONYM, "轮胎"),
        ("头一回保养要不要掏钱", "first-free", "头一回保养", Link.SYNONYM, "第1次保养"),
        ("手保要收费吗", "first-free", "手", Link.SOUND, "首"),
        ("轮抬多久换一次", "tyre-when", "抬", Link.SOUND, "胎"),
        ("轮眙多久换一次", "tyre-when", "眙", Link.TYPO, "胎"),
        ("輪胎多久換一次", "tyre-when", "轮胎", Link.SAME, "轮胎"),
        ("道路救援找谁", "rescue", "谁", Link.MISSING, ""),
        ("首保掏钱吗", "first-free", "掏钱", Link.SYNONYM, "收费"),
    ],
)
def test_each_word_of_the_question_is_told_with_what_joined_it(
    base: KnowledgeBase, utterance: str, entry_id: str, said: str, link: Link, there: str
) -> None:
    explanation = explain(base, utterance, 1)
    assert explanation.matches[0].entry_id == entry_id
    assert links(explanation)[said] == (link, there)


def test_what_sounded_alike_is_told_with_its_syllable(base: KnowledgeBase) -> None:
    first = explain(base, "轮抬多久换一次").matches[0]
    assert [joint.sound for joint in first.joints if joint.link is Link.SOUND] == ["tai"]


def test_a_character_is_taken_for_a_typo_only_where_no_entry_has_it_between_its_neighbours(
    base: KnowledgeBase,
) -> None:
    other = KnowledgeBase.build([*ENTRIES, Entry("noise", "轮眙是什么？", "眙多。", "其他", ("眙多了怎么办",))])
    assert links(explain(base, "轮眙多久换一次"))["眙"][0] is Link.TYPO
    assert links(explain(other, "轮眙多久换一次"))["眙"][0] is not Link.TYPO


@pytest.mark.parametrize(
    ("utterance", "entry_id", "topic", "agrees", "asked", "wording"),
    [
        ("跑了10000公里换机油", "oil-5000", Topic.AMOUNT, False, ("10000公里",), ("5000公里",)),
        ("跑了五千公里换机油", "oil-5000", Topic.AMOUNT, True, ("5000公里",), ("5000公里",)),
        ("A30座椅怎么放倒", "x50-seat", Topic.CODE, False, ("a30",), ("x50",)),
        ("x50座椅怎么放倒", "x50-seat", Topic.CODE, True, ("x50",), ("x50",)),
        ("座椅怎么放倒", "x50-seat", Topic.CODE, False, (), ("x50",)),
        ("怎么关闭哨兵模式", "sentry-on", Topic.OPPOSITE, False, ("关闭",), ("开启",)),
        ("哨兵模式能用怎么办", "sentry-fails", Topic.DENIAL, False, (), ("不",)),
        ("换轮胎的价格", "tyre-price", Topic.KIND, True, ("价格",), ("价格",)),
    ],
)
def test_what_differs_or_agrees_is_told_with_the_words_that_show_it(
    base: KnowledgeBase,
    utterance: str,
    entry_id: str,
    topic: Topic,
    agrees: bool,
    asked: tuple[str, ...],
    wording: tuple[str, ...],
) -> None:
    match = next(one for one in explain(base, utterance, 8).matches if one.entry_id == entry_id)
    told = {(one.topic, one.agrees): (one.asked, one.wording) for one in match.contrasts}
    assert told[topic, agrees] == (asked, wording)


def test_a_denial_that_only_the_entrys_own_question_contradicts_is_told() -> None:
    base = KnowledgeBase.build([Entry("on", "蓝牙怎么连接？", "点一下。", "", ("蓝牙连不上手机",)), *ENTRIES])
    first = explain(base, "蓝牙连不上手机了").matches[0]
    assert [(one.topic, one.asked, one.wording) for one in first.contrasts] == [
        (Topic.QUESTION_DENIAL, ("不",), ()),
    ]


@pytest.mark.parametrize(
    ("utterance", "ground", "decision"),
    [
        ("", Ground.EMPTY, "handoff"),
        ("？！ \u200b", Ground.EMPTY, "handoff"),
        ("qqqq", Ground.NOTHING_SHARED, "handoff"),
        ("今天天气怎么样", Ground.UNSURE, "handoff"),
        ("轮胎", Ground.PLAUSIBLE, "clarify"),
        ("轮胎多久换一次", Ground.VERBATIM, "answer"),
        ("头一回保养要不要掏钱", Ground.SURE, "answer"),
    ],
)
def test_the_decision_has_its_reason(base: KnowledgeBase, utterance: str, ground: Ground, decision: str) -> None:
    explanation = explain(base, utterance)
    assert (explanation.ground, explanation.decision) == (ground, decision)
    assert (explanation.margin is None) == (len(explanation.matches) < 2)


def test_the_thresholds_in_force_decide(base: KnowledgeBase) -> None:
    strict = explain(base, "轮胎多久换一次", 3, Thresholds(answer=0.9995, clarify=0.9994))
    assert (strict.decision, strict.ground, strict.thresholds.answer) == ("handoff", Ground.UNSURE, 0.9995)


def test_an_explanation_is_of_the_search_that_answers_customers(base: KnowledgeBase) -> None:
    for utterance in ("轮抬多久换", "怎么关闭哨兵模式", "首保"):
        found, explained = base.search(utterance, 5), explain(base, utterance, 5)
        assert [(m.entry.id, m.confidence, m.score, m.wording) for m in found] == [
            (m.entry_id, m.confidence, m.score, m.wording) for m in explained.matches
        ]
        assert explained.margin == found[0].confidence - found[1].confidence
        for match in explained.matches:
            assert sum(part.points for part in match.parts) == pytest.approx(match.score, abs=0.01)
            for_it = [part.share for part in match.parts if part.points > 0]
            assert sum(for_it) == pytest.approx(1 if for_it else 0)


def test_the_margin_is_there_when_only_one_match_is_wanted(base: KnowledgeBase) -> None:
    one, three = explain(base, "轮抬多久换", 1), explain(base, "轮抬多久换", 3)
    assert (len(one.matches), one.margin) == (1, three.margin)


def test_every_feature_belongs_to_one_group() -> None:
    assert set(GROUPS) == set(FEATURES)
    assert set(GROUPS.values()) == set(Group)


def test_the_question_is_told_as_it_was_read(base: KnowledgeBase) -> None:
    explanation = explain(base, "請問Ｘ50 的轮胎呢，跑了5千公里")
    assert explanation.normalised == "请问x50 的轮胎呢,跑了5千公里"
    assert explanation.read == "x50的轮胎呢跑了5000公里"
    told = {word.said: (word.counts, word.known) for word in explanation.words}
    assert told["呢"][0] is False
    assert told["轮胎"] == (True, True)
    assert explanation.unseen == "的呢"


@pytest.mark.parametrize("utterance", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_asked_is_explained_in_bounded_words(base: KnowledgeBase, utterance: str) -> None:
    explanation = explain(base, utterance, 5)
    assert len(explanation.normalised) <= 240
    assert explanation.normalised.isprintable()
    assert dataclasses.asdict(explanation) == dataclasses.asdict(explain(base, utterance, 5))


def test_an_empty_knowledge_base_shares_nothing() -> None:
    assert explain(KnowledgeBase.build([]), "轮胎").ground is Ground.NOTHING_SHARED
