"""What people do to a mail that came in; each compares with what they saw of it."""

from storage.database import Transaction


def read_again(tx: Transaction, mail_id: str, attempts: int, now: int) -> bool:
    """Queue a quarantined mail, last seen after so many attempts, to be read anew; False if it has moved on since."""
    changed = tx.change(
        """
        UPDATE mail SET state = 'waiting', attempts = 0, next_at = :now, last_error = NULL
        WHERE id = :id AND state = 'quarantined' AND attempts = :attempts
        """,
        {"id": mail_id, "attempts": attempts, "now": now},
    )
    if changed:
        tx.notify("mail")
    return changed == 1
