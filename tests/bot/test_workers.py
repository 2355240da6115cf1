"""The delivery loop: whatever happens to one row, each row ends sent, waiting or dead, and none is lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.workers import deliver_outbox
from storage import outbox
from storage.outbox import OutboxRow
from storage.sqlite import SQLiteDatabase, open_database
from tickets.alerts.errors import DeliveryError, Failure

NOW = 1_700_000_000_000


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    """Three deliveries wait."""
    database = open_database(tmp_path / "data")
    for key in ("well", "refused", "odd"):
        await database.write(outbox.enqueue, "alert.mail", key, {}, NOW)
    yield database
    await database.close()


async def test_each_row_ends_as_its_delivery_did(database: SQLiteDatabase, caplog: pytest.LogCaptureFixture) -> None:
    async def deliver(row: OutboxRow) -> None:
        if row.key == "refused":
            raise DeliveryError("no such mailbox", Failure.PERMANENT)
        if row.key == "odd":
            raise ZeroDivisionError("a fault of ours")

    await deliver_outbox(database, "alert.mail", deliver, lambda: NOW)()
    rows = await database.read(lambda tx: tx.execute("SELECT key, status, last_error FROM outbox ORDER BY key"))
    assert [(row["key"], row["status"], row["last_error"]) for row in rows] == [
        ("odd", "queued", "unforeseen: ZeroDivisionError"),
        ("refused", "dead", "no such mailbox"),
        ("well", "sent", None),
    ]
    due = await database.read(outbox.next_due, ["alert.mail"])
    assert due is not None
    assert due >= NOW


async def test_a_failed_row_is_tried_again_later_and_not_before(database: SQLiteDatabase) -> None:
    tried: list[str] = []

    async def deliver(row: OutboxRow) -> None:
        tried.append(row.key)
        raise DeliveryError("busy", Failure.RETRY, retry_after_ms=60_000)

    await deliver_outbox(database, "alert.mail", deliver, lambda: NOW)()
    await deliver_outbox(database, "alert.mail", deliver, lambda: NOW + 59_000)()
    assert sorted(tried) == ["odd", "refused", "well"]
    await deliver_outbox(database, "alert.mail", deliver, lambda: NOW + 60_000)()
    assert len(tried) == 6
