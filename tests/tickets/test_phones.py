"""Phone numbers to which an SMS can go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets import phones
from tickets.phones import PhoneError, PhoneFault


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("13800000012", "+8613800000012"),
        ("138 0000 0012", "+8613800000012"),
        ("138-0000-0012", "+8613800000012"),
        (" +86 138 0000 0012 ", "+8613800000012"),
        ("0086 138 0000 0012", "+8613800000012"),
        ("86 13800000012", "+8613800000012"),
        ("＋８６ １３８００００００１２", "+8613800000012"),
        ("\u202d13800000012\u202c", "+8613800000012"),
        ("19800000012", "+8619800000012"),
        ("+852 6123 4567", "+85261234567"),
    ],
)
def test_a_mobile_number_is_understood_however_it_is_written(typed: str, value: str) -> None:
    assert phones.parse(typed) == value


@pytest.mark.parametrize("last", range(100))
def test_the_invented_numbers_are_numbers(last: int) -> None:
    assert phones.parse(f"138000000{last:02}") == f"+86138000000{last:02}"


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", PhoneFault.EMPTY),
        (" \u200b ", PhoneFault.EMPTY),
        ("zhou@example.com", PhoneFault.NOT_A_NUMBER),
        ("周工", PhoneFault.NOT_A_NUMBER),
        ("1-800-FLOWERS", PhoneFault.NOT_A_NUMBER),
        ("+", PhoneFault.NOT_A_NUMBER),
        ("13800000012 13800000013", PhoneFault.NOT_A_NUMBER),
        ("1" * 5000, PhoneFault.NOT_A_NUMBER),
        ("13800000012 ext 5", PhoneFault.NOT_A_NUMBER),
        ("13800000012#5", PhoneFault.NOT_A_NUMBER),
        ("138000", PhoneFault.IMPOSSIBLE),
        ("138000000123", PhoneFault.IMPOSSIBLE),
        ("+999 13800000012", PhoneFault.NOT_A_NUMBER),
        ("110", PhoneFault.IMPOSSIBLE),
        ("010-65000000", PhoneFault.NOT_MOBILE),
        ("400-000-0101", PhoneFault.NOT_MOBILE),
    ],
)
def test_what_is_none_is_refused_with_the_reason_and_without_its_text(typed: str, fault: PhoneFault) -> None:
    with pytest.raises(PhoneError) as caught:
        phones.parse(typed)
    assert caught.value.fault is fault
    assert not typed.strip() or typed not in str(caught.value)


def test_landlines_are_numbers_where_any_number_will_do() -> None:
    assert phones.parse_any("010-65000000") == "+861065000000"


@pytest.mark.parametrize(
    ("value", "digits"),
    [("+8613800000012", "13800000012"), ("+85261234567", "85261234567"), ("+12025550123", "12025550123")],
)
def test_at_home_the_country_code_is_left_out(value: str, digits: str) -> None:
    assert phones.national(value) == digits


@pytest.mark.parametrize(
    ("value", "masked"),
    [("+8613800000012", "138****0012"), ("+85261234567", "+852****4567"), ("12", "****12"), ("", "****")],
)
def test_a_masked_number_hides_its_middle(value: str, masked: str) -> None:
    assert phones.masked(value) == masked


@given(st.text(st.characters(codec=None)) | st.text("+0123456789 -()（）＋０１２３;,#extx.*/\u200b", max_size=40))
def test_any_text_is_a_number_that_reads_the_same_again_or_an_error(typed: str) -> None:
    try:
        number = phones.parse(typed)
    except PhoneError:
        return
    assert phones.parse(number) == number
    assert number.isascii()
    assert number[1:].isdigit()
    assert "****" in phones.masked(number)
