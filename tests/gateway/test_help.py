"""The help centre as a browser without scripts gets it."""

import json
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urljoin

import aiohttp
import pytest
from yarl import URL

from bot.gateway.languages import LANGUAGES, preferred
from bot.gateway.limits import SEARCHES_PER_MINUTE
from bot.help.reader import words
from bot.help.render import LONGEST_QUERY
from bot.help.search import sort_by_confidence
from knowledgebase.authoring import entries
from knowledgebase.model import Entry, EntryStatus, Match, Thresholds, Visibility
from tests.fakes import ENTRIES, Clock, Server


class Page(HTMLParser):
    """What a reader of the page sees and can follow."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.links: list[str] = []
        self.tags: list[str] = []
        self.languages: list[str] = []
        self.text = ""
        self.in_data = False
        self.data: list[dict[str, Any]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        assert not [name for name in told if name.startswith("on") or name == "style"]
        assert not (told.get("href") or "").startswith(("javascript:", "data:"))
        self.in_data = told.get("type") == "application/ld+json"
        self.tags.append("data" if self.in_data else tag)
        self.links += [href for href in (told.get("href"),) if href and tag == "a"]
        self.languages += [lang for lang in (told.get("lang"),) if lang and tag == "html"]

    def handle_data(self, data: str) -> None:
        if self.in_data:
            self.data.append(json.loads(data))
        else:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        self.in_data = False


async def visit(
    server: Server, path: str, status: int = 200, headers: dict[str, str] | None = None, **query: str
) -> Page:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.url}{path}", params=query, headers=headers or {}) as response,
    ):
        html = await response.text()
        assert response.status == status, html
        assert response.content_type == "text/html"
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    return Page(html)


async def test_the_start_lists_every_category_with_its_count_and_questions(server: Server) -> None:
    page = await visit(server, "/help")
    assert page.languages == ["zh-CN"]
    for entry in ENTRIES:
        assert entry.question in page.text
        assert entry.category in page.text
        assert f"/help/entries/{entry.id}" in page.links
    assert "2 个问题" in page.text
    assert f"/help/{quote('轮胎')}" in page.links


async def test_every_link_of_the_help_centre_leads_somewhere(server: Server) -> None:
    seen, waiting = set[str](), ["/help"]
    async with aiohttp.ClientSession() as session:
        while waiting:
            path = waiting.pop()
            if path in seen or not path.startswith("/"):
                continue
            seen.add(path)
            async with session.get(f"{server.url}{path}") as response:
                assert response.status == 200, path
                if response.content_type == "text/html" and path.startswith("/help"):
                    waiting += [urljoin(path, link) for link in Page(await response.text()).links if link[0] == "/"]
    assert len(seen) > 15


async def test_a_category_shows_its_questions_only(server: Server) -> None:
    page = await visit(server, f"/help/{quote('轮胎')}")
    assert ENTRIES[0].question in page.text
    assert ENTRIES[1].question in page.text
    assert ENTRIES[2].question not in page.text


async def test_an_answer_is_shown_as_paragraphs_lists_and_links(server: Server) -> None:
    page = await visit(server, "/help/entries/rescue-call")
    assert page.tags.count("ol") == 1
    assert "tel:4000000102" in page.links
    assert "1. 开双闪" not in page.text
    assert "开双闪，人到护栏外。" in page.text
    other = await visit(server, "/help/entries/tyre-when")
    assert ENTRIES[1].question in other.text, "the same category's other question is offered"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/help/entries/nothing", 404), ("/help/entries/draft", 404), ("/help/entries/old", 410), ("/help/秘密", 404)],
)
async def test_what_is_not_published_does_not_exist(server: Server, path: str, status: int) -> None:
    hidden = [
        Entry("draft", "草稿问题？", "还没定。", "秘密", status=EntryStatus.DRAFT),
        Entry("old", "旧问题？", "过时。", "秘密", status=EntryStatus.ARCHIVED),
    ]
    await server.publish(hidden)
    page = await visit(server, path, status=status)
    assert "草稿问题" not in page.text
    assert "过时" not in page.text
    assert "/help" in page.links
    for query in ("草稿问题", "旧问题", "秘密"):
        found = await visit(server, "/help/search", q=query)
        assert "草稿问题？" not in found.text
        assert "旧问题？" not in found.text


async def test_a_change_of_entries_is_seen_at_once(server: Server) -> None:
    await visit(server, "/help/entries/tyre-when")
    changed = Entry("tyre-when", ENTRIES[0].question, "七年一换。", "轮胎")
    await server.database.write(entries.save, [changed], "test", server.clock())
    assert "七年一换。" in (await visit(server, "/help/entries/tyre-when")).text
    gone = Entry("tyre-when", ENTRIES[0].question, "七年一换。", "轮胎", status=EntryStatus.ARCHIVED)
    await server.database.write(entries.save, [gone], "test", server.clock())
    await visit(server, "/help/entries/tyre-when", status=410)


async def test_what_is_not_for_customers_does_not_exist(server: Server) -> None:
    hidden = [
        Entry("inside", "内部问题？", "先问组长。", "秘密", visibility=Visibility.INTERNAL),
        Entry("desk", "坐席问题？", "先问组长。", "秘密", visibility=Visibility.AGENTS),
    ]
    await server.publish(hidden)
    for entry in hidden:
        await visit(server, f"/help/entries/{entry.id}", status=404)
        assert f"/help/entries/{entry.id}" not in (await visit(server, "/help/search", q=entry.question)).links
    assert "秘密" not in (await visit(server, "/help")).text


async def test_an_entry_appears_and_goes_with_its_dates(server: Server, clock: Clock) -> None:
    begin = clock() + 1_000
    await server.publish([Entry("fair", "车展优惠？", "九折。", "活动", valid_from=begin, valid_until=begin + 1_000)])
    await visit(server, "/help/entries/fair", status=404)
    clock.advance(1_000)
    await visit(server, "/help/entries/fair")
    clock.advance(1_000)
    page = await visit(server, "/help/entries/fair", status=410)
    assert words("zh-CN")["gone"] in page.text


async def test_the_help_centre_has_a_text_of_its_own(server: Server) -> None:
    await server.publish([Entry("fair", "车展优惠？", "九折。", channel_answers=(("help", "见公告。"),))])
    assert "见公告。" in (await visit(server, "/help/entries/fair")).text


@pytest.mark.parametrize("query", ["轮胎多久换一次？", "輪胎多久換一次", "轮胎几年换", " 轮胎　多久换一次 "])
async def test_the_search_finds_what_the_chat_would_answer(server: Server, query: str) -> None:
    page = await visit(server, "/help/search", q=query)
    assert "/help/entries/tyre-when" in page.links
    assert not re.search(r"\d+(\.\d+)?\s*%|置信度|0\.\d", page.text.replace("1.6", ""))


async def test_a_traditional_question_is_answered_in_traditional(server: Server) -> None:
    page = await visit(server, "/help/search", q="輪胎多久換一次")
    assert page.languages == ["zh-TW"]
    assert "輪胎多久換一次？" in page.text
    assert "搜尋結果" in page.text


async def test_a_single_word_finds_the_questions_that_hold_it(server: Server) -> None:
    page = await visit(server, "/help/search", q="轮胎")
    assert {"/help/entries/tyre-when", "/help/entries/tyre-rotate"} <= set(page.links)


async def test_questions_that_hold_the_word_come_before_those_whose_category_does(server: Server) -> None:
    await server.publish([Entry("aaa", "四轮定位多少钱？", "120 元。", "轮胎")])
    page = await visit(server, "/help/search", q="轮胎")
    found = [link.rsplit("/", 1)[1] for link in page.links if link.startswith("/help/entries/")]
    assert found.index("aaa") > max(found.index("tyre-when"), found.index("tyre-rotate"))


async def test_an_empty_search_says_what_to_do(server: Server) -> None:
    for query in ("", "   ", "\u3000"):
        page = await visit(server, "/help/search", q=query)
        assert words("zh-CN")["ask_first"] in page.text
    assert words("zh-CN")["ask_first"] in (await visit(server, "/help/search")).text


async def test_a_search_without_result_leads_to_the_chat(server: Server) -> None:
    page = await visit(server, "/help/search", q="qzxv")
    assert words("zh-CN")["none"] % "qzxv" in page.text
    assert "data-yingsheng-open" in page.html
    assert words("zh-CN")["phone_href"] in page.links


OUR_SCRIPTS = 2
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE entry; --",
    "{{7*7}}{% raw %}${7*7}%(q)s%d%s",
    "%",
    "_",
    "\\",
    "\x00\x01\x1b[31m",
    "\u202e\u2066abc",
    "👨‍👩‍👧‍👦𠮷𰻝",
    "\ufffe\uffff",
    "+-*/&=?#;",
]


@pytest.mark.parametrize("query", HOSTILE)
async def test_what_is_typed_is_shown_as_text_and_nothing_else(server: Server, query: str) -> None:
    page = await visit(server, "/help/search", q=query)
    assert "img" not in page.tags
    assert page.tags.count("script") == OUR_SCRIPTS
    assert "49" not in page.text


async def test_bytes_that_are_no_text_are_no_error(server: Server) -> None:
    for raw in ("%ff%fe", "%ed%a0%80", "%00", "%", "%zz", "&q=", "a&q=b&lang=xx&lang=%00"):
        async with (
            aiohttp.ClientSession() as session,
            session.get(URL(f"{server.url}/help/search?q={raw}", encoded=True)) as response,
        ):
            assert response.status == 200, raw


async def test_hostile_entries_are_shown_as_text(server: Server) -> None:
    hostile = Entry(
        "hostile",
        "<img src=x onerror=alert(1)>？",
        '<script>alert(1)</script>\njavascript:alert(1) data:text/html,x\nhttps://example.com/"onmouseover="x\n{{7*7}}',
        "</h1><b>类/?#%",
    )
    await server.publish([hostile])
    page = await visit(server, "/help/entries/hostile")
    assert "img" not in page.tags
    assert "b" not in page.tags
    assert page.tags.count("script") == OUR_SCRIPTS
    assert [link for link in page.links if link.startswith("http")] == ["https://example.com/"]
    assert "49" not in page.text
    category = next(link for link in page.links if "%3Cb%3E" in link)
    assert hostile.question in (await visit(server, category)).text


async def test_a_long_question_is_cut_and_says_so(server: Server) -> None:
    page = await visit(server, "/help/search", q="轮胎多久换一次？" * 100)
    assert words("zh-CN")["cut"] % LONGEST_QUERY in page.text
    assert "轮胎多久换一次？" * 30 not in page.html


async def test_who_searches_too_fast_is_told_to_wait(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(SEARCHES_PER_MINUTE):
            async with session.get(f"{server.url}/help/search") as response:
                assert response.status == 200
        async with session.get(f"{server.url}/help/search", params={"q": "轮胎"}) as response:
            assert response.status == 429
            assert int(response.headers["Retry-After"]) >= 1
            assert "轮胎" in await response.text()
        async with session.get(f"{server.url}/help") as response:
            assert response.status == 200


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", "zh-CN"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-TW", "zh-TW"),
        ("zh-Hant-HK,zh;q=0.9", "zh-TW"),
        ("fr-FR,en;q=0.5", "en"),
        ("fr", "zh-CN"),
        ("en;q=0,zh", "zh-CN"),
        ("en;q=0.1,zh-TW;q=0.9", "zh-TW"),
        ("en;q=nonsense,*", "zh-CN"),
        (",;q=,,;;", "zh-CN"),
    ],
)
def test_the_browsers_language_is_spoken_if_we_can(accepted: str, expected: str) -> None:
    assert preferred(accepted) == expected


async def test_the_words_follow_the_browser_and_the_address_overrules_it(server: Server) -> None:
    english = await visit(server, "/help", headers={"Accept-Language": "en-GB"})
    assert english.languages == ["en"]
    assert words("en")["lead"] in english.text
    chosen = await visit(server, "/help", headers={"Accept-Language": "en-GB"}, lang="zh-TW")
    assert chosen.languages == ["zh-TW"]
    assert "輪胎多久換一次？" in chosen.text
    inside = [link for link in chosen.links if link.startswith("/help/")]
    assert all("lang=zh-TW" in link for link in inside)


def test_every_language_has_every_word_with_the_same_places() -> None:
    plain: dict[str, Any] = {language: words(language) for language in LANGUAGES}
    for language in LANGUAGES:
        assert plain[language].keys() == plain["zh-CN"].keys()
        for key, text in plain[language].items():
            assert re.findall("%[sd]", text) == re.findall("%[sd]", plain["zh-CN"][key]), (language, key)


async def test_a_page_that_the_browser_has_is_not_sent_again(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/help") as response:
            tag = response.headers["ETag"]
            assert response.headers["Vary"] == "Accept-Language"
        async with session.get(f"{server.url}/help", headers={"If-None-Match": tag}) as response:
            assert response.status == 304
            assert await response.read() == b""
        await server.publish([Entry("new", "新问题？", "新回答。", "轮胎")])
        async with session.get(f"{server.url}/help", headers={"If-None-Match": tag}) as response:
            assert response.status == 200


async def test_an_empty_knowledge_base_has_a_help_centre_too(server: Server) -> None:
    await server.publish([Entry(e.id, e.question, e.answer, e.category, status=EntryStatus.ARCHIVED) for e in ENTRIES])
    assert words("zh-CN")["empty"] in (await visit(server, "/help")).text
    await visit(server, "/help/search", q="轮胎")


async def test_an_unknown_address_leads_back(server: Server) -> None:
    page = await visit(server, "/no/such/page", status=404, headers={"Accept": "text/html"})
    assert "/help" in page.links


async def test_only_the_help_centres_own_files_are_served(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/static/help/help.css") as response:
            assert response.status == 200
            assert response.content_type == "text/css"
        for path in ("..%2f..%2fapp.py", "%2e%2e%2fwidget.js", "help.css%00", "HELP.CSS", "."):
            url = URL(f"{server.url}/static/help/{path}", encoded=True)
            async with session.get(url) as response:
                assert response.status == 404, path


def test_how_sure_we_are_decides_the_group_and_a_guess_is_left_out() -> None:
    first, second, third = ENTRIES
    matches = [Match(first, 3, 0.9, ""), Match(second, 2, 0.5, ""), Match(third, 1, 0.1, "")]
    found = sort_by_confidence(matches, [first, third], Thresholds(answer=0.8, clarify=0.3))
    assert (found.best, found.likely, found.mentions) == ((first,), (second,), (third,))
    assert not sort_by_confidence(matches[2:], [], Thresholds(answer=0.8, clarify=0.3))
