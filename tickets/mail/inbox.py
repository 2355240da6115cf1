"""Mails that came in: taken in once, settled once."""

import json
from dataclasses import dataclass
from enum import StrEnum

from storage.database import Row, Transaction, first, new_id


class Withheld(StrEnum):
    """Why only the header of a mail was kept: it is larger than we take, or its server does not give it out."""

    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"


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


def waiting(tx: Transaction, now: int, limit: int) -> list[WaitingMail]:
    """The mails that may be read now, in the order of their arrival."""
    rows = tx.execute(
        """
        SELECT id, mailbox, raw_hash, envelope_from, envelope_to_json, received_at, attempts,
            size, withheld
        FROM mail
        WHERE state = 'waiting' AND next_at <= :now ORDER BY next_at, id LIMIT :limit
        """,
        {"now": now, "limit": limit},
    )
    return [_waiting(row) for row in rows]


def depths(tx: Transaction) -> list[tuple[str, int]]:
    """How many mails are 'waiting' and 'quarantined', as (state, mails); a state without any is left out."""
    rows = tx.execute(
        """
        SELECT state, COUNT(*) AS mails FROM mail
        WHERE state IN ('waiting', 'quarantined') GROUP BY state ORDER BY state
        """
    )
    return [(row["state"], row["mails"]) for row in rows]


def get_raw_hash(tx: Transaction, mail_id: str) -> str | None:
    """Under which hash the raw bytes of a mail lie; None if there is no such mail."""
    row = first(tx.execute("SELECT raw_hash FROM mail WHERE id = :id", {"id": mail_id}))
    return None if row is None else str(row["raw_hash"])


def _waiting(row: Row) -> WaitingMail:
    return WaitingMail(
        id=row["id"],
        mailbox=row["mailbox"],
        raw_hash=row["raw_hash"],
        envelope_from=row["envelope_from"],
        envelope_to=tuple(json.loads(row["envelope_to_json"])),
        received_at=row["received_at"],
        attempts=row["attempts"] + 1,
        size=row["size"],
        withheld=None if row["withheld"] is None else Withheld(row["withheld"]),
    )
