"""What is due, as people look through it: its order, its pages, its filters, and that no query reads it all."""

import pytest

from storage.database import Transaction
from storage.sqlite import SQLiteDatabase
from tests import rules
from tests.tickets.cast import HOUR, MINUTE, MORNING, ServiceDesk
from tickets import desk
from tickets.clocks import due
from tickets.clocks.due import Counts, DueRow, Edge, Moments, Span, Wanted
from tickets.escalation import promises
from tickets.escalation.promises import Asked, Outcome
from tickets.model import Metric, Priority, Status

NOW = MORNING + 12 * HOUR
MOMENTS = Moments(NOW, NOW + 2 * HOUR)
MANY = 2_000


def at_once(tx: Transaction, many: int) -> None:
    """So many open tickets, each with a promise that runs; some stand still."""
    numbers = range(many)
    tx.change("INSERT INTO contact (id, created_at) VALUES ('c', 0)")
    tx.change(
        "INSERT INTO agent (id, login, name, role, password_hash, created_at) VALUES ('li', 'li', 'Li', 'agent', '', 0)"
    )
    tx.change_all(
        """
        INSERT INTO conversation (id, contact_id, channel, owner, version, last_number, created_at, updated_at)
        VALUES (:id, 'c', 'chat', 'bot', 1, 1, 0, 0)
        """,
        [{"id": f"v{number}"} for number in numbers],
    )
    tx.change_all(
        """
        INSERT INTO ticket (id, number, conversation_id, contact_id, subject, status, priority, reason, assignee_id,
            candidates_json, version, created_at, updated_at, team_id)
        VALUES (:id, :number, :conversation_id, 'c', 's', 'open', 'normal', 'complaint', :assignee_id, '[]', 1, 0, 0,
            :team_id)
        """,
        [
            {
                "id": f"t{number}",
                "number": f"2611-{number:06}",
                "conversation_id": f"v{number}",
                "assignee_id": None if number % 100 else "li",
                "team_id": None if number % 50 else "team",
            }
            for number in numbers
        ],
    )
    tx.change_all(
        """
        INSERT INTO clock (id, conversation_id, ticket_id, metric, first_message_number, needs_person, policy_id,
            policy_version, started_at, budget_ms, due_at, paused_at, plan_json, next_level)
        VALUES (:id, :conversation_id, :ticket_id, :metric, 1, 1, 'p', 1, 0, 1, :due_at, :paused_at, '[]', 1)
        """,
        [
            {
                "id": f"k{number:06}",
                "conversation_id": f"v{number}",
                "ticket_id": f"t{number}",
                "metric": Metric.RESOLUTION if number % 2 else Metric.FIRST_RESPONSE,
                "due_at": NOW + (number * 7_919 % many - many // 2) * MINUTE,
                "paused_at": NOW - number if number % 10 == 3 or number % 200 == 0 else None,
            }
            for number in numbers
        ],
    )


async def every_page(database: SQLiteDatabase, wanted: Wanted, at_a_time: int) -> list[DueRow]:
    """All rows, page by page."""
    rows: list[DueRow] = []
    after: Edge | None = None
    while page := await database.read(due.listed, wanted, MOMENTS, after, at_a_time):
        rows += page
        after = page[-1].edge
    return rows


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(assignee_id="li"), Wanted(team_id="team"), Wanted(Span.PAUSED)])
async def test_pages_show_everything_once_and_in_order(database: SQLiteDatabase, wanted: Wanted) -> None:
    await database.write(at_once, MANY)
    counts = await database.read(due.counts, wanted, MOMENTS)
    rows = await every_page(database, wanted, 37)
    assert len({row.clock_id for row in rows}) == len(rows) == counts.of(wanted.span) > 0
    assert [row.edge.at for row in rows] == sorted(row.edge.at for row in rows)


@pytest.mark.parametrize("metric", ["", "resolution"])
@pytest.mark.parametrize("span", list(Span))
async def test_each_span_has_what_it_counts(database: SQLiteDatabase, span: Span, metric: str) -> None:
    await database.write(at_once, MANY)
    wanted = Wanted(span, metric)
    rows = await every_page(database, wanted, 500)
    counts = await database.read(due.counts, wanted, MOMENTS)
    assert len(rows) == counts.of(span)
    assert {row.metric for row in rows} <= ({Metric(metric)} if metric else set(Metric))
    bounds = {
        Span.OVERDUE: (0, NOW),
        Span.HOUR: (NOW + 1, NOW + HOUR),
        Span.FOUR_HOURS: (NOW + 1, NOW + 4 * HOUR),
        Span.TODAY: (NOW + 1, MOMENTS.today_ends - 1),
    }
    if span in bounds:
        first, last = bounds[span]
        assert all(first <= row.due_at <= last and row.paused_at is None for row in rows)
    assert all((row.paused_at is not None) == (span is Span.PAUSED) for row in rows)


async def test_no_query_reads_a_whole_table(database: SQLiteDatabase) -> None:
    statements = {
        **{f"due {name}": sql for name, sql in due.DUE.items()},
        **{f"paused {name}": sql for name, sql in due.PAUSED.items()},
        **{f"counted {name}": sql for name, sql in due.COUNTED.items()},
        **{f"listed {name}": sql for name, sql in promises.LISTED.items()},
        **{f"count {name}": sql for name, sql in promises.COUNTED.items()},
        "measured": promises.MEASURED,
    }

    def plan(tx: Transaction, sql: str) -> list[str]:
        names = [
            "since",
            "until",
            "at",
            "id",
            "limit",
            "offset",
            "now",
            "hour",
            "four_hours",
            "today_ends",
            "metric",
            "policy_id",
            "assignee_id",
            "team_id",
        ]
        return [row["detail"] for row in tx.execute(f"EXPLAIN QUERY PLAN {sql}", dict.fromkeys(names, 1))]

    for name, sql in statements.items():
        steps = await database.read(plan, sql)
        assert not [step for step in steps if step.startswith("SCAN")], name
    everybodys = await database.read(plan, due.DUE["all"])
    assert any("clock_due" in step for step in everybodys)
    assert not any("TEMP B-TREE FOR ORDER BY" in step for step in everybodys if "SUBQUERY" not in step)


async def test_a_row_tells_of_pauses_warnings_and_open_alerts(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    await database.write(rules.seed, MORNING, warn_share=50)
    ticket = await shop.ticket_from("充电停了", MORNING)
    await database.write(rules.sweep_and_tell, MORNING + 6 * HOUR)
    (row,) = await database.read(due.listed, Wanted(), MOMENTS)
    assert (row.number, row.metric, row.soon_at) == (ticket.number, Metric.FIRST_RESPONSE, MORNING + 6 * HOUR)
    assert (row.alert_level, row.open_alerts, row.alerted_at) == (0, 1, MORNING + 6 * HOUR)
    assert (row.status, row.priority, row.paused_at, row.pause_reason) == (Status.NEW, Priority.NORMAL, None, None)
    counts = await database.read(due.counts, Wanted(), MOMENTS)
    assert counts == Counts(open=1, overdue=1, hour=0, four_hours=0, today=0, paused=0)


async def test_a_promise_is_kept_or_broken_by_what_was_done_in_its_own_time(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou", email="zhou@example.com")
    early, late, never = [
        await shop.ticket_from("在吗", MORNING, address=address) for address in ("v-early", "v-late", "v-never")
    ]
    told = ("周末 9:00 至 18:00 营业。", 1)
    await database.write(desk.reply, early.number, zhou, *told, "early", False, MORNING + 3 * HOUR)
    await database.write(rules.sweep_and_tell, MORNING + 12 * HOUR)
    await database.write(desk.reply, late.number, zhou, *told, "late", False, MORNING + 13 * HOUR)
    asked, now = Asked(MORNING, MORNING + 24 * HOUR), MORNING + 14 * HOUR
    broken = await database.read(promises.listed, asked, Outcome.BROKEN, now)
    assert [(one.number, one.late_ms, one.counted_ms) for one in broken] == [
        (never.number, 2 * HOUR, None),
        (late.number, HOUR, 13 * HOUR),
    ]
    (kept,) = await database.read(promises.listed, asked, Outcome.KEPT, now)
    assert (kept.number, kept.counted_ms, kept.late_ms) == (early.number, 3 * HOUR, 0)
    for outcome, count in ((Outcome.BROKEN, 2), (Outcome.KEPT, 1)):
        assert await database.read(promises.count, asked, outcome, now) == count
    measured = await database.read(promises.measured, asked, now)
    assert sorted((one.outcome, one.taken_ms, one.late_ms) for one in measured if one.taken_ms) == [
        (Outcome.BROKEN, 13 * HOUR, HOUR),
        (Outcome.KEPT, 3 * HOUR, 0),
    ]
    notices = await database.read(promises.told_of, asked)
    assert set(notices) == {one.clock_id for one in broken}


async def test_a_promise_that_runs_or_was_dropped_is_neither_kept_nor_broken(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    await shop.ticket_from("在吗", MORNING)
    asked, now = Asked(MORNING, MORNING + 24 * HOUR), MORNING + HOUR
    for outcome in Outcome:
        assert await database.read(promises.count, asked, outcome, now) == 0
    await database.write(lambda tx: tx.change("UPDATE clock SET stopped_at = :at, stop_reason = 'merged'", {"at": now}))
    for outcome in Outcome:
        assert await database.read(promises.count, asked, outcome, now) == 0
    assert await database.read(promises.measured, asked, now) == []
