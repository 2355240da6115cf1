"""What the tests write and read: rows of the outbox, which belongs to storage."""

from storage.database import Transaction
from storage.outbox import enqueue

NOW = 1_700_000_000_000


def keep(tx: Transaction, key: str, text: str = "") -> str:
    """Write one row and say so to whoever listens to 'kept'."""
    enqueue(tx, "test", key, {"text": text}, NOW)
    tx.notify("kept", key)
    return key


def kept(tx: Transaction) -> set[str]:
    return {row["key"] for row in tx.execute("SELECT key FROM outbox")}


def soundness(tx: Transaction) -> list[str]:
    return [row["integrity_check"] for row in tx.execute("PRAGMA integrity_check")]
