"""Numbers and addresses as people type them."""

import pytest

from tickets.contact_details import ContactDetails, mask, parse_details


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("13900000000", "+8613900000000"),
        ("139 0000 0000", "+8613900000000"),
        ("139-0000-0000", "+8613900000000"),
        ("  +86 139 0000 0000  ", "+8613900000000"),
        ("+8613900000000", "+8613900000000"),
        ("０１３９００００００００"[1:], "+8613900000000"),
        ("＋８６　１３９００００００００", "+8613900000000"),
        ("\u202d13900000000\u202c", "+8613900000000"),
        ("139\u200b00000000", "+8613900000000"),
        ("400-000-0101", "+864000000101"),
        ("4000000101", "+864000000101"),
        ("(010) 6500 0000", "+861065000000"),
    ],
)
def test_a_phone_number_is_understood_however_it_is_written(typed: str, value: str) -> None:
    assert parse_details(typed) == ContactDetails("phone", value)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("lin@example.com", "lin@example.com"),
        (" Lin.Mei+car@Example.COM ", "Lin.Mei+car@example.com"),
        ("ｌｉｎ＠ｅｘａｍｐｌｅ．ｃｏｍ", "lin@example.com"),
    ],
)
def test_a_mail_address_is_understood(typed: str, value: str) -> None:
    assert parse_details(typed) == ContactDetails("email", value)


@pytest.mark.parametrize(
    "typed",
    [
        "", "   ", "\u200b", "你好", "12345", "139", "1390000000", "139000000000", "23900000000", "abc",
        "1-800-FLOWERS",
        "lin@", "@example.com", "lin@localhost", "lin@example", "lin@@example.com", "lin@exa mple.com",
        "lin@example.com\nBcc: x@example.com", "lin@example.com, mei@example.com", "Lin <lin@example.com>",
        "13900000000 和 13900000001", "我的电话是13900000000", "9" * 5000, "a" * 400 + "@example.com",
        "+86 139 0000 0000 ext 5", "110",
    ],
)  # fmt: skip
def test_what_is_neither_is_refused(typed: str) -> None:
    assert parse_details(typed) is None


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("+8613900000123", "139****0123"),
        ("lin@example.com", "l***@example.com"),
        ("12345", "****45"),
        ("", "****"),
    ],
)
def test_a_masked_value_hides_its_middle(value: str, masked: str) -> None:
    assert mask(value) == masked
