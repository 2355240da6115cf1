"""The pages of deadlines: receipts in words, who was told, the due list, breaches, the report, and the wall-board."""

import asyncio
import csv
import io
import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.console.deadlines import breaches, report, segments
from bot.console.deadlines.receipts import ClockState
from bot.console.deadlines.snoozing import snooze_of
from bot.console.knowledge.exporting import TURN
from bot.console.texts import Language, sayer
from bot.console.times import Almanac
from storage.database import Transaction
from tests import rules
from tests.console import cast as people
from tests.console import promises
from tests.console.cast import HOUR, MINUTE, NOON
from tests.console.conftest import Browser, Console, NewBrowser
from tests.console.promises import DAY, moment, promise_by_working_hours
from tests.console.rules.pages import Page
from tests.console.test_mail_tickets import plain
from tickets import desk
from tickets.business_time import Holiday, Segment, SegmentKind
from tickets.clocks import rows, waits
from tickets.clocks.due import Span
from tickets.clocks.receipts import Cause
from tickets.escalation.acknowledging import Rest
from tickets.escalation.history import AlertState
from tickets.escalation.notices import NoticeState
from tickets.escalation.promises import Measured, Outcome
from tickets.model import Alert, AlertKind, Metric, PauseReason, StopReason, Ticket

ZONE = "Asia/Shanghai"


@pytest.fixture
async def made(console: Console) -> dict[str, Ticket]:
    return await console.database.write(promises.fill, console.cast)


@pytest.fixture
async def li(console: Console, new_browser: NewBrowser) -> Browser:
    return await new_browser.of(console.cast.li)


@pytest.fixture
async def zhou(console: Console, new_browser: NewBrowser) -> Browser:
    return await new_browser.of(console.cast.supervisor)


async def page_of(browser: Browser, path: str) -> str:
    """A page without its markup and without any space."""
    status, text = await browser.open(path)
    assert status == 200
    return close(plain(text))


def close(text: str) -> str:
    """The text without spaces, in which a browser and a template differ."""
    return text.replace(" ", "")


# Words


@pytest.mark.parametrize("language", list(Language))
def test_every_kind_cause_and_result_has_a_word(language: Language) -> None:
    say = sayer(language)
    keys = [
        *(f"deadlines.holiday.{one}" for one in Holiday),
        *(f"deadlines.segment.{one}" for one in SegmentKind if one is not SegmentKind.PAUSED),
        *(f"deadlines.cause.{one}" for one in Cause),
        *(f"deadlines.metric.{one}" for one in Metric),
        *(f"deadlines.told.kind.{one}" for one in AlertKind),
        *(f"deadlines.told.state.{one}" for one in NoticeState),
        *(f"deadlines.due.span.{one}" for one in Span),
        *(f"deadlines.report.{one}" for one in Outcome),
        *(f"deadlines.paused.{one}" for one in PauseReason),
        *(f"deadlines.ended.{one}" for one in StopReason),
        *(f"deadlines.state.{one}" for one in ClockState),
        *(f"deadlines.wall.state.{one}" for one in AlertState),
    ]
    assert [key for key in keys if not say.knows(key)] == []


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", list(SegmentKind))
def test_every_segment_is_put_into_words(language: Language, kind: SegmentKind) -> None:
    named = {SegmentKind.HOLIDAY: "national_day", SegmentKind.MAKE_UP: "spring_festival", SegmentKind.PAUSED: "pending"}
    told = segments.word(Segment(0, 1, kind, named.get(kind, "")), sayer(language))
    assert told
    assert "{" not in told


# Receipts


def test_a_receipt_covers_every_moment_once_and_joins_days_that_are_alike() -> None:
    told = segments.tell(
        (
            Segment(moment("2026-09-30 17:50"), moment("2026-09-30 18:00"), SegmentKind.COUNTING),
            Segment(moment("2026-09-30 18:00"), moment("2026-10-01 00:00"), SegmentKind.CLOSED),
            Segment(moment("2026-10-01 00:00"), moment("2026-10-08 00:00"), SegmentKind.HOLIDAY, "national_day"),
            Segment(moment("2026-10-08 00:00"), moment("2026-10-08 09:00"), SegmentKind.CLOSED),
            Segment(moment("2026-10-08 09:00"), moment("2026-10-08 09:20"), SegmentKind.COUNTING),
        ),
        Almanac(sayer(Language.CHINESE), ZONE, NOON, 0),
    )
    assert [(day.first, day.last) for day in told.days] == [
        ("9月30日（周三）", None),
        ("10月1日（周四）", "10月7日（周三）"),
        ("10月8日（周四）", None),
    ]
    assert (told.counted, told.days[0].closed, told.days[2].closed) == (30 * MINUTE, 6 * HOUR, 9 * HOUR)
    assert told.counted + told.uncounted == moment("2026-10-08 09:20") - moment("2026-09-30 17:50")
    assert [stretch.whole for day in told.days for stretch in day.stretches] == [False, True, False]


async def test_the_receipt_tells_why_a_ticket_is_due_at_this_minute(
    console: Console, li: Browser, made: dict[str, Ticket]
) -> None:
    text = await page_of(li, f"/console/tickets/{made['holiday'].number}/deadlines")
    for words in (
        "10月12日（周一）13:50",
        "策略「工作时间内答复」",
        "时限 24 小时",
        "按工作日历「工作时间」计时",
        "从 9月30日（周三）17:50 的客户消息开始",
        "计入 24 小时，未计入 10 天 20 小时",
        "10月1日（周四）至10月7日（周三） 全天 节假日 · 国庆节 7 天",
        "10:00 – 12:00 暂停：等第三方 2 小时",
        "10月10日（周六）09:00 – 12:00 计时 · 调休上班日（补国庆节） 3 小时",
        "没有告诉客户具体时间",
    ):
        assert close(words) in text, words
    assert "恢复计时，暂停的时间不计入" in text
    assert "之前算过" in text


async def test_an_ended_promise_tells_what_was_done_and_whether_it_was_in_time(
    console: Console, li: Browser, made: dict[str, Ticket]
) -> None:
    done = await console.database.write(promises.kept, console.cast, "v-fact", NOON - 2 * DAY, 20 * HOUR)
    text = await page_of(li, f"/console/tickets/{done.number}/deadlines")
    assert re.search(r"实际同事已答复，\S+·(按时|超时)", text)
    assert "已按时完成" in text or "已完成，超时" in text


async def test_an_unknown_year_is_warned_of(console: Console, li: Browser) -> None:
    at = moment("2029-03-02 10:00")
    console.clock.now = at
    await console.database.write(promises.promise_by_working_hours, at)
    ticket = await console.database.write(people.ask, "v-2029", "在吗", at)
    await li.log_in(console.cast.li)
    text = await page_of(li, f"/console/tickets/{ticket.number}/deadlines")
    assert "2029年的放假安排还没有公布" in text
    assert "周末，可能要调休上班" in text


async def test_a_ticket_without_promises_says_so(console: Console, li: Browser) -> None:
    ticket = await console.ask()
    await console.database.write(lambda tx: tx.change("DELETE FROM receipt"))
    await console.database.write(lambda tx: tx.change("DELETE FROM clock"))
    text = await page_of(li, f"/console/tickets/{ticket.number}/deadlines")
    assert "这个工单还没有时限" in text
    assert "还没有通知过任何人" in text
    status, _ = await li.open("/console/tickets/9999-0001/deadlines")
    assert status == 404


# Who was told


async def test_everybody_who_was_told_is_named_with_the_way_and_the_result_and_no_whole_address(
    console: Console, li: Browser, made: dict[str, Ticket]
) -> None:
    text = await page_of(li, f"/console/tickets/{made['broken'].number}/deadlines")
    for words in (
        "首次答复 · 超时",
        "首次答复 · 第 2 级升级",
        "李工 工作台 没有人在看 这个人没有打开工作台页面。",
        "李工 邮件 已发送 15:41",
        "d***@example.com 邮件 没有送达 没有送成，对方没有说明原因。",
        "接收方 Webhook 不确定是否送达",
        "待确认",
    ):
        assert close(words) in text, words
    assert "duty@example.com" not in text
    assert "zhou@example.com" not in text


async def test_a_level_that_reached_nobody_says_so(console: Console, li: Browser) -> None:
    ticket = await console.ask()
    await console.database.write(rules.sweep_and_tell, NOON + 12 * HOUR, people.RULES, {})
    console.clock.now = NOON + 12 * HOUR
    await li.log_in(console.cast.li)
    assert "没有通知到人" in await page_of(li, f"/console/tickets/{ticket.number}/deadlines")


# Acknowledge and put off


def an_alert(level: int, raised_at: int = 7) -> Alert:
    kind = AlertKind.WARNING if level < 1 else AlertKind.BREACH
    return Alert(f"a{level}", "k", level, kind, 0, raised_at, False, 0, None, None, None, None)


@pytest.mark.parametrize(
    ("longest", "offered"),
    [
        (0, []),
        (10 * MINUTE, [10 * MINUTE]),
        (2 * HOUR, [30 * MINUTE, HOUR, 2 * HOUR]),
        (3 * HOUR, [30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR]),
    ],
)
def test_what_is_offered_ends_at_the_bound_of_the_chain(longest: int, offered: list[int]) -> None:
    snooze = snooze_of([an_alert(1)], Rest(None, longest), NOON)
    assert snooze is not None
    assert list(snooze.lengths) == offered
    assert snooze_of([], Rest(None, longest), NOON) is None


async def seen_on(browser: Browser, path: str) -> str:
    _, text = await browser.open(path)
    found = re.search(r'name="seen" value="([^"]+)"', text)
    assert found
    return found[1]


def refusal_on(page: Page) -> str:
    (refused,) = page.tree.xpath("//*[@id='unkept']")
    return " ".join(refused.text_content().replace("\u2068", "").replace("\u2069", "").split())


async def test_acknowledging_says_until_when_the_chain_rests_and_the_story_tells_it(
    console: Console, li: Browser, made: dict[str, Ticket]
) -> None:
    path = f"/console/tickets/{made['broken'].number}"
    assert "确认后，今天20:00前不再升级" in await page_of(li, path)
    response = await li.send(f"{path}/acknowledge", seen=await seen_on(li, path))
    assert (response.status, (await response.json())["text"]) == (
        200,
        "已确认，今天 20:00 前不再升级。请尽快答复客户。",
    )
    told = await page_of(li, path)
    assert "李工确认了预警，今天20:00前不再升级" in told
    assert "李工确认，今天20:00前不再升级" in await page_of(li, f"{path}/deadlines")


async def test_a_snooze_needs_a_reason_and_a_length_that_the_chain_allows(
    console: Console, li: Browser, made: dict[str, Ticket]
) -> None:
    path = f"/console/tickets/{made['broken'].number}"
    seen = await seen_on(li, path)
    refused = await li.send(f"{path}/acknowledge", seen=seen, snooze=2 * HOUR, reason="  ")
    assert (refused.status, (await refused.json())["error"]) == (422, "snooze_reason")
    too_long = await li.send(f"{path}/acknowledge", seen=seen, snooze=25 * HOUR, reason="太久")
    assert (too_long.status, (await too_long.json())["error"]) == (422, "snooze_length")
    assert (await li.send(f"{path}/acknowledge", seen=seen, snooze="2h", reason="太久")).status == 403
    done = await li.send(f"{path}/acknowledge", seen=seen, snooze=2 * HOUR, reason="在等门店\n回电")
    assert (await done.json())["text"] == "已设为稍后提醒，今天 18:00 前不再通知。"
    assert "李工设为今天18:00再提醒：在等门店回电" in await page_of(li, path)
    assert "李工设为今天18:00再提醒：在等门店回电" in await page_of(li, f"{path}/deadlines")


async def test_what_was_refused_without_scripts_is_shown_with_its_form_as_it_was(
    console: Console, li: Browser, made: dict[str, Ticket]
) -> None:
    path = f"/console/tickets/{made['broken'].number}"
    seen = await seen_on(li, path)
    await console.database.write(rules.sweep_and_tell, NOON + HOUR, people.RULES, promises.WAYS)
    fields: dict[str, Any] = {"seen": seen, "snooze": 2 * HOUR, "reason": "在等门店回电"}
    moved = await li.send(f"{path}/acknowledge", fetch=False, **fields)
    shown = Page(moved.status, await moved.text())
    assert (moved.status, refusal_on(shown)) == (409, "刚刚又有新的预警，没有确认。请看过再确认。")
    assert shown.tree.xpath("//select[@name='snooze']/option[@selected]/@value") == [str(2 * HOUR)]
    assert shown.tree.xpath("//input[@name='reason']/@value") == ["在等门店回电"]
    fields["seen"] = shown.tree.xpath("//input[@name='seen']/@value")[0]
    unsaid = await li.send(f"{path}/acknowledge", fetch=False, **{**fields, "reason": " "})
    assert (unsaid.status, refusal_on(Page(unsaid.status, await unsaid.text()))) == (422, "请写明原因，同事要看得到。")
    done = await li.send(f"{path}/acknowledge", fetch=False, **fields)
    assert done.headers["Location"] == f"{path}/deadlines?done=snoozed"
    assert "已设为稍后提醒" in await page_of(li, f"{path}/deadlines?done=snoozed")


async def test_what_was_raised_since_is_not_acknowledged_unseen(
    console: Console, li: Browser, made: dict[str, Ticket]
) -> None:
    path = f"/console/tickets/{made['broken'].number}"
    seen = await seen_on(li, path)
    await console.database.write(rules.sweep_and_tell, NOON + HOUR, people.RULES, promises.WAYS)
    moved = await li.send(f"{path}/acknowledge", seen=seen)
    assert (moved.status, (await moved.json())["error"]) == (409, "alerts_moved")
    assert (await li.send(f"{path}/acknowledge", seen=await seen_on(li, path))).status == 200


async def test_who_comes_second_learns_who_was_first(
    console: Console, li: Browser, zhou: Browser, made: dict[str, Ticket]
) -> None:
    path = f"/console/tickets/{made['broken'].number}"
    seen = await seen_on(zhou, path)
    await li.send(f"{path}/acknowledge", seen=await seen_on(li, path))
    second = await zhou.send(f"{path}/acknowledge", seen=seen)
    assert second.status == 409
    assert "李工" in (await second.json())["text"]
    again = await zhou.send(f"{path}/acknowledge", fetch=False, seen=seen)
    assert again.status == 409
    shown = Page(again.status, await again.text())
    assert refusal_on(shown) == "李工已于今天 16:00 确认，不用再确认。"
    assert shown.tree.xpath(f"//a[@href='{path}']")
    assert "李工确认，今天 20:00 前不再升级" in plain(shown.text)


async def test_alerts_that_ended_by_themselves_need_nobody(
    console: Console, li: Browser, made: dict[str, Ticket]
) -> None:
    number = made["broken"].number
    seen = await seen_on(li, f"/console/tickets/{number}")
    said = ("师傅 17:00 到店检查，费用由我们承担。", 1, "agent:settle-1", False)
    await console.database.write(desk.reply, number, console.cast.li, *said, NOON)
    ended = await li.send(f"/console/tickets/{number}/acknowledge", seen=seen)
    assert (ended.status, (await ended.json())["error"]) == (409, "alerts_settled")


async def test_a_warning_looks_unlike_a_breach_and_cannot_be_put_off(
    console: Console, li: Browser, made: dict[str, Ticket]
) -> None:
    _, text = await li.open(f"/console/tickets/{made['warned'].number}")
    assert "alarm-warning" in text
    assert "临近提醒：快到期了" in plain(text)
    _, text = await li.open(f"/console/tickets/{made['warned'].number}/deadlines")
    assert "只确认这次临近提醒" in plain(text)
    assert 'name="snooze"' not in text
    _, text = await li.open(f"/console/tickets/{made['broken'].number}/deadlines")
    assert 'name="snooze"' in text


# The due list


async def test_the_due_list_shows_every_promise_the_most_urgent_first(li: Browser, made: dict[str, Ticket]) -> None:
    _, text = await li.open("/console/deadlines")
    shown = re.findall(r'data-ticket="([^"]+)"', text)
    assert shown == [made[name].number for name in ("holiday", "holiday", "broken", "warned", "calm", "calm")]
    counts = re.findall(r'<strong class="number">(\d+)</strong><span>([^<]+)</span>', text)
    assert counts == [
        ("6", "全部"),
        ("3", "已超时"),
        ("0", "1 小时内"),
        ("1", "4 小时内"),
        ("1", "今天内"),
        ("2", "暂停中"),
    ]


FILTERS: dict[str, list[str] | None] = {
    "span=overdue": ["holiday", "holiday", "broken"],
    "span=four_hours": ["warned"],
    "span=paused": ["pending", "pending"],
    "whose=mine": ["holiday", "holiday", "broken"],
    "metric=resolution": ["holiday", "calm"],
    "metric=resolution&whose=mine": ["holiday"],
    "span=nonsense&metric=nonsense&policy=%00&team=%27&after=x": None,
}


async def test_the_due_list_is_filtered(li: Browser, made: dict[str, Ticket]) -> None:
    for query, names in FILTERS.items():
        _, text = await li.open(f"/console/deadlines?{query}")
        shown = re.findall(r'data-ticket="([^"]+)"', text)
        if names is None:
            assert len(shown) == 6, query
        else:
            assert shown == [made[name].number for name in names], query


async def test_a_paused_promise_says_why_in_list_queue_and_ticket(li: Browser, made: dict[str, Ticket]) -> None:
    for path in ("/console/deadlines?span=paused", "/console", f"/console/tickets/{made['pending'].number}"):
        assert "暂停：等第三方" in await page_of(li, path)


async def test_the_queue_is_soon_where_the_policy_warns(li: Browser, made: dict[str, Ticket]) -> None:
    _, text = await li.open("/console")
    row = re.search(rf'data-key="{made["warned"].number}".*?</li>', text, re.DOTALL)
    assert row
    assert "due-soon" in row[0]
    assert "chip-warned" in row[0]


async def test_long_lists_come_in_pages(console: Console, li: Browser) -> None:
    def many(tx: object) -> None:
        for number in range(60):
            people.ask(tx, f"v-{number}", "在吗", NOON + number)  # type: ignore[arg-type]

    await console.database.write(many)
    _, first = await li.open("/console/deadlines")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    _, second = await li.open(following[1].replace("&amp;", "&"))
    shown = [re.findall(r'data-ticket="([^"]+)"', text) for text in (first, second)]
    assert [len(one) for one in shown] == [50, 10]
    assert not set(shown[0]) & set(shown[1])
    _, part = await li.open("/console/deadlines", **{"X-Fetch": "1"})
    assert part.lstrip().startswith("<div data-now=")


# Breaches and the report


async def test_breaches_tell_by_how_much_who_was_told_and_who_took_notice(
    console: Console, li: Browser, made: dict[str, Ticket]
) -> None:
    await console.database.write(promises.acknowledged, made["broken"], console.cast, NOON - 10 * MINUTE)
    text = await page_of(li, "/console/deadlines/breaches")
    assert "50分" in text
    assert "李工，超时40分后" in text
    assert "没有送达" in text
    assert "还在等" in text
    assert "请问周末营业吗" not in text
    older = await page_of(li, "/console/deadlines/breaches?first=2026-11-01&last=2026-11-24")
    assert "共3条" in older
    assert "等了18小时" in older
    kept = await page_of(li, "/console/deadlines/breaches?first=2026-11-01&outcome=kept")
    assert "共4条" in kept
    for nonsense in ("first=x&last=9999-99-99&page=x&outcome=x", "first=2026-12-01&last=2026-11-01"):
        await page_of(li, f"/console/deadlines/breaches?{nonsense}")


async def test_lateness_is_measured_by_the_calendar_of_the_promise(li: Browser, made: dict[str, Ticket]) -> None:
    text = await page_of(li, "/console/deadlines/breaches?first=2026-10-12&last=2026-10-12")
    # From Monday 12 October, 13:50, to Tuesday 24 November, 16:00: 31 whole days of 7.5 hours less 20 minutes …
    assert "小时" in text
    assert "1034 小时" not in text


async def test_the_file_holds_the_same_and_no_formula(console: Console, zhou: Browser, made: dict[str, Ticket]) -> None:
    await console.database.write(
        lambda tx: tx.change("UPDATE agent SET name = '=HYPERLINK(1)' WHERE id = :id", {"id": console.cast.li.id})
    )
    response = await zhou.session.get(console.origin + "/console/deadlines/breaches.csv?first=2026-11-01")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="broken-2026-11-01-2026-11-24.csv"' in response.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO((await response.read()).decode("utf-8-sig"))))
    assert rows[0]["工单"] == made["broken"].number
    assert len(rows) == 3
    assert (rows[0]["晚了（分钟）"], rows[0]["到期"], rows[0]["承诺"]) == ("50", "2026-11-24 15:10:00", "首次答复")
    assert rows[0]["受理人"] == "'=HYPERLINK(1)"
    assert "duty@example.com" not in rows[0]["通知了谁"]


async def test_one_file_is_made_at_a_time(console: Console, zhou: Browser, made: dict[str, Ticket]) -> None:
    async with console.server.app[TURN]:
        asked = asyncio.create_task(zhou.open("/console/deadlines/breaches.csv?first=2026-11-01"))
        for _ in range(3):
            await page_of(zhou, "/console/deadlines/breaches")
        assert not asked.done()
    status, text = await asked
    assert (status, made["broken"].number in text) == (200, True)


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_a_file_is_a_formula(value: str) -> None:
    assert breaches.harmless(value) == f"'{value}"
    assert breaches.harmless("2611-0001") == "2611-0001"
    assert breaches.harmless(-5) == -5


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [([], 0.5, None), ([7], 0.9, 7), ([1, 2, 3, 4], 0.5, 2), ([1, 2, 3], 0.5, 2), (list(range(1, 11)), 0.9, 9)],
)
def test_quantiles_are_by_nearest_rank(values: list[int], share: float, found: int | None) -> None:
    assert report.quantile(values, share) == found


def test_the_report_counts_by_metric_policy_and_local_week() -> None:
    sunday, monday = moment("2026-11-22 23:59"), moment("2026-11-23 00:00")
    found = [
        Measured(Metric.FIRST_RESPONSE, "p", sunday, Outcome.KEPT, HOUR, 0),
        Measured(Metric.FIRST_RESPONSE, "p", monday, Outcome.KEPT, 2 * HOUR, 0),
        Measured(Metric.FIRST_RESPONSE, "p", monday, Outcome.BROKEN, 5 * HOUR, HOUR),
        Measured(Metric.FIRST_RESPONSE, "p", monday, Outcome.BROKEN, None, 3 * HOUR),
    ]
    monday_day = moment("2026-11-23 00:00")
    ((whole, weeks),) = report.lines(found, {"p": "工作时间"}, ZONE, _day(sunday), _day(monday_day))
    assert (whole.promised, whole.kept, whole.broken, whole.share) == (4, 2, 2, 50.0)
    assert [(line.week, line.promised, line.kept) for line in weeks] == [
        (_day(monday), 3, 1),
        (_day(moment("2026-11-16 00:00")), 1, 1),
    ]
    assert (whole.taken_median, whole.taken_p90, whole.late_median, whole.late_p90) == (
        2 * HOUR,
        5 * HOUR,
        HOUR,
        3 * HOUR,
    )


def _day(at: int) -> date:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(ZONE)).date()


async def test_what_was_kept_after_the_time_that_the_customer_was_told_is_said(console: Console, li: Browser) -> None:
    def play(tx: Transaction) -> None:
        promise_by_working_hours(tx, moment("2026-11-10 08:00"), 4 * HOUR)
        ticket = people.ask(tx, "v-told", "请问什么时候能提车？", moment("2026-11-17 09:00"))
        clock = rows.running_reply(tx, ticket.conversation_id)
        assert clock is not None
        waits.promise(tx, clock)
        ticket = desk.hold(tx, ticket.number, console.cast.li, ticket.version, moment("2026-11-17 10:00"))
        desk.resume(tx, ticket.number, console.cast.li, ticket.version, moment("2026-11-17 12:00"))
        answered_at = clock.due_at + HOUR
        desk.reply(tx, ticket.number, console.cast.li, "明天下午可以提车。", 1, "agent:told", False, answered_at)

    await console.database.write(play)
    assert "按时的当中，有1条晚于当初告诉客户的时间" in await page_of(li, "/console/deadlines/report?weeks=8")


async def test_every_number_of_the_report_leads_to_what_it_counts(li: Browser, made: dict[str, Ticket]) -> None:
    _, text = await li.open("/console/deadlines/report?weeks=8")
    links = re.findall(r'href="(/console/deadlines/breaches\?[^"]+)">(\d+)</a>', text)
    assert len(links) > 4
    for link, number in links:
        assert f"共{number}条" in await page_of(li, link.replace("&amp;", "&"))
    for weeks in ("x", "5", "999999999999999999999"):
        await page_of(li, f"/console/deadlines/report?weeks={weeks}")


# The wall-board


async def test_the_wall_tells_numbers_and_classes_and_nobodys_name_or_words(
    console: Console, zhou: Browser, made: dict[str, Ticket]
) -> None:
    _, text = await zhou.open("/console/wall")
    assert made["broken"].number in text
    assert "金卡" in text
    for secret in ("李工", "陈晓雯", "划痕", "异响", "example.com"):
        assert secret not in text, secret
    _, part = await zhou.open("/console/wall", **{"X-Fetch": "1"})
    assert part.lstrip().startswith('<div class="board"')


async def test_a_screen_goes_on_after_a_night_and_ends_with_all_others(
    console: Console, new_browser: NewBrowser, zhou: Browser
) -> None:
    screen = await new_browser.of(console.cast.supervisor)
    await screen.send("/console/wall/keep", fetch=False)
    console.clock.pass_by(20 * HOUR)
    status, text = await screen.open("/console/wall")
    assert status == 200
    assert "结束显示" in text
    status, _ = await zhou.open("/console/wall")
    assert status == 303
    await zhou.log_in(console.cast.supervisor)
    assert "有1块屏幕在显示" in await page_of(zhou, "/console/wall")
    await zhou.send("/console/wall/end", fetch=False)
    status, _ = await screen.open("/console/wall")
    assert status == 303


async def test_a_person_can_log_in_again_at_a_screen_and_a_screen_can_leave(
    console: Console, new_browser: NewBrowser
) -> None:
    screen = await new_browser.of(console.cast.supervisor)
    await screen.send("/console/wall/keep", fetch=False)
    await screen.open("/console/wall")
    assert (await screen.send("/console/wall/leave", fetch=False)).status == 303
    assert (await screen.open("/console/wall"))[0] == 303
    assert (await screen.log_in(console.cast.supervisor)).status == 303
    assert (await screen.open("/console"))[0] == 200
    await screen.open("/console/wall")
    await screen.send("/console/wall/leave", fetch=False)
    assert (await screen.open("/console"))[0] == 200


async def test_a_wall_that_somebody_only_looks_at_keeps_no_login_alive(
    console: Console, zhou: Browser, made: dict[str, Ticket]
) -> None:
    for _ in range(4):
        console.clock.pass_by(10 * MINUTE)
        status, _ = await zhou.open("/console/wall", **{"X-Fetch": "1", "X-Background": "1"})
    assert status == 401
