"""What became of notices: at a ticket, of broken promises, and for those who look after the ways."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage import outbox
from storage.database import Row, Transaction, first
from tickets.alerts import EVERYONE
from tickets.escalation import notices
from tickets.escalation.notices import NoticeState, Purpose
from tickets.escalation.people import Person
from tickets.escalation.ways import Way


@dataclass(frozen=True, slots=True)
class NoticeFact:
    """One message to one recipient by one way, with what came of it.

    recipient: an address with its middle hidden, EVERYONE, or an agent's id. code and error are those of the last
    attempt that failed. finished_at: None while it waits or is under way; a failed or unknown one that is finished is a
    dead letter.
    """

    id: str
    transport: str
    recipient: str
    agent_id: str | None
    state: NoticeState
    attempts: int
    created_at: int
    sent_at: int | None
    finished_at: int | None
    code: str
    error: str

    @property
    def to_everyone(self) -> bool:
        """Whether it goes to a group or a receiver, and to nobody in particular."""
        return self.recipient == EVERYONE


@dataclass(frozen=True, slots=True)
class Result(NoticeFact):
    """ticket_numbers: what it tells of; empty for a test."""

    ticket_numbers: tuple[str, ...]


Facts = Mapping[str, Sequence[NoticeFact]]

_FACTS = """
    n.id, n.transport, n.recipient, n.agent_id, n.state, n.attempts, n.created_at, n.sent_at, n.finished_at, n.code,
    n.error FROM notice n
"""
_NUMBERED = "SELECT DISTINCT x.notice_id, t.number FROM (SELECT n.id FROM notice n "
_WITH_TICKETS = """
    ) AS shown JOIN notice_alert x ON x.notice_id = shown.id JOIN alert a ON a.id = x.alert_id
        JOIN clock k ON k.id = a.clock_id JOIN ticket t ON t.id = k.ticket_id
    ORDER BY t.number
"""
_DEAD = """
    WHERE n.state IN ('failed', 'unknown') AND n.finished_at IS NOT NULL
    ORDER BY n.finished_at DESC, n.id DESC LIMIT :limit
"""
_LAST = "WHERE n.transport = :transport ORDER BY n.created_at DESC, n.id DESC LIMIT :limit"
_ONE = "WHERE n.id = :id"
_OF_TICKET = """
    JOIN notice_alert x ON x.notice_id = n.id JOIN alert a ON a.id = x.alert_id JOIN clock k ON k.id = a.clock_id
    WHERE k.ticket_id = :ticket_id ORDER BY n.created_at, n.id
"""
_OF_PROMISES = """
    JOIN notice_alert x ON x.notice_id = n.id JOIN alert a ON a.id = x.alert_id JOIN clock k ON k.id = a.clock_id
    WHERE k.ticket_id IS NOT NULL AND k.policy_id IS NOT NULL AND k.due_at >= :since AND k.due_at < :until
        AND a.level > 0 AND (:metric = '' OR k.metric = :metric) AND (:policy_id = '' OR k.policy_id = :policy_id)
    ORDER BY n.created_at, n.id
"""


def dead_letters(tx: Transaction, limit: int) -> list[Result]:
    """Notices that failed or of which nobody knows whether they arrived, and that nothing more is done about; the
    newest first."""
    told = {"limit": limit}
    return _results(tx.execute("SELECT " + _FACTS + _DEAD, told), tx.execute(_NUMBERED + _DEAD + _WITH_TICKETS, told))


def of_way(tx: Transaction, transport: str, limit: int) -> list[Result]:
    """The notices that were last made for this way, the newest first."""
    told = {"transport": transport, "limit": limit}
    return _results(tx.execute("SELECT " + _FACTS + _LAST, told), tx.execute(_NUMBERED + _LAST + _WITH_TICKETS, told))


def get(tx: Transaction, notice_id: str) -> Result | None:
    """One notice; None if there is none."""
    told = {"id": notice_id}
    found = _results(tx.execute("SELECT " + _FACTS + _ONE, told), tx.execute(_NUMBERED + _ONE + _WITH_TICKETS, told))
    return next(iter(found), None)


def of_ticket(tx: Transaction, ticket_id: str) -> Facts:
    """Who was told of each alert of a ticket, by the alert's id, in the order in which they were written to."""
    rows = tx.execute("SELECT x.alert_id AS about, " + _FACTS + _OF_TICKET, {"ticket_id": ticket_id})
    return _facts(rows)


def of_promises(tx: Transaction, since: int, until: int, metric: str, policy_id: str) -> Facts:
    """Who was told that promises are broken, by the clock's id; warnings are left out. The arguments are those of
    promises.Asked."""
    asked = {"since": since, "until": until, "metric": metric, "policy_id": policy_id}
    return _facts(tx.execute("SELECT k.id AS about, " + _FACTS + _OF_PROMISES, asked))


def retry(tx: Transaction, notice_id: str, now: int) -> bool:
    """Send a dead letter again, after asking where that can be whether it has arrived; False if it is none.

    What nobody needs any more by then is withdrawn, and what its way is closed for fails again.
    """
    dead = first(
        tx.execute(
            """
            SELECT id FROM notice
            WHERE id = :id AND state IN ('failed', 'unknown') AND finished_at IS NOT NULL
            """,
            {"id": notice_id},
        )
    )
    if dead is None or not outbox.revive(tx, notices.notice_key(notice_id), now):
        return False
    tx.change(
        """
        UPDATE notice SET state = CASE WHEN state = 'failed' THEN 'queued' ELSE state END, finished_at = NULL
        WHERE id = :id
        """,
        {"id": notice_id},
    )
    return True


def retry_all(tx: Transaction, transport: str, now: int) -> int:
    """Send every dead letter of a way again, as retry() does; returns how many."""
    rows = tx.execute(
        """
        SELECT id FROM notice
        WHERE transport = :transport AND state IN ('failed', 'unknown') AND finished_at IS NOT NULL
        """,
        {"transport": transport},
    )
    outbox.revive_all(tx, [notices.notice_key(row["id"]) for row in rows], now)
    return tx.change(
        """
        UPDATE notice SET state = CASE WHEN state = 'failed' THEN 'queued' ELSE state END, finished_at = NULL
        WHERE transport = :transport AND state IN ('failed', 'unknown') AND finished_at IS NOT NULL
            AND EXISTS (SELECT 1 FROM outbox o WHERE o.key = 'notice:' || notice.id AND o.status = 'queued')
        """,
        {"transport": transport},
    )


def count_dead(tx: Transaction, transport: str) -> int:
    """How many dead letters a way has."""
    rows = tx.execute(
        """
        SELECT COUNT(*) AS dead FROM notice
        WHERE transport = :transport AND state IN ('failed', 'unknown') AND finished_at IS NOT NULL
        """,
        {"transport": transport},
    )
    return int(rows[0]["dead"])


def tests_since(tx: Transaction, way: Way, since: int) -> int:
    """How many tests of a way were asked for since then."""
    rows = tx.execute(
        """
        SELECT COUNT(*) AS tests FROM notice n JOIN outbox o ON o.key = 'notice:' || n.id
        WHERE n.created_at >= :since AND n.transport = :transport AND o.topic = :topic
        """,
        {"since": since, "transport": way.name, "topic": way.test_topic},
    )
    return int(rows[0]["tests"])


def try_out(tx: Transaction, way: Way, person: Person, now: int) -> str | None:
    """Queue a test of a way, to this person; its notice's id, None if the way does not reach the person.

    It is tried once, although the way is closed, and opens the way if it arrives; get() tells the outcome.
    """
    found = notices.addressees({way.name: way}, [way.name], [person])
    return notices.queue(tx, found[0], Purpose.TEST, {}, now) if found else None


def forget(tx: Transaction, before: int) -> int:
    """Delete what is finished and was made before this moment; returns how many notices."""
    told = {"before": before}
    tx.change(
        """
        DELETE FROM outbox WHERE status = 'dead' AND key IN (
            SELECT 'notice:' || id FROM notice WHERE created_at < :before AND finished_at IS NOT NULL
        )
        """,
        told,
    )
    tx.change(
        """
        DELETE FROM notice_alert WHERE notice_id IN (
            SELECT id FROM notice WHERE created_at < :before AND finished_at IS NOT NULL
        )
        """,
        told,
    )
    return tx.change("DELETE FROM notice WHERE created_at < :before AND finished_at IS NOT NULL", told)


def _facts(rows: Sequence[Row]) -> Facts:
    found: dict[str, list[NoticeFact]] = defaultdict(list)
    for row in rows:
        found[row.pop("about")].append(NoticeFact(**_shown(row)))
    return found


def _results(rows: Sequence[Row], named: Sequence[Row]) -> list[Result]:
    numbers: dict[str, list[str]] = defaultdict(list)
    for row in named:
        numbers[row["notice_id"]].append(row["number"])
    return [Result(**_shown(row), ticket_numbers=tuple(numbers[row["id"]])) for row in rows]


def _shown(row: Row) -> dict[str, Any]:
    """What pages may show of a notice: nobody's whole address."""
    return {**row, "recipient": notices.shown(row["recipient"]), "state": NoticeState(row["state"])}
