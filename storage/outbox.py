"""Things to send: rows that are durable before they are attempted, and are sent at least once.

A worker claims due rows with a lease, sends outside of any transaction, and then marks each. A lease that runs
out, because its holder died or hangs, makes the row due again; the old holder's mark is then refused, because
its fencing token is no longer the newest. Rows end sent, or dead and visible.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from storage.database import Row, Transaction, first, new_id

FIRST_BACKOFF_MS = 30_000
LONGEST_BACKOFF_MS = 3_600_000
LONGEST_RETRY_AFTER_MS = 24 * 3_600_000
GIVE_UP_AFTER_MS = 72 * 3_600_000
LONGEST_ERROR = 500
MOST_TOPICS = 8


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A row that its claimer may send now. attempts counts this one; lease_token proves the claim."""

    id: str
    topic: str
    key: str
    payload: dict[str, Any]
    attempts: int
    lease_token: int
    created_at: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A row that will not be sent any more unless someone asks for it."""

    id: str
    topic: str
    key: str
    payload: dict[str, Any]
    attempts: int
    error: str
    created_at: int
    died_at: int


def enqueue(
    tx: Transaction, topic: str, key: str, payload: dict[str, Any], now: int, available_at: int | None = None
) -> bool:
    """Queue a thing to send, not before available_at; False, and nothing changes, if the key was ever used before."""
    due = now if available_at is None else available_at
    added = tx.change(
        """
        INSERT INTO outbox (id, topic, key, payload_json, status, attempts, available_at, waits_since, give_up_at,
                            lease_token, created_at)
        VALUES (:id, :topic, :key, :payload, 'queued', 0, :due, :now, :give_up_at, 0, :now)
        ON CONFLICT (key) DO NOTHING
        """,
        {
            "id": new_id(),
            "topic": topic,
            "key": key,
            "payload": json.dumps(payload, ensure_ascii=False, allow_nan=False),
            "now": now,
            "due": due,
            "give_up_at": due + GIVE_UP_AFTER_MS,
        },
    )
    if added:
        tx.notify("outbox")
    return added == 1


def amend(tx: Transaction, key: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Let a queued row say something else from its next attempt on; nothing happens if it is not queued."""
    row = first(tx.execute("SELECT payload_json FROM outbox WHERE key = :key AND status = 'queued'", {"key": key}))
    if row is not None:
        payload = json.dumps(change(json.loads(row["payload_json"])), ensure_ascii=False, allow_nan=False)
        tx.change("UPDATE outbox SET payload_json = :payload WHERE key = :key", {"key": key, "payload": payload})


def claim_due(tx: Transaction, topics: Sequence[str], now: int, lease_ms: int, limit: int) -> list[OutboxRow]:
    """Lease up to limit due rows, the longest due first, and return them in the order they were queued.

    The lease has to be longer than the longest send. The condition stands twice because an engine with several
    writers re-checks only the outer one when it had to wait for another claimer.
    """
    rows = tx.execute(
        """
        UPDATE outbox
        SET attempts = attempts + 1, lease_token = lease_token + 1, lease_until = :until, available_at = :until,
            waits_since = :now
        WHERE status = 'queued' AND available_at <= :now AND id IN (
            SELECT id FROM outbox
            WHERE status = 'queued' AND available_at <= :now
              AND topic IN (:topic0, :topic1, :topic2, :topic3, :topic4, :topic5, :topic6, :topic7)
            ORDER BY available_at, id
            LIMIT :limit
        )
        RETURNING id, topic, key, payload_json, attempts, lease_token, created_at
        """,
        {"now": now, "until": now + lease_ms, "limit": limit, **_slots(topics)},
    )
    return sorted((_claimed(row) for row in rows), key=lambda row: row.id)


def mark_sent(tx: Transaction, row: OutboxRow, now: int) -> bool:
    """The peer has taken it. False, and nothing changes, if the row was claimed again since."""
    return _finish(tx, row, "sent", None, now)


def mark_failed(
    tx: Transaction,
    row: OutboxRow,
    error: str,
    permanent: bool,
    now: int,
    jitter: float,
    retry_after_ms: int | None = None,
    longest_ms: int = LONGEST_BACKOFF_MS,
) -> bool:
    """Queue it again after a backoff, or let it die if that was permanent or 72 hours have passed.

    jitter in [0, 1) spreads the backoff between nothing and its longest (longest_ms in the end); it is never shorter
    than what the peer asked for (retry_after_ms, at most a day). False, and nothing changes, if the row was claimed
    again.
    """
    if permanent:
        return _finish(tx, row, "dead", error, now)
    pause = max(backoff_ms(row.attempts, jitter, longest_ms), min(retry_after_ms or 0, LONGEST_RETRY_AFTER_MS))
    return _queue_again(tx, row, error, now, now + pause) or _finish(tx, row, "dead", error, now)


def postpone(tx: Transaction, row: OutboxRow, available_at: int, now: int) -> bool:
    """Put a claimed row back that was not attempted after all; that counts neither as an attempt nor as time.

    False, and nothing changes, if the row was claimed again since.
    """
    changed = tx.change(
        """
        UPDATE outbox
        SET available_at = :available_at, waits_since = :now, lease_until = NULL, attempts = attempts - 1,
            give_up_at = CASE WHEN give_up_at < :available_at THEN :available_at ELSE give_up_at END
        WHERE id = :id AND status = 'queued' AND lease_token = :token
        """,
        {"available_at": available_at, "now": now, **_claim_of(row)},
    )
    return changed == 1


def extend(tx: Transaction, row: OutboxRow, until: int, now: int) -> bool:
    """Keep a claim while a long delivery is under way; False if somebody else has claimed the row since."""
    changed = tx.change(
        """
        UPDATE outbox SET lease_until = :until, available_at = :until, waits_since = :now
        WHERE id = :id AND status = 'queued' AND lease_token = :token
        """,
        {"until": until, "now": now, **_claim_of(row)},
    )
    return changed == 1


def leave(tx: Transaction, row: OutboxRow, until: int, now: int) -> bool:
    """Undo the claim that was just made of a row that its claimer holds already, so that the older one stays valid.

    To be called in the transaction that claimed it; the older claim then holds until this moment.
    """
    changed = tx.change(
        """
        UPDATE outbox
        SET lease_token = lease_token - 1, attempts = attempts - 1, lease_until = :until, available_at = :until,
            waits_since = :now
        WHERE id = :id AND status = 'queued' AND lease_token = :token
        """,
        {"until": until, "now": now, **_claim_of(row)},
    )
    return changed == 1


def backoff_ms(attempts: int, jitter: float, longest_ms: int = LONGEST_BACKOFF_MS) -> int:
    """The pause after the attempts-th failure: jitter times 30 s, doubled each time up to the longest."""
    return int(min(longest_ms, FIRST_BACKOFF_MS * 2 ** min(attempts - 1, 20)) * jitter)


def next_due(tx: Transaction, topics: Sequence[str]) -> int | None:
    """When the next row of these topics is due, or a lease on one runs out; None if nothing is queued."""
    row = first(
        tx.execute(
            """
            SELECT min(available_at) AS due FROM outbox
            WHERE status = 'queued'
              AND topic IN (:topic0, :topic1, :topic2, :topic3, :topic4, :topic5, :topic6, :topic7)
            """,
            _slots(topics),
        )
    )
    return row["due"] if row else None


def dead_letters(tx: Transaction, limit: int) -> list[DeadLetter]:
    """What could not be sent, the newest first."""
    rows = tx.execute(
        """
        SELECT id, topic, key, payload_json, attempts, last_error, created_at, finished_at FROM outbox
        WHERE status = 'dead'
        ORDER BY finished_at DESC, id DESC
        LIMIT :limit
        """,
        {"limit": limit},
    )
    return [_dead(row) for row in rows]


def dead_letter(tx: Transaction, id: str) -> DeadLetter | None:
    """What could not be sent, by its id; None if it is not there or not dead."""
    row = first(
        tx.execute(
            """
            SELECT id, topic, key, payload_json, attempts, last_error, created_at, finished_at FROM outbox
            WHERE id = :id AND status = 'dead'
            """,
            {"id": id},
        )
    )
    return None if row is None else _dead(row)


def waiting_topics(tx: Transaction) -> list[str]:
    """The topics under which anything is queued, each found by one step into the index, however much waits."""
    rows = tx.execute(
        """
        WITH RECURSIVE waiting (topic) AS (
            SELECT MIN(topic) FROM outbox WHERE status = 'queued'
            UNION ALL
            SELECT (SELECT MIN(o.topic) FROM outbox o WHERE o.status = 'queued' AND o.topic > waiting.topic)
            FROM waiting WHERE waiting.topic IS NOT NULL
        )
        SELECT topic FROM waiting WHERE topic IS NOT NULL
        """
    )
    return [row["topic"] for row in rows]


def fail_queued(tx: Transaction, topics: Sequence[str], error: str, now: int) -> int:
    """Let everything die that waits under these topics and that nobody has claimed; returns how much that was."""
    return tx.change_all(
        """
        UPDATE outbox SET status = 'dead', finished_at = :now, lease_until = NULL, last_error = :error
        WHERE status = 'queued' AND topic = :topic AND (lease_until IS NULL OR lease_until <= :now)
        """,
        [{"topic": topic, "error": _storable(error), "now": now} for topic in topics],
    )


def forget_sent(tx: Transaction, before: int) -> int:
    """Delete rows sent or withdrawn before this moment; returns how many. Their keys may be used again."""
    return tx.change(
        "DELETE FROM outbox WHERE status IN ('sent', 'withdrawn') AND finished_at < :before", {"before": before}
    )


def depths(tx: Transaction) -> list[tuple[str, str, int]]:
    """How many rows are 'queued' and 'dead', as (topic, status, rows)."""
    rows = tx.execute(
        """
        SELECT topic, 'queued' AS status, COUNT(*) AS held FROM outbox WHERE status = 'queued' GROUP BY topic
        UNION ALL
        SELECT topic, 'dead' AS status, COUNT(*) AS held FROM outbox WHERE status = 'dead' GROUP BY topic
        """
    )
    return [(row["topic"], row["status"], int(row["held"])) for row in rows]


def retry_dead(tx: Transaction, id: str, now: int) -> bool:
    """Queue a dead row again, at once and with another 72 hours; False if it is not dead."""
    row = first(tx.execute("SELECT key FROM outbox WHERE id = :id AND status = 'dead'", {"id": id}))
    return row is not None and revive(tx, row["key"], now)


def revive(tx: Transaction, key: str, now: int) -> bool:
    """Queue the row of this key again, whether it was sent or died, with another 72 hours; False if it did neither."""
    revived = tx.change(
        """
        UPDATE outbox
        SET status = 'queued', attempts = 0, available_at = :now, waits_since = :now, give_up_at = :give_up_at,
            finished_at = NULL
        WHERE key = :key AND status IN ('dead', 'sent')
        """,
        {"key": key, "now": now, "give_up_at": now + GIVE_UP_AFTER_MS},
    )
    if revived:
        tx.notify("outbox")
    return revived == 1


def revive_all(tx: Transaction, keys: Sequence[str], now: int) -> int:
    """Queue the dead rows of these keys again, as revive() does; returns how many."""
    revived = tx.change_all(
        """
        UPDATE outbox
        SET status = 'queued', attempts = 0, available_at = :now, waits_since = :now, give_up_at = :give_up_at,
            finished_at = NULL
        WHERE key = :key AND status = 'dead'
        """,
        [{"key": key, "now": now, "give_up_at": now + GIVE_UP_AFTER_MS} for key in keys],
    )
    if revived:
        tx.notify("outbox")
    return revived


def is_dead(tx: Transaction, id: str) -> bool:
    """Whether the row will not be sent any more unless someone asks for it."""
    return bool(tx.execute("SELECT id FROM outbox WHERE id = :id AND status = 'dead'", {"id": id}))


def mark_withdrawn(tx: Transaction, row: OutboxRow, now: int) -> bool:
    """It is not needed any more. False, and nothing changes, if the row was claimed again since."""
    return _finish(tx, row, "withdrawn", None, now)


def _finish(tx: Transaction, row: OutboxRow, status: str, error: str | None, now: int) -> bool:
    changed = tx.change(
        """
        UPDATE outbox SET status = :status, finished_at = :now, lease_until = NULL, last_error = :error
        WHERE id = :id AND status = 'queued' AND lease_token = :token
        """,
        {"status": status, "error": error and _storable(error), "now": now, **_claim_of(row)},
    )
    return changed == 1


def _queue_again(tx: Transaction, row: OutboxRow, error: str, now: int, available_at: int) -> bool:
    """Back into the queue unless its time is over; the last attempt comes no later than give_up_at."""
    changed = tx.change(
        """
        UPDATE outbox
        SET available_at = CASE WHEN :available_at < give_up_at THEN :available_at ELSE give_up_at END,
            waits_since = :now, lease_until = NULL, last_error = :error
        WHERE id = :id AND status = 'queued' AND lease_token = :token AND give_up_at > :now
        """,
        {"available_at": available_at, "error": _storable(error), "now": now, **_claim_of(row)},
    )
    return changed == 1


def _claim_of(row: OutboxRow) -> dict[str, object]:
    return {"id": row.id, "token": row.lease_token}


def _storable(error: str) -> str:
    """A peer's words, cut, without what a database cannot hold (lone surrogates, NUL)."""
    clean = error.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    return clean[:LONGEST_ERROR]


def _slots(topics: Sequence[str]) -> dict[str, object]:
    """The topics as the fixed number of parameters that the statements have, repeated to fill them."""
    if len(topics) > MOST_TOPICS:
        raise ValueError(f"at most {MOST_TOPICS} topics at once, not {len(topics)}")
    return {f"topic{slot}": topics[slot % len(topics)] if topics else None for slot in range(MOST_TOPICS)}


def _claimed(row: Row) -> OutboxRow:
    return OutboxRow(
        id=row["id"],
        topic=row["topic"],
        key=row["key"],
        payload=json.loads(row["payload_json"]),
        attempts=row["attempts"],
        lease_token=row["lease_token"],
        created_at=row["created_at"],
    )


def _dead(row: Row) -> DeadLetter:
    return DeadLetter(
        id=row["id"],
        topic=row["topic"],
        key=row["key"],
        payload=json.loads(row["payload_json"]),
        attempts=row["attempts"],
        error=row["last_error"],
        created_at=row["created_at"],
        died_at=row["finished_at"],
    )
