"""What two questions differ in although nearly every word is the same."""

import time

import pytest

from knowledgebase.model import Entry
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.contrasts import DIFFERENCES, contrasts, differences
from knowledgebase.wording.text import compact


def between(asked: str, wording: str) -> set[str]:
    found = differences(contrasts(compact(asked)), contrasts(compact(wording)))
    return {name for name, value in zip(DIFFERENCES, found, strict=True) if value}


@pytest.mark.parametrize(
    ("asked", "wording", "difference"),
    [
        ("5,000 公里要做什么", "10,000 公里要做什么", "amount_conflict"),
        ("五千公里要做什么", "5000公里要做什么", "amount_same"),
        ("E40 首检", "P60 首检", "code_conflict"),
        ("e40首检", "E40 首检", "code_same"),
        ("首检什么时候", "E40 首检什么时候", "code_only_here"),
        ("充不进电怎么办", "充电怎么操作", "denial_conflict"),
        ("怎么开启哨兵模式", "怎么关闭哨兵模式", "opposite"),
        ("预约提前", "预约延期", "opposite"),
        ("多少钱", "多久", "kind_conflict"),
        ("换轮胎多少钱", "换轮胎什么价格", "kind_same"),
    ],
)
def test_a_difference_is_noticed(asked: str, wording: str, difference: str) -> None:
    assert difference in between(asked, wording)


@pytest.mark.parametrize(
    ("asked", "wording", "difference"),
    [
        ("能不能退", "能退吗", "denial_conflict"),
        ("有没有优惠", "有优惠吗", "denial_conflict"),
        ("不好意思，怎么退款", "怎么退款", "denial_conflict"),
        ("是不是要换", "要换吗", "denial_conflict"),
        ("12个月保养", "1年保养", "amount_conflict"),
        ("开了五千公里，换机油", "每 12 个月换机油", "amount_conflict"),
        ("开启和关闭", "开启和关闭", "opposite"),
        ("0w-20", "0W-20", "code_conflict"),
    ],
)
def test_the_same_thing_said_otherwise_is_no_difference(asked: str, wording: str, difference: str) -> None:
    assert difference not in between(asked, wording)


PAIRS = [
    ("怎么开启哨兵模式？", "怎么关闭哨兵模式？", "哨兵模式想开启", "哨兵模式想关闭"),
    ("E40 首检什么时候做？", "P60 首检什么时候做？", "首检啥时做啊我的是e40", "首检啥时做啊我的是p60"),
    ("5,000 公里要保养什么？", "10,000 公里要保养什么？", "到五千公里了保养什么", "到一万公里了保养什么"),
    ("充电桩可以退吗？", "充电桩不可以退怎么办？", "充电桩能退吗", "充电桩不能退"),
]


@pytest.mark.parametrize(("one", "other", "asks_one", "asks_other"), PAIRS)
@pytest.mark.parametrize("turned", [False, True])
def test_the_difference_alone_changes_the_winner(
    one: str, other: str, asks_one: str, asks_other: str, turned: bool
) -> None:
    entries = [Entry("one", one, "答一"), Entry("other", other, "答二"), Entry("far", "积分有效期多久？", "答三")]
    base = KnowledgeBase.build(entries[::-1] if turned else entries)
    assert base.search(asks_one)[0].entry.id == "one"
    assert base.search(asks_other)[0].entry.id == "other"


@pytest.mark.parametrize("unit", ["不", "没有没", "开关", "a1", "1.", "5,000", "能不能", "一", "万"])
def test_hostile_text_costs_little(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    contrasts("")
    begun = time.process_time()
    contrasts(text[:4_000])
    contrasts(compact(text))
    assert time.process_time() - begun < 1
