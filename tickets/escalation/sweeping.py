"""The sweep: every step that is due becomes an obligation, exactly one per clock and level.

It only raises them, in two statements whatever their number; telling people is the next turn's work (telling.py), so
that what is owed is safe before anything about it is worked out.
"""

from storage.database import Transaction

AT_ONCE = 1_000


def sweep(tx: Transaction, now: int, late_after_ms: int, limit: int = AT_ONCE) -> int:
    """Raise what is due, at most limit clocks and one alert for each; returns how many were raised.

    A clock whose step was raised waits for telling.tell() to plan its next one.
    """
    due = {"now": now, "limit": limit}
    raised = tx.change(
        """
        INSERT INTO alert (id, clock_id, ticket_id, level, kind, planned_at, raised_at, late)
        SELECT id || '.' || next_level, id, ticket_id, next_level,
            CASE WHEN next_level < 1 THEN 'warning' WHEN next_level = 1 THEN 'breach' ELSE 'escalation' END,
            next_alert_at, :now, CASE WHEN :now - next_alert_at > :late_after THEN 1 ELSE 0 END
        FROM clock
        WHERE next_alert_at IS NOT NULL AND next_alert_at <= :now AND stopped_at IS NULL
        ORDER BY next_alert_at, id LIMIT :limit
        ON CONFLICT (clock_id, level) DO NOTHING
        """,
        {**due, "late_after": late_after_ms},
    )
    if raised:
        tx.change(
            """
            UPDATE clock SET next_level = next_level + 1, next_alert_at = NULL
            WHERE id IN (
                SELECT id FROM clock
                WHERE next_alert_at IS NOT NULL AND next_alert_at <= :now AND stopped_at IS NULL
                ORDER BY next_alert_at, id LIMIT :limit
            )
            """,
            due,
        )
    return raised


def next_due(tx: Transaction) -> int | None:
    """When the sweep next has something to do, or None."""
    found = tx.execute(
        "SELECT MIN(next_alert_at) AS at FROM clock WHERE next_alert_at IS NOT NULL AND stopped_at IS NULL"
    )
    at: int | None = found[0]["at"]
    return at
