"""What came of an attempt, kept: of the message, of its alerts and of the way, in one transaction."""

from bot.alerting.delivery.outcome import (
    LONGEST_BACKOFF_MS,
    Absent,
    Again,
    Arrived,
    Closed,
    Outcome,
    Refused,
    Unclear,
)
from storage import outbox
from storage.database import Transaction
from storage.outbox import OutboxRow
from tickets.alerts import Addressing
from tickets.escalation import outcomes, way_states
from tickets.escalation.notices import Purpose
from tickets.escalation.ways import Way

LONGEST_SPREAD_MS = 30_000


def settle(tx: Transaction, way: Way, row: OutboxRow, outcome: Outcome, now: int, jitter: float) -> bool:
    """Keep how the attempt went; False, and nothing is done, if somebody else has claimed the row since.

    A test is made once: somebody waits for its result. jitter in [0, 1) spreads what is tried again.
    """
    is_test = row.payload["purpose"] == Purpose.TEST
    if not _mark(tx, row, outcome, now, jitter, is_test):
        return False
    again = not is_test and not outbox.is_dead(tx, row.id)
    notice_id = row.payload["notice_id"]
    match outcome:
        case Arrived(reference):
            outcomes.sent(tx, notice_id, reference, now, reaches=way.is_outside)
            way_states.worked(tx, way.name, now)
            if is_test:
                way_states.reopen(tx, way.name, now)
        case Again(reason, code, wait_ms):
            outcomes.failed(tx, notice_id, code, reason, now, again)
            way_states.failed(tx, way.name, code, reason, now, _rests_until(way, wait_ms, now))
        case Unclear(reason, code):
            outcomes.unclear(tx, notice_id, code, reason, now, again)
            way_states.failed(tx, way.name, code, reason, now)
        case Refused(reason, code):
            outcomes.failed(tx, notice_id, code, reason, now, again=False)
            way_states.failed(tx, way.name, code, reason, now)
        case Closed(reason, code, for_ms):
            outcomes.failed(tx, notice_id, code, reason, now, again=False)
            way_states.close(tx, way.name, code, reason, now, None if for_ms is None else now + for_ms)
        case Absent(reason, code, wait_ms):
            outcomes.absent(tx, notice_id, code, reason, now, again and wait_ms is not None)
    return True


def mark(tx: Transaction, row: OutboxRow, outcome: Outcome, now: int, jitter: float) -> bool:
    """Keep at the row alone what happens to it next; False, and nothing is done, if it was claimed again since."""
    return _mark(tx, row, outcome, now, jitter, row.payload["purpose"] == Purpose.TEST)


def _mark(tx: Transaction, row: OutboxRow, outcome: Outcome, now: int, jitter: float, once: bool) -> bool:
    match outcome:
        case Arrived():
            return outbox.mark_sent(tx, row, now)
        case Absent(_, _, wait_ms) if wait_ms is None or once:
            return outbox.mark_withdrawn(tx, row, now)
        case Again(reason, _, wait_ms) | Unclear(reason, _, wait_ms, False) | Absent(reason, _, wait_ms):
            wait_ms = _spread(wait_ms or 0, jitter)
            return outbox.mark_failed(tx, row, reason, once, now, jitter, wait_ms, LONGEST_BACKOFF_MS)
        case Unclear() | Refused() | Closed():
            return outbox.mark_failed(tx, row, outcome.reason, True, now, jitter)


def _spread(wait_ms: int, jitter: float) -> int:
    """What a peer asked to wait, and a little more, so that those that it sent away do not come back together."""
    return wait_ms + int(jitter * min(wait_ms, LONGEST_SPREAD_MS))


def _rests_until(way: Way, wait_ms: int, now: int) -> int | None:
    """Where all messages of a way go to one peer's one door, its wait holds for all; else it is about a recipient."""
    whole = way.transport.addressing is Addressing.EVERYONE
    return now + wait_ms if whole and wait_ms > 0 else None
