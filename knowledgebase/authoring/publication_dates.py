"""When customers got what they read now."""

from storage.database import Transaction


def published_at(tx: Transaction) -> dict[str, int]:
    """For each entry of which something is published: when that was, epoch milliseconds UTC."""
    rows = tx.execute(
        "SELECT entry.id, entry_version.changed_at FROM entry JOIN entry_version"
        " ON entry_version.entry_id = entry.id AND entry_version.version = entry.published_version"
    )
    return {row["id"]: row["changed_at"] for row in rows}
