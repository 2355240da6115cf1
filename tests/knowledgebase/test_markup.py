"""The restricted Markdown of answers: what is read from it, and that plain text stays what it is."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledgebase.authoring.inlines import Problem, with_addresses
from knowledgebase.authoring.markup import parse, plain, plain_inlines, read
from knowledgebase.authoring.placeholders import CHINESE_NAMES, Placeholder, named
from knowledgebase.authoring.tree import (
    Bold,
    Break,
    Image,
    Inlines,
    Item,
    Link,
    Listing,
    Paragraph,
    Slot,
    Table,
    Text,
    filled,
    rewritten,
)

PICTURE = f"/media/{'0a' * 16}-1200x800.png"

LINES = [
    ("您好。", (Text("您好。"),)),
    ("**注意：**请先断电", (Bold((Text("注意："),)), Text("请先断电"))),
    ("5*3*2 = 30，*不是* 斜体", (Text("5*3*2 = 30，*不是* 斜体"),)),
    ("**没有结束", (Text("**没有结束"),)),
    ("2 ** 3 ** 4", (Text("2 ** 3 ** 4"),)),
    ("***重***", (Text("***重***"),)),
    (r"\*\*不是粗体\*\* \{官网\}", (Text("**不是粗体** {官网}"),)),
    ("C:\\Users\\a", (Text("C:\\Users\\a"),)),
    ("<b>粗</b> &amp; # 标题", (Text("<b>粗</b> &amp; # 标题"),)),
    ("[官网](https://www.example.com/a)", (Link((Text("官网"),), "https://www.example.com/a"),)),
    ("[**保修**政策](/help/x)", (Link((Bold((Text("保修"),)), Text("政策")), "/help/x"),)),
    ("[写信](mailto:service@example.com)", (Link((Text("写信"),), "mailto:service@example.com"),)),
    ("[拨打](tel:400-000-0120)", (Link((Text("拨打"),), "tel:400-000-0120"),)),
    (f"![充电口]({PICTURE})", (Image(PICTURE, "充电口"),)),
    ("![图](https://img.example.com/a.png)", (Image("https://img.example.com/a.png", "图"),)),
    ("请打{服务电话}", (Text("请打"), Slot(Placeholder.SERVICE_PHONE))),
    ("{customer_name}", (Slot(Placeholder.CUSTOMER_NAME),)),
    ("{{7*7}} {% x %} {1} {0.__class__} %(z)s", (Text("{{7*7}} {% x %} {1} {0.__class__} %(z)s"),)),
    ("见http://a.b。", (Text("见"), Link((Text("http://a.b"),), "http://a.b"), Text("。"))),
    ("电话400-000-0120转1", (Text("电话"), Link((Text("400-000-0120"),), "tel:4000000120"), Text("转1"))),
    ("单号 202611241234567", (Text("单号 202611241234567"),)),
    ("注[1](2)", (Text("注[1](2)"),)),
    ("第一行\n第二行", (Text("第一行"), Break(), Text("第二行"))),
]  # fmt: skip

BAD = [
    ("[x](javascript:alert)", Problem.BAD_LINK),
    ("[x](JaVaScRiPt:alert)", Problem.BAD_LINK),
    ("[x](data:text/html,x)", Problem.BAD_LINK),
    ("[x](vbscript:x)", Problem.BAD_LINK),
    ("[x](//evil.example.com)", Problem.BAD_LINK),
    ("[x](/\\evil.example.com)", Problem.BAD_LINK),
    ("[x](https://)", Problem.BAD_LINK),
    ("[x](https://[::1)", Problem.BAD_LINK),
    ("[x](https://user:pw@example.com)", Problem.BAD_LINK),
    ("[x](ftp://example.com)", Problem.BAD_LINK),
    ("[x](mailto:a@b.example.com?bcc=c@d.example.com)", Problem.BAD_LINK),
    ('[x](https://example.com/"onmouseover=1)', Problem.BAD_LINK),
    ("![](https://a.example.com/x.png)", Problem.IMAGE_WITHOUT_ALT),
    (f"![ ]({PICTURE})", Problem.IMAGE_WITHOUT_ALT),
    ("![图](http://a.example.com/x.png)", Problem.BAD_IMAGE),
    ("![图](data:image/svg+xml,x)", Problem.BAD_IMAGE),
    ("![图](/media/../console)", Problem.BAD_IMAGE),
    ("![图](/media/x.svg)", Problem.BAD_IMAGE),
    ("{no_such_name}", Problem.UNKNOWN_PLACEHOLDER),
    ("{客户姓名}", Problem.UNKNOWN_PLACEHOLDER),
]

HOSTILE = [
    "[" * 100_000, "![" * 50_000, "**a" * 33_000, "- a\n" * 25_000, "[a](" * 25_000, "[a](" + "x(" * 50_000,
    "{" * 100_000, "{aaaaaa" * 14_000, "http://" * 14_000, "400 " * 25_000, "|-" * 25_000 + "\n" + "|-" * 25_000,
    "https://a" + "." * 100_000, ("https://a" + ")" * 480) * 200, "\n" * 100_000, "\ta\n" * 33_000, "** " * 33_000,
    "a|b\n-|-\n" * 12_000, "\\" * 100_000, "1" * 100_000, " " * 100_000 + "- a",
]  # fmt: skip


@pytest.mark.parametrize(("text", "inlines"), LINES)
def test_a_paragraph_holds_what_is_meant_and_everything_else_as_text(text: str, inlines: Inlines) -> None:
    answer = read(text)
    assert answer.document == (Paragraph(inlines),)
    assert answer.remarks == ()


@pytest.mark.parametrize(("text", "problem"), BAD)
def test_what_may_not_be_shown_stays_text_and_the_author_is_told(text: str, problem: Problem) -> None:
    answer = read(f"好\n{text}")
    assert [(one.problem, one.line, one.typed) for one in answer.remarks] == [(problem, 2, text)]
    assert plain(answer.document, "https://help.example.com") == f"好\n{text}"


def test_chinese_and_other_numbering_makes_an_ordered_list() -> None:
    for text in ("1、甲\n2、乙", "1.甲\n2.乙", "1. 甲\n2. 乙", "1）甲\n2）乙", "1. 甲\n1. 乙"):
        assert parse(text) == (Listing(True, 1, (Item((Text("甲"),)), Item((Text("乙"),)))),), text


def test_a_decimal_number_a_year_or_a_price_does_not_begin_a_list() -> None:
    for text in ("1.5 小时", "2026. 年", "-20℃ 以下", "1,000 元", "+86 号码"):
        assert isinstance(parse(text)[0], Paragraph), text


def test_a_list_may_hold_one_more_and_deeper_ones_are_told_of() -> None:
    answer = read("1. 甲\n   - 子\n     - 孙\n2. 乙\n   续")
    nested = Listing(False, 1, (Item((Text("子"),)), Item((Text("孙"),))))
    items = (Item((Text("甲"),), nested), Item((Text("乙"), Break(), Text("续"))))
    assert answer.document == (Listing(True, 1, items),)
    assert [(one.problem, one.line) for one in answer.remarks] == [(Problem.TOO_DEEP, 3)]


def test_a_leap_in_the_numbers_begins_another_list() -> None:
    assert [block.first for block in parse("1. 甲\n3. 乙") if isinstance(block, Listing)] == [1, 3]


def test_a_table_has_a_head_and_rows_of_its_width() -> None:
    text = "| 里程 | 项目 |\n|---|:-:|\n| 5,000 | 机油 \\| 机滤 |\n| 一 |\n| a | b | c |\n完"
    head = ((Text("里程"),), (Text("项目"),))
    rows = (
        ((Text("5,000"),), (Text("机油 | 机滤"),)),
        ((Text("一"),), ()),
        ((Text("a"),), (Text("b | c"),)),
    )
    assert parse(text) == (Table(head, rows), Paragraph((Text("完"),)))


def test_a_bar_alone_makes_no_table() -> None:
    assert parse("甲 | 乙\n丙 | 丁") == (Paragraph((Text("甲 | 乙"), Break(), Text("丙 | 丁"))),)


def test_plain_text_tells_where_links_lead_only_with_the_servers_address() -> None:
    document = parse(
        f"看[保修](/help/w)或[站点](https://www.example.com)，**拨打**[热线](tel:4000000120)\n![口]({PICTURE})"
    )
    assert plain(document) == "看保修或站点，拨打热线\n口"
    assert plain(document, "https://h.example.com") == (
        "看保修（https://h.example.com/help/w）或站点（https://www.example.com），拨打热线（4000000120）\n"
        f"口（https://h.example.com{PICTURE}）"
    )


def test_a_placeholder_gets_its_value_and_one_without_is_left_out() -> None:
    document = parse("**{客户称呼}**，请打{服务电话}，工单 {工单号}。")
    values = {
        Placeholder.SERVICE_PHONE: with_addresses("400-000-0120"),
        Placeholder.CUSTOMER_NAME: (Text("**{工单号}**"),),
    }
    assert plain(filled(document, values)) == "**{工单号}**，请打400-000-0120，工单 。"


def test_every_placeholder_has_a_chinese_and_an_english_name() -> None:
    assert set(CHINESE_NAMES.values()) == set(Placeholder)
    assert [named(one.value) for one in Placeholder] == list(Placeholder)


def test_rewriting_changes_words_and_no_address() -> None:
    document = parse("[ab](https://www.example.com/ab) ![ab](https://www.example.com/ab.png)\n- ab")
    assert rewritten(document, str.upper) == parse(
        "[AB](https://www.example.com/ab) ![AB](https://www.example.com/ab.png)\n- AB"
    )


def test_words_that_are_no_markup_still_lead_to_addresses() -> None:
    assert with_addresses("[x](https://a.example.com/b) **c**") == (
        Text("[x]("),
        Link((Text("https://a.example.com/b"),), "https://a.example.com/b"),
        Text(") **c**"),
    )


@pytest.mark.parametrize(
    ("line", "links"),
    [
        ("请看 https://www.example.com/a?b=1&c=2。谢谢", ["https://www.example.com/a?b=1&c=2"]),
        ("(see https://example.com/a_(b)).", ["https://example.com/a_(b)"]),
        ("(https://example.com/x)", ["https://example.com/x"]),
        ("http://example.com，还有", ["http://example.com"]),
        ("javascript:alert(1) ftp://example.com mailto:a@example.com", []),
        ("拨打 400-000-0101 或 4000000102", ["tel:4000000101", "tel:4000000102"]),
        ("座机 010-00000000", ["tel:01000000000"]),
        ("手机 139 0000 0000", ["tel:13900000000"]),
        ("工单 2611-0042，订单 1390000000012345，6 万公里", []),
    ],
)
def test_web_addresses_and_phone_numbers_become_links(line: str, links: list[str]) -> None:
    found = with_addresses(line)
    assert [one.href for one in found if isinstance(one, Link)] == links
    assert plain_inlines(found) == line


@given(st.text(max_size=300))
def test_finding_addresses_loses_no_character(text: str) -> None:
    found = with_addresses(text)
    assert plain_inlines(found) == text
    assert all(isinstance(one, Text | Link) for one in found)


PLAIN_CHARS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="*[]{}!|\\")
PLAIN_LINES = st.text(PLAIN_CHARS, min_size=1).map(lambda one: "文" + one.rstrip()).filter(lambda one: one.strip(" \t"))


@given(st.lists(st.one_of(PLAIN_LINES, st.just("")), min_size=1))
def test_plain_text_comes_back_as_it_was(lines: list[str]) -> None:
    text = "\n".join(lines).strip("\n")
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    assert plain(parse(text), "https://help.example.com") == text


@given(st.text(st.sampled_from("甲1-*[](){}!|\\ \n.、:/https@ea")))
@settings(max_examples=300)
def test_reading_never_fails_and_plain_text_read_again_stays(text: str) -> None:
    once = plain(parse(text))
    assert isinstance(once, str)
    read(once)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_reading_takes_time_in_proportion_to_the_text(text: str) -> None:
    begun = time.process_time()
    read(text)
    assert time.process_time() - begun < 5
