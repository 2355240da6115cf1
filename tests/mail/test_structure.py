"""Which part of a mail is its text and which is a file, and how HTML reads, case by case."""

import pytest

from bot.gateway.mime import parse
from bot.mail.model import PartMark
from bot.mail.reading.flowed import unflowed
from bot.mail.reading.invitations import invitation_text
from bot.mail.reading.readable import readable
from bot.mail.reading.transfer import decode_base64, decode_quoted_printable, uuencoded

PLAIN = b"Content-Type: text/plain; charset=utf-8\n\n"
HTML = b"Content-Type: text/html; charset=utf-8\n\n"
PDF = b"Content-Type: application/pdf; name=a.pdf\n\n%PDF"


def mail(kind: bytes, *lines: bytes) -> bytes:
    return b"From: a@example.cn\nSubject: s\nContent-Type: " + kind + b"\n\n" + b"\n".join(lines) + b"\n"


MIXED, ALTERNATIVE = b"multipart/mixed; boundary=b", b"multipart/alternative; boundary=b"
HOLLOW = b"Content-Type: " + ALTERNATIVE + b"\n"


@pytest.mark.parametrize(
    ("raw", "text", "names"),
    [
        (mail(MIXED, b"preamble", b"--b", PLAIN + b"one", b"--b", PDF, b"--b--", b"epilogue"), "one", ["a.pdf"]),
        (mail(MIXED, b"--b", PLAIN + b"one", b"--b", PLAIN + b"two", b"--b--"), "one\ntwo", []),
        (mail(MIXED, b"--b", PLAIN + b"one", b"--b", PDF), "one", ["a.pdf"]),
        (mail(MIXED, b"--b-not", b"--b", PLAIN + b"--b-not", b"--b--"), "--b-not", []),
        (mail(b"multipart/mixed", b"--x", PLAIN + b"one", b"--x", PDF, b"--x--"), "one", ["a.pdf"]),
        (mail(MIXED, b"nothing is parted"), "nothing is parted", []),
        (mail(ALTERNATIVE, b"--b", PLAIN + b"plain", b"--b", HTML + b"<p>html", b"--b--"), "plain", []),
        (mail(ALTERNATIVE, b"--b", PLAIN + b" \n", b"--b", HTML + b"<p>html", b"--b--"), "html", []),
        (mail(ALTERNATIVE, b"--b", HTML + b"<p>html", b"--b", PLAIN + b"plain", b"--b--"), "plain", []),
        (mail(ALTERNATIVE, b"--b", b"Content-Type: text/plain; name=x.txt\n\nplain", b"--b--"), "plain", []),
        (mail(MIXED, b"--b", b"Content-Type: text/plain; name=x.txt\n\nfile", b"--b--"), "file", ["x.txt"]),
        (mail(MIXED, b"--b", HOLLOW, b"--b", PLAIN + b"one", b"--b", HTML + b"<p>one", b"--b--"), "one", []),
        (mail(b"multipart/digest; boundary=b", b"--b", b"\nSubject: inner\n\nx", b"--b--"), "", ["inner.eml"]),
        (mail(b"application/pdf; name=a.pdf", b"%PDF"), "", ["a.pdf"]),
        (mail(b"text", b"words"), "words", []),
        (mail(b"nonsense", b"words"), "", ["part-1.bin"]),
        (b"Subject: s\n\nwords", "words", []),
        (b"no header at all\nsecond line", "no header at all\nsecond line", []),
        (b"HTTP/1.1 200 OK junk\nFrom: a@example.cn\nSubject: s\n\nwords", "words", []),
        (b"From: a@example.cn\nthis is no header\nSubject: s\n\nwords", "words", []),
        (b"From: a@example.cn\nSubject: s\nwords without a blank line", "words without a blank line", []),
        (b"From: a@example.cn\rSubject: s\r\rold\rwords\r", "old\nwords", []),
        (b"", "", []),
    ],
)  # fmt: skip
def test_text_and_files_are_told_apart(raw: bytes, text: str, names: list[str]) -> None:
    found = parse(raw)
    assert (found.text, [part.name for part in found.parts], found.error) == (text, names, None)


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        ("application/ms-tnef", PartMark.TNEF),
        ("application/octet-stream; name=winmail.dat", PartMark.TNEF),
        ("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", PartMark.SMIME),
        ("application/octet-stream; name=smime.p7m", PartMark.SMIME),
        ("application/pgp-encrypted", PartMark.PGP),
        ("text/calendar", PartMark.CALENDAR),
        ("application/octet-stream; name=invite.ics", PartMark.CALENDAR),
        ("message/rfc822", PartMark.MESSAGE),
        ("application/pdf", None),
    ],
)
def test_what_is_never_opened_is_marked(kind: str, mark: PartMark | None) -> None:
    found = parse(mail(MIXED, b"--b", PLAIN + b"x", b"--b", b"Content-Type: " + kind.encode() + b"\n\ny", b"--b--"))
    assert [part.mark for part in found.parts] == [mark]


def test_a_message_inside_says_nothing_about_its_bearer() -> None:
    inner = b"Content-Type: message/rfc822\n\nFrom: boss@example.com\nMessage-ID: <inner@x>\nSubject: inner\n\nsecret"
    found = parse(mail(MIXED, b"--b", PLAIN + b"see", b"--b", inner, b"--b--"))
    assert (found.from_address, found.message_id, found.subject, found.text) == ("a@example.cn", None, "s", "see")


def test_a_picture_that_the_text_shows_is_known_by_its_id() -> None:
    picture = b"Content-Type: image/png; name=p.png\nContent-ID: <p@x>\n\nx"
    found = parse(
        mail(b"multipart/related; boundary=b", b"--b", HTML + b"<img src=cid:p@x>", b"--b", picture, b"--b--")
    )
    assert [(part.content_id, part.inline) for part in found.parts] == [("p@x", True)]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<div>一</div><div>二</div>", "一\n二"),
        ("<div>一<br></div><div><br></div><div>二</div>", "一\n\n二"),
        ("<p>一</p><p>二</p>", "一\n\n二"),
        ("一<br>二<br/><br>三", "一\n二\n\n三"),
        ("<ul><li>一<ul><li>甲</li></ul></li><li>二</li></ul>", "- 一\n  - 甲\n- 二"),
        ("<ol><li>一</li><li>二</li></ol>", "1. 一\n2. 二"),
        ("<table><tr><td>单号</td><td>1</td></tr><tr><td></td><td>2</td></tr></table>", "单号\t1\n2"),
        ('<a href="https://a.example/x">这里</a>有', "这里有 (https://a.example/x)"),
        ('<a href="https://a.example/">https://a.example</a>', "https://a.example"),
        ('<a href="mailto:a@b.example">李明</a>', "李明"),
        ('<a href="javascript:alert(1)">点</a>', "点"),
        ("<blockquote>旧<blockquote>更旧</blockquote></blockquote>新", "> 旧\n>\n> > 更旧\n\n新"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("甲\n乙 a\n b", "甲乙 a b"),
        ("&lt;b&gt;&nbsp;&amp;", "<b> &"),
        ('<img alt="😀" src=x><img alt="公司标志" src=x><img alt="image001.png">', "😀[公司标志]"),
        ("<style>p{}</style><script>x</script><title>t</title>文", "文"),
        ('<div style="display:none">藏</div>见', "见"),
        ("<!--[if mso]><p>word</p><![endif]-->文", "文"),
        ("一<hr>二", "一\n________________________________\n二"),
        ("<b>没有<i>关闭", "没有关闭"),
        ('<?xml version="1.0" encoding="gb2312"?><html><meta charset="gb2312"><p>中文', "中文"),
        ("", ""),
    ],
)
def test_html_reads_as_a_person_sees_it(html: str, text: str) -> None:
    assert readable(html) == text


@pytest.mark.parametrize(
    ("flowed", "delete_space", "text"),
    [
        ("a \nb\nc", False, "a b\nc"),
        ("中 \n文", True, "中文"),
        ("> a \n> b\nc", False, "> a b\nc"),
        ("> a \nc", False, "> a\nc"),
        (">> a \n>> b", False, ">> a b"),
        ("a\n-- \nb", False, "a\n-- \nb"),
        (" >not quoted", False, ">not quoted"),
    ],
)
def test_soft_line_ends_are_taken_out(flowed: str, delete_space: bool, text: str) -> None:
    assert unflowed(flowed, delete_space) == text


def test_an_invitation_without_an_event_says_nothing() -> None:
    assert invitation_text("BEGIN:VCALENDAR\nEND:VCALENDAR") == ""
    assert invitation_text("BEGIN:VEVENT\nSUMMARY:a\\nb\nDTSTART;VALUE=DATE:20260928\nEND:VEVENT") == "a\nb\n2026-09-28"


@pytest.mark.parametrize("data", [b"YWJj", b"YW Jj\r\n", b"YW==Yw==", b"YWJj=", b"Y\x00WJj!", b"YWJjZ"])
def test_damaged_base64_gives_what_it_holds(data: bytes) -> None:
    assert decode_base64(data) in (b"abc", b"ac")


def test_damaged_quoted_printable_gives_what_it_holds() -> None:
    assert decode_quoted_printable(b"a=3Db= \r\nc=ZZ=") == b"a=bc=ZZ"


def test_uuencoded_files_are_found_and_what_only_looks_like_them_is_not() -> None:
    assert [(file.name, file.content) for file in uuencoded(b"x\nbegin 644 a.txt\n#86)C\n`\nend\n")] == [
        (b"a.txt", b"abc")
    ]
    assert uuencoded(b"begin 644 the day\nwith a walk in the park, said he\nend\n") == []


def test_a_large_picture_written_into_html_does_not_hide_the_text_after_it() -> None:
    picture = b'<p>before<img src="data:image/png;base64,' + b"iVBORw0K" * 600_000 + b'"><p>after'
    found = parse(mail(b"text/html; charset=utf-8", picture))
    assert (found.text, found.error) == ("before\n\nafter", None)
