"""Entries are found as people ask for them, and the knowledge base knows how sure it is."""

import threading
import time

import pytest

from knowledgebase.model import Entry
from knowledgebase.search import KnowledgeBase

ENTRIES = (
    Entry("tyre-when", "轮胎多久换一次？", "一般 5 年或 6 万公里。", "轮胎", ("轮胎几年换", "车胎多长时间换一次")),
    Entry("tyre-price", "换一条轮胎多少钱？", "按规格报价。", "轮胎", ("轮胎价格", "一个胎几块钱")),
    Entry("first-free", "首保要收费吗？", "首保免费。", "保养", ("首保免费吗", "第一次保养要钱吗")),
    Entry("first-when", "首保什么时候做？", "5,000 公里或 6 个月。", "保养", ("首保啥时候做", "第一次保养多少公里")),
    Entry("rescue", "怎么联系道路救援？", "拨打 400-000-0122。", "救援", ("车坏路上了怎么办", "道路救援电话")),
)


@pytest.fixture(scope="module")
def base() -> KnowledgeBase:
    return KnowledgeBase.build(ENTRIES)


@pytest.mark.parametrize(
    ("utterance", "entry_id"),
    [
        ("轮胎多久换一次?", "tyre-when"),
        ("輪胎多久換一次", "tyre-when"),
        ("轮 胎 多 久 换 一 次", "tyre-when"),
        ("轮抬多久换", "tyre-when"),
        ("请问一下轮胎一般是多长时间更换一次呢谢谢", "tyre-when"),
        ("轮胎什么价位", "tyre-price"),
        ("手保收费吗", "first-free"),
        ("第一次保养要不要掏钱", "first-free"),
        ("头一回保养几公里做", "first-when"),
        ("ＤＬＪＹ道路救援電話", "rescue"),
        ("轮\u200b胎\u202e多久换", "tyre-when"),
    ],
)
def test_the_first_match_is_right(base: KnowledgeBase, utterance: str, entry_id: str) -> None:
    assert base.search(utterance)[0].entry.id == entry_id


@pytest.mark.parametrize("utterance", ["轮胎多久换一次？", "首保免费吗", "道路救援电话"])
def test_a_known_wording_is_answered(base: KnowledgeBase, utterance: str) -> None:
    assert base.search(utterance)[0].confidence >= base.thresholds.answer


@pytest.mark.parametrize("utterance", ["今天天气怎么样", "讲个笑话", "怎么退机票", "你叫什么名字", "我要投诉你们"])
def test_what_nothing_answers_is_not_answered(base: KnowledgeBase, utterance: str) -> None:
    assert all(match.confidence < base.thresholds.answer for match in base.search(utterance))


@pytest.mark.parametrize("utterance", ["", " ", "？！。", "\u200b", "\ud800", "qqqq", "👍", "\x00"])
def test_an_utterance_that_shares_nothing_has_no_match(base: KnowledgeBase, utterance: str) -> None:
    assert base.search(utterance) == []


def test_matches_are_ordered_and_their_confidences_are_chances(base: KnowledgeBase) -> None:
    for utterance in ("轮胎", "首保", "多少钱", "轮胎多久换一次"):
        matches = base.search(utterance)
        assert [m.score for m in matches] == sorted((m.score for m in matches), reverse=True)
        assert [m.confidence for m in matches] == sorted((m.confidence for m in matches), reverse=True)
        assert all(0 <= m.confidence <= 1 for m in matches)
        assert len({m.entry.id for m in matches}) == len(matches)


def test_a_match_names_the_nearest_wording_and_why(base: KnowledgeBase) -> None:
    match = base.search("车胎多长时间换一次")[0]
    assert match.wording == "车胎多长时间换一次"
    assert match.why["ratio"] == 1


def test_the_limit_is_kept(base: KnowledgeBase) -> None:
    assert len(base.search("轮胎首保救援多久多少钱", limit=2)) == 2


def test_an_empty_knowledge_base_finds_nothing() -> None:
    assert KnowledgeBase.build([]).search("轮胎多久换") == []


def test_entries_without_a_word_do_no_harm() -> None:
    base = KnowledgeBase.build([Entry("mute", "？", "。"), *ENTRIES])
    assert base.search("轮胎多久换一次")[0].entry.id == "tyre-when"


def test_a_hostile_utterance_of_100_kb_is_bounded(base: KnowledgeBase) -> None:
    for unit in ("轮胎", "不", "5,000", "\u0301", "一万", "a1-"):
        begun = time.process_time()
        base.search((unit * 100_000)[:100_000])
        assert time.process_time() - begun < 1


def test_many_threads_search_at_once(base: KnowledgeBase) -> None:
    expected = [[m.confidence for m in base.search(entry.question)] for entry in ENTRIES]
    found: list[list[list[float]]] = []

    def ask() -> None:
        found.append([[m.confidence for m in base.search(entry.question)] for entry in ENTRIES])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8
