"""Manners around a question and English in it, which change nothing of what is asked."""

import pytest

from knowledgebase.wording.english import in_chinese
from knowledgebase.wording.manners import without_manners
from knowledgebase.wording.text import compact, spoken


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("你好，请问怎么退款，谢谢", "怎么退款"),
        ("在吗？想咨询一下，首保 急，在线等", "首保"),
        ("不好意思打扰了,A30几公里保养 拜托帮我看看", "A30几公里保养"),
        ("亲，这个能退吗，谢谢啦！", "这个能退吗"),
    ],
)
def test_manners_before_and_behind_are_left_out(said: str, asked: str) -> None:
    assert compact(said) == compact(asked)


@pytest.mark.parametrize(
    "text", ["谢谢", "你好", "请问", "在线等", "亲密付怎么开", "客服电话多少", "喂奶多久一次", "太麻烦"]
)
def test_what_only_looks_polite_or_is_all_there_is_stays(text: str) -> None:
    assert without_manners(text) == text


@pytest.mark.parametrize(
    ("mixed", "chinese"),
    [
        ("密码忘了怎么reset", "密码忘了怎么重置"),
        ("test drive怎么book", "试驾怎么预约"),
        ("vip会员有什么用", "会员有什么用"),
        ("qr码打不开", "二维码打不开"),
        ("iphone pro max 充电", "iphone pro max 充电"),
        ("4s店和x50", "4s店和x50"),
    ],
)
def test_english_words_are_said_in_chinese_once(mixed: str, chinese: str) -> None:
    assert in_chinese(mixed) == chinese


def test_an_encoder_reads_what_is_asked_in_chinese_and_without_manners() -> None:
    assert spoken("您好，请问 WiFi 密码是多少？谢谢") == "无线网络 密码是多少"
