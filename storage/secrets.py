"""Secrets that the program makes for itself and keeps with its data."""

from storage.database import Transaction, first


def keep_secret(tx: Transaction, name: str, fresh: str) -> str:
    """The secret of this name; ``fresh`` becomes it if there is none yet."""
    tx.change(
        "INSERT INTO secret (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING",
        {"name": name, "value": fresh},
    )
    row = first(tx.execute("SELECT value FROM secret WHERE name = :name", {"name": name}))
    return str(row["value"]) if row else fresh
