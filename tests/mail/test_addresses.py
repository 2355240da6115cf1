"""Addresses and Message-IDs that prove what they belong to."""

import pytest

from bot.config import Config
from bot.mail.addresses import LONGEST_LOCAL_PART, Signer, unsigned
from bot.mail.posting.outlets import outlets_of
from storage.database import new_id

OURS = Signer("a key that nobody knows")
THEIRS = Signer("another key")
DESK = "kefu@example.cn"


def test_each_purpose_reads_back_what_was_signed_for_it_in_any_case() -> None:
    one = new_id()
    assert OURS.conversation_of(OURS.reply_address(DESK, one).upper()) == one
    assert OURS.sent_of_bounce(OURS.bounce_address(DESK, one)) == one
    assert OURS.sent_of(OURS.message_id(one, "example.cn")) == one


def test_a_token_serves_no_other_purpose() -> None:
    one = new_id()
    assert OURS.conversation_of(OURS.bounce_address(DESK, one)) is None
    assert OURS.sent_of_bounce(OURS.reply_address(DESK, one)) is None
    assert OURS.sent_of(OURS.reply_address(DESK, one).partition("+")[2]) is None


def test_what_another_key_signed_is_worth_nothing() -> None:
    one = new_id()
    assert OURS.conversation_of(THEIRS.reply_address(DESK, one)) is None
    assert OURS.sent_of(THEIRS.message_id(one, "example.cn")) is None


def test_no_change_of_one_character_is_accepted() -> None:
    address = OURS.reply_address(DESK, new_id())
    start = address.index("+") + 1
    for at in range(start, address.index("@")):
        other = "b" if address[at] != "b" else "d"
        assert OURS.conversation_of(address[:at] + other + address[at + 1 :]) is None


@pytest.mark.parametrize(
    "address",
    ["", "@", "kefu", DESK, "kefu+c@example.cn", "kefu+2611-0042@example.cn", f"kefu+c{'a' * 26}.{'a' * 16}@example.cn",
     f"kefu+c{'ａ' * 26}.{'a' * 16}@example.cn", f"kefu+c{'a' * 26}.{'a' * 16}\n@example.cn"],
)  # fmt: skip
def test_what_is_no_token_of_ours_belongs_to_nothing(address: str) -> None:
    assert OURS.conversation_of(address) is None
    assert OURS.sent_of(address) is None


def test_a_signed_address_fits_into_a_local_part_or_is_the_plain_one() -> None:
    one = new_id()
    fits, too_long = f"{'k' * 19}@example.cn", f"{'k' * 20}@example.cn"
    assert len(OURS.reply_address(fits, one).partition("@")[0]) == LONGEST_LOCAL_PART
    assert OURS.reply_address(too_long, one) == too_long
    assert OURS.bounce_address(too_long, one) == too_long


def test_the_key_is_not_shown() -> None:
    assert "nobody" not in repr(OURS)


def test_the_mailbox_behind_a_signed_address_is_known_whoever_signed_it() -> None:
    one = new_id()
    assert unsigned(OURS.reply_address(DESK, one)) == DESK
    assert unsigned(THEIRS.bounce_address(DESK, one).upper()).lower() == DESK
    assert unsigned("lin+shop@example.com") == "lin+shop@example.com"


@pytest.mark.parametrize(
    ("address", "told", "signed"),
    [
        ("kefu@example.com", {}, True),
        ("kefu@163.com", {}, False),
        ("10001@qq.com", {}, False),
        ("kefu@163.com", {"signed_addresses": True}, True),
        ("kefu@example.com", {"signed_addresses": False}, False),
    ],
)
def test_answers_are_asked_to_a_signed_address_only_where_it_arrives(
    address: str, told: dict[str, bool], signed: bool
) -> None:
    mailbox = {"name": "kefu", "address": address, "receive": "listener", "smtp_host": "127.0.0.1", **told}
    config = Config.model_validate({"mail": {"listen_port": 0, "mailboxes": [mailbox]}})
    (outlet,) = outlets_of(config).all
    assert outlet.signed is signed
