"""What a mail asks, by a table of mails."""

import time

import pytest

from bot.mail.asking import MOST_QUESTIONS, MOST_SENTENCES, read_mail

# Subject, text, and the questions as they were written.
MAILS: list[tuple[str, str, list[str]]] = [
    ("轮胎多久换一次", "", ["轮胎多久换一次"]),
    ("轮胎多久换一次", "如题", ["轮胎多久换一次"]),
    ("輪胎多久換一次", "如題，謝謝", ["輪胎多久換一次"]),
    ("How often are tyres changed?", "see subject", ["How often are tyres changed?"]),
    ("咨询", "您好，请问轮胎多久换一次？谢谢！\n\n李强", ["您好，请问轮胎多久换一次？"]),
    ("无主题", "尊敬的客服：\n\n您好！\n轮胎多久换一次？\n\n此致\n敬礼\n\n李强\n2026年11月26日", ["轮胎多久换一次？"]),
    (
        "几个问题",
        "客服您好：\n我是E40车主，想咨询以下几个问题：\n1. 轮胎多久换一次？\n2、充电桩安装要多少钱\n"
        "（3）首保什么时候做？\n盼复，谢谢！",
        ["轮胎多久换一次？", "充电桩安装要多少钱", "首保什么时候做？"],
    ),
    ("", "- 换轮胎多少钱\n- 首保什么时候做", ["换轮胎多少钱", "首保什么时候做"]),
    ("", "①轮胎多久换一次\n②首保免费吗", ["轮胎多久换一次", "首保免费吗"]),
    ("", "轮胎多久换一次？另外，首保免费吗？期待您的回复。", ["轮胎多久换一次？", "另外，首保免费吗？"]),
    ("保险怎么理赔", "另外轮胎多久换一次？", ["保险怎么理赔", "另外轮胎多久换一次？"]),
    ("轮胎", "轮胎多久换一次？\n订单号：A12345678\n手机：13900000000", ["轮胎多久换一次？"]),
    ("开不了机", "屏幕一直是黑的。麻烦尽快处理，谢谢。", ["屏幕一直是黑的。"]),
    ("", "轮胎多久换一次？刹车还有异响。", ["轮胎多久换一次？", "刹车还有异响"]),
    (
        "Question",
        "Dear team,\n\nMy name is Tom.\nHow often are tyres changed? Is the first service free?\n\n"
        "Best regards,\nTom Smith",
        ["How often are tyres changed?", "Is the first service free?"],
    ),
    ("你好", "您好！\n", []),
    ("", "", []),
    ("Re: 轮胎", "谢谢您的回复！", ["轮胎"]),
]


@pytest.mark.parametrize(("subject", "written", "asked"), MAILS)
def test_the_questions_of_a_mail_are_found_and_its_manners_are_not(
    subject: str, written: str, asked: list[str]
) -> None:
    assert [one.wording for one in read_mail(subject, written).questions] == asked


@pytest.mark.parametrize(
    ("subject", "written", "readings"),
    [
        ("咨询", "您好，我想咨询一下，轮胎多久换一次？麻烦了", ("轮胎多久换一次?",)),
        ("", "请问一下轮胎多久换一次，谢谢", ("轮胎多久换一次",)),
        ("轮胎", "多久换一次？", ("多久换一次?", "轮胎，多久换一次?")),
        ("轮胎多久换一次", "冬天开得少。多久换一次？", ("冬天开得少，多久换一次?", "多久换一次?", "轮胎多久换一次")),
        ("", "上个月在你们店里提的车，首保免费吗？", ("上个月在你们店里提的车,首保免费吗?", "首保免费吗?")),
        ("屏幕黑了", "屏幕一直是黑的。", ("屏幕一直是黑的", "屏幕黑了")),
    ],
)
def test_a_question_is_looked_up_in_each_way_it_may_be_read(
    subject: str, written: str, readings: tuple[str, ...]
) -> None:
    assert [one.readings for one in read_mail(subject, written).questions] == [readings]


def test_a_question_that_leans_on_the_one_before_it_is_made_whole() -> None:
    asked = read_mail("", "1. 轮胎多久换一次？\n2. 多少钱？").questions
    assert asked[1].readings == ("轮胎换多少钱?",)


def test_two_questions_in_one_sentence_are_told_apart_if_the_knowledge_base_knows_both() -> None:
    (asked,) = read_mail("", "轮胎多久换一次，首保免费吗？").questions
    assert asked.loose == ("轮胎多久换一次", "首保免费吗")


@pytest.mark.parametrize(
    "written",
    [
        "我按照你们说的重启了，还是不行，怎么办？",
        "上次你们说三天内处理，到现在没人联系，轮胎到底多久换一次？",
        "I already tried that. How do I reset it?",
        "昨天开车去郊外，路上屏幕黑了一次，过了十分钟又亮了，然后导航找不到位置。" * 5 + "怎么办？",
    ],
)
def test_a_case_of_its_own_is_a_story(written: str) -> None:
    assert read_mail("", written).story


def test_a_plain_question_is_no_story() -> None:
    assert not read_mail("咨询", "您好，我是E40车主。请问轮胎多久换一次？谢谢！").story


def test_thanks_alone_say_nothing_and_are_polite() -> None:
    asked = read_mail("", "非常感谢您的回复！\n\n祝商祺\n李强")
    assert (asked.said, asked.polite) == ("", True)
    assert not read_mail("", "你好").polite


def test_more_questions_than_are_looked_up_are_named_all_the_same() -> None:
    asked = read_mail("", "\n".join(f"{number}. 第{number}样东西多少钱？" for number in range(1, 10)))
    assert len(asked.questions) == MOST_QUESTIONS
    assert len(asked.beyond) == 9 - MOST_QUESTIONS


def test_a_mail_of_more_sentences_than_anybody_asks_is_for_a_person() -> None:
    sentences = "".join(f"第{number}样东西多少钱？" for number in range(MOST_SENTENCES + 1))
    assert read_mail("", sentences).story
    assert not read_mail("", "轮胎多久换一次？首保免费吗？").story


@pytest.mark.parametrize(
    "piece",
    [
        "您好，",
        "谢谢",
        "麻烦",
        "期待您的",
        "1.",
        "a",
        "我是",
        "订单号：",
        "我按照",
        "祝您",
        "客服",
        " ",
        "\n",
        "？",
        "另外，",
        "best ",
        "您好？",
        "我是？",
        "订单号？\n",
        "轮胎多久换一次？",
    ],
)
def test_no_mail_takes_long_to_read(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    begun = time.process_time()
    read_mail(text, text)
    assert time.process_time() - begun < 1
