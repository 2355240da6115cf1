"""「为什么」 in the console: agents see how a question is matched now; asking changes nothing and has its limits."""

import re
from urllib.parse import quote

import pytest

from bot.console.explanations import EXPLANATIONS_PER_MINUTE
from bot.console.story import LONGEST_ASKED
from bot.keys import LIBRARY
from knowledgebase.authoring import entries
from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser


@pytest.fixture
async def li(console: Console, new_browser: NewBrowser) -> Browser:
    """An agent at the console of a house with entries."""
    await console.database.write(entries.save, people.ENTRIES, "test", people.NOON)
    await console.server.app[LIBRARY].reload()
    return await new_browser.of(console.cast.li)


async def explained(browser: Browser, text: str, **headers: str) -> tuple[int, str]:
    return await browser.open(f"/console/explain?text={quote(text)}", **headers)


async def test_a_script_gets_the_part_and_a_person_the_page(li: Browser) -> None:
    status, part = await explained(li, "轮抬多久需要更换", **{"X-Fetch": "1"})
    assert (status, "<html" in part) == (200, False)
    assert part.lstrip().startswith("<section")
    for said in ("轮胎多久需要更换？", "tyre-01", "抬→胎（同音 tai）", "得分构成"):
        assert said in part
    status, whole = await explained(li, "轮抬多久需要更换")
    assert (status, "<html" in whole, "抬→胎（同音 tai）" in whole) == (200, True, True)


async def test_the_words_are_those_of_the_readers_language(li: Browser) -> None:
    _, part = await explained(li, "轮抬多久需要更换", **{"X-Fetch": "1", "Accept-Language": "en"})
    assert "抬 → 胎 (sounds the same: tai)" in part
    assert "得分构成" not in part


@pytest.mark.parametrize("text", ["", "qqqq", "\u202e\u200b"])
async def test_what_matches_nothing_is_explained_as_well(li: Browser, text: str) -> None:
    status, part = await explained(li, text, **{"X-Fetch": "1"})
    assert (status, "没有匹配的条目" in part) == (200, True)


@pytest.mark.parametrize("headers", [{}, {"X-Fetch": "1"}], ids=["page", "part"])
async def test_what_a_customer_typed_is_never_markup(li: Browser, headers: dict[str, str]) -> None:
    _, shown = await explained(li, "轮胎<script>alert(1)</script>\"'><img src=x>{{ 6 * 6 }}更换", **headers)
    assert "<script>alert" not in shown
    assert "<img" not in shown
    assert "&lt;" not in shown or "&amp;lt;" not in shown


async def test_a_text_that_is_too_long_is_refused(li: Browser) -> None:
    assert (await explained(li, "换" * LONGEST_ASKED))[0] == 200
    assert (await explained(li, "换" * (LONGEST_ASKED + 1), **{"X-Fetch": "1"}))[0] == 413


async def test_each_agent_has_a_pace_of_their_own(console: Console, li: Browser, new_browser: NewBrowser) -> None:
    statuses = [(await explained(li, "轮胎", **{"X-Fetch": "1"}))[0] for _ in range(EXPLANATIONS_PER_MINUTE + 1)]
    assert statuses == [200] * EXPLANATIONS_PER_MINUTE + [429]
    chen = await new_browser.of(console.cast.chen)
    assert (await explained(chen, "轮胎"))[0] == 200


async def test_a_ticket_links_what_the_bot_said_to_the_question_before_it(
    console: Console, new_browser: NewBrowser
) -> None:
    made = await console.database.write(people.fill_desk, console.cast)
    browser = await new_browser.of(console.cast.li)
    _, page = await browser.open(f"/console/tickets/{made['soon'].number}")
    links = re.findall(r'href="(/console/explain\?text=[^"]+)"', page)
    assert links == [f"/console/explain?text={quote('轮胎多久换一次？我的车开了 4 年')}"]
    assert (await browser.open(links[0]))[0] == 200
