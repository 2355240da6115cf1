"""What somebody wanted to know of running clocks under other rules, and what became of it, as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from storage.database import Row, Transaction, first, new_id
from tickets.clocks.forecasting import Effect, Forecast
from tickets.errors import NotFound


class Applied(StrEnum):
    """What became of a ticket; SKIPPED: it had changed since it was looked at."""

    DONE = "done"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Recomputation:
    """What somebody wanted to know, and perhaps to have done; see the table of the same name."""

    id: str
    rule_id: str | None
    rules_key: str
    asked_by: str
    asked_at: int
    looked_to: str
    looked_at: int | None
    counted: int
    applied_by: str | None
    applied_at: int | None
    finished_at: int | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many clocks have an effect. newly_overdue and alarmed count among all of them."""

    effects: Mapping[str, int]
    newly_overdue: int
    alarmed: int
    tickets: int
    done: int
    skipped: int

    @property
    def open(self) -> int:
        """The tickets that are still to be done."""
        return self.tickets - self.done - self.skipped


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the preview: what would become of a clock, or became."""

    ticket_number: str
    subject: str
    metric: str
    effect: Effect
    old_due_at: int | None
    new_due_at: int | None
    newly_overdue: bool
    alarmed: bool
    policy_id: str
    policy_version: int
    outcome: Applied | None


def add(tx: Transaction, rule_id: str | None, rules_key: str, by: str, now: int) -> Recomputation:
    """A question that nobody has looked into yet."""
    made = Recomputation(new_id(), rule_id, rules_key, by, now, "", None, 0, None, None, None)
    tx.change(
        """
        INSERT INTO recomputation (id, rule_id, rules_key, asked_by, asked_at, looked_to, looked_at, counted,
            applied_by, applied_at, finished_at)
        VALUES (:id, :rule_id, :rules_key, :asked_by, :asked_at, '', NULL, 0, NULL, NULL, NULL)
        """,
        {"id": made.id, "rule_id": rule_id, "rules_key": rules_key, "asked_by": by, "asked_at": now},
    )
    return made


def get(tx: Transaction, recomputation_id: str) -> Recomputation:
    """What was asked. Raises NotFound."""
    row = first(
        tx.execute(
            """
            SELECT id, rule_id, rules_key, asked_by, asked_at, looked_to, looked_at, counted, applied_by, applied_at,
                finished_at
            FROM recomputation WHERE id = :id
            """,
            {"id": recomputation_id},
        )
    )
    if row is None:
        raise NotFound(f"no recomputation {recomputation_id}")
    return Recomputation(**row)


def latest(tx: Transaction, limit: int) -> list[Recomputation]:
    """Those that somebody had done, and those that were only looked at, the newest first."""
    rows = tx.execute(
        """
        SELECT id, rule_id, rules_key, asked_by, asked_at, looked_to, looked_at, counted, applied_by, applied_at,
            finished_at
        FROM recomputation ORDER BY asked_at DESC, id DESC LIMIT :limit
        """,
        {"limit": limit},
    )
    return [Recomputation(**row) for row in rows]


def add_forecasts(tx: Transaction, recomputation_id: str, forecasts: Sequence[Forecast], now: int) -> None:
    """Keep what was seen of some tickets, as of now."""
    tx.change_all(
        """
        INSERT INTO recomputed_clock (recomputation_id, ticket_id, clock_id, metric, effect, old_due_at, new_due_at,
            newly_overdue, alarmed, policy_id, policy_version, calendar_id, calendar_version, outcome)
        VALUES (:recomputation_id, :ticket_id, :clock_id, :metric, :effect, :old_due_at, :new_due_at, :newly_overdue,
            :alarmed, :policy_id, :policy_version, :calendar_id, :calendar_version, NULL)
        """,
        [_params(recomputation_id, one, now) for one in forecasts],
    )


def tally(tx: Transaction, recomputation_id: str) -> Tally:
    """How much would change, or has."""
    effects = tx.execute(
        """
        SELECT effect, COUNT(*) AS clocks, SUM(newly_overdue) AS newly_overdue, SUM(alarmed) AS alarmed
        FROM recomputed_clock WHERE recomputation_id = :id GROUP BY effect
        """,
        {"id": recomputation_id},
    )
    outcomes = tx.execute(
        """
        SELECT outcome, COUNT(DISTINCT ticket_id) AS tickets FROM recomputed_clock WHERE recomputation_id = :id
        GROUP BY outcome
        """,
        {"id": recomputation_id},
    )
    by_outcome = {row["outcome"]: row["tickets"] for row in outcomes}
    return Tally(
        effects={row["effect"]: row["clocks"] for row in effects},
        newly_overdue=sum(row["newly_overdue"] for row in effects),
        alarmed=sum(row["alarmed"] for row in effects),
        tickets=sum(by_outcome.values()),
        done=by_outcome.get(Applied.DONE, 0),
        skipped=by_outcome.get(Applied.SKIPPED, 0),
    )


def shown(tx: Transaction, recomputation_id: str, wanted: str, skip: int, limit: int) -> list[Shown]:
    """Lines of the preview, newly overdue ones first. wanted: '' for all, an effect, 'newly_overdue' or 'skipped'."""
    rows = tx.execute(
        """
        SELECT t.number AS ticket_number, t.subject, r.metric, r.effect, r.old_due_at, r.new_due_at, r.newly_overdue,
            r.alarmed, r.policy_id, r.policy_version, r.outcome
        FROM recomputed_clock r JOIN ticket t ON t.id = r.ticket_id
        WHERE r.recomputation_id = :id
            AND (:wanted = '' OR r.effect = :wanted OR (:wanted = 'newly_overdue' AND r.newly_overdue = 1)
                OR (:wanted = 'skipped' AND r.outcome = 'skipped'))
        ORDER BY r.newly_overdue DESC, r.effect, r.ticket_id, r.clock_id LIMIT :limit OFFSET :skip
        """,
        {"id": recomputation_id, "wanted": wanted, "limit": limit, "skip": skip},
    )
    return [_shown(row) for row in rows]


def undone(tx: Transaction, recomputation_id: str, limit: int) -> dict[str, list[Forecast]]:
    """The next tickets that nobody has done, by id in order, with what was shown of them."""
    rows = tx.execute(
        """
        SELECT ticket_id, clock_id, metric, effect, old_due_at, new_due_at, alarmed, policy_id, policy_version,
            calendar_id, calendar_version
        FROM recomputed_clock
        WHERE recomputation_id = :id AND ticket_id IN (
            SELECT DISTINCT ticket_id FROM recomputed_clock WHERE recomputation_id = :id AND outcome IS NULL
            ORDER BY ticket_id LIMIT :limit)
        ORDER BY ticket_id, clock_id
        """,
        {"id": recomputation_id, "limit": limit},
    )
    told = [Forecast(**{**row, "effect": Effect(row["effect"]), "alarmed": bool(row["alarmed"])}) for row in rows]
    return {ticket_id: list(found) for ticket_id, found in groupby(told, lambda one: one.ticket_id)}


def keep_outcomes(tx: Transaction, recomputation_id: str, outcomes: Mapping[str, Applied]) -> None:
    """Keep what became of tickets, by their ids."""
    tx.change_all(
        "UPDATE recomputed_clock SET outcome = :outcome WHERE recomputation_id = :id AND ticket_id = :ticket_id",
        [{"outcome": outcome, "id": recomputation_id, "ticket_id": one} for one, outcome in outcomes.items()],
    )


def forget_one(tx: Transaction, looked_before: int, applied_before: int) -> bool:
    """Delete, with all that was seen, the oldest that was asked before looked_before and never applied, or that was
    applied before applied_before (epoch ms); False if there is none.

    One at a time, for each may hold a line for every running clock. What it did stays in receipts and tickets' records.
    """
    oldest = first(
        tx.execute(
            """
            SELECT id FROM recomputation
            WHERE (applied_at IS NULL AND asked_at < :looked_before) OR applied_at < :applied_before
            ORDER BY asked_at, id LIMIT 1
            """,
            {"looked_before": looked_before, "applied_before": applied_before},
        )
    )
    if oldest is None:
        return False
    tx.change("DELETE FROM recomputed_clock WHERE recomputation_id = :id", oldest)
    tx.change("DELETE FROM recomputation WHERE id = :id", oldest)
    return True


def _params(recomputation_id: str, one: Forecast, now: int) -> dict[str, object]:
    return {
        "recomputation_id": recomputation_id,
        "ticket_id": one.ticket_id,
        "clock_id": one.clock_id,
        "metric": one.metric,
        "effect": one.effect,
        "old_due_at": one.old_due_at,
        "new_due_at": one.new_due_at,
        "newly_overdue": int(_is_newly_overdue(one, now)),
        "alarmed": int(one.alarmed),
        "policy_id": one.policy_id,
        "policy_version": one.policy_version,
        "calendar_id": one.calendar_id,
        "calendar_version": one.calendar_version,
    }


def _is_newly_overdue(one: Forecast, now: int) -> bool:
    if one.new_due_at is None or one.effect is Effect.PAUSED or one.new_due_at > now:
        return False
    return one.old_due_at is None or one.old_due_at > now


def _shown(row: Row) -> Shown:
    flags = {name: bool(row[name]) for name in ("newly_overdue", "alarmed")}
    outcome = None if row["outcome"] is None else Applied(row["outcome"])
    return Shown(**{**row, **flags, "effect": Effect(row["effect"]), "outcome": outcome})
