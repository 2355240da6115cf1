"""Customers' mails, and what the server under test has taken in of them."""

import asyncio
from collections.abc import Awaitable, Callable
from email.message import EmailMessage

from storage.database import Row, Transaction
from tests.fakes import PATIENCE_S, Server


def letter(
    subject: str, body: str = "请问怎么申请退款？", message_id: str | None = None, sender: str = "wang@example.cn"
) -> bytes:
    """A customer's mail as it lies on a server."""
    message = EmailMessage()
    message["From"] = f"王小明 <{sender}>"
    message["To"] = "desk@example.com"
    message["Subject"] = subject
    message["Date"] = "Mon, 23 Nov 2026 09:58:00 +0800"
    message["Message-ID"] = f"<{message_id or subject}@example.cn>"
    message.set_content(body)
    return message.as_bytes()


async def taken(server: Server, mailbox: str) -> list[Row]:
    """The mails that were taken in from a mailbox, in the order of their arrival."""

    def read(tx: Transaction) -> list[Row]:
        return tx.execute(
            """
            SELECT message_id, folder, uid, uid_validity, raw_hash, size, withheld, received_at, envelope_from,
                envelope_to_json
            FROM mail WHERE mailbox = :mailbox ORDER BY id
            """,
            {"mailbox": mailbox},
        )

    return await server.database.read(read)


async def until_taken(server: Server, mailbox: str, count: int, seconds: float = PATIENCE_S) -> list[Row]:
    """The mails of the mailbox, once there are so many."""
    found: list[Row] = []

    async def are_there() -> bool:
        found[:] = await taken(server, mailbox)
        return len(found) >= count

    await until(are_there, seconds)
    return found


async def state(server: Server, mailbox: str) -> Row:
    """How the reading of a mailbox stands; empty before it began."""

    def read(tx: Transaction) -> list[Row]:
        return tx.execute(
            """
            SELECT folder, uid_validity, last_uid, old_uid, since, looked_at, trouble_since, last_error, told_at
            FROM mailbox_state WHERE mailbox = :mailbox
            """,
            {"mailbox": mailbox},
        )

    return next(iter(await server.database.read(read)), {})


async def until_seen_whole(server: Server, mailbox: str) -> Row:
    """How the mailbox stands, once everything in it was looked at."""

    async def is_seen() -> bool:
        return (await state(server, mailbox)).get("looked_at") is not None

    await until(is_seen)
    return await state(server, mailbox)


async def until_in_trouble(server: Server, mailbox: str) -> str:
    """What is said of the mailbox, once it cannot be read."""

    async def is_in_trouble() -> bool:
        return (await state(server, mailbox)).get("trouble_since") is not None

    await until(is_in_trouble)
    return str((await state(server, mailbox))["last_error"])


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = PATIENCE_S) -> None:
    """Return once this holds; fails after so many seconds."""
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.02)
