"""The receipts of clocks: how each due time came about, kept when it was worked out."""

import json
from dataclasses import dataclass
from enum import StrEnum

from storage.database import Row, Transaction
from tickets import business_time
from tickets.business_time import Calendar, Segment, SegmentKind
from tickets.clocks import rows
from tickets.model import Clock
from tickets.sla import dues


class Cause(StrEnum):
    """Why a due time was worked out."""

    OPENED = "opened"
    BEGUN = "begun"
    PAUSED = "paused"
    RESUMED = "resumed"
    REOPENED = "reopened"
    REFUSED = "refused"
    CHANGED = "changed"
    MERGED = "merged"
    SPLIT = "split"
    RECOMPUTED = "recomputed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Why a clock was due when it was; segments cover its start to its due time or, once stopped, to the stop.

    counted_ms: how much of that counted; policy and calendar: what those were called then, None for natural time.
    unknown_years: years among them whose public holidays were not known, so that it was due earlier, not later.
    """

    clock_id: str
    number: int
    cause: Cause
    by_agent_id: str | None
    policy_id: str | None
    policy_version: int | None
    calendar_id: str | None
    calendar_version: int | None
    budget_ms: int
    due_at: int
    counted_ms: int
    segments: tuple[Segment, ...]
    unknown_years: tuple[int, ...]
    at: int
    policy: str | None
    calendar: str | None


def record(
    tx: Transaction, clock: Clock, calendar: Calendar, cause: Cause, now: int, by_agent_id: str | None = None
) -> None:
    """Keep how the clock's due time came about."""
    pauses = rows.pauses(tx, clock.id)
    end = max(clock.started_at, clock.stopped_at if clock.stopped_at is not None else clock.due_at)
    segments = dues.receipt(clock.started_at, end, calendar, pauses)
    tx.change(
        """
        INSERT INTO receipt (clock_id, number, cause, by_agent_id, policy_id, policy_version, calendar_id,
            calendar_version, budget_ms, due_at, counted_ms, segments_json, unknown_years_json, at)
        SELECT :clock_id, COUNT(*) + 1, :cause, :by_agent_id, :policy_id, :policy_version, :calendar_id,
            :calendar_version, :budget_ms, :due_at, :counted_ms, :segments_json, :unknown_years_json, :at
        FROM receipt WHERE clock_id = :clock_id
        """,
        {
            "clock_id": clock.id,
            "cause": cause,
            "by_agent_id": by_agent_id,
            "policy_id": clock.policy_id,
            "policy_version": clock.policy_version,
            "calendar_id": clock.calendar_id,
            "calendar_version": clock.calendar_version,
            "budget_ms": clock.budget_ms,
            "due_at": clock.due_at,
            "counted_ms": sum(one.end - one.start for one in segments if one.kind.counts),
            "segments_json": json.dumps([(one.start, one.end, one.kind, one.reason) for one in segments]),
            "unknown_years_json": json.dumps(business_time.unknown_years(clock.started_at, end, calendar)),
            "at": now,
        },
    )


def of_clock(tx: Transaction, clock_id: str) -> list[Receipt]:
    """Every receipt of a clock, oldest first."""
    found = tx.execute(
        """
        SELECT r.clock_id, r.number, r.cause, r.by_agent_id, r.policy_id, r.policy_version, r.calendar_id,
            r.calendar_version, r.budget_ms, r.due_at, r.counted_ms, r.segments_json, r.unknown_years_json, r.at,
            p.name AS policy, c.name AS calendar
        FROM receipt r
        LEFT JOIN rule_version p ON p.rule_id = r.policy_id AND p.version = r.policy_version
        LEFT JOIN rule_version c ON c.rule_id = r.calendar_id AND c.version = r.calendar_version
        WHERE r.clock_id = :clock_id ORDER BY r.number
        """,
        {"clock_id": clock_id},
    )
    return [_receipt(row) for row in found]


def of_ticket(tx: Transaction, ticket_id: str) -> dict[str, list[Receipt]]:
    """Every receipt of each of a ticket's clocks, the newest first, by the clock's id."""
    found = tx.execute(
        """
        SELECT r.clock_id, r.number, r.cause, r.by_agent_id, r.policy_id, r.policy_version, r.calendar_id,
            r.calendar_version, r.budget_ms, r.due_at, r.counted_ms, r.segments_json, r.unknown_years_json, r.at,
            p.name AS policy, c.name AS calendar
        FROM clock k JOIN receipt r ON r.clock_id = k.id
        LEFT JOIN rule_version p ON p.rule_id = r.policy_id AND p.version = r.policy_version
        LEFT JOIN rule_version c ON c.rule_id = r.calendar_id AND c.version = r.calendar_version
        WHERE k.ticket_id = :ticket_id ORDER BY r.clock_id, r.number DESC
        """,
        {"ticket_id": ticket_id},
    )
    receipts: dict[str, list[Receipt]] = {}
    for row in found:
        receipts.setdefault(row["clock_id"], []).append(_receipt(row))
    return receipts


def _receipt(row: Row) -> Receipt:
    segments = tuple(
        Segment(start, end, SegmentKind(kind), reason)
        for start, end, kind, reason in json.loads(row.pop("segments_json"))
    )
    years = tuple(json.loads(row.pop("unknown_years_json")))
    return Receipt(**{**row, "cause": Cause(row["cause"]), "segments": segments, "unknown_years": years})
