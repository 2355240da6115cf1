"""Mails of ours: kept before they are sent, with what became of each."""

import json
from dataclasses import dataclass
from enum import StrEnum

from storage import outbox
from storage.database import Row, Transaction, first
from tickets import events, parts, tickets
from tickets.mail import dead_addresses
from tickets.mail.dead_addresses import DeadAddress
from tickets.model import SYSTEM, Ticket, TicketEvent

LONGEST_ERROR = 500
_KEY = "letter:"


class SentState(StrEnum):
    """What became of a mail. UNCERTAIN: the connection broke before the server said whether it took it."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    BOUNCED = "bounced"
    WITHDRAWN = "withdrawn"


class Trouble(StrEnum):
    """Why a mail did not arrive, or was not sent."""

    NO_SUCH_ADDRESS = "no_such_address"
    MAILBOX_FULL = "mailbox_full"
    TOO_LARGE = "too_large"
    POLICY = "policy"
    SENDER_REFUSED = "sender_refused"
    REFUSED = "refused"
    GAVE_UP = "gave_up"
    LOST_REPLY = "lost_reply"
    UNWRITABLE = "unwritable"
    READ_IN_CHAT = "read_in_chat"
    WITHHELD = "withheld"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail of ours; see the table of the same name. Message ids are without angle brackets."""

    id: str
    mailbox: str
    conversation_id: str
    kind: str
    automatic: bool
    after_chat: bool
    recipient: str
    message_id: str
    in_reply_to: str | None
    references: tuple[str, ...]
    subject: str
    said: tuple[str, ...]
    about_id: str | None
    quotes: bool
    language: str
    created_at: int
    state: SentState = SentState.QUEUED
    settled_at: int | None = None
    reason: str | None = None
    error: str | None = None
    delayed_at: int | None = None

    @property
    def can_be_retried(self) -> bool:
        """Whether it rests, and somebody may ask for another attempt."""
        return self.state in (SentState.FAILED, SentState.BOUNCED) or (
            self.state is SentState.UNCERTAIN and self.settled_at is not None
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail server reports about a mail of ours (RFC 3464): action is failed, delayed, delivered, relayed or
    expanded; status the enhanced code such as 5.1.1, if one is known; dead says that the address will never work."""

    action: str
    status: str | None
    diagnostic: str | None
    dead: bool = False


def keep(tx: Transaction, mail: SentMail) -> None:
    """Keep a mail that shall be sent."""
    tx.change(
        """
        INSERT INTO sent_mail (id, mailbox, conversation_id, kind, automatic, after_chat, recipient, counted_as,
            message_id, in_reply_to, references_json, subject, said_json, about_id, quotes, language, created_at, state,
            settled_at, reason, error, delayed_at)
        VALUES (:id, :mailbox, :conversation_id, :kind, :automatic, :after_chat, :recipient, :counted_as,
            :message_id, :in_reply_to, :references, :subject, :said, :about_id, :quotes, :language, :created_at, :state,
            :settled_at, :reason, :error, :delayed_at)
        """,
        {
            "id": mail.id,
            "mailbox": mail.mailbox,
            "conversation_id": mail.conversation_id,
            "kind": mail.kind,
            "automatic": int(mail.automatic),
            "after_chat": int(mail.after_chat),
            "recipient": mail.recipient.lower(),
            "counted_as": counted_as(mail.recipient),
            "message_id": mail.message_id,
            "in_reply_to": mail.in_reply_to,
            "references": json.dumps(mail.references),
            "subject": mail.subject,
            "said": json.dumps(mail.said),
            "about_id": mail.about_id,
            "quotes": int(mail.quotes),
            "language": mail.language,
            "created_at": mail.created_at,
            "state": mail.state,
            "settled_at": mail.settled_at,
            "reason": mail.reason,
            "error": mail.error,
            "delayed_at": mail.delayed_at,
        },
    )
    tx.notify("conversation", mail.conversation_id)


def counted_as(address: str) -> str:
    """One spelling for all that lead to one person: without +anything, and without dots where those mean nothing."""
    local, _, domain = address.lower().rpartition("@")
    local = local.partition("+")[0] or local
    return f"{local.replace('.', '') if domain in _DOTLESS else local}@{domain}"


_DOTLESS = frozenset({"gmail.com", "googlemail.com"})


def get(tx: Transaction, sent_id: str) -> SentMail | None:
    """The mail, or None."""
    row = first(
        tx.execute(
            """
            SELECT id, mailbox, conversation_id, kind, automatic, after_chat, recipient, message_id, in_reply_to,
                references_json, subject, said_json, about_id, quotes, language, created_at, state, settled_at,
                reason, error, delayed_at
            FROM sent_mail WHERE id = :id
            """,
            {"id": sent_id},
        )
    )
    return None if row is None else _sent(row)


def find(tx: Transaction, message_id: str) -> SentMail | None:
    """The mail with this Message-ID (without angle brackets), or None."""
    row = first(
        tx.execute(
            """
            SELECT id, mailbox, conversation_id, kind, automatic, after_chat, recipient, message_id, in_reply_to,
                references_json, subject, said_json, about_id, quotes, language, created_at, state, settled_at,
                reason, error, delayed_at
            FROM sent_mail WHERE message_id = :message_id
            """,
            {"message_id": message_id},
        )
    )
    return None if row is None else _sent(row)


def of_conversation(tx: Transaction, conversation_id: str) -> list[SentMail]:
    """All mails of a conversation, oldest first; said tells which messages each carries."""
    rows = tx.execute(
        """
        SELECT id, mailbox, conversation_id, kind, automatic, after_chat, recipient, message_id, in_reply_to,
            references_json, subject, said_json, about_id, quotes, language, created_at, state, settled_at,
            reason, error, delayed_at
        FROM sent_mail WHERE conversation_id = :conversation_id ORDER BY created_at, id
        """,
        {"conversation_id": conversation_id},
    )
    return [_sent(row) for row in rows]


def join_waiting(tx: Transaction, conversation_id: str, said: str) -> bool:
    """Put one more message into the mail that waits for a customer to leave the chat; False if none does.

    One that was handed to the mail server even once is closed.
    """
    row = first(
        tx.execute(
            """
            SELECT s.id, s.said_json FROM sent_mail s JOIN outbox o ON o.key = :prefix || s.id
            WHERE s.conversation_id = :conversation_id AND s.after_chat = 1 AND s.state = 'queued'
              AND o.status = 'queued' AND o.attempts = 0
            ORDER BY s.created_at DESC LIMIT 1
            """,
            {"conversation_id": conversation_id, "prefix": _KEY},
        )
    )
    if row is None:
        return False
    carried = [*json.loads(row["said_json"]), said]
    tx.change("UPDATE sent_mail SET said_json = :said WHERE id = :id", {"said": json.dumps(carried), "id": row["id"]})
    return True


def key_of(sent_id: str) -> str:
    """The outbox key under which a mail is sent."""
    return f"{_KEY}{sent_id}"


def settle(
    tx: Transaction,
    mail: SentMail,
    state: SentState,
    now: int | None,
    reason: str | None = None,
    error: str | None = None,
) -> None:
    """Say what became of the mail; now is None while there is still something to come."""
    tx.change(
        """
        UPDATE sent_mail SET state = :state, settled_at = :now, reason = :reason, error = :error WHERE id = :id
        """,
        {"state": state, "now": now, "reason": reason, "error": _short(error), "id": mail.id},
    )
    tx.notify("conversation", mail.conversation_id)


def failed(tx: Transaction, mail: SentMail, reason: Trouble, error: str | None, now: int) -> None:
    """It will not arrive: the people responsible see it at the ticket."""
    settle(tx, mail, SentState.FAILED, now, reason, error)
    tell_ticket(tx, mail, "mail_failed", now, reason)


def uncertain(tx: Transaction, mail: SentMail, resting: bool, now: int) -> None:
    """Nobody knows whether it arrived. resting: it is not tried again by itself."""
    settle(tx, mail, SentState.UNCERTAIN, now if resting else None, Trouble.LOST_REPLY)
    if resting:
        tell_ticket(tx, mail, "mail_uncertain", now, Trouble.LOST_REPLY)


def delayed(tx: Transaction, mail: SentMail, now: int) -> bool:
    """Tell, once, that the mail is late; False if that was told before."""
    told = tx.change(
        "UPDATE sent_mail SET delayed_at = :now WHERE id = :id AND delayed_at IS NULL", {"now": now, "id": mail.id}
    )
    if told:
        tell_ticket(tx, mail, "mail_delayed", now, None)
        tx.notify("conversation", mail.conversation_id)
    return told == 1


def record_bounce(tx: Transaction, sent_id: str, report: Report, now: int) -> SentMail | None:
    """Keep what a mail server reports about a mail of ours, at the mail and at its ticket; None if we sent no such.

    A report of success or delay leaves the state as it is. Nothing is reopened, and nobody is answered.
    """
    mail = get(tx, sent_id)
    if mail is None:
        return None
    if report.action == "delayed" or (report.status or "").startswith("4."):
        delayed(tx, mail, now)
    elif report.action == "failed" and mail.state is not SentState.BOUNCED:
        reason = Trouble.NO_SUCH_ADDRESS if report.dead else trouble_of(report.status, report.diagnostic)
        settle(tx, mail, SentState.BOUNCED, now, reason, report.diagnostic)
        if report.dead:
            bury(tx, mail, report.status, report.diagnostic, now)
        tell_ticket(tx, mail, "mail_bounced", now, reason)
    return get(tx, sent_id)


def retry(tx: Transaction, sent_id: str, now: int) -> bool:
    """Send a mail once more that failed, was returned or is uncertain, as the same mail; False if it does not rest."""
    mail = get(tx, sent_id)
    if mail is None or not mail.can_be_retried or not outbox.revive(tx, key_of(sent_id), now):
        return False
    settle(tx, mail, SentState.QUEUED, None)
    return True


def trouble_of(status: str | None, words: str | None) -> Trouble:
    """What an enhanced status code (RFC 3463), or else the server's words, say in one word of ours, of an address that
    is not dead."""
    for prefix, trouble in _BY_STATUS:
        if status is not None and (status == prefix or (prefix.endswith(".") and status.startswith(prefix))):
            return trouble
    lower = (words or "").lower()
    return next((trouble for said, trouble in _BY_WORDS if said in lower), Trouble.REFUSED)


_BY_STATUS = (
    ("5.1.7", Trouble.SENDER_REFUSED),
    ("5.1.8", Trouble.SENDER_REFUSED),
    ("5.2.2", Trouble.MAILBOX_FULL),
    ("5.2.3", Trouble.TOO_LARGE),
    ("5.3.4", Trouble.TOO_LARGE),
    ("5.7.", Trouble.POLICY),
)
_BY_WORDS = (
    ("mailbox full", Trouble.MAILBOX_FULL),
    ("已满", Trouble.MAILBOX_FULL),
    ("over quota", Trouble.MAILBOX_FULL),
    ("quota exceeded", Trouble.MAILBOX_FULL),
    ("too large", Trouble.TOO_LARGE),
    ("size limit", Trouble.TOO_LARGE),
    ("spam", Trouble.POLICY),
    ("blocked", Trouble.POLICY),
    ("policy", Trouble.POLICY),
    ("垃圾", Trouble.POLICY),
    ("频率", Trouble.POLICY),
)


def tell_ticket(tx: Transaction, mail: SentMail, action: str, now: int, reason: str | None) -> None:
    """Record it at the ticket of the mail's conversation: the live one, or else the newest. None: nobody to tell."""
    ticket = _ticket(tx, mail.conversation_id)
    if ticket is None:
        return
    detail = {"sent_id": mail.id, "said": list(mail.said), "automatic": mail.automatic, "reason": reason}
    events.record(tx, ticket.id, [TicketEvent(SYSTEM, action, ticket.status, ticket.status, now, detail)])
    tx.notify("queue", ticket.number)
    tx.notify("conversation", mail.conversation_id)


def _ticket(tx: Transaction, conversation_id: str) -> Ticket | None:
    goes_on = parts.current(tx, conversation_id).id
    return tickets.live_of_conversation(tx, goes_on) or tickets.newest_of_conversation(tx, goes_on)


def bury(tx: Transaction, mail: SentMail, status: str | None, words: str | None, now: int) -> None:
    """Remember that its recipient's address is dead."""
    dead_addresses.mark(tx, DeadAddress(mail.recipient, status, _short(words), now, mail.id))


def _short(words: str | None) -> str | None:
    """Words of a mail server, cut, without what a database cannot hold."""
    if words is None:
        return None
    return words.encode("utf-8", "replace").decode("utf-8").replace("\0", "")[:LONGEST_ERROR]


def _sent(row: Row) -> SentMail:
    return SentMail(
        id=row["id"],
        mailbox=row["mailbox"],
        conversation_id=row["conversation_id"],
        kind=row["kind"],
        automatic=bool(row["automatic"]),
        after_chat=bool(row["after_chat"]),
        recipient=row["recipient"],
        message_id=row["message_id"],
        in_reply_to=row["in_reply_to"],
        references=tuple(json.loads(row["references_json"])),
        subject=row["subject"],
        said=tuple(json.loads(row["said_json"])),
        about_id=row["about_id"],
        quotes=bool(row["quotes"]),
        language=row["language"],
        created_at=row["created_at"],
        state=SentState(row["state"]),
        settled_at=row["settled_at"],
        reason=row["reason"],
        error=row["error"],
        delayed_at=row["delayed_at"],
    )
