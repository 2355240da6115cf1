"""Where the reading of each mailbox has come to, and whether it is read at all."""

from dataclasses import dataclass

from storage.database import Transaction

LONGEST_ERROR = 300


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
    """The mailbox, whose position was asked for before, cannot be read; error is a sentence for an operator."""
    tx.change(
        """
        UPDATE mailbox_state SET trouble_since = COALESCE(trouble_since, :now), last_error = :error
        WHERE mailbox = :mailbox
        """,
        {"mailbox": mailbox, "error": error[:LONGEST_ERROR], "now": now},
    )
