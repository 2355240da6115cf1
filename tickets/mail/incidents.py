"""A mailbox that is not read is somebody's business: the people responsible hear of it, once, and once
more when it is over."""

from collections.abc import Collection, Sequence
from typing import Any

from storage.database import Row, Transaction
from tickets.escalation import notices
from tickets.escalation.notices import Addressee, Purpose

DAY_MS = 86_400_000


def tell(
    tx: Transaction, names: Collection[str], people: Sequence[Addressee], began: int, tell_after_ms: int, now: int
) -> list[str]:
    """Queue a notice for each of these mailboxes that was not read for so long, or that is in trouble no more.

    It counts from the last time it was seen whole, but what lies before this server began counts only if it was in
    trouble then. Returns the mailboxes told of. None is told of again before it was well.
    """
    rows = tx.execute(
        """
        SELECT mailbox, looked_at, trouble_since, last_error, told_at FROM mailbox_state
        WHERE (told_at IS NULL AND trouble_since IS NOT NULL) OR (told_at IS NOT NULL AND trouble_since IS NULL)
        ORDER BY mailbox
        """
    )
    due = [row for row in rows if row["mailbox"] in names and _unread_since(row, began) <= now - tell_after_ms]
    for row in due:
        _enqueue(tx, row, _unread_since(row, began), people, now)
        _mark(tx, row, now)
    return [row["mailbox"] for row in due]


def _unread_since(row: Row, began: int) -> int:
    """Since when nothing was read; for a mailbox that is well again, ever since: that is told at once."""
    if row["trouble_since"] is None:
        return 0
    return min(int(row["trouble_since"]), max(int(row["looked_at"] or 0), began))


def _enqueue(tx: Transaction, row: Row, since: int, people: Sequence[Addressee], now: int) -> None:
    over = row["trouble_since"] is None
    since = row["told_at"] if over else since
    facts: dict[str, Any] = {
        "mailbox": row["mailbox"],
        "over": over,
        "since": since,
        "at": now,
        "error": row["last_error"],
    }
    key = f"mailbox:{row['mailbox']}:{since}:{'over' if over else 'begun'}"
    _queue(tx, key, Purpose.MAILBOX, facts, people, now)


def tell_busy(tx: Transaction, mailbox: str, people: Sequence[Addressee], now: int) -> None:
    """Queue a notice that this mailbox has sent as much by itself as it may, once a day at most."""
    facts: dict[str, Any] = {"mailbox": mailbox, "at": now}
    _queue(tx, f"mailbox_busy:{mailbox}:{now // DAY_MS}", Purpose.MAILBOX_BUSY, facts, people, now)


def _queue(
    tx: Transaction, key: str, purpose: Purpose, facts: dict[str, Any], people: Sequence[Addressee], now: int
) -> None:
    for one in people:
        notices.queue(tx, one, purpose, facts, now, f"{key}:{one.way.name}:{one.recipient}")


def _mark(tx: Transaction, row: Row, now: int) -> None:
    tx.change(
        "UPDATE mailbox_state SET told_at = :told_at WHERE mailbox = :mailbox",
        {"mailbox": row["mailbox"], "told_at": None if row["trouble_since"] is None else now},
    )
