"""Numbers are spelt in one way and known by their unit."""

import pytest

from knowledgebase.wording.quantities import amounts, canonical_numbers


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("5,000公里", "5000公里"),
        ("120,000公里", "120000公里"),
        ("五千公里", "5000公里"),
        ("一万五", "15000"),
        ("一万二千公里", "12000公里"),
        ("1.5万公里", "15000公里"),
        ("12万公里", "120000公里"),
        ("三千多公里", "3000多公里"),
        ("一百二十", "120"),
        ("一千零五", "1005"),
        ("十二个月", "12个月"),
        ("半年", "6个月"),
        ("一年半", "18个月"),
        ("两年", "2年"),
        ("10k", "10000"),
        ("万一坏了", "万一坏了"),
        ("千万别修", "千万别修"),
        ("一起去", "一起去"),
        ("统一价", "统一价"),
        ("十分满意", "十分满意"),
        ("0w-20", "0w-20"),
        ("5w-30", "5w-30"),
        ("400-000-0120", "400-000-0120"),
    ],
)
def test_numbers_have_one_spelling(written: str, plain: str) -> None:
    assert canonical_numbers(written) == plain


@pytest.mark.parametrize(
    ("one", "other"),
    [("1年", "12个月"), ("2小时", "120分钟"), ("1周", "7天"), ("5公里", "5千米"), ("30块", "30元")],
)
def test_the_same_amount_in_other_units_is_the_same(one: str, other: str) -> None:
    assert amounts(one) == amounts(other) != frozenset()


def test_a_model_name_is_no_amount() -> None:
    assert amounts("a30和x50") == frozenset()
