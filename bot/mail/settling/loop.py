"""The loop that settles mails: raw bytes, read within bounds, into one transaction each."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic

from bot.config import MailboxSettings
from bot.files.intake import Found, Intake
from bot.gateway.mime import parse
from bot.mail.model import Mail
from bot.mail.reports import bounces
from bot.mail.settling.authenticity import Authenticity, Proof, by_receiving_server, by_signature, sender_domain
from bot.mail.settling.reading import GAVE_UP, Reading
from bot.mail.settling.settle import House, settle
from bot.mail.settling.signatures import Lookup, check_signature
from bot.mail.standing import judge
from bot.workers import Turn
from storage.blobs import BlobMissing, Blobs
from storage.database import Database, Transaction
from storage.errors import StorageUnavailable
from tickets.attachments import Attachment
from tickets.mail import inbox
from tickets.mail.inbox import MOST_STARTS, MOST_TRIES, Outcome, WaitingMail

log = logging.getLogger(__name__)

READ_WITHIN_S = 10.0
# A reading that does not end by itself is given up a little later than it should have.
GRACE_S = 2.0
CHECK_WITHIN_S = 10.0
# Pictures of one mail are drawn small for so long; the others are files without a picture.
DRAW_WITHIN_S = 5.0
LONGEST_MAIL_MS = 120_000
TURN_S = 20.0


class MailUnreadable(Exception):
    """A mail cannot be read, however often it is tried."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What reading a mail takes beside its bytes."""

    blobs: Blobs
    intake: Intake
    mailboxes: Mapping[str, MailboxSettings]
    look_up: Lookup

    @property
    def own(self) -> frozenset[str]:
        """Every address of ours."""
        return frozenset(one for box in self.mailboxes.values() for one in (box.address, *box.aliases))


@dataclass
class Settling:
    """Settles what was taken in. Lives as long as the server."""

    database: Database
    tools: Tools
    house: House
    clock: Callable[[], int]
    _spared: set[str] = field(default_factory=set)
    _more: bool = False

    async def turn(self) -> None:
        """Settle the mails that may be read now, for TURN_S at most; one that cannot be holds up no other."""
        until = monotonic() + TURN_S
        await self._give_back()
        waiting = await self.database.write(inbox.begin, self.clock())
        while waiting is not None:
            waiting = await self._settle(waiting, go_on=monotonic() < until)
        self._more = monotonic() >= until

    def resting(self, wait: Turn) -> Turn:
        """This wait, left out as long as there are more mails to settle."""

        async def rest() -> None:
            if not self._more:
                await wait()

        return rest

    async def _settle(self, waiting: WaitingMail, go_on: bool) -> WaitingMail | None:
        """Settle one mail; the next one, if we shall go on."""
        try:
            reading = await self._read(waiting)
            outcome, following = await self.database.write(settle_and_begin, reading, self.house, self.clock(), go_on)
        except BlobMissing as error:
            await self._stumble(waiting, error)
        except StorageUnavailable:
            self._spared.add(waiting.id)
            raise
        except Exception as error:
            log.exception("mail=%s attempt=%d failed", waiting.id, waiting.attempts)
            await self._stumble(waiting, error)
        else:
            log.info("mail=%s mailbox=%s outcome=%s", waiting.id, waiting.mailbox, outcome)
            return following
        return await self.database.write(inbox.begin, self.clock()) if go_on else None

    async def _stumble(self, waiting: WaitingMail, error: Exception) -> None:
        """Try again later, or show it raw to people when that was the last time."""
        why = type(error).__name__
        if waiting.attempts < MOST_TRIES and not isinstance(error, MailUnreadable):
            await self.database.write(inbox.stumbled, waiting.id, why)
            return
        given_up = Reading(waiting, Mail(error=f"{GAVE_UP}: {why}"))
        await self.database.write(settle, given_up, self.house, self.clock())
        log.warning("mail=%s mailbox=%s quarantined after=%d", waiting.id, waiting.mailbox, waiting.attempts)

    async def _give_back(self) -> None:
        """Attempts that failed for want of storage do not count."""
        for mail_id in tuple(self._spared):
            await self.database.write(inbox.spare, mail_id, self.clock())
            self._spared.discard(mail_id)

    async def _read(self, waiting: WaitingMail) -> Reading:
        if waiting.attempts > MOST_STARTS:
            raise MailUnreadable(f"mail {waiting.id} ended the process before")
        raw = await asyncio.to_thread(self.tools.blobs.read, waiting.raw_hash)
        mail = _with_envelope(await self._parsed(raw), waiting)
        standing = await asyncio.to_thread(judge, mail, self.tools.own)
        # Parsing reads reports too, but only the envelope may tell that nobody sent this.
        report = await asyncio.to_thread(bounces.read, mail)
        authenticity = await self._authenticity(waiting, mail, raw)
        files = await self._files(waiting, mail)
        return Reading(waiting, mail, standing, authenticity, report, files)

    async def _parsed(self, raw: bytes) -> Mail:
        deadline = monotonic() + READ_WITHIN_S
        try:
            async with asyncio.timeout(READ_WITHIN_S + GRACE_S):
                return await asyncio.to_thread(parse, raw, lambda: monotonic() > deadline)
        except TimeoutError as error:
            raise MailUnreadable("reading does not end") from error

    async def _authenticity(self, waiting: WaitingMail, mail: Mail, raw: bytes) -> Authenticity:
        box = self.tools.mailboxes.get(waiting.mailbox)
        told = by_receiving_server(mail, box.trusted_authserv_ids if box else ())
        domain = sender_domain(mail)
        if told is not None or domain is None or "dkim-signature" not in mail.headers or waiting.withheld:
            return told or by_signature(mail, Proof.NOTHING)
        try:
            async with asyncio.timeout(CHECK_WITHIN_S):
                signed = await asyncio.to_thread(check_signature, raw, domain, self.tools.look_up)
        except TimeoutError:
            signed = Proof.NO_LOOKUP
        return by_signature(mail, signed)

    async def _files(self, waiting: WaitingMail, mail: Mail) -> tuple[Attachment, ...]:
        owner, now = f"mail:{waiting.id}", self.clock()
        found = (Found(part.name, part.content, part.content_id, part.inline, part.mark) for part in mail.parts)
        until = monotonic() + DRAW_WITHIN_S
        return tuple(
            [
                await self.tools.intake.take_in(one, owner, now, at, drawing=monotonic() < until)
                for at, one in enumerate(found, start=1)
            ]
        )


def settle_and_begin(
    tx: Transaction, reading: Reading, house: House, now: int, go_on: bool
) -> tuple[Outcome | None, WaitingMail | None]:
    """Settle this mail and, if we shall go on, begin the next, with one commit."""
    return settle(tx, reading, house, now), inbox.begin(tx, now) if go_on else None


def _with_envelope(mail: Mail, waiting: WaitingMail) -> Mail:
    """The mail with the return path that it was handed over with, where no server wrote it down."""
    if waiting.envelope_from is None or mail.return_path is not None:
        return mail
    return replace(mail, return_path=waiting.envelope_from)
