"""The sweep: every step that is due becomes an obligation, exactly one per clock and level.

It only raises them, in one statement whatever their number; telling people is the next turn's work (telling.py), so
that what is owed is safe before anything about it is worked out. A step counts as raised as soon as its alert is there:
the clock stands at it until telling has planned the next one.
"""

from storage.database import Transaction

AT_ONCE = 1_000


def sweep(tx: Transaction, now: int, late_after_ms: int, limit: int = AT_ONCE) -> int:
    """Raise what is due, at most limit clocks and one alert for each; returns how many were raised."""
    # Identifiers that sort by when they were made lie together, as those of new_id() do.
    return tx.change(
        """
        INSERT INTO alert (id, clock_id, level, kind, planned_at, raised_at, late)
        SELECT :stamp || '.' || k.id || '.' || k.next_level, k.id, k.next_level,
            CASE WHEN k.next_level < 1 THEN 'warning' WHEN k.next_level = 1 THEN 'breach' ELSE 'escalation' END,
            k.next_alert_at, :now, CASE WHEN :now - k.next_alert_at > :late_after THEN 1 ELSE 0 END
        FROM clock k
        WHERE k.next_alert_at IS NOT NULL AND k.next_alert_at <= :now AND k.stopped_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM alert a WHERE a.clock_id = k.id AND a.level = k.next_level)
        ORDER BY k.next_alert_at LIMIT :limit
        ON CONFLICT (clock_id, level) DO NOTHING
        """,
        {"stamp": f"{now:012x}", "now": now, "late_after": late_after_ms, "limit": limit},
    )


def next_due(tx: Transaction) -> int | None:
    """When the sweep next has something to do, or None."""
    found = tx.execute(
        """
        SELECT MIN(k.next_alert_at) AS at FROM clock k
        WHERE k.next_alert_at IS NOT NULL AND k.stopped_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM alert a WHERE a.clock_id = k.id AND a.level = k.next_level)
        """
    )
    at: int | None = found[0]["at"]
    return at
