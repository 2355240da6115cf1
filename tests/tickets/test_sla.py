"""Due times, levels, and what is no answer."""

import time

import pytest

from tests.tickets.cast import HOUR, MINUTE, MORNING, POLICY
from tickets import sla
from tickets.model import Author, MessageKind


def test_an_answer_is_due_after_the_budget_in_natural_time() -> None:
    assert sla.due_at(MORNING, POLICY) == MORNING + 12 * HOUR


@pytest.mark.parametrize(
    ("level", "name", "next_after"),
    [(1, "agents", 30 * MINUTE), (2, "leads", HOUR), (3, "leads", HOUR), (40, "leads", HOUR)],
)
def test_the_chain_ends_with_its_last_level_again_and_again(level: int, name: str, next_after: int) -> None:
    assert sla.level_at(level, POLICY).name == name
    assert sla.next_alert_at(level, MORNING, POLICY) == MORNING + next_after


@pytest.mark.parametrize(("delay", "late"), [(0, False), (MINUTE, False), (MINUTE + 1, True), (-HOUR, False)])
def test_an_alert_is_late_only_beyond_the_allowance(delay: int, late: bool) -> None:
    assert sla.is_late(MORNING, MORNING + delay, POLICY) is late


@pytest.mark.parametrize(
    "text",
    [
        "请稍候", "请稍候。", "稍等", "您好，请稍等", "请您稍等一下哈~", "收到", "收到！", "收到了",
        "好的，收到", "已收到您的留言",
        "您的问题我们已经受理", "正在为您查询中……", "我帮您查一下", "我看看", "这边核实一下，请稍等片刻",
        "马上处理",
        "稍后给您回复", "我们会尽快联系您", "处理中", "请耐心等待，谢谢", "您好", "在的", "不好意思，稍等一下",
        "Please wait", "One moment, please.", "I'll check", "请 稍 候", "ＯＫ，请稍候",
        "我们会尽快处理您的问题",
        "稍后", "感谢您的耐心等待",
    ],
)  # fmt: skip
def test_a_phrase_that_only_asks_for_patience_is_holding(text: str) -> None:
    assert sla.is_holding(text)


@pytest.mark.parametrize(
    "text",
    [
        "轮胎一般每 6 万公里更换一次。", "可以的", "不可以", "好的", "是的", "明天上午 10 点到店即可",
        "请稍候，退款已经到账了",
        "收到退款通知后三天内到账", "您查一下短信", "请您查一下短信", "已处理", "已退款", "400-000-0101",
        "谢谢您的理解", "",
        "   ", "。。。", "OK", "已为您登记明天的预约", "等待配件到货需要三天", "确认", "预约已登记",
        "请稍候" * 20,
    ],
)  # fmt: skip
def test_a_text_that_says_something_is_no_holding_phrase(text: str) -> None:
    assert not sla.is_holding(text)


@pytest.mark.parametrize("text", ["稍" * 100_000, "请您先耐心" * 20_000, "我们会" * 12 + "!", "好" * 40])
def test_hostile_text_is_judged_in_no_time(text: str) -> None:
    started = time.process_time()
    sla.is_holding(text)
    assert time.process_time() - started < 0.05


@pytest.mark.parametrize(
    ("author", "kind", "answer"),
    [
        (Author.BOT, MessageKind.ANSWER, True),
        (Author.BOT, MessageKind.CLARIFY, True),
        (Author.BOT, MessageKind.SMALL_TALK, True),
        (Author.BOT, MessageKind.HANDOFF, False),
        (Author.BOT, MessageKind.NOTICE, False),
        (Author.BOT, MessageKind.HOLDING, False),
        (Author.AGENT, MessageKind.TEXT, True),
        (Author.AGENT, MessageKind.HOLDING, False),
        (Author.AGENT, MessageKind.NOTICE, False),
        (Author.CONTACT, MessageKind.TEXT, False),
    ],
)
def test_what_counts_as_an_answer(author: Author, kind: MessageKind, answer: bool) -> None:
    assert sla.is_answer(author, kind) is answer
