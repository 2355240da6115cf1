"""What customers asked in vain, on its page, and what editors do about it."""

import re
from dataclasses import dataclass, replace
from urllib.parse import quote

import pytest

from bot.keys import LIBRARY
from knowledgebase.authoring import entries
from knowledgebase.authoring.rows import Change
from knowledgebase.learning import asked
from knowledgebase.learning.asked import AskedQuestion, Decided
from knowledgebase.model import EntryStatus
from storage.database import Transaction
from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser
from tickets import conversations, desk, tickets
from tickets.model import Reason, Ticket

HERE = "/console/knowledge/learning"
DAY = 24 * people.HOUR
IMPORTS = ("外地车能上本地牌吗", "外地车怎么上本地牌", "外地买的车可以上本地牌吗")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that a customer asked: its message, and the ticket that it became, if it became one."""

    message_id: str
    conversation_id: str
    ticket: Ticket | None


def ask(
    tx: Transaction,
    /,
    visitor: str,
    text: str,
    at: int,
    decision: Decided,
    entry_id: str | None = None,
    solved: bool | None = None,
    corrected: str | None = None,
) -> Asked:
    """A visitor asks this; the bot decides so, and the customer or an agent has this to say about it."""
    conversation = people.customer_writes(tx, visitor, text, at)
    [message] = conversations.latest(tx, conversation.id, 1)
    question = AskedQuestion(message.id, conversation.id, "chat", text, decision, entry_id, 1, 0.3, at, message.id)
    asked.keep(tx, question)
    if solved is not None:
        asked.settle(tx, message.id, solved)
    if corrected is not None:
        asked.correct(tx, message.id, corrected, "li")
    if decision is not Decided.HANDOFF:
        return Asked(message.id, conversation.id, None)
    ticket = desk.open_ticket(tx, conversation, Reason.NOT_UNDERSTOOD, text, [], people.RULES, at)
    return Asked(message.id, conversation.id, ticket)


async def three_imports(console: Console) -> list[Asked]:
    """Three customers ask the same in vain."""
    return [
        await console.database.write(ask, f"v-{place}", text, console.clock.now - DAY, Decided.HANDOFF)
        for place, text in enumerate(IMPORTS)
    ]


async def opened(console: Console, new_browser: NewBrowser) -> Browser:
    """Li's browser, with the cast's entries in force."""
    await console.database.write(entries.save, people.ENTRIES, "test", people.NOON)
    await console.server.app[LIBRARY].reload()
    return await new_browser.of(console.cast.li)


def topic_on(page: str) -> str:
    found = re.search(r'name="topic" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def act(browser: Browser, name: str, **fields: str) -> str:
    """Do this; where it leads to."""
    response = await browser.send(f"{HERE}/{name}", fetch=False, **fields)
    assert response.status == 303
    return response.headers["Location"]


@pytest.mark.parametrize("view", ["worth", "topics", "offers", "disputes"])
async def test_every_view_says_what_to_do_when_it_is_empty(
    console: Console, new_browser: NewBrowser, view: str
) -> None:
    browser = await new_browser.of(console.cast.li)
    status, page = await browser.open(f"{HERE}?view={view}")
    assert status == 200
    assert "empty-small" in page
    assert "最近一周没有处理记录" in page


async def test_readers_of_other_departments_do_not_see_what_customers_ask(
    console: Console, new_browser: NewBrowser
) -> None:
    browser = await new_browser.of(console.cast.reader)
    assert (await browser.open(HERE))[0] == 403
    assert HERE not in (await browser.open("/console/knowledge"))[1]


async def test_what_was_asked_in_vain_is_one_topic_with_count_trend_and_examples(
    console: Console, new_browser: NewBrowser
) -> None:
    browser = await opened(console, new_browser)
    await three_imports(console)
    _, page = await browser.open(f"{HERE}?view=topics")
    assert page.count('class="topic"') == 1
    for words in (*IMPORTS, "3 次", "本周 3 · 上周 0", "建议写新条目"):
        assert words in page, words
    _, page = await browser.open(f"{HERE}/questions?of=topic&key={topic_on(page)}")
    assert all(text in page for text in IMPORTS)
    assert page.count("/console/tickets/") == 3
    assert "共 3 次" in page


async def test_every_number_leads_to_what_it_counts(console: Console, new_browser: NewBrowser) -> None:
    browser = await opened(console, new_browser)
    await three_imports(console)
    await console.database.write(
        ask, "v-sure", "轮胎多久需要更换", console.clock.now, Decided.ANSWER, "tyre-01", solved=False
    )
    _, page = await browser.open(HERE)
    counted = dict(re.findall(r'questions\?of=(\w+)">(\d+)</a>', page))
    assert counted == {"asked": "4", "with_entry": "1", "solved": "0"}
    for name, count in counted.items():
        _, listed = await browser.open(f"{HERE}/questions?of={name}")
        assert f"共 {count} 次" in listed
    assert re.search(r'class="cell-number number"[^>]*><a href="[^"]+of=topic[^"]+">3\.0</a>', page)
    _, listed = await browser.open(f"{HERE}/questions?of=disputed&key=tyre-01")
    assert "共 1 次" in listed
    assert (await browser.open(f"{HERE}/questions?of=topic&key=gone"))[0] == 404
    assert (await browser.open(f"{HERE}/questions?of=%27"))[0] == 404


async def test_a_topic_becomes_a_draft_with_the_agents_answer_and_disappears_until_undone(
    console: Console, new_browser: NewBrowser
) -> None:
    browser = await opened(console, new_browser)
    first, *_ = await three_imports(console)
    assert first.ticket is not None
    path = f"/console/tickets/{first.ticket.number}"
    for place, text in enumerate(("您好", "带行驶证到车管所办理转入，详询 13800138000。")):
        said = await browser.send(f"{path}/reply", text=text, last_seen=9, client_id=f"client-{place:04d}")
        assert said.status == 200
    _, page = await browser.open(f"{HERE}?view=topics")
    topic = topic_on(page)
    assert "坐席答过" not in page
    ticket = await console.database.read(tickets.by_number, first.ticket.number)
    assert (await browser.send(f"{path}/resolve", version=ticket.version)).status == 200
    _, page = await browser.open(f"{HERE}?view=topics")
    assert "坐席答过" in page
    led_to = await act(browser, "topics", topic=topic, do="draft")
    entry_id = led_to.removeprefix("/console/knowledge/entries/").split("?")[0]
    draft = await console.database.read(entries.get_entry, entry_id)
    assert draft.status is EntryStatus.DRAFT
    assert {draft.question, *draft.similar} == set(IMPORTS)
    assert draft.answer == "带行驶证到车管所办理转入，详询 ×××。"
    _, page = await browser.open(f"{HERE}?view=topics")
    assert "没有待处理的话题" in page
    undo = re.search(r'name="act" value="([^"]+)"', page)
    assert undo is not None
    assert "done=learning_undone" in await act(browser, "undo", act=undo[1])
    _, page = await browser.open(f"{HERE}?view=topics")
    assert page.count('class="topic"') == 1


async def test_a_draft_without_an_agents_answer_says_that_it_is_missing(
    console: Console, new_browser: NewBrowser
) -> None:
    browser = await opened(console, new_browser)
    await three_imports(console)
    _, page = await browser.open(f"{HERE}?view=topics")
    key = topic_on(page)
    _, page = await browser.open(f"{HERE}/questions?of=topic&key={key}")
    assert "还没有坐席答过" in page
    fields = {f"wording/{IMPORTS[0]}": "yes", f"wording/{IMPORTS[1]}": "yes", "boxes": "yes"}
    led_to = await act(browser, "topics", topic=key, do="draft", **fields)
    draft = await console.database.read(entries.get_entry, led_to.split("/")[-1].split("?")[0])
    assert {draft.question, *draft.similar} == set(IMPORTS[:2])
    assert "请在这里写答案" in draft.answer


async def test_a_topic_may_also_be_added_to_an_entry_or_let_be(console: Console, new_browser: NewBrowser) -> None:
    browser = await opened(console, new_browser)
    await three_imports(console)
    _, page = await browser.open(f"{HERE}?view=topics")
    led_to = await act(browser, "topics", topic=topic_on(page), do="add", entry="warranty-02")
    assert "done=learning_worded" in led_to
    head = await console.database.read(entries.get_head, "warranty-02")
    assert (set(IMPORTS) <= set(head.entry.similar), head.published_version) == (True, 1)
    _, page = await browser.open(led_to)
    undo = re.search(r'name="act" value="([^"]+)"', page)
    assert undo is not None
    await act(browser, "undo", act=undo[1])
    head = await console.database.read(entries.get_head, "warranty-02")
    assert (head.entry.similar, head.entry.status) == ((), EntryStatus.PUBLISHED)
    _, page = await browser.open(f"{HERE}?view=topics")
    assert "done=learning_dismissed" in await act(browser, "topics", topic=topic_on(page), do="dismiss")
    assert "done=learning_gone" in await act(browser, "topics", topic=topic_on(page), do="dismiss")


async def test_confirmed_wordings_are_taken_in_at_once_or_never_offered_again(
    console: Console, new_browser: NewBrowser
) -> None:
    browser = await opened(console, new_browser)
    now = console.clock.now
    helped = [
        await console.database.write(ask, f"h-{place}", text, now, Decided.ANSWER, "tyre-01", solved=True)
        for place, text in enumerate(("车胎该几年一换", "胎用了五年要换吗", "轮胎多久需要更换"))
    ]
    marked = await console.database.write(ask, "m-1", "雨刮坏了保吗", now, Decided.HANDOFF, corrected="warranty-02")
    _, page = await browser.open(f"{HERE}?view=offers")
    assert page.count('class="offer-line"') == 3
    assert ("客户说解决了" in page, "坐席标记" in page) == (True, True)
    assert "轮胎多久需要更换</span>" not in page
    assert "learning_none_ticked" in await act(browser, "wordings", do="accept")
    both = {f"pick/tyre-01/{helped[0].message_id}": "yes", f"pick/warranty-02/{marked.message_id}": "yes"}
    led_to = await act(browser, "wordings", do="accept", **both)
    assert (await console.database.read(entries.get_entry, "tyre-01")).similar == ("车胎该几年一换",)
    assert (await console.database.read(entries.get_entry, "warranty-02")).similar == ("雨刮坏了保吗",)
    _, page = await browser.open(led_to)
    assert page.count('class="offer-line"') == 1
    await act(browser, "wordings", do="reject", **{f"pick/tyre-01/{helped[1].message_id}": "yes"})
    await console.database.write(ask, "h-9", "胎用了五年要换吗？", now, Decided.ANSWER, "tyre-01", solved=True)
    _, page = await browser.open(f"{HERE}?view=offers")
    assert "没有待确认的问法" in page
    acts = re.search(r"act=([^&]+)", led_to)
    assert acts is not None
    await act(browser, "undo", act=acts[1].replace("%2C", ","))
    assert (await console.database.read(entries.get_entry, "tyre-01")).similar == ()


async def test_a_disputed_answer_leads_to_its_entry(console: Console, new_browser: NewBrowser) -> None:
    browser = await opened(console, new_browser)
    for place in range(2):
        await console.database.write(
            ask, f"d-{place}", "轮胎多久需要更换", console.clock.now, Decided.ANSWER, "tyre-01", solved=False
        )
    _, page = await browser.open(f"{HERE}?view=disputes")
    assert "没解决 2 次" in page
    assert "共答出 2 次" in page
    led_to = await act(browser, "disputes", entry="tyre-01", do="rewrite")
    assert led_to.startswith("/console/knowledge/entries/tyre-01")
    _, page = await browser.open(f"{HERE}?view=disputes")
    assert "没有有争议的答案" in page
    assert "learning_gone" in await act(browser, "disputes", entry="tyre-01", do="dismiss")


async def test_what_customers_wrote_is_shown_as_text(console: Console, new_browser: NewBrowser) -> None:
    browser = await opened(console, new_browser)
    hostile = "<script>alert(1)</script> {{ 7*7 }} 怎么上牌"
    await console.database.write(ask, "x-1", hostile, console.clock.now, Decided.HANDOFF)
    _, page = await browser.open(f"{HERE}?view=topics")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }} 怎么上牌" in page
    key = topic_on(page)
    assert "<script>alert" not in (await browser.open(f"{HERE}/questions?of=topic&key={quote(key)}"))[1]


async def test_an_entry_that_was_changed_meanwhile_is_not_overwritten(
    console: Console, new_browser: NewBrowser
) -> None:
    browser = await opened(console, new_browser)
    helped = await console.database.write(
        ask, "h-1", "车胎该几年一换", console.clock.now, Decided.ANSWER, "tyre-01", solved=True
    )
    await browser.open(f"{HERE}?view=offers")
    head = await console.database.read(entries.get_entry, "tyre-01")
    theirs = replace(head, answer="6 年。")
    change = Change("zhou", console.clock.now)
    await console.database.write(entries.edit, theirs, head.version, change)
    await act(browser, "wordings", do="accept", **{f"pick/tyre-01/{helped.message_id}": "yes"})
    now = await console.database.read(entries.get_entry, "tyre-01")
    assert (now.answer, now.similar) == ("6 年。", ("车胎该几年一换",))
