"""One attempt to hand one letter to its mail server, and the row that says how it went."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import jinja2

from bot.errors import LetterUnwritable
from bot.gateway.hub import JUST_LEFT_S, Presence
from bot.mail.addresses import Signer
from bot.mail.letters.writing import write
from bot.mail.posting.consignment import Consignment, letter, load, read_files
from bot.mail.posting.office import PostOffice
from bot.mail.posting.outcome import (
    UNCERTAIN_PAUSE_MS,
    Accepted,
    Again,
    Held,
    Outcome,
    Refused,
    Unknown,
    Withdrawn,
    judge,
)
from bot.mail.posting.outlets import Outlet
from storage import outbox
from storage.blobs import Blobs
from storage.database import Database, Transaction
from storage.outbox import OutboxRow
from tickets.mail import dead_addresses, limits, sent
from tickets.mail.sent import SentMail, SentState, Trouble
from tickets.mail.smtp import Envelope, SmtpFailure, Step, hand_over

TELL_LATE_MS = 4 * 3_600_000
MINUTE_MS = 60_000
JUST_LEFT_MS = int(JUST_LEFT_S * 1_000)
# Those that nobody should send again, whatever woke their row.
_OVER = frozenset({SentState.SENT, SentState.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Delivery:
    """All that is needed to deliver the letters of one mailbox. presence: whether a chat customer is here."""

    database: Database
    outlet: Outlet
    office: PostOffice
    signer: Signer
    blobs: Blobs
    templates: jinja2.Environment
    base: str
    clock: Callable[[], int]
    presence: Callable[[str], Presence]

    async def attempt(self, row: OutboxRow) -> Outcome:
        """Send the letter of this row if it may still be sent. Raises StorageUnavailable: nothing was sent."""
        consignment = await self.database.read(load, row.payload["sent_id"])
        if consignment is None or consignment.mail.state in _OVER:
            return Withdrawn(Trouble.WITHHELD, told=False)
        mail = consignment.mail
        outcome = self._is_in_chat(consignment) or await self.database.read(_held, mail, self.office, self.clock())
        return outcome or await self._send(consignment)

    def _is_in_chat(self, consignment: Consignment) -> Outcome | None:
        """For what was said in a chat: whether its customer has seen it there."""
        if not consignment.mail.after_chat:
            return None
        presence = self.presence(consignment.mail.conversation_id)
        if consignment.overtaken or presence is Presence.HERE:
            return Withdrawn(Trouble.READ_IN_CHAT, told=False)
        return Held(self.clock() + JUST_LEFT_MS) if presence is Presence.LEAVING else None

    async def _send(self, consignment: Consignment) -> Outcome:
        mail = consignment.mail
        enclosures = await asyncio.to_thread(read_files, self.blobs, consignment.files)
        told = letter(consignment, self.outlet, self.signer, self.base, enclosures)
        try:
            content = await asyncio.to_thread(lambda: write(told, self.templates).as_bytes())
        except LetterUnwritable as error:
            return Refused(Trouble.UNWRITABLE, str(error))
        try:
            await self._hand_over(Envelope(self._bounces_to(mail), mail.recipient, content))
        except SmtpFailure as failure:
            return judge(failure, mail.state)
        return Accepted()

    async def _hand_over(self, envelope: Envelope) -> None:
        """A server that takes mail only from the mailbox's own address gets it from there."""
        try:
            await hand_over(self.outlet.server, envelope)
        except SmtpFailure as failure:
            own = self.outlet.address
            if failure.step is not Step.SENDER or not failure.permanent or envelope.sender == own:
                raise
            await hand_over(self.outlet.server, replace(envelope, sender=own))

    def _bounces_to(self, mail: SentMail) -> str:
        own = self.outlet.address
        return self.signer.bounce_address(own, mail.id) if self.outlet.signed else own


def _held(tx: Transaction, mail: SentMail, office: PostOffice, now: int) -> Outcome | None:
    """Why an automatic mail is not sent now although it was allowed when it was decided; None if it is."""
    if not mail.automatic:
        return None
    if office.barred(tx, mail.recipient) is not None or now - mail.created_at > outbox.GIVE_UP_AFTER_MS:
        return Withdrawn(Trouble.WITHHELD, told=True)
    return Held(now + MINUTE_MS) if limits.sent_lately(tx, mail.mailbox, now) else None


def settle(tx: Transaction, row: OutboxRow, outcome: Outcome, now: int, jitter: float) -> bool:
    """Keep how the attempt went; False, and nothing is done, if somebody else has claimed the row since."""
    if not mark(tx, row, outcome, now, jitter):
        return False
    mail = sent.get(tx, row.payload["sent_id"])
    if mail is not None:
        _keep(tx, row, mail, outcome, now)
    return True


def mark(tx: Transaction, row: OutboxRow, outcome: Outcome, now: int, jitter: float) -> bool:
    """Keep at the row alone what happens to it next; False, and nothing is done, if it was claimed again since."""
    match outcome:
        case Accepted():
            return outbox.mark_sent(tx, row, now)
        case Refused():
            return outbox.mark_failed(tx, row, outcome.sentence, True, now, jitter)
        case Again():
            pause = outcome.pause_ms + int(jitter * outcome.pause_ms)
            return outbox.mark_failed(tx, row, outcome.sentence, False, now, jitter, pause)
        case Unknown():
            return outbox.mark_failed(tx, row, outcome.sentence, outcome.resting, now, jitter, UNCERTAIN_PAUSE_MS)
        case Held():
            return outbox.postpone(tx, row, outcome.until, now)
        case Withdrawn():
            return outbox.mark_withdrawn(tx, row, now)


def _keep(tx: Transaction, row: OutboxRow, mail: SentMail, outcome: Outcome, now: int) -> None:
    match outcome:
        case Accepted() if mail.state is not SentState.BOUNCED:
            sent.settle(tx, mail, SentState.SENT, now)
            dead_addresses.revive(tx, mail.recipient)
        case Refused():
            sent.failed(tx, mail, outcome.trouble, outcome.words, now)
            if outcome.dead:
                sent.bury(tx, mail, outcome.status, outcome.words, now)
        case Again():
            _late(tx, row, mail, outcome, now)
        case Unknown():
            sent.uncertain(tx, mail, outcome.resting, now)
        case Withdrawn() if mail.state not in _OVER:
            sent.settle(tx, mail, SentState.WITHDRAWN, now, outcome.trouble)
            if outcome.told:
                sent.tell_ticket(tx, mail, "mail_withheld", now, outcome.trouble)


def _late(tx: Transaction, row: OutboxRow, mail: SentMail, outcome: Again, now: int) -> None:
    if outbox.is_dead(tx, row.id):
        sent.failed(tx, mail, Trouble.GAVE_UP, outcome.words, now)
        return
    again = SentState.UNCERTAIN if mail.state is SentState.UNCERTAIN else SentState.QUEUED
    sent.settle(tx, mail, again, None, mail.reason, outcome.words)
    if now - row.created_at >= TELL_LATE_MS:
        sent.delayed(tx, mail, now)
