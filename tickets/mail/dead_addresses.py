"""Addresses to which mail cannot be delivered for good."""

from dataclasses import dataclass

from storage.database import Transaction, first


@dataclass(frozen=True, slots=True)
class DeadAddress:
    """status is the enhanced code such as 5.1.1, diagnostic what the mail server said; sent_id the mail that failed."""

    address: str
    status: str | None
    diagnostic: str | None
    failed_at: int
    sent_id: str | None = None


def mark(tx: Transaction, dead: DeadAddress) -> None:
    """Send nothing automatic there any more; what was known before is replaced."""
    tx.change(
        """
        INSERT INTO dead_address (address, status, diagnostic, failed_at, sent_id)
        VALUES (:address, :status, :diagnostic, :failed_at, :sent_id)
        ON CONFLICT (address) DO UPDATE SET status = excluded.status, diagnostic = excluded.diagnostic,
            failed_at = excluded.failed_at, sent_id = excluded.sent_id
        """,
        {
            "address": dead.address.lower(),
            "status": dead.status,
            "diagnostic": dead.diagnostic,
            "failed_at": dead.failed_at,
            "sent_id": dead.sent_id,
        },
    )


def get(tx: Transaction, address: str) -> DeadAddress | None:
    """What is known of an address that is dead, or None."""
    row = first(
        tx.execute(
            "SELECT address, status, diagnostic, failed_at, sent_id FROM dead_address WHERE address = :address",
            {"address": address.lower()},
        )
    )
    return None if row is None else DeadAddress(**row)


def revive(tx: Transaction, address: str) -> bool:
    """Mail to this address arrives again; False if it was never dead."""
    return tx.change("DELETE FROM dead_address WHERE address = :address", {"address": address.lower()}) == 1
