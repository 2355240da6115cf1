"""A letter as a mail that leaves: its headers, both its forms, and nothing that the sender of another mail put in."""

from collections.abc import Mapping
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from bot.errors import LetterUnwritable
from bot.mail.letters.headers import MOST_ID_BYTES, MOST_IDS, capped
from bot.mail.letters.model import Enclosure, Letter, Passage
from bot.mail.letters.quoting import MOST_CHARS, brief
from bot.mail.letters.writing import subject_for, write
from bot.templates import load_templates

TEMPLATES = load_templates()
BOLD = {"kind": "bold", "inlines": [{"kind": "text", "text": "8 万公里"}]}
BLOCKS: list[dict[str, Any]] = [
    {"kind": "paragraph", "apart": False, "inlines": [{"kind": "text", "text": "轮胎 <b> 建议 "}, BOLD]},
    {
        "kind": "list",
        "apart": False,
        "ordered": True,
        "first": 1,
        "items": [
            {"inlines": [{"kind": "link", "href": "/help/a", "inlines": [{"kind": "text", "text": "说明"}]}]},
            {"inlines": [{"kind": "image", "source": "/pictures/p1", "alt": "胎纹", "width": 900, "height": 400}]},
        ],
    },
    {
        "kind": "table",
        "apart": True,
        "head": [[{"kind": "text", "text": "车型"}]],
        "rows": [[[{"kind": "text", "text": "E40"}]]],
    },
]
LETTER = Letter(
    sender="kefu@example.com",
    title="星舟客服",
    recipient="li@example.cn",
    reply_to="kefu+c01.abc@example.com",
    message_id="y1.abc@example.com",
    sent_at=1_764_190_000_000,
    subject="Re: 轮胎",
    automatic=True,
    invites_reply=True,
    language="zh",
    said=(Passage("轮胎 <b> 建议 8 万公里\n1. 说明", BLOCKS),),
    in_reply_to="q2@example.cn",
    references=("q1@example.cn", "q2@example.cn"),
    asked="轮胎多久换一次？",
    base="https://help.example.com",
)
ALWAYS = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
]
AUTOMATIC = ["Auto-Submitted", "X-Auto-Response-Suppress", "X-Yingsheng-Loop"]
BODY = ["MIME-Version", "Content-Type"]


def read(letter: Letter) -> EmailMessage:
    """The mail as its recipient's program reads it."""
    found = message_from_bytes(write(letter, TEMPLATES).as_bytes(), policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_an_automatic_mail_says_that_it_is_one_and_what_it_answers() -> None:
    mail = read(LETTER)
    assert mail.keys() == ALWAYS + AUTOMATIC + BODY
    told = {
        "From": "星舟客服 <kefu@example.com>",
        "To": "li@example.cn",
        "Reply-To": "kefu+c01.abc@example.com",
        "Subject": "Re: 轮胎",
        "Message-ID": "<y1.abc@example.com>",
        "In-Reply-To": "<q2@example.cn>",
        "References": "<q1@example.cn> <q2@example.cn>",
        "Auto-Submitted": "auto-replied",
        "X-Auto-Response-Suppress": "All",
        "X-Yingsheng-Loop": "kefu@example.com",
    }
    assert {name: mail[name] for name in told} == told


def test_a_persons_reply_carries_no_automatic_header_and_their_name() -> None:
    mail = read(replace(LETTER, automatic=False, invites_reply=False, agent="周敏", said=(Passage("已为您查到。"),)))
    assert mail.keys() == ALWAYS + BODY
    text = body(mail, "plain")
    assert text.index("已为您查到。") < text.index("周敏") < text.index("> 轮胎多久换一次？")
    assert "转人工" not in text
    assert "自动" not in text


def test_both_forms_say_what_was_asked_the_answer_and_how_to_get_a_person() -> None:
    mail = read(LETTER)
    for kind in ("plain", "html"):
        said = body(mail, kind)
        assert (
            said.index("轮胎多久换一次？") < said.index("8 万公里") < said.index("没有解决？直接回复本邮件即可转人工")
        )
    html = body(mail, "html")
    assert "轮胎 &lt;b&gt; 建议 <strong>8 万公里</strong>" in html
    assert 'href="https://help.example.com/help/a"' in html
    assert 'src="https://help.example.com/pictures/p1"' in html
    assert 'alt="胎纹" width="560"' in html
    assert "<style" not in html
    assert "class=" not in html


def test_what_may_not_be_repeated_is_in_neither_form() -> None:
    mail = read(replace(LETTER, asked=None))
    assert "多久" not in body(mail, "plain") + body(mail, "html")


def test_each_customer_reads_the_words_of_their_language_and_script() -> None:
    said: Mapping[str, tuple[str, str]] = {
        "zh": ("没有解决？直接回复本邮件", 'lang="zh-CN"'),
        "zh-TW": ("沒有解決？直接回覆本郵件", 'lang="zh-TW"'),
        "en": ("Not solved? Just reply", 'lang="en"'),
    }
    for language, (words, mark) in said.items():
        mail = read(replace(LETTER, language=language))
        assert words in body(mail, "plain")
        assert mark in body(mail, "html")
        assert "轮胎多久换一次？" in body(mail, "plain"), "what the customer wrote stays as it was"


def test_a_subject_is_theirs_or_one_of_our_own() -> None:
    assert subject_for("答复: Re: 轮胎", "2611-0042", "zh", TEMPLATES) == "Re: [2611-0042] 轮胎"
    assert subject_for(None, None, "zh-TW", TEMPLATES) == "關於您的來信"
    assert subject_for("Re:", "2611-0042", "en", TEMPLATES) == "[2611-0042] About your message"


def test_what_is_asked_is_quoted_briefly() -> None:
    assert brief("您好\r\n\r\n 轮胎\u2028多久换 ") == ("您好", "轮胎", "多久换")
    assert brief("一\n" * 20) == ("一",) * 6 + ("…",)
    long = brief("问" * 100_000)
    assert long == ("问" * MOST_CHARS + "…",)


def test_references_keep_the_first_and_the_last() -> None:
    ids = [f"{number}@example.com" for number in range(200)]
    kept = capped(ids)
    assert kept == ids[:1] + ids[-(MOST_IDS - 1) :]
    wide = [f"{number}{'x' * 800}@example.com" for number in range(200)]
    kept = capped(wide)
    assert kept[0] == wide[0]
    assert kept[-1] == wide[-1]
    assert sum(map(len, kept)) < MOST_ID_BYTES
    assert capped(["a@b", "a@b", "c d@e", "f>\r\n@g", "", "x" * 2000]) == ["a@b"]


def test_no_line_is_too_long_and_every_server_can_carry_it() -> None:
    ids = tuple(f"{number}{'x' * 850}@example.com" for number in range(60))
    letter = replace(LETTER, references=ids, in_reply_to=ids[-1], subject="轮胎" * 75, said=(Passage("长" * 5000),))
    raw = write(letter, TEMPLATES).as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["References"].split()[0] == f"<{ids[0]}>"
    assert mail["References"].split()[-1] == f"<{ids[-1]}>"
    assert mail["Subject"] == "轮胎" * 75


def test_files_go_with_their_names_whatever_they_are() -> None:
    files = (
        Enclosure("合同 说明（终稿）.pdf", "application/pdf", b"%PDF"),
        Enclosure("mail.eml", "message/rfc822", b"From: x"),
        Enclosure("x", "no type at all\r\nBcc: x@example.com", b"?"),
    )
    mail = read(replace(LETTER, enclosures=files))
    sent = [
        (one.get_filename(), one.get_content_type(), one.get_payload(decode=True)) for one in mail.iter_attachments()
    ]
    assert sent == [
        ("合同 说明（终稿）.pdf", "application/pdf", b"%PDF"),
        ("mail.eml", "application/octet-stream", b"From: x"),
        ("x", "application/octet-stream", b"?"),
    ]


HOSTILE = [
    "x\r\nBcc: victim@example.org",
    "x\nBcc: victim@example.org",
    "x\rBcc: victim@example.org",
    "x\r\n Bcc: victim@example.org\r\n\r\n<b>body</b>",
    "=?utf-8?q?x=0D=0ABcc=3A_victim=40example=2Eorg?=",
    "=?utf-8?b?eA0KQmNjOiB2aWN0aW1AZXhhbXBsZS5vcmc=?=",
    "=?utf-8?q?a?= =?utf-8?q?=0ABcc=3A_victim=40example=2Eorg=0A?=",
    "x%0d%0aBcc: victim@example.org",
    "utf-8''x%0D%0ABcc%3A%20victim%40example.org",
    "x\u2028Bcc: victim@example.org\u2029",
    "x\x85Bcc: victim@example.org",
    "x\x00\x0b\x0c\x1b\x7f\x9bBcc: victim@example.org",
    "x\ud800",
    '"; filename="y.exe',
]
WHERE = ["subject", "title", "agent", "asked", "said", "name"]


def hostile(where: str, text: str) -> Letter:
    match where:
        case "subject":
            return replace(LETTER, subject=subject_for(text, "2611-0042", "zh", TEMPLATES))
        case "title":
            return replace(LETTER, title=text)
        case "agent":
            return replace(LETTER, agent=text)
        case "asked":
            return replace(LETTER, asked=text)
        case "said":
            return replace(LETTER, said=(Passage(text),))
    return replace(LETTER, enclosures=(Enclosure(text, "text/plain", b"x"),))


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_header(where: str, text: str) -> None:
    mail = read(hostile(where, text))
    assert sorted(mail.keys()) == sorted(ALWAYS + AUTOMATIC + BODY)
    assert mail["To"] == LETTER.recipient
    for part in mail.walk():
        assert not {"bcc", "cc"} & {name.lower() for name in part}


@pytest.mark.parametrize(
    "text", [*HOSTILE, "a@example.com, b@example.com", "a b@example.com", "", "x", "李@example.com"]
)
def test_no_address_becomes_another_header_or_a_second_address(text: str) -> None:
    for letter in (replace(LETTER, recipient=text), replace(LETTER, recipient=f"{text}@example.com")):
        try:
            mail = read(letter)
        except LetterUnwritable:
            continue
        assert mail.keys() == ALWAYS + AUTOMATIC + BODY
        assert [one.addr_spec for one in mail["To"].addresses] == [letter.recipient]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_message_id_becomes_a_header(text: str) -> None:
    mail = read(replace(LETTER, in_reply_to=text, references=("q1@example.cn", text)))
    assert set(mail.keys()) <= set(ALWAYS + AUTOMATIC + BODY)
    assert "victim" not in str(mail["References"]) or "\n" not in str(mail["References"])


def test_a_domain_of_chinese_characters_is_written_so_that_every_server_knows_it() -> None:
    assert read(replace(LETTER, recipient="li@例子.cn"))["To"] == "li@xn--fsqu00a.cn"
