"""The queue beside every ticket: one view of it, and how many tickets each view holds."""

from dataclasses import dataclass

from bot.console.times import Almanac, Urgency
from storage.database import Transaction
from tickets import tickets
from tickets.tickets import VIEWS, QueueRow

LONGEST_QUEUE = 200


@dataclass(frozen=True, slots=True)
class Queue:
    """The left column. waiting, overdue, soon and mine count tickets of all views; alerted counts open alerts."""

    view: str
    counts: list[tuple[str, int | None]]
    rows: list[QueueRow]
    cut: bool
    alerted: int
    waiting: int
    overdue: int
    soon: int
    mine: int


def load(tx: Transaction, view: str, agent_id: str, almanac: Almanac) -> Queue:
    """The queue as this agent sees it; waiting for a view that there is none of."""
    view = view if view in VIEWS else "waiting"
    counts = tickets.counts(tx, agent_id)
    rows = tickets.queue(tx, view, agent_id, LONGEST_QUEUE)
    waiting = rows if view == "waiting" else tickets.queue(tx, "waiting", agent_id, LONGEST_QUEUE)
    coming = [row.next for row in waiting if row.next is not None and row.next.paused_at is None]
    urgencies = [almanac.urgency(one.due_at, one.soon_at) for one in coming]
    return Queue(
        view=view,
        counts=[(name, counts[name] if name != "done" else None) for name in VIEWS],
        rows=rows,
        cut=len(rows) == LONGEST_QUEUE,
        alerted=counts["alerts"],
        waiting=counts["waiting"],
        overdue=urgencies.count(Urgency.OVERDUE),
        soon=urgencies.count(Urgency.SOON),
        mine=counts["mine"],
    )
