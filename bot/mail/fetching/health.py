"""That a mailbox is not read does not go unnoticed, whatever the reason."""

import logging
from collections.abc import Callable, Sequence

from bot.config import MailboxSettings
from bot.workers import Turn
from storage.database import Database, Transaction
from tickets.escalation.telling import operators
from tickets.escalation.ways import Ways
from tickets.mail import incidents, mailboxes
from tickets.rules import DeskRules

log = logging.getLogger(__name__)

LOOK_EVERY_S = 20.0
TELL_AFTER_MS = 600_000
SILENT = "nothing was heard of its reading, neither good nor bad; restart the server if that stays so"


def watch_over(
    database: Database, watched: Sequence[MailboxSettings], rules: DeskRules, ways: Ways, clock: Callable[[], int]
) -> Turn:
    """A turn that tells the people responsible of mailboxes that have not been read for ten minutes, and of the end.

    A mailbox counts from the last time it was seen whole, but not from before this server began.
    """
    began = clock()

    async def turn() -> None:
        for name in await database.write(_watch, watched, rules, ways, began, clock()):
            log.warning("mailbox=%s told of", name)

    return turn


def _watch(
    tx: Transaction, watched: Sequence[MailboxSettings], rules: DeskRules, ways: Ways, began: int, now: int
) -> list[str]:
    quiet = {one.name: now - TELL_AFTER_MS - (one.poll if one.receive == "imap" else 0) for one in watched}
    for name in mailboxes.silent(tx, {name: since for name, since in quiet.items() if began <= since}):
        mailboxes.in_trouble(tx, name, SILENT, quiet[name])
    return incidents.tell(tx, list(quiet), operators(tx, ways, rules.time_zone, now), began, TELL_AFTER_MS, now)
