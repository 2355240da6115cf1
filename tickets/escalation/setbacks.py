"""What waits to be sent when the machine's clock was set back: messages, ways that rest, and the patience with those
that reach nobody. None waits longer than it was meant to from when that is noticed, and none less.

What is told to people as a moment stays: due times, the steps of a chain, and until when somebody took notice.
"""

from storage import setbacks
from storage.database import Transaction

# Transactions that are carried out together may have read the clock one after the other.
AHEAD_MS = 60_000


def begun_ahead(tx: Transaction, now: int) -> bool:
    """Whether anything waits since a moment that lies ahead, so that the clock was set back since."""
    ahead = now + AHEAD_MS
    found = tx.execute(
        """
        SELECT transport FROM transport_state
        WHERE (rests_since > :ahead AND rests_until IS NOT NULL) OR sent_at > :ahead OR failed_at > :ahead
        UNION ALL
        SELECT id FROM alert
        WHERE told_at IS NOT NULL AND delivered_at IS NULL AND acknowledged_at IS NULL AND settled_at IS NULL
            AND (told_at > :ahead OR fallback_at > :ahead)
        LIMIT 1
        """,
        {"ahead": ahead},
    )
    return bool(found) or setbacks.begun_ahead(tx, ahead)


def begin_anew(tx: Transaction, now: int) -> None:
    """Whatever waits since a moment that lies ahead waits from now on, for as long as it was meant to."""
    moments = {"ahead": now + AHEAD_MS, "now": now}
    setbacks.begin_anew(tx, **moments)
    tx.change(
        """
        UPDATE transport_state SET rests_until = :now + (rests_until - rests_since), rests_since = :now
        WHERE rests_since > :ahead
        """,
        moments,
    )
    # Which of the two came last says whether the way works.
    tx.change(
        """
        UPDATE transport_state
        SET sent_at = CASE
                WHEN sent_at IS NULL OR sent_at <= :now THEN sent_at WHEN failed_at >= sent_at THEN :now - 1 ELSE :now
            END,
            failed_at = CASE
                WHEN failed_at IS NULL OR failed_at <= :now THEN failed_at WHEN sent_at > failed_at THEN :now - 1
                ELSE :now
            END
        WHERE sent_at > :ahead OR failed_at > :ahead
        """,
        moments,
    )
    tx.change(
        """
        UPDATE alert
        SET told_at = CASE WHEN told_at > :now THEN :now ELSE told_at END,
            fallback_at = CASE WHEN fallback_at > :now THEN :now ELSE fallback_at END
        WHERE told_at IS NOT NULL AND delivered_at IS NULL AND acknowledged_at IS NULL AND settled_at IS NULL
            AND (told_at > :ahead OR fallback_at > :ahead)
        """,
        moments,
    )
