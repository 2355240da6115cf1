"""What it costs to find and raise what is due: 100 deadlines among a million, against one indexed query of the same
rows, in processor time of the same process."""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bot.simulation.posting import ways
from storage.database import Transaction
from storage.migrate import migrate
from storage.sqlite_connection import SQLiteTransaction, enforce_foreign_keys, open_for_writing
from tickets import agents
from tickets.escalation.sweeping import sweep
from tickets.escalation.telling import tell
from tickets.model import Role
from tickets.rules import DeskRules
from tickets.sla import rulebook
from tickets.sla.model import Budget, Chain, Level, Policy, RuleKind

OPEN = 1_000_000
DUE = 100
ROUNDS = 41
NOW = 1_800_000_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE
RULES = DeskRules(late_after_ms=MINUTE, reopen_within_ms=72 * HOUR, time_zone="Asia/Shanghai")
_CHAIN = Chain((Level("agents", 0, ("assignee",), ("mail", "robot")),), None, HOUR, None, HOUR)

# Identifiers as long as real ones, in the order in which the rows were made.
_ID = "printf('0199%04x-%04x-7000-8000-%012x', n / 65536, n % 65536, n)"
_MANY = f"WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {OPEN - 1}) "
_FILL = (
    "INSERT INTO contact (id, created_at) VALUES ('contact', 0)",
    _MANY + f"""INSERT INTO conversation (id, contact_id, channel, owner, version, last_number, created_at, updated_at)
    SELECT {_ID}, 'contact', 'chat', 'agent', 1, 1, 0, 0 FROM numbers""",
    _MANY + f"""INSERT INTO ticket (id, number, conversation_id, contact_id, subject, status, priority, reason,
        candidates_json, version, created_at, updated_at, policy_id, policy_version, policy_at)
    SELECT {_ID}, 'n' || n, {_ID}, 'contact', '订单', 'open', 'normal', 'asked_for_person', '[]', 1, 0, 0,
        :policy_id, 1, 0 FROM numbers""",
    # Deadlines are in no order that the rows have: a number coprime to their count scatters them.
    _MANY + f"""INSERT INTO clock (id, conversation_id, ticket_id, metric, first_message_number, needs_person,
        policy_id, policy_version, started_at, budget_ms, due_at, plan_json, next_alert_at, next_level)
    SELECT {_ID}, {_ID}, {_ID}, 'first_response', 1, 1, :policy_id, 1, due - 43200000, 43200000, due,
        '[' || due || ']', due, 1
    FROM (SELECT n, :now + ((n * 611953) % {OPEN}) / {DUE} * 60000 AS due FROM numbers)""",
)  # fmt: skip


def run() -> dict[str, float]:
    """Build the deadlines, then time the query, the sweep and the whole turn, each round on rows of its own."""
    with tempfile.TemporaryDirectory() as folder:
        database, built = _built(Path(folder) / "deadlines.db")
        try:
            measured = _measured(database)
        finally:
            database.close()
    query, swept, told = (statistics.median(each) * 1000 for each in zip(*measured, strict=True))
    print(f"{OPEN} open deadlines built in {built:.0f} s, {DUE} due in each of {ROUNDS} rounds; processor time, median")
    print(f"one indexed query of those rows {query:8.2f} ms")
    print(f"the sweep that raises them      {swept:8.2f} ms, {swept / query:.2f} times as much")
    print(f"the whole turn, people told     {swept + told:8.2f} ms, {(swept + told) / query:.2f} times as much")
    return {
        "open deadlines": OPEN,
        "due": DUE,
        "ms query": query,
        "ms sweep": swept,
        "ms sweep and tell": swept + told,
        "ratio sweep": swept / query,
        "ratio sweep and tell": (swept + told) / query,
    }


def _measured(connection: sqlite3.Connection) -> list[tuple[float, float, float]]:
    """Seconds of processor time for the query, the sweep and telling, each with its commit."""
    found = []
    for number in range(ROUNDS):
        now = NOW + number * MINUTE
        query = _timed(connection, partial(_count, work=_query, now=now))
        swept = _timed(connection, partial(_count, work=sweep, now=now, late_after_ms=MINUTE))
        told = _timed(connection, partial(_tell, now=now))
        found.append((query, swept, told))
    return found[1:]


def _timed(connection: sqlite3.Connection, work: Callable[[Transaction], None]) -> float:
    begun = time.process_time()
    connection.execute("BEGIN IMMEDIATE")
    work(SQLiteTransaction(connection))
    connection.execute("COMMIT")
    return time.process_time() - begun


def _count(tx: Transaction, work: Callable[..., int], **arguments: int) -> None:
    found = work(tx, **arguments)
    if found != DUE:
        raise RuntimeError(f"{found} were due, not {DUE}")


def _query(tx: Transaction, now: int) -> int:
    """What the sweep has to know of each row, read by the index and in its order."""
    return len(
        tx.execute(
            """
            SELECT id, ticket_id, next_level, next_alert_at FROM clock
            WHERE next_alert_at IS NOT NULL AND next_alert_at <= :now AND stopped_at IS NULL
            ORDER BY next_alert_at LIMIT 1000
            """,
            {"now": now},
        )
    )


def _tell(tx: Transaction, now: int) -> None:
    told = tell(tx, now, RULES, ways())
    if len(told) != DUE:
        raise RuntimeError(f"people were told of {len(told)}, not of {DUE}")


def _built(path: Path) -> tuple[sqlite3.Connection, float]:
    begun = time.perf_counter()
    path.touch()
    connection = open_for_writing(path).connection
    migrate(connection)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("BEGIN")
    policy_id = _promise(SQLiteTransaction(connection))
    for statement in _FILL:
        connection.execute(statement, {"policy_id": policy_id, "now": NOW})
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA synchronous=FULL")
    enforce_foreign_keys(connection)
    return connection, time.perf_counter() - begun


def _promise(tx: Transaction) -> str:
    for number in range(5):
        agents.create(tx, f"agent-{number}", f"agent-{number}", Role.AGENT, "none", f"agent-{number}@example.com", 0)
    chain = rulebook.add(tx, RuleKind.CHAIN, "chain", _CHAIN, rulebook.BY_SETTINGS, 0, 0)
    budget = Budget(12 * HOUR)
    policy = Policy(budget, budget, None, chain.id)
    return rulebook.add(tx, RuleKind.POLICY, "policy", policy, rulebook.BY_SETTINGS, rulebook.LAST_POSITION, 0).id
