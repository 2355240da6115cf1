"""What tells who somebody is, covered in a text; what does not, left alone."""

import pytest

from knowledgebase.learning.masking import mask_personal


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("我的电话是138 0013 8000，请回电", "我的电话是×××，请回电"),
        ("+86-13800138000", "×××"),
        ("１３８００１３８０００", "×××"),
        ("请发到 lin.x@example.com 谢谢", "请发到 ××× 谢谢"),
        ("身份证11010519491231002X丢了", "身份证×××丢了"),
        ("家里010-62345678", "家里×××"),
        ("(021) 6234 5678", "×××"),
        ("京A·12345 怎么查违章", "××× 怎么查违章"),
        ("沪AD12345怎么过户", "×××怎么过户"),
        ("车架号LSVAM4187C2184847能召回吗", "车架号×××能召回吗"),
        ("微信：lin_12345", "微信：×××"),
        ("卡号6222 0212 3456 7890 123", "卡号×××"),
        ("订单20261123000123到哪了", "订单×××到哪了"),
        ("+44 20 7946 0958", "×××"),
        ("13800138000和13900139000都打不通", "×××和×××都打不通"),
    ],
)
def test_what_tells_who_somebody_is_is_covered(written: str, masked: str) -> None:
    assert mask_personal(written) == masked


@pytest.mark.parametrize(
    "written",
    [
        "5000公里还是10000公里保养",
        "预约电话 400-000-0101，保险报案 95518",
        "4008001234",
        "2026年11月23日 10:30 可以吗",
        "2026-11-23 10:30 可以吗",
        "工单 2611-0042",
        "微信支付可以吗",
        "E40 和 E60 有什么区别",
        "轮胎 205/55R16 91V 多少钱",
        "",
    ],
)
def test_other_numbers_and_words_stay(written: str) -> None:
    assert mask_personal(written) == written


def test_a_long_text_is_covered_in_no_time() -> None:
    hostile = "1 3-" * 10_000 + "a" * 20_000 + "@" + "a." * 10_000
    assert mask_personal(hostile)
