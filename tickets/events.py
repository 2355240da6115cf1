"""The record of what happened to each ticket, written in the transaction in which it happened."""

import json
from collections.abc import Iterable

from storage.database import Row, Transaction, new_id
from tickets.model import Actor, Status, TicketEvent


def record(tx: Transaction, ticket_id: str, events: Iterable[TicketEvent]) -> None:
    """Keep the events, in order."""
    record_all(tx, [(ticket_id, event) for event in events])


def record_all(tx: Transaction, happened: Iterable[tuple[str, TicketEvent]]) -> None:
    """Keep the events, each with its ticket's id, in order."""
    tx.change_all(
        """
        INSERT INTO ticket_event (id, ticket_id, actor, agent_id, action, from_status, to_status, detail_json, at)
        VALUES (:id, :ticket_id, :actor, :agent_id, :action, :from_status, :to_status, :detail_json, :at)
        """,
        [
            {
                "id": new_id(),
                "ticket_id": ticket_id,
                "actor": event.actor.kind,
                "agent_id": event.actor.agent_id,
                "action": event.action,
                "from_status": event.from_status,
                "to_status": event.to_status,
                "detail_json": None if event.detail is None else json.dumps(event.detail, ensure_ascii=False),
                "at": event.at,
            }
            for ticket_id, event in happened
        ],
    )


def of_ticket(tx: Transaction, ticket_id: str) -> list[TicketEvent]:
    """Everything that happened to the ticket, oldest first."""
    rows = tx.execute(
        """
        SELECT actor, agent_id, action, from_status, to_status, detail_json, at
        FROM ticket_event WHERE ticket_id = :ticket_id ORDER BY id
        """,
        {"ticket_id": ticket_id},
    )
    return [_event(row) for row in rows]


def _event(row: Row) -> TicketEvent:
    return TicketEvent(
        actor=Actor(row["actor"], row["agent_id"]),
        action=row["action"],
        from_status=None if row["from_status"] is None else Status(row["from_status"]),
        to_status=None if row["to_status"] is None else Status(row["to_status"]),
        at=row["at"],
        detail=None if row["detail_json"] is None else json.loads(row["detail_json"]),
    )
