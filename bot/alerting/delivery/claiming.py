"""Which message of a way is sent next, decided in the transaction that claims it."""

from dataclasses import dataclass

from bot.alerting.delivery.outcome import Refused
from bot.alerting.delivery.settling import settle
from storage import outbox
from storage.database import Transaction
from storage.outbox import OutboxRow
from tickets.alerts import allowance
from tickets.alerts.allowance import Bound
from tickets.escalation import outages, outcomes, way_states
from tickets.escalation.notices import Purpose
from tickets.escalation.outcomes import Waiting
from tickets.escalation.way_states import WayState
from tickets.escalation.ways import Way

LEASE_MS = 30_000


@dataclass(frozen=True, slots=True)
class Claim:
    """A message to be sent now, by whoever holds this."""

    row: OutboxRow
    waiting: Waiting


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message that is not sent after all; there may be another."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing may be sent before this moment (epoch ms); None: nothing is due."""

    until: int | None = None


def claim_next(tx: Transaction, way: Way, held: frozenset[str], now: int, zone: str) -> Claim | Dropped | Nothing:
    """Claim the message of this way that is due longest, if the way may be used.

    held: the outbox ids of what the caller is sending already. zone is where the way's budget counts its days. What
    waits for a closed way fails at once, but for its tests. What nobody needs any more is withdrawn, and what would
    cost too much refused.
    """
    state = way_states.get(tx, way.name)
    closed = state.is_closed(now)
    if closed:
        _fail_queued(tx, way, state, now)
    elif state.rests_until is not None and now < state.rests_until:
        return Nothing(state.rests_until)
    topics = [way.test_topic] if closed else [way.topic, way.test_topic]
    rows = outbox.claim_due(tx, topics, now, LEASE_MS, 1)
    if not rows:
        return Nothing()
    if rows[0].id in held:
        outbox.leave(tx, rows[0], now + LEASE_MS, now)
        return Dropped()
    return _begin(tx, way, rows[0], now, zone)


def _fail_queued(tx: Transaction, way: Way, state: WayState, now: int) -> None:
    if outbox.fail_queued(tx, [way.topic], state.error, now):
        outcomes.fail_stopped(tx, [way.name], state.code, state.error, now)


def _begin(tx: Transaction, way: Way, row: OutboxRow, now: int, zone: str) -> Claim | Dropped:
    waiting = outcomes.waiting(tx, row.payload["notice_id"])
    if waiting is None or (row.payload["purpose"] == Purpose.ALERTS and not waiting.alerts):
        outbox.mark_withdrawn(tx, row, now)
        if waiting is not None:
            outcomes.withdraw(tx, waiting.id, now)
        return Dropped()
    refused = _over_budget(tx, way, waiting, now, zone)
    outcomes.begin(tx, waiting.id, now)
    if refused is not None:
        settle(tx, way, row, refused, now, 0.0)
        return Dropped()
    way_states.tried(tx, way.name, now)
    return Claim(row, waiting)


def _over_budget(tx: Transaction, way: Way, waiting: Waiting, now: int, zone: str) -> Refused | None:
    """Why it would cost too much; what may have been sent already is counted."""
    if waiting.unsure_since is not None:
        return None
    bound = allowance.refusal(tx, allowance.budget_of(way.settings), way.name, waiting.recipient, now, zone)
    if bound is None:
        return None
    code = outages.BUDGET if bound is Bound.DAY else "per_number"
    return Refused(f"the limit of messages a {bound} is reached", code)
