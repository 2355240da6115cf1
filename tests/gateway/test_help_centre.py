"""What the help centre has beside its pages: suggestions, readers' words, related articles, and crawlers."""

import re
import xml.etree.ElementTree as XML
from http.cookies import SimpleCookie
from urllib.parse import quote, urlencode

import aiohttp
import pytest

from bot.gateway.limits import FEEDBACK_PER_HOUR, SUGGESTIONS_PER_MINUTE
from bot.help import crawlers
from bot.help.reader import words
from knowledgebase.learning import articles
from knowledgebase.learning.articles import ArticleCount, Reason
from knowledgebase.model import Entry, Visibility
from tests.conftest import StartServer
from tests.fakes import ENTRIES, Clock, Server
from tests.gateway.test_help import Page, visit

SITEMAP = {"s": crawlers.SITEMAPS, "x": crawlers.XHTML}
ARTICLE = "/help/entries/tyre-when"


async def suggestions(server: Server, query: str, **headers: str) -> list[str]:
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{server.url}/help/suggest", params={"q": query}) as response,
    ):
        assert response.status == 200
        told = await response.json()
        assert told["query"] == query
        return [item["question"] for item in told["items"]]


async def tell(
    server: Server, session: aiohttp.ClientSession, origin: str | None = "own", path: str = ARTICLE, **form: str
) -> tuple[int, str]:
    headers = {"Origin": server.url if origin == "own" else origin} if origin else {}
    async with session.post(
        f"{server.url}{path}/feedback", data=form, headers=headers, allow_redirects=False
    ) as response:
        return response.status, response.headers.get("Location", "")


async def heard(server: Server) -> list[ArticleCount]:
    return await server.database.read(articles.counts)


async def test_what_is_typed_is_completed_to_questions(server: Server) -> None:
    assert ENTRIES[0].question in await suggestions(server, "轮胎多久")
    assert ENTRIES[0].question in await suggestions(server, "轮胎")
    assert await suggestions(server, "") == []
    assert await suggestions(server, "今天天气真好啊") == []


async def test_the_thresholds_of_the_settings_hold_here_too(start_server: StartServer) -> None:
    server = await start_server(answers={"answer_threshold": 1.0, "clarify_threshold": 1.0})
    assert await suggestions(server, "轮胎多久要换") == []
    assert ENTRIES[0].question in await suggestions(server, "轮胎多久")


async def test_suggestions_speak_the_readers_script_and_keep_the_language_of_the_page(server: Server) -> None:
    assert "輪胎多久換一次？" in await suggestions(server, "輪胎多久")
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.url}/help/suggest", params={"q": "轮胎多久", "lang": "en"}) as response,
    ):
        items = (await response.json())["items"]
        assert items[0]["url"].endswith("?lang=en")


async def test_only_what_customers_may_read_now_is_suggested(server: Server, clock: Clock) -> None:
    await server.publish(
        [
            Entry("inside", "轮胎的内部价是多少？", "保密。", "轮胎", visibility=Visibility.INTERNAL),
            Entry("later", "轮胎活动什么时候开始？", "下月。", "轮胎", valid_from=clock() + 1_000),
        ]
    )
    found = await suggestions(server, "轮胎")
    assert not {"轮胎的内部价是多少？", "轮胎活动什么时候开始？"} & set(found)
    clock.advance(1_000)
    assert "轮胎活动什么时候开始？" in await suggestions(server, "轮胎活动")


async def test_who_asks_for_suggestions_too_fast_gets_none(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(SUGGESTIONS_PER_MINUTE):
            async with session.get(f"{server.url}/help/suggest") as response:
                assert response.status == 200
        async with session.get(f"{server.url}/help/suggest") as response:
            assert response.status == 429
            assert int(response.headers["Retry-After"]) > 0


async def test_a_reader_says_once_whether_an_article_helped(server: Server) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        assert await tell(server, session, helped="yes") == (303, f"{ARTICLE}?heard=yes#feedback")
        assert await tell(server, session, helped="yes") == (303, f"{ARTICLE}?heard=yes#feedback")
        assert await heard(server) == [ArticleCount("tyre-when", 1, 0)]
        assert await tell(server, session, helped="no") == (303, f"{ARTICLE}?heard=no#feedback")
        assert await tell(server, session, helped="no", reason="outdated") == (303, f"{ARTICLE}?heard=reason#feedback")
        assert await heard(server) == [ArticleCount("tyre-when", 0, 1, {Reason.OUTDATED: 1})]
    async with aiohttp.ClientSession() as another:
        await tell(server, another, helped="no")
        assert await heard(server) == [ArticleCount("tyre-when", 0, 2, {Reason.OUTDATED: 1})]


async def test_the_page_says_thanks_and_asks_why_it_did_not_help(server: Server) -> None:
    say = words("zh-CN")
    page = await visit(server, ARTICLE)
    assert say["helped_ask"] in page.text
    assert say["helped_thanks"] in (await visit(server, ARTICLE, heard="yes")).text
    why = await visit(server, ARTICLE, heard="no")
    assert why.html.count('type="radio"') == len(Reason)
    assert all(say[f"reason_{reason}"] in why.text for reason in Reason)
    assert say["helped_ask"] in (await visit(server, ARTICLE, heard="<script>")).text
    assert await heard(server) == [], "to read is not to say anything"


async def test_the_cookie_says_nothing_and_scripts_cannot_read_it(server: Server) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{server.url}{ARTICLE}/feedback",
            data={"helped": "yes"},
            headers={"Origin": server.url},
            allow_redirects=False,
        ) as response,
    ):
        cookie = SimpleCookie(response.headers["Set-Cookie"])["yingsheng-reader"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/help"
    rows = await server.database.read(lambda tx: tx.execute("SELECT reader_hash FROM article_feedback"))
    assert cookie.value not in rows[0]["reader_hash"]


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example.net"])
async def test_a_foreign_page_says_nothing_for_a_reader(server: Server, origin: str | None) -> None:
    async with aiohttp.ClientSession() as session:
        assert (await tell(server, session, origin=origin, helped="yes"))[0] == 403
    assert await heard(server) == []


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"helped": ""},
        {"helped": "maybe"},
        {"helped": "yes", "reason": "wrong"},
        {"helped": "no", "reason": "'; --"},
    ],
)
async def test_any_other_word_is_refused(server: Server, form: dict[str, str]) -> None:
    async with aiohttp.ClientSession() as session:
        assert (await tell(server, session, **form))[0] == 400
    assert await heard(server) == []


async def test_what_is_not_there_cannot_be_judged(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        assert (await tell(server, session, path="/help/entries/nothing", helped="yes"))[0] == 404
        async with session.get(f"{server.url}{ARTICLE}/feedback") as response:
            assert response.status == 405


async def test_who_judges_too_fast_is_told_to_wait(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(FEEDBACK_PER_HOUR):
            assert (await tell(server, session, helped="yes"))[0] == 303
        assert (await tell(server, session, helped="no"))[0] == 429
    assert (await heard(server))[0].not_helped == 0


async def test_what_the_author_named_comes_first_among_the_related(server: Server) -> None:
    named = Entry("fair", "车展有优惠吗？", "有。", "活动", related=("rescue-call", "fair-2"))
    await server.publish([named, Entry("fair-2", "车展在哪里？", "展馆。", "活动")])
    page = await visit(server, "/help/entries/fair")
    links = [link for link in page.links if link.startswith("/help/entries/") and "?" not in link]
    assert links == ["/help/entries/rescue-call", "/help/entries/fair-2"]


async def test_an_article_says_when_it_was_published(server: Server) -> None:
    page = await visit(server, ARTICLE)
    assert re.search(r"更新于 20\d\d年\d{1,2}月\d{1,2}日", page.text)
    assert re.search(r"Updated \d{1,2} [A-Z][a-z]{2} 20\d\d", (await visit(server, ARTICLE, lang="en")).text)


async def test_robots_learn_where_to_look_and_where_not(server: Server) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/robots.txt") as response:
        text = await response.text()
        assert response.content_type == "text/plain"
    assert "Disallow: /console\n" in text
    assert f"Sitemap: {server.url}/sitemap.xml\n" in text
    assert "Disallow: /help\n" not in text


async def test_the_sitemap_names_every_page_that_customers_may_read(server: Server) -> None:
    await server.publish([Entry("inside", "内部问题？", "保密。", "秘密", visibility=Visibility.INTERNAL)])
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/sitemap.xml") as response:
            tree = XML.fromstring(await response.text())
        named = [one.text or "" for one in tree.iterfind("s:url/s:loc", SITEMAP)]
        entries = {f"{server.url}/help/entries/{entry.id}" for entry in ENTRIES}
        shelves = {f"{server.url}/help/{quote(entry.category)}" for entry in ENTRIES}
        assert set(named) == {f"{server.url}/help", *entries, *shelves}
        assert len(tree.findall("s:url/x:link", SITEMAP)) == 3 * len(named)
        for address in named:
            async with session.get(address) as response:
                assert response.status == 200, address


async def test_a_large_sitemap_is_in_several_files(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawlers, "PAGES_PER_FILE", 3)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/sitemap.xml") as response:
            parts = XML.fromstring(await response.text()).findall("s:sitemap/s:loc", SITEMAP)
        found = []
        for part in parts:
            async with session.get(part.text or "") as response:
                found += XML.fromstring(await response.text()).findall("s:url", SITEMAP)
        assert len(found) == len({*ENTRIES}) + len({entry.category for entry in ENTRIES}) + 1
        async with session.get(f"{server.url}/sitemaps/{len(parts)}.xml") as response:
            assert response.status == 404


def head_of(page: Page) -> dict[str, str]:
    told = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)"', page.html)
    canonical = re.search(r'<link rel="canonical" href="([^"]+)"', page.html)
    return {**dict(told), "canonical": canonical[1] if canonical else ""}


async def test_a_page_tells_search_engines_what_it_is(server: Server) -> None:
    page = await visit(server, ARTICLE)
    head = head_of(page)
    assert head["canonical"] == head["og:url"] == f"{server.url}{ARTICLE}"
    assert head["description"].startswith(ENTRIES[0].answer[:10])
    assert ENTRIES[0].question in head["og:title"]
    for language in ("zh-CN", "zh-TW", "en"):
        assert f'hreflang="{language}" href="{server.url}{ARTICLE}?lang={language}"' in page.html
    trail, question = page.data
    assert [step["name"] for step in trail["itemListElement"]] == ["帮助中心", "轮胎", ENTRIES[0].question]
    assert question["mainEntity"][0]["acceptedAnswer"]["text"].startswith(ENTRIES[0].answer[:10])
    english = await visit(server, ARTICLE, lang="en")
    assert head_of(english)["canonical"] == f"{server.url}{ARTICLE}?lang=en"


async def test_structured_data_cannot_be_left(server: Server) -> None:
    hostile = Entry("hostile", "</script><img src=x onerror=alert(1)>？", "<!--<script>]]>\u2028&\"'", "</script>")
    await server.publish([hostile])
    page = await visit(server, "/help/entries/hostile")
    assert "img" not in page.tags
    assert page.data[1]["mainEntity"][0]["name"] == hostile.question


async def test_pages_that_are_no_articles_are_not_indexed(server: Server) -> None:
    for path, status in ((f"/help/search?{urlencode({'q': '轮胎'})}", 200), ("/help/entries/nothing", 404)):
        page = await visit(server, path, status=status)
        assert head_of(page)["robots"] == "noindex"
        assert head_of(page)["canonical"] == ""


async def test_a_long_category_has_pages(server: Server) -> None:
    await server.publish([Entry(f"long-{one:03}", f"第{one}个问题是什么？", "答。", "长") for one in range(205)])
    first = await visit(server, f"/help/{quote('长')}")
    assert len([link for link in first.links if "/help/entries/long-" in link]) == 100
    assert f"/help/{quote('长')}?page=2" in first.links
    last = await visit(server, f"/help/{quote('长')}", page="3", lang="en")
    assert len([link for link in last.links if "/help/entries/long-" in link]) == 5
    assert "Page 3 of 3" in last.text
    for odd in ("0", "-1", "99", "x", "1" * 50):
        await visit(server, f"/help/{quote('长')}", page=odd)
