"""Headers: addresses, message ids, words, names of files, case by case."""

import pytest

from bot.gateway.mime import parse
from bot.mail.model import Mailbox
from bot.mail.reading.addresses import read_addresses, read_id, read_ids
from bot.mail.reading.charsets import decode
from bot.mail.reading.parameters import read_value
from bot.mail.reading.words import decode_words


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("a@b.example", [("a@b.example", "")]),
        ("Li Ming <A@B.Example>", [("a@b.example", "Li Ming")]),
        ('"Li, Ming" <a@b.example>, c@d.example', [("a@b.example", "Li, Ming"), ("c@d.example", "")]),
        ("a@b.example (Li Ming)", [("a@b.example", "Li Ming")]),
        ("=?utf-8?Q?Li,_Ming?= <a@b.example>", [("a@b.example", "Li, Ming")]),
        ("undisclosed-recipients:;", []),
        (
            "team: a@b.example, c@d.example;, e@f.example",
            [(each, "") for each in ("a@b.example", "c@d.example", "e@f.example")],
        ),
        ('"boss@bank.example" <x@evil.example>', [("x@evil.example", "boss@bank.example")]),
        ("boss@bank.example <x@evil.example>", [("x@evil.example", "boss@bank.example")]),
        ("<a@b.example> <c@d.example>", [("a@b.example", ""), ("c@d.example", "")]),
        ("a@b.example)c@d.example", []),
        ("a@b.example c@d.example", [("a@b.example", ""), ("c@d.example", "")]),
        ("<@relay.example:a@b.example>", [("a@b.example", "")]),
        ("'a@b.example'", [("a@b.example", "")]),
        ('"Li \\"Ming\\"" <a@b.example>', [("a@b.example", 'Li "Ming"')]),
        ('"Li Ming <a@b.example>', []),
        ("Li Ming <a@b.example", [("a@b.example", "Li Ming")]),
        ("support@exa​mple.com", []),
        ("MAILER-DAEMON", []),
        ("a@b@c.example", []),
        ("=?utf-8?Q?Li_=3Ca=40b.example=3E?=", [("a@b.example", "Li")]),
        ("用户@例子.example", [("用户@例子.example", "")]),
        ("", []),
    ],
)
def test_an_address_counts_only_if_it_can_be_read_in_one_way(raw: str, found: list[tuple[str, str]]) -> None:
    assert read_addresses(raw.encode()) == tuple(Mailbox(*each) for each in found)


@pytest.mark.parametrize(
    ("raw", "ids"),
    [
        (b"<a@b> <c@d>", ("a@b", "c@d")),
        (b"<a@b>,<c@d>", ("a@b", "c@d")),
        (b"<a@b><a@b>", ("a@b", "a@b")),
        (b"Your message of Monday from a@b.example", ()),
        (b"Your message of Monday <a@b>", ("a@b",)),
        (b"a@b c@d", ("a@b", "c@d")),
        (b"=?utf-8?Q?=3Ca=40b=3E?=", ("a@b",)),
        (b"<no-at-sign>", ("no-at-sign",)),
        (b"nothing here", ()),
        (b"<" + b"x" * 2_000 + b"@d>", ()),
    ],
)
def test_message_ids_are_what_stands_in_angles(raw: bytes, ids: tuple[str, ...]) -> None:
    assert read_ids(raw) == ids


@pytest.mark.parametrize(
    ("raw", "id"), [(b"<a@b>", "a@b"), (b"a@b", "a@b"), (b"odd", "odd"), (b"", None), (b"<>", None)]
)
def test_a_message_has_one_id_or_none(raw: bytes, id: str | None) -> None:
    assert read_id(raw) == id


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        (b"=?utf-8?B?5L2g?= =?utf-8?B?5aW9?=", "你好"),
        (b"=?utf-8?B?5L2g?==?utf-8?B?5aW9?=", "你好"),
        (b"Re:=?gb2312?Q?=C4=E3?= ok", "Re:你 ok"),
        (b"=?utf-8?B?5L2?= =?utf-8?B?g5aW9?=", "你好"),
        (b"=?utf-8?Q?=E4=BD?= =?utf-8?B?oA==?=", "你"),
        (b"=?utf-8*zh?Q?=E4=BD=A0?=", "你"),
        (b"=?utf-8?Q?a b?=", "a b"),
        (b"=?utf-8?Q?why?_because?=", "why? because"),
        (b"=?utf-8?B?5L2g", "你"),
        (b"=?nonsense?Q?=C4=E3=BA=C3?=", "你好"),
        (b"=?utf-8?q?hi=0D=0ABcc=3A_x=40y?=", "hi Bcc: x@y"),
        (b"a\x00b\x1b[31m\x7f", "ab[31m"),
        ("你好".encode("gbk"), "你好"),
        (b"=?unclosed", "=?unclosed"),
        (b"=?utf-7?Q?+2AA-?=", ""),
    ],
)
def test_encoded_words_are_joined_before_they_are_decoded(raw: bytes, text: str) -> None:
    assert decode_words(raw).text == text


@pytest.mark.parametrize(
    ("data", "label", "text", "doubtful"),
    [
        ("喆哥€".encode("gb18030"), "gb2312", "喆哥€", False),
        (b"\x80100", "gbk", "€100", False),
        ("你好".encode(), "gbk", "你好", False),
        ("图片".encode("gbk"), "gb2312", "图片", False),
        ("图片".encode("gbk"), None, "图片", True),
        ("café".encode(), None, "café", False),
        ("café".encode(), "iso-8859-1", "café", False),
        ("café".encode("latin-1"), "us-ascii", "café", True),
        (b"\x93x\x94", "iso-8859-1", "“x”", False),
        ("你好，世界，今天天气".encode()[:-1], "utf-8", "你好，世界，今天天�", True),
        ("订单的问题还没有解决".encode("gbk") + b"\xff", "gbk", "订单的问题还没有解决�", True),
        ("這個訂單的問題".encode("big5"), None, "這個訂單的問題", True),
        (b"\x1b$)A\x0eDc:C\x0f", None, "你好", False),
        (b"~{Dc:C~}", "hz", "你好", False),
        ("テスト①".encode("cp932"), "shift_jis", "テスト①", False),
        ("김치".encode("cp949"), "ks_c_5601-1987", "김치", False),
        (b"a", "punycode", "a", False),
        (b"\xff\xfe\x60\x4f", None, "你", False),
        (b"", "gb2312", "", False),
    ],
)
def test_a_label_is_read_as_its_superset_unless_the_bytes_say_otherwise(
    data: bytes, label: str | None, text: str, doubtful: bool
) -> None:
    found = decode(data, label)
    assert (found.text, found.doubtful) == (text, doubtful)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b'attachment; filename="a.pdf"', "a.pdf"),
        (b"attachment; filename=a b.pdf; size=3", "a b.pdf"),
        (b'attachment; filename="C:\\temp\\a.pdf"', "C:\\temp\\a.pdf"),
        (b'attachment; filename="a\\"b.pdf"', 'a"b.pdf'),
        (b"attachment; filename*=GBK''%C4%E3.pdf", "你.pdf"),
        (b"attachment; filename*=\"utf-8''%E4%BD%A0.pdf\"", "你.pdf"),
        (b"attachment; filename=\"utf-8''%E4%BD%A0.pdf\"", "你.pdf"),
        (b"attachment; filename*0*=utf-8''%E4%BD; filename*1*=%A0; filename*2=.pdf", "你.pdf"),
        (b'attachment; filename*1="b.pdf"; filename*0="a"', "ab.pdf"),
        (b'attachment; filename="=?utf-8?B?5L2g?=.pdf"', "你.pdf"),
        (b'attachment; filename="%E4%BD%A0.pdf"', "你.pdf"),
        (b'attachment; filename="50%.pdf"', "50%.pdf"),
        (b'attachment; filename="' + "功".encode("big5") + b'"', "功"),
        (b'attachment; filename="open', "open"),
        (b"attachment; filename*=utf-8''a%0D%0AX-Evil:%201", "a X-Evil: 1"),
    ],
)
def test_names_of_files_come_in_every_form(raw: bytes, name: str) -> None:
    found = read_value(raw, "big5" if "功" in name else None).parameters["filename"]
    assert " ".join(found.split()) == name


def test_nothing_in_a_header_becomes_another_line() -> None:
    evil = "=?utf-8?B?YQ0KQmNjOiB4QHkuZXhhbXBsZQ==?="
    raw = (
        f"From: {evil} <a@b.example>\r\nTo: {evil} <k@b.example>\r\nSubject: {evil}\r\nX-Other: {evil}\r\n"
        f"Message-ID: <{evil}@b>\r\nReturn-Path: <a@b\x0b\x0c>\r\n"
        "Content-Type: text/plain; name*=utf-8''a%0D%0Ab\r\n\r\nx"
    ).encode()
    mail = parse(raw)
    told = [mail.subject, mail.message_id or "", mail.return_path or "", *(part.name for part in mail.parts)]
    told += [box.name + box.address for box in (*mail.senders, *mail.to)]
    told += [value for values in mail.headers.values() for value in values]
    assert [text for text in told if len(text.splitlines()) > 1] == []
    assert mail.subject == "a Bcc: x@y.example"
    assert "bcc" not in mail.headers


def test_two_senders_identify_nobody() -> None:
    mail = parse(b"From: a@b.example, c@d.example\n\nx")
    assert (len(mail.senders), mail.from_address) == (2, None)
    assert parse(b"From: a@b.example\nFrom: c@d.example\n\nx").from_address is None
    assert parse(b"From: A@b.example\n\nx").from_address == "a@b.example"


def test_the_sender_of_the_envelope_can_be_nobody() -> None:
    assert parse(b"Return-Path: <>\nFrom: a@b.example\n\nx").return_path == ""
    assert parse(b"Return-Path: <A@b.example>\nReturn-Path: <>\n\nx").return_path == "a@b.example"
    assert parse(b"From: a@b.example\n\nx").return_path is None
