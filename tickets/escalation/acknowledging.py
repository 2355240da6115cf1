"""Taking notice of a ticket's open alerts, for good, for a while, or for as long as somebody asks."""

from dataclasses import dataclass

from storage.database import Transaction, new_id
from tickets import events, tickets
from tickets.clocks import rows, terms
from tickets.errors import NotAllowed
from tickets.model import Actor, Agent, Clock, TicketEvent
from tickets.sla import dues
from tickets.sla.model import Chain

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Rest:
    """How long the chains of a ticket rest: after an acknowledgement (None: for good), and at most when somebody asks
    for a while of their own."""

    acknowledged_for_ms: int | None
    longest_snooze_ms: int


def acknowledge(
    tx: Transaction, number: str, agent: Agent, now: int, snooze_ms: int | None = None, reason: str = ""
) -> int:
    """The agent takes notice of the ticket's open alerts and the chain rests; returns how many there were.

    It rests for snooze_ms if that is asked for, with a reason, and otherwise for as long as the chain says; if the
    contact still waits then, the chain goes on. With no open alert nothing happens: a promise that is not yet broken
    cannot be silenced. Raises NotFound; NotAllowed for a snooze without a reason or longer than the chain allows.
    """
    ticket = tickets.by_number(tx, number)
    clocks = rows.running_of_ticket(tx, ticket.id)
    _require_bounded(tx, clocks, snooze_ms, reason)
    acknowledged = tx.execute(
        """
        UPDATE alert
        SET acknowledged_at = :now, acknowledged_by = :agent_id, told_at = COALESCE(told_at, :now)
        WHERE clock_id IN (SELECT id FROM clock WHERE ticket_id = :ticket_id) AND acknowledged_at IS NULL
            AND settled_at IS NULL
        RETURNING level, clock_id
        """,
        {"now": now, "agent_id": agent.id, "ticket_id": ticket.id},
    )
    if not acknowledged:
        return 0
    highest: dict[str, int] = {}
    for row in acknowledged:
        highest[row["clock_id"]] = max(row["level"], highest.get(row["clock_id"], row["level"]))
    until = [
        _rest(tx, clock, highest[clock.id] + 1, agent, now, snooze_ms, reason)
        for clock in clocks
        if clock.id in highest
    ]
    detail = {
        "levels": sorted(row["level"] for row in acknowledged),
        "until": min((one for one in until if one is not None), default=None),
        "snoozed": snooze_ms is not None,
        "reason": reason,
    }
    event = TicketEvent(Actor("agent", agent.id), "acknowledge", ticket.status, ticket.status, now, detail)
    events.record(tx, ticket.id, [event])
    tx.notify("queue", ticket.number)
    tx.notify("conversation", ticket.conversation_id)
    return len(acknowledged)


def rest_of(tx: Transaction, ticket_id: str) -> Rest:
    """How long the chains of this ticket's running clocks may rest; the strictest of them counts."""
    chains = [_chain(tx, clock) for clock in rows.running_of_ticket(tx, ticket_id)]
    bounded = [chain.acknowledged_for_ms for chain in chains if chain.acknowledged_for_ms is not None]
    return Rest(min(bounded, default=None), min((chain.longest_snooze_ms for chain in chains), default=0))


def _require_bounded(tx: Transaction, clocks: list[Clock], snooze_ms: int | None, reason: str) -> None:
    if snooze_ms is None:
        return
    if not reason.strip():
        raise NotAllowed("a snooze needs a reason")
    longest = min((_chain(tx, clock).longest_snooze_ms for clock in clocks), default=0)
    if not 0 < snooze_ms <= longest:
        raise NotAllowed(f"a snooze lasts between a moment and {longest} ms")


def _rest(
    tx: Transaction, clock: Clock, following: int, agent: Agent, now: int, snooze_ms: int | None, reason: str
) -> int | None:
    """Let the chain of this clock rest before the level that follows those acknowledged; until when, None for good or
    if no promise is broken: not yet, or not any more because it lies ahead again. Taking notice brings nothing forward.
    """
    chain = _chain(tx, clock)
    length = snooze_ms if snooze_ms is not None else chain.acknowledged_for_ms
    until = None if length is None else now + length
    plan = clock.plan or (clock.due_at,)
    level = max(clock.next_level, following)
    broken = level > 1 and dues.planned_at(1, plan, chain) <= now
    at = clock.next_alert_at
    if clock.paused_at is None and broken:
        at = until
    elif clock.paused_at is None and level > clock.next_level:
        # Whoever is faster than the telling takes from it the planning of what follows a warning, too.
        at = dues.planned_at(min(level, 1), plan, chain)
    tx.change(
        "UPDATE clock SET next_level = :level, next_alert_at = :at WHERE id = :id",
        {"level": level, "at": at, "id": clock.id},
    )
    tx.change(
        """
        INSERT INTO acknowledgement (id, ticket_id, clock_id, agent_id, snoozed, until, reason, at)
        VALUES (:id, :ticket_id, :clock_id, :agent_id, :snoozed, :until, :reason, :at)
        """,
        {
            "id": new_id(),
            "ticket_id": clock.ticket_id,
            "clock_id": clock.id,
            "agent_id": agent.id,
            "snoozed": int(snooze_ms is not None),
            "until": until if broken else now,
            "reason": " ".join(reason.split())[:LONGEST_REASON],
            "at": now,
        },
    )
    return until if broken else None


def _chain(tx: Transaction, clock: Clock) -> Chain:
    under = terms.of_clock(tx, clock)
    return terms.last_chain(tx) if under is None else terms.chain_of(tx, under[0].definition)
