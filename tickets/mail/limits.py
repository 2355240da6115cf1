"""How many automatic mails may go out, counted in the transaction that would send one more.

Headers alone stop no loop: whatever answers us, and whoever makes us write to somebody else, ends at these figures.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from storage.database import Row, Transaction, first
from tickets.mail.sent import counted_as

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

MOST_PER_TEN_MINUTES = 3
MOST_PER_DAY = 10
MOST_PER_MINUTE_AND_MAILBOX = 50
MOST_PER_FIVE_MINUTES_AND_MAILBOX = 120
MOST_PER_HOUR_AND_MAILBOX = 600
MOST_OF_ONE_BODY_PER_HOUR = 3
# What comes back this soon was written by a machine: as a reply to an automatic mail of ours, or on its own.
SOON_MS = 2 * MINUTE_MS
AT_ONCE_MS = 30 * SECOND_MS
REMEMBERED_MS = 30 * DAY_MS
MOST_REMEMBERED = 50


class Withheld(StrEnum):
    """Why no automatic mail goes out. A person sees it and answers."""

    NO_MAILBOX = "no_mailbox"
    OWN_ADDRESS = "own_address"
    MACHINE_ADDRESS = "machine_address"
    DEAD_ADDRESS = "dead_address"
    ANSWERS_ANSWER = "answers_answer"
    SAME_BODY = "same_body"
    UNVERIFIED_OFTEN = "unverified_often"
    ADDRESS_OFTEN = "address_often"
    MAILBOX_BUSY = "mailbox_busy"


@dataclass(frozen=True, slots=True)
class Counts:
    """Automatic mails of the past: from this mailbox to this address, to this address at all, from this mailbox."""

    to_address_ten_minutes: int
    to_address_day: int
    to_address_hour_any: int
    mailbox_minute: int
    mailbox_five_minutes: int
    mailbox_hour: int


@dataclass(frozen=True, slots=True)
class Automatic:
    """An automatic mail of ours that the contact has got: its id and when it went out."""

    message_id: str
    at: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """The mail that would be answered: when it reached us, what it refers to, how often its sender wrote the same
    within an hour (this one included), and whether within a day (this one not included)."""

    received_at: int
    references: tuple[str, ...]
    same_body_hour: int
    same_body_before: bool


def count(tx: Transaction, mailbox: str, recipient: str, now: int) -> Counts:
    """What went out by itself. A mail that was withdrawn counts nowhere."""
    of_address = tx.execute(
        """
        SELECT COALESCE(SUM(CASE WHEN mailbox = :mailbox AND created_at > :ten_minutes THEN 1 ELSE 0 END), 0) AS few,
            COALESCE(SUM(CASE WHEN mailbox = :mailbox THEN 1 ELSE 0 END), 0) AS day,
            COALESCE(SUM(CASE WHEN created_at > :hour THEN 1 ELSE 0 END), 0) AS hour
        FROM sent_mail
        WHERE counted_as = :counted_as AND created_at > :day AND automatic = 1 AND state <> 'withdrawn'
        """,
        {
            "mailbox": mailbox,
            "counted_as": counted_as(recipient),
            "ten_minutes": now - 10 * MINUTE_MS,
            "hour": now - HOUR_MS,
            "day": now - DAY_MS,
        },
    )[0]
    of_mailbox = tx.execute(
        """
        SELECT COALESCE(SUM(CASE WHEN created_at > :minute THEN 1 ELSE 0 END), 0) AS minute,
            COALESCE(SUM(CASE WHEN created_at > :five_minutes THEN 1 ELSE 0 END), 0) AS five_minutes,
            COUNT(*) AS hour
        FROM sent_mail
        WHERE mailbox = :mailbox AND created_at > :hour AND automatic = 1 AND state <> 'withdrawn'
        """,
        {
            "mailbox": mailbox,
            "minute": now - MINUTE_MS,
            "five_minutes": now - 5 * MINUTE_MS,
            "hour": now - HOUR_MS,
        },
    )[0]
    return Counts(
        *(int(of_address[name]) for name in ("few", "day", "hour")),
        *(int(of_mailbox[name]) for name in ("minute", "five_minutes", "hour")),
    )


def incoming(tx: Transaction, mail_id: str, references: Collection[str], now: int) -> Incoming:
    """What the guards ask about a mail that came in."""
    row = first(
        tx.execute(
            """
            SELECT me.received_at, COUNT(other.id) AS day,
                COALESCE(SUM(CASE WHEN other.received_at > :hour THEN 1 ELSE 0 END), 0) AS hour
            FROM mail me LEFT JOIN mail other
                ON other.from_address = me.from_address AND other.body_hash = me.body_hash AND other.id <> me.id
                AND other.received_at > :day
            WHERE me.id = :id GROUP BY me.id, me.received_at
            """,
            {"id": mail_id, "hour": now - HOUR_MS, "day": now - DAY_MS},
        )
    )
    if row is None:
        return Incoming(now, tuple(references), 1, False)
    return Incoming(int(row["received_at"]), tuple(references), int(row["hour"]) + 1, bool(row["day"]))


def automatic(tx: Transaction, conversation_id: str, mailbox: str, recipient: str, now: int) -> list[Automatic]:
    """The automatic mails of this conversation or to this address, newest first.

    The mailbox is asked for in a way that no index answers: one of all its mails would be taken, not the recipient's.
    """
    rows = tx.execute(
        """
        SELECT message_id, COALESCE(settled_at, created_at) AS at FROM sent_mail
        WHERE automatic = 1 AND state <> 'withdrawn' AND created_at > :since
          AND (conversation_id = :conversation_id OR (counted_as = :counted_as AND mailbox || '' = :mailbox))
        ORDER BY created_at DESC, id DESC LIMIT :limit
        """,
        {
            "conversation_id": conversation_id,
            "mailbox": mailbox,
            "counted_as": counted_as(recipient),
            "since": now - REMEMBERED_MS,
            "limit": MOST_REMEMBERED,
        },
    )
    return [_automatic(row) for row in rows]


def sent_lately(tx: Transaction, mailbox: str, now: int) -> bool:
    """Whether this mailbox has sent as many automatic mails within a minute as it may: the rest waits."""
    rows = tx.execute(
        """
        SELECT COUNT(*) AS sent FROM sent_mail
        WHERE mailbox = :mailbox AND automatic = 1 AND state = 'sent' AND settled_at > :minute AND settled_at < :ahead
        """,
        # What lies further ahead was sent before the clock was set back.
        {"mailbox": mailbox, "minute": now - MINUTE_MS, "ahead": now + MINUTE_MS},
    )
    return int(rows[0]["sent"]) >= MOST_PER_MINUTE_AND_MAILBOX


def acknowledged_since(tx: Transaction, conversation_id: str, since: int) -> bool:
    """Whether the contact has had an acknowledgement in this conversation since then."""
    found = tx.execute(
        """
        SELECT id FROM sent_mail
        WHERE conversation_id = :conversation_id AND kind = 'acknowledgement' AND created_at >= :since
          AND state <> 'withdrawn' LIMIT 1
        """,
        {"conversation_id": conversation_id, "since": since},
    )
    return bool(found)


def refusal(counts: Counts, verified: bool) -> Withheld | None:
    """Which ceiling is reached, or None. An address that nobody has proved to be the sender's gets one mail an hour."""
    if not verified and counts.to_address_hour_any:
        return Withheld.UNVERIFIED_OFTEN
    if counts.to_address_ten_minutes >= MOST_PER_TEN_MINUTES or counts.to_address_day >= MOST_PER_DAY:
        return Withheld.ADDRESS_OFTEN
    return Withheld.MAILBOX_BUSY if is_busy(counts) else None


def is_busy(counts: Counts) -> bool:
    """Whether the mailbox has sent as much by itself as it may."""
    return (
        counts.mailbox_minute >= MOST_PER_MINUTE_AND_MAILBOX
        or counts.mailbox_five_minutes >= MOST_PER_FIVE_MINUTES_AND_MAILBOX
        or counts.mailbox_hour >= MOST_PER_HOUR_AND_MAILBOX
    )


def guard(mail: Incoming, ours: Sequence[Automatic]) -> Withheld | None:
    """Whether a machine seems to have written this: the same again and again, or an answer to an answer of ours."""
    if mail.same_body_hour >= MOST_OF_ONE_BODY_PER_HOUR:
        return Withheld.SAME_BODY
    answered = [one for one in ours if one.message_id in mail.references]
    if answered and (mail.same_body_before or _since(mail, answered) <= SOON_MS):
        return Withheld.ANSWERS_ANSWER
    before = [one for one in ours if one.at <= mail.received_at + SECOND_MS]
    if before and (mail.same_body_before or _since(mail, before) <= AT_ONCE_MS):
        return Withheld.ANSWERS_ANSWER
    return None


def _since(mail: Incoming, ours: Sequence[Automatic]) -> int:
    """How long after the latest of these mails it came; servers' clocks differ, so it may be less than nothing."""
    return min(mail.received_at - one.at for one in ours)


def _automatic(row: Row) -> Automatic:
    return Automatic(row["message_id"], int(row["at"]))
