"""Mails that came in: taken in once, settled once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from storage.database import Row, Transaction, first, new_id

MOST_TRIES = 5
# A mail may be in work whenever the process is ended for quite another reason.
MOST_STARTS = 12
MOST_IDS = 16
MOST_OF_ONE_ID = 4


class Withheld(StrEnum):
    """Why only the header of a mail was kept: it is larger than we take, or its server does not give it out."""

    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"


class State(StrEnum):
    """How far a mail has come; QUARANTINED wants somebody to look at it."""

    WAITING = "waiting"
    SETTLED = "settled"
    QUARANTINED = "quarantined"


class Outcome(StrEnum):
    """What became of a mail.

    OPENED, JOINED: a message, in a new conversation or one that was there. REPORT: what a machine says of a mail of
    ours, kept with that mail. NOTED: an automatic answer in a conversation, kept in the ledger and at its ticket.
    SET_ASIDE: in no conversation. SPOOF: the owner of its domain denies it. UNREADABLE, WITHHELD: a message that points
    to the raw mail, because it could not be read whole or was not taken in whole.
    """

    OPENED = "opened"
    JOINED = "joined"
    REPORT = "report"
    NOTED = "noted"
    SET_ASIDE = "set_aside"
    SPOOF = "spoof"
    UNREADABLE = "unreadable"
    WITHHELD = "withheld"


class Wish(StrEnum):
    """What somebody asks for beside reading a mail again."""

    RELEASE = "release"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is recorded of a mail once it is settled; see the table of the same names."""

    state: State
    outcome: Outcome
    from_address: str | None = None
    from_name: str | None = None
    subject: str | None = None
    thread_rule: str | None = None
    reason: str | None = None
    authenticity: str | None = None
    proof: str | None = None
    charset: str | None = None
    doubtful: bool = False
    text: str | None = None
    body_hash: str | None = None
    conversation_id: str | None = None
    said_id: str | None = None
    sent_id: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of a mail before it is settled, or settled again."""

    wanted: Wish | None
    conversation_id: str | None
    said_id: str | None
    thread_rule: str | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail whose raw bytes are on the disk already; folder, uid_validity and uid are None when it was handed to us.

    message_id is its own, or one made of its bytes; content_hash covers what its sender wrote (email identity).
    size is that of the whole mail, also where its body was withheld.
    """

    mailbox: str
    message_id: str
    content_hash: str
    raw_hash: str
    size: int
    received_at: int
    folder: str | None = None
    uid_validity: int | None = None
    uid: int | None = None
    envelope_from: str | None = None
    envelope_to: tuple[str, ...] = ()
    withheld: Withheld | None = None


@dataclass(frozen=True, slots=True)
class WaitingMail:
    """A mail that is to be read; attempts counts this one. size is that of the whole mail."""

    id: str
    mailbox: str
    raw_hash: str
    envelope_from: str | None
    envelope_to: tuple[str, ...]
    received_at: int
    attempts: int
    size: int
    withheld: Withheld | None


def take_in(tx: Transaction, arrival: Arrival) -> bool:
    """Keep a mail; False, and nothing changes, if this mailbox has it already. Wakes whoever reads mails."""
    added = tx.change(
        """
        INSERT INTO mail (id, mailbox, folder, uid_validity, uid, envelope_from, envelope_to_json, message_id,
            content_hash, raw_hash, size, withheld, received_at, state, attempts, next_at, doubtful)
        VALUES (:id, :mailbox, :folder, :uid_validity, :uid, :envelope_from, :envelope_to, :message_id,
            :content_hash, :raw_hash, :size, :withheld, :received_at, 'waiting', 0, :received_at, 0)
        ON CONFLICT (mailbox, message_id, content_hash) DO NOTHING
        """,
        {
            "id": new_id(),
            "mailbox": arrival.mailbox,
            "folder": arrival.folder,
            "uid_validity": arrival.uid_validity,
            "uid": arrival.uid,
            "envelope_from": arrival.envelope_from,
            "envelope_to": json.dumps(arrival.envelope_to),
            "message_id": arrival.message_id,
            "content_hash": arrival.content_hash,
            "raw_hash": arrival.raw_hash,
            "size": arrival.size,
            "withheld": arrival.withheld,
            "received_at": arrival.received_at,
        },
    )
    if added:
        tx.notify("mail")
    return added == 1


def begin(tx: Transaction, now: int) -> WaitingMail | None:
    """The next mail that may be read now, in the order of their arrival, with this attempt counted; None if none may.

    Until it is settled it waits for its next attempt, the longer the more it had; so a mail that ends the whole process
    is not read for ever.
    """
    row = first(
        tx.execute(
            """
            UPDATE mail SET attempts = attempts + 1, next_at = :now + 1000 * (attempts + 1) * (attempts + 1)
            WHERE id = (
                SELECT id FROM mail WHERE state = 'waiting' AND next_at <= :now ORDER BY next_at, id LIMIT 1
            )
            RETURNING id, mailbox, raw_hash, envelope_from, envelope_to_json, received_at, attempts, size, withheld
            """,
            {"now": now},
        )
    )
    return None if row is None else _waiting(row)


def spare(tx: Transaction, mail_id: str, now: int) -> None:
    """Take an attempt back that failed through no fault of the mail."""
    tx.change(
        "UPDATE mail SET attempts = attempts - 1, next_at = :now WHERE id = :id AND state = 'waiting' AND attempts > 0",
        {"id": mail_id, "now": now},
    )


def stumbled(tx: Transaction, mail_id: str, error: str) -> None:
    """Keep why an attempt failed."""
    tx.change("UPDATE mail SET last_error = :error WHERE id = :id", {"id": mail_id, "error": error})


def before(tx: Transaction, mail_id: str) -> Earlier | None:
    """What is known of a waiting mail; None if somebody else has settled it."""
    row = first(
        tx.execute(
            "SELECT wanted, conversation_id, said_id, thread_rule FROM mail WHERE id = :id AND state = 'waiting'",
            {"id": mail_id},
        )
    )
    if row is None:
        return None
    wanted = Wish(row["wanted"]) if row["wanted"] else None
    return Earlier(wanted, row["conversation_id"], row["said_id"], row["thread_rule"])


def settle(tx: Transaction, mail_id: str, verdict: Verdict, now: int) -> None:
    """Record what became of a mail."""
    tx.change(
        """
        UPDATE mail SET state = :state, outcome = :outcome, from_address = :from_address, from_name = :from_name,
            subject = :subject, thread_rule = :thread_rule, reason = :reason, authenticity = :authenticity,
            proof = :proof, charset = :charset, doubtful = :doubtful, text = :text, body_hash = :body_hash,
            conversation_id = :conversation_id, said_id = :said_id, sent_id = :sent_id, last_error = :error,
            settled_at = :now, next_at = NULL, wanted = NULL
        WHERE id = :id
        """,
        {
            "id": mail_id,
            "now": now,
            "state": verdict.state,
            "outcome": verdict.outcome,
            "from_address": verdict.from_address,
            "from_name": verdict.from_name,
            "subject": verdict.subject,
            "thread_rule": verdict.thread_rule,
            "reason": verdict.reason,
            "authenticity": verdict.authenticity,
            "proof": verdict.proof,
            "charset": verdict.charset,
            "doubtful": int(verdict.doubtful),
            "text": verdict.text,
            "body_hash": verdict.body_hash,
            "conversation_id": verdict.conversation_id,
            "said_id": verdict.said_id,
            "sent_id": verdict.sent_id,
            "error": verdict.error,
        },
    )
    tx.notify("ledger", mail_id)


def replay(tx: Transaction, mail_id: str, seen: int, now: int, wish: Wish | None = None) -> bool:
    """Read a mail again, settled or quarantined, that was last seen after so many attempts; False if it moved on.

    What was said is not said again: its message gets the text that is read now. wish: RELEASE takes a mail that its
    domain denies for what it says, TICKET makes a message of one that became none.
    """
    changed = tx.change(
        """
        UPDATE mail SET state = 'waiting', attempts = 0, next_at = :now, last_error = NULL,
            wanted = CASE WHEN :wish = '' THEN NULL ELSE :wish END
        WHERE id = :id AND state <> 'waiting' AND attempts = :seen
            AND (:wish = '' OR (:wish = 'release' AND outcome = 'spoof') OR (:wish = 'ticket' AND said_id IS NULL))
        """,
        {"id": mail_id, "now": now, "seen": seen, "wish": wish or ""},
    )
    if changed:
        tx.notify("mail")
    return changed == 1


def done_with(tx: Transaction, mail_id: str, seen: int, now: int) -> bool:
    """Say that nobody needs to look at a quarantined mail any more, which was last seen after so many attempts.

    It stays as it came, with what became of it. False if it moved on.
    """
    changed = tx.change(
        """
        UPDATE mail SET state = 'settled', settled_at = :now, next_at = NULL
        WHERE id = :id AND state = 'quarantined' AND attempts = :seen
        """,
        {"id": mail_id, "now": now, "seen": seen},
    )
    if changed:
        tx.notify("ledger", mail_id)
    return changed == 1


def participants(tx: Transaction, conversation_id: str) -> frozenset[str]:
    """The addresses, lower-case, whose mails are part of a conversation: its contact's, and those that we wrote to.

    An address that somebody typed in the chat is not one of them until we have written to it: it may be another's.
    """
    rows = tx.execute(
        """
        SELECT i.address FROM conversation v JOIN identity i ON i.contact_id = v.contact_id
        WHERE v.id = :id AND i.channel = 'mail'
        UNION SELECT recipient FROM sent_mail WHERE conversation_id = :id
        """,
        {"id": conversation_id},
    )
    return frozenset(str(row["address"]).lower() for row in rows)


def conversations_of(tx: Transaction, mailbox: str, message_ids: Sequence[str]) -> dict[str, list[str]]:
    """The conversations of mails that came to this mailbox, by Message-ID, of MOST_IDS ids at most.

    Anybody may use an id again: of each the MOST_OF_ONE_ID conversations that had it first.
    """
    ids = [*message_ids[:MOST_IDS], *[None] * (MOST_IDS - len(message_ids))]
    rows = tx.execute(
        """
        SELECT message_id, conversation_id, MIN(received_at) AS came FROM mail
        WHERE mailbox = :mailbox AND conversation_id IS NOT NULL AND message_id IN (
            :id0, :id1, :id2, :id3, :id4, :id5, :id6, :id7, :id8, :id9, :id10, :id11, :id12, :id13, :id14, :id15)
        GROUP BY message_id, conversation_id ORDER BY came, conversation_id
        """,
        {"mailbox": mailbox, **{f"id{at}": id for at, id in enumerate(ids)}},
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        known = found.setdefault(row["message_id"], [])
        if len(known) < MOST_OF_ONE_ID:
            known.append(row["conversation_id"])
    return found


def depths(tx: Transaction) -> list[tuple[str, int]]:
    """How many mails are 'waiting' and 'quarantined', as (state, mails); a state without any is left out."""
    rows = tx.execute(
        """
        SELECT state, COUNT(*) AS mails FROM mail
        WHERE state IN ('waiting', 'quarantined') GROUP BY state ORDER BY state
        """
    )
    return [(row["state"], row["mails"]) for row in rows]


def _waiting(row: Row) -> WaitingMail:
    return WaitingMail(
        id=row["id"],
        mailbox=row["mailbox"],
        raw_hash=row["raw_hash"],
        envelope_from=row["envelope_from"],
        envelope_to=tuple(json.loads(row["envelope_to_json"])),
        received_at=row["received_at"],
        attempts=row["attempts"],
        size=row["size"],
        withheld=None if row["withheld"] is None else Withheld(row["withheld"]),
    )
