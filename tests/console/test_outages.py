"""That people cannot be told is on every page of those who serve customers."""

import pytest

from storage.database import Transaction
from tests.console.cast import MINUTE
from tests.console.conftest import Browser, Console, NewBrowser
from tests.rules import sweep_and_tell
from tests.tickets.cast import HOUR
from tickets.escalation import way_states


@pytest.fixture
async def agent(console: Console, new_browser: NewBrowser) -> Browser:
    return await new_browser.of(console.cast.li)


async def break_promises(console: Console) -> None:
    """A customer has waited for twelve hours and people were told; nothing has gone out yet."""
    await console.ask()
    console.clock.pass_by(12 * HOUR)
    assert await console.database.write(sweep_and_tell, console.clock.now)


def close(tx: Transaction, now: int, until: int | None = None) -> None:
    way_states.close(tx, "webhook", "<410>", "<b>the webhook</b> is gone", now, until)


async def test_alerts_that_reach_nobody_are_on_every_page_until_they_do(
    console: Console, new_browser: NewBrowser
) -> None:
    await break_promises(console)
    agent = await new_browser.of(console.cast.li)
    console.clock.pass_by(2 * MINUTE - 1)
    assert 'class="news"' not in (await agent.open("/console"))[1]
    console.clock.pass_by(1)
    for path in ("/console", "/console/knowledge", "/console/news"):
        _, text = await agent.open(path)
        assert "有 1 条预警没有送达任何人，最早一条已有 2 分。" in text, path
        assert 'role="alert"' in text
    await console.database.write(lambda tx: tx.change("UPDATE alert SET delivered_at = :now", {"now": 1 << 50}))
    assert 'class="news"' not in (await agent.open("/console/news"))[1]


async def test_when_no_way_works_it_says_so(console: Console, new_browser: NewBrowser) -> None:
    await break_promises(console)
    agent = await new_browser.of(console.cast.li)
    for way in ("mail", "webhook"):
        await console.database.write(way_states.failed, way, "", "cannot be reached", console.clock.now)
    console.clock.pass_by(3 * MINUTE)
    _, text = await agent.open("/console")
    assert "预警发不出去：所有发送方式都不可用，1 条预警没有送达任何人" in text


async def test_a_closed_way_is_named_with_its_code_and_what_to_do(console: Console, agent: Browser) -> None:
    await console.database.write(close, console.clock.now)
    _, text = await agent.open("/console")
    assert "已停用（今天" in text
    assert "对方返回 &lt;410&gt;。" in text
    assert "修好后请管理员测试一次，测试成功即恢复。" in text
    assert "<b>the webhook" not in text
    await console.database.write(way_states.reopen, "webhook", console.clock.now)
    assert 'class="news"' not in (await agent.open("/console"))[1]


async def test_a_way_that_is_closed_until_tomorrow_says_when_it_opens(console: Console, agent: Browser) -> None:
    await console.database.write(close, console.clock.now, console.clock.now + 24 * HOUR)
    _, text = await agent.open("/console")
    assert "自动恢复" in text
    assert "测试一次" not in text


async def test_a_budget_that_is_used_up_is_told(console: Console, agent: Browser) -> None:
    await console.database.write(way_states.failed, "mail", "budget", "the limit is reached", console.clock.now)
    assert "今天的条数已用完" in (await agent.open("/console"))[1]


async def test_it_is_told_in_english_too_and_not_to_readers(console: Console, new_browser: NewBrowser) -> None:
    await break_promises(console)
    await console.database.write(close, console.clock.now)
    agent = await new_browser.of(console.cast.li)
    console.clock.pass_by(3 * MINUTE)
    await agent.send("/console/language", language="en", next="/console")
    _, text = await agent.open("/console")
    assert "is closed (today" in text
    assert "Alerts that have reached nobody: 1. The first has waited for 3 min." in text
    reader = await new_browser.of(console.cast.reader)
    assert "没有送达" not in (await reader.open("/console/knowledge"))[1]
