"""What a message asks: one question or several, by itself or leaning on the question before."""

import pytest

from bot.intent import plain
from bot.questions import MOST_QUESTIONS, Asked, asked, is_follow_up, without_courtesy


def asks(text: str, before: str | None = None) -> Asked:
    return asked(plain(text), before)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("轮胎多久换一次？首保免费吗？", ("轮胎多久换一次?", "首保免费吗?")),
        ("轮胎多久换一次？首保免费吗", ("轮胎多久换一次?", "首保免费吗")),
        ("轮胎多久换一次。首保免费吗", ("轮胎多久换一次。", "首保免费吗")),
        ("轮胎多久换一次\n首保免费吗", ("轮胎多久换一次", "首保免费吗")),
        ("轮胎多久换一次，另外首保免费吗", ("轮胎多久换一次", "首保免费吗")),
        ("轮胎多久换一次 还有首保免费吗", ("轮胎多久换一次", "首保免费吗")),
        ("輪胎多久換？首保免費嗎？能開發票嗎？", ("轮胎多久换?", "首保免费吗?", "能开发票吗?")),
        ("您好！轮胎多久换？顺便问一下首保免费吗？谢谢！", ("轮胎多久换?", "首保免费吗?")),
        ("我有E40。保养多少钱？我在郊区。能上门吗？", ("我有e40，保养多少钱?", "我在郊区，能上门吗?")),
        ("轮胎多久换？多少钱？", ("轮胎多久换?", "轮胎换多少钱?")),
        ("A30胎压多少？那E40呢？", ("a30胎压多少?", "e40胎压多少?")),
        ("How often are tyres changed? What does it cost?", ("how often are tyres changed?", "what does it cost?")),
    ],
)
def test_marked_questions_are_told_apart(text: str, parts: tuple[str, ...]) -> None:
    assert asks(text).parts == parts


@pytest.mark.parametrize(
    ("text", "loose"),
    [
        ("轮胎多久换一次 首保免费吗", ("轮胎多久换一次", "首保免费吗")),
        ("轮胎多久换一次，首保免费吗", ("轮胎多久换一次", "首保免费吗")),
        ("轮胎多久换一次首保免费吗", ("轮胎多久换一次", "首保免费吗")),
        ("补胎多少钱四轮定位多少钱动平衡多少钱", ("补胎多少钱", "四轮定位多少钱", "动平衡多少钱")),
        ("首保免费吗在哪做", ("首保免费吗", "首保在哪做")),
        ("补胎多少钱，多久能好", ("补胎多少钱", "补胎多久能好")),
    ],
)
def test_questions_without_a_mark_are_proposed(text: str, loose: tuple[str, ...]) -> None:
    question = asks(text)
    assert question.parts == ()
    assert question.loose == loose


@pytest.mark.parametrize(
    "text",
    [
        "轮胎多久换一次？",
        "我的车是E40。保养多少钱？",
        "保养多少钱？我的车是E40。",
        "我的车开了三年，轮胎多久换",
        "你好 请问轮胎多久换一次",
        "刹车片 雨刮片 多久换",
        "换轮胎多少钱一条",
        "车坏了",
    ],
)
def test_one_question_stays_whole(text: str) -> None:
    question = asks(text)
    assert (question.parts, question.loose, question.bare) == ((), (), False)
    assert len(question.texts) == 1


def test_a_flood_of_questions_is_bounded() -> None:
    question = asks("".join(f"第{number}个怎么办？" for number in range(100)))
    assert len(question.parts) == MOST_QUESTIONS


@pytest.mark.parametrize(
    "text",
    [
        "那多少钱",
        "多少钱？",
        "要带什么",
        "需要带什么吗",
        "多久能好",
        "为什么",
        "那一般多久",
        "在哪里办",
        "贵吗",
        "怎么预约",
        "免费吗",
        "可以吗？",
    ],
)
def test_a_fragment_says_nothing_without_a_question_before(text: str) -> None:
    assert asks(text).bare
    assert not asks(text, "轮胎多久换一次？").bare
    assert "轮胎" in asks(text, "轮胎多久换一次？").whole[0]


@pytest.mark.parametrize(
    ("before", "text", "whole"),
    [
        ("轮胎多久换一次？", "那多少钱", "轮胎换多少钱"),
        ("喷漆一面多少钱？", "多久能好", "喷漆一面多久能好"),
        ("首保什么时候做？", "要带什么", "首保做要带什么"),
        ("A30 小保养多少钱？", "那E40呢", "e40 小保养多少钱？"),
        ("A30、X50 的首保什么时候做？", "P60呢？", "p60 的首保什么时候做？"),
        ("自动泊车怎么用？", "A30呢", "a30自动泊车怎么用？"),
        ("轮胎多久换一次？", "那刹车片呢", "刹车片多久换一次？"),
        ("轮胎多久换一次？", "刹车片？", "刹车片多久换一次？"),
        ("A30 小保养多少钱？", "大保养呢", "A30大保养多少钱？"),
        ("轮胎多久换一次？", "好的，那多少钱，谢谢", "轮胎换多少钱"),
    ],
)
def test_a_follow_up_is_made_whole(before: str, text: str, whole: str) -> None:
    assert asks(text, before).whole == (whole,)


def test_a_text_that_points_back_is_read_with_and_without_the_question_before() -> None:
    assert asks("那个轮胎多少钱一条", "轮胎多久换一次？").whole == ("轮胎换轮胎多少钱一条", "轮胎多少钱一条")


@pytest.mark.parametrize(
    "text",
    ["轮胎多久换一次", "那天下雨轮胎打滑怎么办", "这款车有几个颜色", "刹车片呢怎么换才又省钱又安全还不用等很久"],
)
def test_a_question_of_its_own_is_no_follow_up(text: str) -> None:
    assert not is_follow_up(plain(text))


@pytest.mark.parametrize(
    ("text", "core"),
    [
        ("您好，请问轮胎多久换", "轮胎多久换"),
        ("你好！在吗？轮胎多久换，谢谢", "轮胎多久换"),
        ("好的 那E40呢", "那e40呢"),
        ("hi how much is it", "how much is it"),
        ("hike", "hike"),
        ("你好", "你好"),
        ("谢谢", "谢谢"),
    ],
)
def test_courtesy_is_taken_off_unless_it_is_all_there_is(text: str, core: str) -> None:
    assert without_courtesy(plain(text)) == core
