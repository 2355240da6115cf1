"""Two copies of one mail are one mail; another mail under the same id is another."""

import pytest

from bot.mail.fetching.identity import identity

MAIL = (
    b"Received: from a by b\r\nFrom: wang@example.cn\r\nTo: desk@example.com\r\nSubject: =?gbk?B?zcu/7g==?=\r\n"
    b"Date: Mon, 23 Nov 2026 09:58:00 +0800\r\nMessage-ID: <one@example.cn>\r\n\r\nhello\r\nagain\r\n"
)


@pytest.mark.parametrize(
    "copy",
    [
        MAIL.replace(b"\r\n", b"\n"),
        b"Return-Path: <wang@example.cn>\r\nX-Spam: 3\r\nDelivered-To: desk@example.com\r\n" + MAIL,
        MAIL.replace(b"Received: from a by b\r\n", b""),
        MAIL.replace(b"Subject: ", b"Subject:\r\n "),
        MAIL.replace(b"Subject", b"SUBJECT"),
        MAIL + b"\r\n\r\n",
    ],
    ids=["line ends", "added on the way", "taken off on the way", "folded", "capitals", "empty lines at the end"],
)
def test_what_servers_change_on_the_way_makes_no_other_mail(copy: bytes) -> None:
    assert identity(copy) == identity(MAIL)


@pytest.mark.parametrize(
    "other",
    [
        MAIL.replace(b"hello", b"Hello"),
        MAIL.replace(b"zcu/7g==", b"zfvC8w=="),
        MAIL.replace(b"wang@", b"li@"),
        MAIL.replace(b"09:58", b"09:59"),
        MAIL.replace(b"hello\r\nagain", b"hello again"),
    ],
    ids=["body", "subject", "sender", "date", "lines"],
)
def test_what_somebody_else_wrote_under_the_same_id_is_another_mail(other: bytes) -> None:
    message_id, content_hash = identity(other)
    assert message_id == identity(MAIL)[0] == "one@example.cn"
    assert content_hash != identity(MAIL)[1]


def test_a_mail_without_an_id_gets_the_same_one_every_time() -> None:
    bare = MAIL.replace(b"Message-ID: <one@example.cn>\r\n", b"")
    assert identity(bare)[0] == identity(b"X-Relay: c\r\n" + bare)[0] == f"{identity(bare)[1]}@missing.local"
    assert identity(bare.replace(b"hello", b"hallo"))[0] != identity(bare)[0]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"Message-ID: <a b@c> <two@example.cn>", "two@example.cn"),
        (b"Message-ID:\r\n <folded@example.cn>", "folded@example.cn"),
        (b"Message-ID: <\xcd\xcb\xbf\xee@example.cn>", "\ufffd\u02ff\ufffd@example.cn"),
        (b"Message-ID: <a\0b@example.cn>", "a\ufffdb@example.cn"),
        (b"Message-ID: <" + b"x" * 900 + b"@example.cn>", "x" * 512),
    ],
)
def test_an_id_is_text_that_can_be_kept_whatever_stands_there(header: bytes, expected: str) -> None:
    assert identity(header + b"\r\n\r\nbody")[0] == expected


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"\r\n\r\n", b"no header at all", b"\0" * 100, b": : :\n\n", b"Message-ID"]
)
def test_whatever_the_bytes_are_they_have_an_identity(raw: bytes) -> None:
    message_id, content_hash = identity(raw)
    assert message_id.endswith("@missing.local")
    assert len(content_hash) == 64
