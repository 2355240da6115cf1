"""An answer made ready: placeholders, pictures, another script, and the blocks that every page renders."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from bot.gateway.answers import Block
from bot.markup import Letterhead, as_blocks, as_text, is_plain, prepare
from bot.templates import load_templates, neutral_words
from knowledgebase.authoring.markup import plain
from knowledgebase.authoring.placeholders import Placeholder
from knowledgebase.wording.text import to_traditional

PICTURE = f"/media/{'0a' * 16}-1200x800.jpg"
LETTERHEAD = Letterhead(
    "https://desk.example.com",
    frozenset({"img.example.com"}),
    {Placeholder.SERVICE_PHONE: "400-000-0120", Placeholder.WEBSITE: "https://www.example.com"},
    neutral_words(),
)
EVERYTHING = f"""**注意：**请打{{服务电话}}
1. 打开[官网](https://www.example.com)
   - 看[保修](/help/w)
2. ![充电口]({PICTURE})

| 里程 | 项目 |
|---|---|
| 5,000 | <b>机油</b> |"""


def html(answer: str) -> str:
    blocks = as_blocks(prepare(answer, LETTERHEAD))
    return str(load_templates().get_template("parts/answer.html").module.answer(blocks))  # type: ignore[attr-defined]


def blocks_of(answer: str) -> list[Any]:
    return as_blocks(prepare(answer, LETTERHEAD))


def test_every_block_is_what_the_protocol_says() -> None:
    told = TypeAdapter(list[Block]).validate_python(blocks_of(EVERYTHING))
    assert [block.kind for block in told] == ["paragraph", "list", "table"]


def test_the_html_holds_only_our_own_tags_and_escapes_every_word() -> None:
    assert html(EVERYTHING) == (
        '<p><strong>注意：</strong>请打<a href="tel:4000000120">400-000-0120</a></p>'
        '<ol><li>打开<a href="https://www.example.com" rel="noopener noreferrer nofollow">官网</a>'
        '<ul><li>看<a href="/help/w">保修</a></li></ul></li>'
        f'<li><img class="picture" src="{PICTURE}" alt="充电口" width="1200" height="800" loading="lazy"'
        ' decoding="async" referrerpolicy="no-referrer"></li></ol>'
        '<div class="grid" tabindex="0"><table><thead><tr><th scope="col">里程</th><th scope="col">项目</th></tr>'
        "</thead><tbody><tr><td>5,000</td><td>&lt;b&gt;机油&lt;/b&gt;</td></tr></tbody></table></div>"
    )


@pytest.mark.parametrize(
    "text",
    [
        '<img src=x onerror=alert(1)>',
        '[a"onmouseover="alert(1)](https://example.com)',
        '![a" onerror="alert(1)](https://img.example.com/a.png)',
        "<script>alert(1)</script>",
        "[x](javascript:alert)",
        "&lt;b&gt; &#60;script&#62;",
        "{{7*7}}{% raw %}${7*7}",
    ],
)  # fmt: skip
def test_nothing_that_was_typed_becomes_a_tag_or_an_attribute(text: str) -> None:
    shown = html(text)
    assert "<script" not in shown
    assert "onerror=alert(1)>" not in shown.replace("&gt;", "")
    assert 'onmouseover="' not in shown
    assert 'onerror="' not in shown
    assert "javascript:" not in shown.replace("(javascript:", "")
    assert "49" not in shown


def test_a_picture_from_a_place_that_is_not_allowed_is_a_link() -> None:
    assert blocks_of("![图](https://img.example.com/a.png)")[0]["inlines"][0]["kind"] == "image"
    (link,) = blocks_of("![图](https://evil.example.com/a.png)")[0]["inlines"]
    told = {"kind": "link", "href": "https://evil.example.com/a.png", "inlines": [{"kind": "text", "text": "图"}]}
    assert link == told
    assert LETTERHEAD.image_sources == "'self' https://img.example.com"


def test_a_placeholder_without_a_value_has_a_neutral_word_in_the_answers_language() -> None:
    assert as_text("{客户称呼}的工单是{工单号}。", LETTERHEAD) == "您的工单是您的工单。"
    assert as_text("See {ticket}.", LETTERHEAD) == "See your ticket."
    assert as_text("工单 {工单号}。", LETTERHEAD, {Placeholder.TICKET: "2611-0042"}) == "工单 2611-0042。"


def test_a_value_is_never_read_as_markup() -> None:
    assert (
        as_text("{客户称呼}", LETTERHEAD, {Placeholder.CUSTOMER_NAME: "**{工单号}** [x](/y)"}) == "**{工单号}** [x](/y)"
    )


def test_another_script_changes_words_and_no_address() -> None:
    document = prepare("**软件**：[软件](https://www.example.com/软件)", LETTERHEAD, write=to_traditional)
    assert plain(document) == to_traditional("软件：软件")
    assert as_blocks(document)[0]["inlines"][2]["href"] == "https://www.example.com/软件"


def test_text_with_line_breaks_needs_no_blocks() -> None:
    assert is_plain(prepare("第一行\n\n第二行，**没有结束", LETTERHEAD))
    assert not is_plain(prepare("1. 甲\n2. 乙", LETTERHEAD))


def test_every_placeholder_has_a_neutral_word() -> None:
    for words in neutral_words().values():
        assert set(words) == set(Placeholder)
