"""What became of notices, for those who look after the ways: the last ones, and those that stay undelivered."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from storage import outbox
from storage.database import Row, Transaction, first
from tickets.escalation import notices
from tickets.escalation.notices import NoticeState, Purpose
from tickets.escalation.people import Person
from tickets.escalation.ways import CONSOLE, Way


@dataclass(frozen=True, slots=True)
class Result:
    """A notice, its recipient masked. ticket_numbers: what it tells of; empty for a test. finished_at: None while it
    waits or is under way; a failed or unknown one that is finished is a dead letter."""

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
    ticket_numbers: tuple[str, ...]


def dead_letters(tx: Transaction, limit: int) -> list[Result]:
    """Notices that failed or of which nobody knows whether they arrived, and that nothing more is done about; the
    newest first. That somebody had no page of the console open is none: the other ways are for that."""
    rows = tx.execute(
        """
        SELECT id, transport, recipient, agent_id, state, attempts, created_at, sent_at, finished_at, code, error
        FROM notice WHERE state IN ('failed', 'unknown') AND finished_at IS NOT NULL AND transport <> :console
        ORDER BY finished_at DESC, id DESC LIMIT :limit
        """,
        {"limit": limit, "console": CONSOLE},
    )
    named = tx.execute(
        """
        SELECT DISTINCT x.notice_id, t.number
        FROM (
            SELECT id FROM notice
            WHERE state IN ('failed', 'unknown') AND finished_at IS NOT NULL AND transport <> :console
            ORDER BY finished_at DESC, id DESC LIMIT :limit
        ) AS dead JOIN notice_alert x ON x.notice_id = dead.id
            JOIN alert a ON a.id = x.alert_id JOIN clock k ON k.id = a.clock_id
            JOIN ticket t ON t.id = k.ticket_id
        ORDER BY t.number
        """,
        {"limit": limit, "console": CONSOLE},
    )
    return _results(rows, named)


def of_way(tx: Transaction, transport: str, limit: int) -> list[Result]:
    """The notices that were last made for this way, the newest first."""
    rows = tx.execute(
        """
        SELECT id, transport, recipient, agent_id, state, attempts, created_at, sent_at, finished_at, code, error
        FROM notice WHERE transport = :transport ORDER BY created_at DESC, id DESC LIMIT :limit
        """,
        {"transport": transport, "limit": limit},
    )
    named = tx.execute(
        """
        SELECT DISTINCT x.notice_id, t.number
        FROM (
            SELECT id FROM notice WHERE transport = :transport ORDER BY created_at DESC, id DESC LIMIT :limit
        ) AS last JOIN notice_alert x ON x.notice_id = last.id
            JOIN alert a ON a.id = x.alert_id JOIN clock k ON k.id = a.clock_id
            JOIN ticket t ON t.id = k.ticket_id
        ORDER BY t.number
        """,
        {"transport": transport, "limit": limit},
    )
    return _results(rows, named)


def get(tx: Transaction, notice_id: str) -> Result | None:
    """One notice; None if there is none."""
    rows = tx.execute(
        """
        SELECT id, transport, recipient, agent_id, state, attempts, created_at, sent_at, finished_at, code, error
        FROM notice WHERE id = :id
        """,
        {"id": notice_id},
    )
    named = tx.execute(
        """
        SELECT DISTINCT x.notice_id, t.number
        FROM notice_alert x JOIN alert a ON a.id = x.alert_id JOIN clock k ON k.id = a.clock_id
            JOIN ticket t ON t.id = k.ticket_id
        WHERE x.notice_id = :id ORDER BY t.number
        """,
        {"id": notice_id},
    )
    return next(iter(_results(rows, named)), None)


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


def _results(rows: Sequence[Row], named: Sequence[Row]) -> list[Result]:
    numbers: dict[str, list[str]] = defaultdict(list)
    for row in named:
        numbers[row["notice_id"]].append(row["number"])
    return [
        Result(
            **{
                **row,
                "recipient": notices.shown(row["recipient"]),
                "state": NoticeState(row["state"]),
                "ticket_numbers": tuple(numbers[row["id"]]),
            }
        )
        for row in rows
    ]
