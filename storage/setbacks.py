"""What waits in the outbox when the machine's clock was set back.

A wait is kept as the moment at which it ends and the one at which it began. One that begins ahead of the clock began
before the clock was set back, and what its end says is worth nothing any more: it begins anew, and lasts as long as it
was meant to, whatever it waits for.
"""

from storage.database import Transaction


def begun_ahead(tx: Transaction, ahead: int) -> bool:
    """Whether any wait began after this moment, which lies a little ahead of the clock."""
    return bool(
        tx.execute("SELECT id FROM outbox WHERE status = 'queued' AND waits_since > :ahead LIMIT 1", {"ahead": ahead})
    )


def begin_anew(tx: Transaction, ahead: int, now: int) -> int:
    """The waits that began after this moment begin now; returns how many. Claims stay with those who hold them."""
    begun = tx.change(
        """
        UPDATE outbox
        SET available_at = :now + (available_at - waits_since), lease_until = :now + (lease_until - waits_since),
            waits_since = :now
        WHERE status = 'queued' AND waits_since > :ahead
        """,
        {"ahead": ahead, "now": now},
    )
    if begun:
        tx.notify("outbox")
    return begun
