"""Recomputing through the pages: seen first, then done as it was seen, by administrators alone."""

import pytest

from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser
from tests.console.rules.pages import Page, opened, rules_of, sent
from tickets import desk, tickets
from tickets.clocks import receipts, rows
from tickets.clocks.receipts import Cause
from tickets.sla.model import RuleKind

HOUR = people.HOUR


@pytest.fixture
async def admin(console: Console, new_browser: NewBrowser) -> Browser:
    return await new_browser.of(console.cast.admin)


async def shorten(console: Console, admin: Browser, hours: int) -> str:
    """The policy for everybody promises an answer within these hours; its id."""
    rule = (await rules_of(console, RuleKind.POLICY))[-1]
    form = (await opened(admin, f"/policies/{rule.id}")).fields()
    page = await sent(admin, f"/policies/{rule.id}", {**form, "first_response.amount": str(hours)})
    assert f"「标准时限」已保存为第 {rule.version + 1} 版" in page.text
    return rule.id


async def preview(admin: Browser, rule_id: str = "") -> tuple[Page, str]:
    """What running clocks would come to, and the address of that page below /console/rules."""
    response = await admin.send("/console/rules/recompute", fetch=False, rule=rule_id)
    address = response.headers["Location"].removeprefix("/console/rules")
    return await opened(admin, address), address


async def test_a_changed_policy_is_brought_to_running_tickets_once_it_was_seen(
    console: Console, admin: Browser
) -> None:
    """Of two tickets one would be overdue at once; both clocks move only when it is done, and say by whom."""
    before = people.NOON - 3 * HOUR
    old = await console.database.write(people.ask, "v-old", "我要找人工", before)
    new = await console.ask("v-new", "<b>轮胎</b>")
    rule_id = await shorten(console, admin, 2)
    assert (await _due(console, old.id))[0] == before + 12 * HOUR
    page, address = await preview(admin, rule_id)
    told = [" ".join(row.text_content().split()) for row in page.tree.xpath("//table//tbody/tr")]
    assert len(told) == 2
    assert "马上超时" in told[0]
    assert "提前 10 小时" in told[0]
    assert "<b>轮胎" not in page.text
    assert "其中 1 个时限按新规则已经超时，重算后马上开始通知。" in page.text
    assert (await _due(console, old.id))[0] == before + 12 * HOUR
    done = await sent(admin, address, {"then": "apply"})
    assert "已重算 2 张工单（管理员" in done.text
    assert await _due(console, old.id) == (before + 2 * HOUR, Cause.RECOMPUTED, console.cast.admin.id)
    assert await _due(console, new.id) == (people.NOON + 2 * HOUR, Cause.RECOMPUTED, console.cast.admin.id)
    ticket = await admin.open(f"/console/tickets/{old.number}")
    assert "按现在的规则重算了时限" in ticket[1]
    again = await sent(admin, address, {"then": "apply"})
    assert "已重算 2 张工单" in again.text
    assert len(await _receipts(console, old.id)) == 2
    nothing, _ = await preview(admin)
    assert "没有工单会变" in nothing.text


async def _receipts(console: Console, ticket_id: str) -> list[receipts.Receipt]:
    clock = (await console.database.read(rows.of_ticket, ticket_id))[0]
    return await console.database.read(receipts.of_clock, clock.id)


async def _due(console: Console, ticket_id: str) -> tuple[int, Cause, str | None]:
    newest = (await _receipts(console, ticket_id))[-1]
    return newest.due_at, newest.cause, newest.by_agent_id


async def test_a_ticket_that_changed_since_is_named_and_left_alone(console: Console, admin: Browser) -> None:
    tickets_made = [await console.ask(f"v-{number}") for number in range(2)]
    await shorten(console, admin, 2)
    _, address = await preview(admin)
    agent, first = console.cast.li, tickets_made[0]
    await console.database.write(desk.take_over, first.number, agent, first.version, console.clock.now)
    await console.database.write(desk.reply, first.number, agent, "五年。", 1, "r", False, console.clock.now)
    page = await sent(admin, address, {"then": "apply"})
    assert "1 张工单在预览之后有变化，没有动。" in page.text
    skipped = await opened(admin, f"{address}?show=skipped")
    assert skipped.says("entry-link") == [first.number]
    assert (await console.database.read(tickets.by_number, first.number)).policy_version == 1


async def test_under_rules_that_nobody_saw_nothing_is_done(console: Console, admin: Browser) -> None:
    ticket = await console.ask()
    await shorten(console, admin, 2)
    _, address = await preview(admin)
    await shorten(console, admin, 3)
    page = await sent(admin, address, {"then": "apply"})
    assert page.status == 409
    assert "预览之后规则又改过，没有继续" in page.alerts()
    assert (await _due(console, ticket.id))[0] == people.NOON + 12 * HOUR


async def test_the_list_tells_what_was_looked_at_and_what_was_done(console: Console, admin: Browser) -> None:
    assert "还没有重算过" in (await opened(admin, "/recompute")).text
    await console.ask()
    rule_id = await shorten(console, admin, 2)
    _, address = await preview(admin, rule_id)
    await sent(admin, address, {"then": "apply"})
    await preview(admin)
    page = await opened(admin, "/recompute")
    assert [" ".join(one.text_content().split()) for one in page.tree.xpath("//ul[@class='recompute-list']/li")] == [
        "今天 16:00管理员 · 全部规则只看过",
        "今天 16:00管理员 · 标准时限已重算",
    ]


async def test_a_supervisor_sees_previews_and_cannot_begin_or_apply(
    console: Console, admin: Browser, new_browser: NewBrowser
) -> None:
    await console.ask()
    await shorten(console, admin, 2)
    _, address = await preview(admin)
    supervisor = await new_browser.of(console.cast.supervisor)
    page = await opened(supervisor, address)
    assert page.status == 200
    assert not page.tree.xpath("//form[contains(@action, '/rules')]")
    assert (await sent(supervisor, address, {"then": "apply"})).status == 403
    assert (await sent(supervisor, "/recompute", {})).status == 403


async def test_a_rule_that_is_none_is_refused(console: Console, admin: Browser) -> None:
    assert (await sent(admin, "/recompute", {"rule": "nothing"})).status == 404
    nowhere = "/recompute/00000000-0000-7000-8000-000000000000"
    assert (await opened(admin, nowhere)).status == 404
    assert (await sent(admin, nowhere, {"then": "apply"})).status == 404


async def test_clocks_reckoned_before_a_year_was_announced_are_offered(
    console: Console, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = (await rules_of(console, RuleKind.CALENDAR))[0]
    rule = (await rules_of(console, RuleKind.POLICY))[-1]
    form = (await opened(admin, f"/policies/{rule.id}")).fields()
    slow = {**form, "first_response.amount": "300", "first_response.calendar": office.id}
    await sent(admin, f"/policies/{rule.id}", slow)
    await console.ask()
    assert "日历现在知道" not in (await opened(admin, "/recompute")).text
    monkeypatch.setattr("bot.console.rules.recompute.known_until", lambda: 2027)
    page = await opened(admin, "/recompute")
    assert "日历现在知道 2027 年的节假日了" in page.text
    assert "有 1 个进行中的时限是在公布之前推算的" in page.text
