"""Where the reading of each mailbox has come to, and whether it is read at all."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from storage.database import Row, Transaction

LONGEST_ERROR = 300
PASSING_MS = 60_000


@dataclass(frozen=True, slots=True)
class Position:
    """How far a folder was read: up to last_uid, under this uid_validity (None: never yet).

    Up to old_uid, mails that came before since (epoch milliseconds) are left alone.
    """

    folder: str | None
    uid_validity: int | None
    last_uid: int
    old_uid: int
    since: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A mailbox that is not read, since when (epoch milliseconds), and why. told: the people responsible know."""

    mailbox: str
    since: int
    error: str | None
    told: bool


def position(tx: Transaction, mailbox: str, since: int) -> Position:
    """How far this mailbox was read. The first time it is asked for, mails from before since are left alone."""
    tx.change(
        """
        INSERT INTO mailbox_state (mailbox, last_uid, old_uid, since) VALUES (:mailbox, 0, 0, :since)
        ON CONFLICT (mailbox) DO NOTHING
        """,
        {"mailbox": mailbox, "since": since},
    )
    rows = tx.execute(
        "SELECT folder, uid_validity, last_uid, old_uid, since FROM mailbox_state WHERE mailbox = :mailbox",
        {"mailbox": mailbox},
    )
    return Position(**rows[0])


def begin_again(tx: Transaction, mailbox: str, folder: str, uid_validity: int, old_uid: int) -> None:
    """Read the folder from its start: it was never read under this uid_validity."""
    tx.change(
        """
        UPDATE mailbox_state SET folder = :folder, uid_validity = :uid_validity, last_uid = 0, old_uid = :old_uid
        WHERE mailbox = :mailbox
        """,
        {"mailbox": mailbox, "folder": folder, "uid_validity": uid_validity, "old_uid": old_uid},
    )


def move_on(tx: Transaction, mailbox: str, uid_validity: int, uid: int) -> None:
    """Everything up to this position was taken in or needs not to be."""
    tx.change(
        """
        UPDATE mailbox_state SET last_uid = :uid
        WHERE mailbox = :mailbox AND uid_validity = :uid_validity AND last_uid < :uid
        """,
        {"mailbox": mailbox, "uid_validity": uid_validity, "uid": uid},
    )


def seen_whole(tx: Transaction, mailbox: str, now: int) -> None:
    """The mailbox was looked through, nothing is left in it that we do not have; trouble, if any, is over."""
    tx.change(
        """
        UPDATE mailbox_state SET looked_at = :now, trouble_since = NULL, last_error = NULL WHERE mailbox = :mailbox
        """,
        {"mailbox": mailbox, "now": now},
    )


def in_trouble(tx: Transaction, mailbox: str, error: str, now: int) -> None:
    """The mailbox, whose position was asked for before, cannot be read since now, if it was not in trouble before.

    error is a sentence for an operator.
    """
    tx.change(
        """
        UPDATE mailbox_state SET trouble_since = COALESCE(trouble_since, :now), last_error = :error
        WHERE mailbox = :mailbox
        """,
        {"mailbox": mailbox, "error": error[:LONGEST_ERROR], "now": now},
    )


def troubles(tx: Transaction, now: int) -> list[Trouble]:
    """The mailboxes that have not been readable for a minute or more, the longest first."""
    rows = tx.execute(
        """
        SELECT mailbox, trouble_since, last_error, told_at FROM mailbox_state
        WHERE trouble_since <= :until ORDER BY trouble_since, mailbox
        """,
        {"until": now - PASSING_MS},
    )
    return [_trouble(row) for row in rows]


def forget_others(tx: Transaction, names: Collection[str]) -> None:
    """A mailbox that is none of these is not read any more; that is no trouble."""
    rows = tx.execute("SELECT mailbox FROM mailbox_state WHERE trouble_since IS NOT NULL OR told_at IS NOT NULL")
    for mailbox in (row["mailbox"] for row in rows if row["mailbox"] not in names):
        tx.change(
            """
            UPDATE mailbox_state SET trouble_since = NULL, last_error = NULL, told_at = NULL WHERE mailbox = :mailbox
            """,
            {"mailbox": mailbox},
        )


def looked_at(tx: Transaction) -> list[tuple[str, int]]:
    """When each mailbox was last seen whole (epoch milliseconds); those that never were are left out."""
    rows = tx.execute("SELECT mailbox, looked_at FROM mailbox_state WHERE looked_at IS NOT NULL ORDER BY mailbox")
    return [(row["mailbox"], row["looked_at"]) for row in rows]


def silent(tx: Transaction, before: Mapping[str, int]) -> list[str]:
    """Which of these mailboxes were last seen whole before their moment, and are not known to be in trouble."""
    rows = tx.execute("SELECT mailbox, looked_at FROM mailbox_state WHERE trouble_since IS NULL ORDER BY mailbox")
    return [row["mailbox"] for row in rows if (row["looked_at"] or 0) < before.get(row["mailbox"], 0)]


def _trouble(row: Row) -> Trouble:
    return Trouble(row["mailbox"], row["trouble_since"], row["last_error"], row["told_at"] is not None)
