"""Whoever writes a question hears whose it is already."""

import pytest

from knowledgebase.authoring.advice import Hint, advise
from knowledgebase.model import Entry
from knowledgebase.search import KnowledgeBase

TYRE = Entry("tyre", "轮胎多久换一次？", "5 年。", "轮胎", ("车胎几年更换", "轮胎的使用寿命"))
PRICE = Entry("price", "换一条轮胎多少钱？", "600 元。", "轮胎", ("更换轮胎的费用",))
FREE = Entry("free", "首次保养免费吗？", "免费。", "保养", ("首保要钱吗",))
SURE = 0.3


@pytest.fixture(scope="module")
def base() -> KnowledgeBase:
    return KnowledgeBase.build([TYRE, PRICE, FREE])


@pytest.mark.parametrize(
    ("questions", "told"),
    [
        (["怎么开发票？"], []),
        (["轮胎多久换一次"], [(0, Hint.TAKEN, "tyre")]),
        (["怎么开发票？", "发票怎么开", "首保要钱吗？"], [(2, Hint.TAKEN, "free")]),
        (["怎么开发票？", "首次保养是不是免费"], [(1, Hint.NEARER, "free")]),
        (["怎么开发票？", "怎么 开发票"], [(1, Hint.DOUBLED, None)]),
        (["", "？？"], []),
    ],
)
def test_a_new_entry_is_told_what_stands_in_its_way(
    base: KnowledgeBase, questions: list[str], told: list[tuple[int, Hint, str | None]]
) -> None:
    found = advise(base, "invoice", questions, SURE)
    assert [(one.place, one.hint, one.other.id if one.other else None) for one in found] == told


def test_an_entry_does_not_stand_in_its_own_way(base: KnowledgeBase) -> None:
    assert advise(base, "tyre", [TYRE.question, *TYRE.similar], SURE) == []
