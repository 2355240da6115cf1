"""The verdict ledger: every mail that came in and what became of it, as people look through it. Reads only."""

import json
from dataclasses import dataclass
from enum import StrEnum

from storage.database import Row, Transaction, first
from tickets.mail.inbox import State

PAGE = 50


class Authentic(StrEnum):
    """What a filter asks about the sender: proved to be who From says, or not."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"


# The authenticity of a sender who is who From says.
ALIGNED = "aligned"


@dataclass(frozen=True, slots=True)
class MailFilter:
    """Which mails to show; what is empty excludes nothing. reason '*' stands for any reason not to answer.

    text is looked for in the sender's address and name and in the subject. since and until are epoch milliseconds.
    """

    state: str = ""
    outcome: str = ""
    reason: str = ""
    mailbox: str = ""
    authentic: str = ""
    text: str = ""
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A mail with its verdict, as the table of mails keeps it; ticket_number of its conversation, if there is one."""

    id: str
    mailbox: str
    folder: str | None
    envelope_from: str | None
    envelope_to: tuple[str, ...]
    message_id: str
    raw_hash: str
    size: int
    received_at: int
    state: State
    withheld: str | None
    attempts: int
    next_at: int | None
    last_error: str | None
    settled_at: int | None
    from_address: str | None
    from_name: str | None
    subject: str | None
    outcome: str | None
    thread_rule: str | None
    reason: str | None
    authenticity: str | None
    proof: str | None
    charset: str | None
    doubtful: bool
    conversation_id: str | None
    said_id: str | None
    sent_id: str | None
    ticket_number: str | None

    @property
    def verified(self) -> bool:
        """Whether the sender was proved to be who From says."""
        return self.authenticity == ALIGNED


@dataclass(frozen=True, slots=True)
class Tally:
    """How many mails share a value."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Tallies:
    """The values that occur among all mails, each with its number, the most frequent first."""

    states: tuple[Tally, ...]
    outcomes: tuple[Tally, ...]
    reasons: tuple[Tally, ...]
    mailboxes: tuple[Tally, ...]

    def of_state(self, state: str) -> int:
        """How many mails are in this state."""
        return next((tally.count for tally in self.states if tally.value == state), 0)


@dataclass(frozen=True, slots=True)
class Origin:
    """The mail that a message came with. more: it said more than the message shows, quotes or a signature."""

    mail_id: str
    subject: str | None
    from_address: str | None
    verified: bool
    doubtful: bool
    more: bool


def count(tx: Transaction, wanted: MailFilter) -> int:
    """How many mails there are of this kind."""
    rows = tx.execute(
        "SELECT COUNT(*) AS found FROM mail m"
        " WHERE (:state = '' OR m.state = :state) AND (:outcome = '' OR m.outcome = :outcome)"
        " AND (:reason = '' OR (:reason = '*' AND m.reason IS NOT NULL) OR m.reason = :reason)"
        " AND (:mailbox = '' OR m.mailbox = :mailbox)"
        " AND (:authentic = '' OR (:authentic = 'verified' AND m.authenticity = :aligned)"
        "  OR (:authentic = 'unverified' AND m.authenticity <> :aligned))"
        " AND (:text = '' OR LOWER(m.from_address) LIKE :pattern ESCAPE '!'"
        "  OR LOWER(m.from_name) LIKE :pattern ESCAPE '!' OR LOWER(m.subject) LIKE :pattern ESCAPE '!')"
        " AND m.received_at >= :since AND m.received_at < :until",
        _values(wanted),
    )
    return int(rows[0]["found"])


def listed(tx: Transaction, wanted: MailFilter, offset: int = 0, limit: int = PAGE) -> list[LedgerRow]:
    """A page of the mails of this kind, the newest first."""
    rows = tx.execute(
        "SELECT m.id, m.mailbox, m.folder, m.envelope_from, m.envelope_to_json, m.message_id, m.raw_hash, m.size,"
        " m.received_at, m.state, m.withheld, m.attempts, m.next_at, m.last_error, m.settled_at,"
        " m.from_address, m.from_name,"
        " m.subject, m.outcome, m.thread_rule, m.reason, m.authenticity, m.proof, m.charset, m.doubtful,"
        " m.conversation_id, m.said_id, m.sent_id,"
        " (SELECT MAX(t.number) FROM ticket t WHERE t.conversation_id = m.conversation_id) AS ticket_number"
        " FROM mail m"
        " WHERE (:state = '' OR m.state = :state) AND (:outcome = '' OR m.outcome = :outcome)"
        " AND (:reason = '' OR (:reason = '*' AND m.reason IS NOT NULL) OR m.reason = :reason)"
        " AND (:mailbox = '' OR m.mailbox = :mailbox)"
        " AND (:authentic = '' OR (:authentic = 'verified' AND m.authenticity = :aligned)"
        "  OR (:authentic = 'unverified' AND m.authenticity <> :aligned))"
        " AND (:text = '' OR LOWER(m.from_address) LIKE :pattern ESCAPE '!'"
        "  OR LOWER(m.from_name) LIKE :pattern ESCAPE '!' OR LOWER(m.subject) LIKE :pattern ESCAPE '!')"
        " AND m.received_at >= :since AND m.received_at < :until"
        " ORDER BY m.received_at DESC, m.id DESC LIMIT :limit OFFSET :offset",
        {**_values(wanted), "limit": limit, "offset": offset},
    )
    return [_row(row) for row in rows]


def find(tx: Transaction, mail_id: str) -> LedgerRow | None:
    """One mail, or None."""
    row = first(
        tx.execute(
            """
            SELECT m.id, m.mailbox, m.folder, m.envelope_from, m.envelope_to_json, m.message_id, m.raw_hash, m.size,
                m.received_at, m.state, m.withheld, m.attempts, m.next_at, m.last_error, m.settled_at,
                m.from_address, m.from_name,
                m.subject, m.outcome, m.thread_rule, m.reason, m.authenticity, m.proof, m.charset, m.doubtful,
                m.conversation_id, m.said_id, m.sent_id,
                (SELECT MAX(t.number) FROM ticket t WHERE t.conversation_id = m.conversation_id) AS ticket_number
            FROM mail m WHERE m.id = :id
            """,
            {"id": mail_id},
        )
    )
    return None if row is None else _row(row)


def whole_text(tx: Transaction, mail_id: str) -> str | None:
    """Everything that the mail said; None where its message says it all, or there is no such mail."""
    row = first(tx.execute("SELECT text FROM mail WHERE id = :id", {"id": mail_id}))
    return None if row is None else row["text"]


def tallies(tx: Transaction) -> Tallies:
    """What to filter by, over all mails."""
    return Tallies(
        _tallied(tx.execute("SELECT state AS value, COUNT(*) AS found FROM mail GROUP BY state")),
        _tallied(
            tx.execute(
                "SELECT outcome AS value, COUNT(*) AS found FROM mail WHERE outcome IS NOT NULL GROUP BY outcome"
            )
        ),
        _tallied(
            tx.execute("SELECT reason AS value, COUNT(*) AS found FROM mail WHERE reason IS NOT NULL GROUP BY reason")
        ),
        _tallied(tx.execute("SELECT mailbox AS value, COUNT(*) AS found FROM mail GROUP BY mailbox")),
    )


def origins(tx: Transaction, conversation_id: str) -> dict[str, Origin]:
    """The mail behind each message of a conversation that came with one, by the message's id."""
    rows = tx.execute(
        """
        SELECT id, said_id, subject, from_address, authenticity, doubtful,
            CASE WHEN text IS NULL THEN 0 ELSE 1 END AS more
        FROM mail WHERE conversation_id = :conversation_id AND said_id IS NOT NULL
        """,
        {"conversation_id": conversation_id},
    )
    return {
        row["said_id"]: Origin(
            row["id"],
            row["subject"],
            row["from_address"],
            row["authenticity"] == ALIGNED,
            bool(row["doubtful"]),
            bool(row["more"]),
        )
        for row in rows
    }


def quarantined(tx: Transaction) -> int:
    """How many mails wait for somebody to look at them."""
    return int(tx.execute("SELECT COUNT(*) AS found FROM mail WHERE state = 'quarantined'")[0]["found"])


def _values(wanted: MailFilter) -> dict[str, object]:
    escaped = wanted.text.casefold().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return {
        "state": wanted.state,
        "outcome": wanted.outcome,
        "reason": wanted.reason,
        "mailbox": wanted.mailbox,
        "authentic": wanted.authentic,
        "aligned": ALIGNED,
        "text": wanted.text,
        "pattern": f"%{escaped}%",
        "since": wanted.since or 0,
        "until": wanted.until if wanted.until is not None else 2**53,
    }


def _tallied(rows: list[Row]) -> tuple[Tally, ...]:
    found = [Tally(row["value"], int(row["found"])) for row in rows]
    return tuple(sorted(found, key=lambda tally: (-tally.count, tally.value)))


def _row(row: Row) -> LedgerRow:
    values = {name: value for name, value in row.items() if name != "envelope_to_json"}
    return LedgerRow(
        **{
            **values,
            "state": State(row["state"]),
            "doubtful": bool(row["doubtful"]),
            "envelope_to": tuple(json.loads(row["envelope_to_json"])),
        }
    )
