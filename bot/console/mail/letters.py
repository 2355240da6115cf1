"""One mail, for whoever may see it: its row, its raw bytes, and what is read in them now."""

import asyncio
import time
from dataclasses import dataclass

from aiohttp import web

from bot.console.access import LOGIN
from bot.gateway.mime import parse
from bot.keys import BLOBS, DATABASE
from bot.mail.model import Mail
from storage.blobs import BlobMissing
from storage.database import Transaction
from tickets.errors import NotFound
from tickets.mail import ledger
from tickets.mail.ledger import LedgerRow
from tickets.model import Role

OVERSEERS = frozenset({Role.SUPERVISOR, Role.ADMIN})
READ_WITHIN_S = 5.0
# So many mails are read for people at a time; the others wait.
AT_A_TIME = 2

TURNS = web.AppKey("console_mail_turns", asyncio.Semaphore)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail with its bytes, None if they are not on the disk, and what is read in them."""

    row: LedgerRow
    raw: bytes | None
    mail: Mail


async def allowed_row(request: web.Request) -> LedgerRow:
    """The mail that the address names. Raises NotFound where there is none for whoever asks.

    Supervisors see every mail; agents see those that belong to a ticket, as they see every ticket.
    """
    mail_id, role = request.match_info["id"], request[LOGIN].agent.role
    return await request.config_dict[DATABASE].read(_allowed, mail_id, role in OVERSEERS)


def _allowed(tx: Transaction, mail_id: str, oversees: bool) -> LedgerRow:
    row = ledger.find(tx, mail_id)
    if row is None or not (oversees or row.ticket_number):
        raise NotFound(f"no mail {mail_id}")
    return row


async def open_letter(request: web.Request, row: LedgerRow) -> Letter:
    """Read a mail's bytes anew; what is broken in them is named in mail.error."""
    async with request.config_dict[TURNS]:
        raw = await raw_bytes(request, row)
        mail = Mail(error="missing") if raw is None else await asyncio.to_thread(_parsed, raw)
    return Letter(row, raw, mail)


async def raw_bytes(request: web.Request, row: LedgerRow) -> bytes | None:
    """The mail as it came, None if its bytes are not on the disk any more."""
    try:
        return await asyncio.to_thread(request.config_dict[BLOBS].read, row.raw_hash)
    except (BlobMissing, ValueError):
        return None


def _parsed(raw: bytes) -> Mail:
    ends = time.monotonic() + READ_WITHIN_S
    return parse(raw, lambda: time.monotonic() > ends)
