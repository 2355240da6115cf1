"""What is no answer."""

import time

import pytest

from tickets.sla.holding import is_holding


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
    assert is_holding(text)


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
    assert not is_holding(text)


@pytest.mark.parametrize("text", ["稍" * 100_000, "请您先耐心" * 20_000, "我们会" * 12 + "!", "好" * 40])
def test_hostile_text_is_judged_in_no_time(text: str) -> None:
    started = time.process_time()
    is_holding(text)
    assert time.process_time() - started < 0.5
