"""Telling: for each obligation that was raised, its people are picked and written to, and the chain's next step is
planned. Everything of a turn happens in one transaction, so it happens once."""

from collections.abc import Callable, Sequence

from storage.database import Row, Transaction
from tickets import agents, conversations, desk, events, teams
from tickets.clocks import terms
from tickets.escalation import notices
from tickets.escalation.notices import Addressee, Bundle
from tickets.escalation.people import Staff, told
from tickets.escalation.raised import Raised, all_raised
from tickets.escalation.ways import Ways
from tickets.model import SYSTEM, Reason, TicketEvent
from tickets.rules import DeskRules
from tickets.sla import dues, rulebook
from tickets.sla.model import Level

AT_ONCE = 1_000

# Its conversation and the number of its first message there.
Wait = tuple[str, int]


def tell(tx: Transaction, now: int, rules: DeskRules, ways: Ways, limit: int = AT_ONCE, skip: int = 0) -> list[Raised]:
    """Tell the people responsible of what was raised, at most limit alerts, but not of the first skip ones; returns
    those they are told of."""
    rows, waits = _untold(tx, limit, skip)
    if waits:
        _give_tickets(tx, waits, now, rules)
        rows, _ = _untold(tx, limit, skip)
    raised = all_raised(tx, rows)
    if not raised:
        return []
    staff = staff_now(tx, ways, now, rules.time_zone)
    notices.tell_of(tx, bundles(raised, staff, ways, lambda step: step.transports), now)
    _plan_next(tx, raised)
    _record(tx, raised, now)
    tx.change_all(
        "UPDATE alert SET told_at = :now WHERE id = :id", [{"id": one.alert_id, "now": now} for one in raised]
    )
    return raised


def untold_at(tx: Transaction, place: int) -> str | None:
    """The alert that tell() comes to at this place, counted from 0; None if there are not so many."""
    rows, _ = _untold(tx, 1, place)
    return rows[0]["alert_id"] if rows else None


def staff_now(tx: Transaction, ways: Ways, now: int, zone: str) -> Staff:
    """Who is there to be told by these ways."""
    active = {one.id: one for one in agents.active_agents(tx)}
    addressing = {name: way.transport.addressing for name, way in ways.items()}
    return Staff(active, teams.leads(tx), rulebook.rotas(tx), addressing, now, zone)


def operators(tx: Transaction, ways: Ways, zone: str, now: int) -> list[Addressee]:
    """Who hears of trouble with the service itself: the last level of the chain that holds for everybody."""
    level = terms.last_chain(tx).levels[-1]
    staff = staff_now(tx, ways, now, zone)
    return notices.addressees(ways, (*level.transports, *level.fallback), told(level, None, None, staff))


def bundles(
    raised: Sequence[Raised], staff: Staff, ways: Ways, names: Callable[[Level], Sequence[str]]
) -> list[Bundle]:
    """What each addressee is told of these alerts, in their order, by the ways of their levels that names picks."""
    found: dict[tuple[str, str], Bundle] = {}
    for one in raised:
        step = one.step
        if step is None:
            continue
        for addressee in notices.addressees(ways, names(step), told(step, one.assignee_id, one.team_id, staff)):
            bundle = found.setdefault((addressee.way.name, addressee.recipient), Bundle(addressee))
            bundle.alert_ids.append(one.alert_id)
            bundle.mentions.update(dict.fromkeys(addressee.mentions))
    return list(found.values())


def _plan_next(tx: Transaction, raised: Sequence[Raised]) -> None:
    """A clock that was acknowledged, answered, set aside or reckoned anew since its step was raised keeps what that
    left."""
    tx.change_all(
        """
        UPDATE clock
        SET next_level = next_level + 1, next_alert_at = CASE WHEN next_alert_at IS NULL THEN NULL ELSE :at END
        WHERE id = :id AND next_level = :level AND stopped_at IS NULL
        """,
        [
            {
                "id": one.clock_id,
                "level": one.level,
                "at": dues.next_alert_at(one.level, one.raised_at, one.plan, one.chain),
            }
            for one in raised
        ],
    )


def _record(tx: Transaction, raised: Sequence[Raised], now: int) -> None:
    for one in raised:
        tx.notify("queue", one.ticket_number)
        tx.notify("conversation", one.conversation_id)
    events.record_all(tx, [(one.ticket_id, _event(one, now)) for one in raised])


def _event(raised: Raised, now: int) -> TicketEvent:
    step = raised.step
    detail = {
        "alert_id": raised.alert_id,
        "kind": raised.kind,
        "level": raised.level,
        "level_name": step.name if step else "",
        "late": raised.late,
    }
    return TicketEvent(SYSTEM, "alert", raised.ticket_status, raised.ticket_status, now, detail)


def _give_tickets(tx: Transaction, waits: Sequence[Wait], now: int, rules: DeskRules) -> None:
    """Open a ticket for each of these waits."""
    for conversation_id, number in waits:
        conversation = conversations.get_conversation(tx, conversation_id)
        asked = conversations.history(tx, conversation.id, after=number - 1, limit=1)
        subject = asked[0].text if asked else ""
        desk.open_ticket(tx, conversation, Reason.UNANSWERED, subject, [], rules, now, SYSTEM)


def _untold(tx: Transaction, limit: int, skip: int) -> tuple[list[Row], list[Wait]]:
    """The alerts, and the waits among theirs that never became a ticket; an alert whose clock or ticket were not there
    would raise, and not be passed over in silence."""
    rows = tx.execute(
        """
        SELECT a.id AS alert_id, a.clock_id, k.ticket_id, t.number AS ticket_number, t.status AS ticket_status,
            t.conversation_id, t.assignee_id, t.team_id, a.level, a.kind, a.planned_at, a.raised_at, a.late,
            k.plan_json, k.policy_id, k.policy_version, k.conversation_id AS waits_in, k.first_message_number
        FROM (
            SELECT id, clock_id, level, kind, planned_at, raised_at, late FROM alert
            WHERE told_at IS NULL AND acknowledged_at IS NULL AND settled_at IS NULL
            ORDER BY planned_at, id LIMIT :limit OFFSET :skip
        ) AS a LEFT JOIN clock k ON k.id = a.clock_id LEFT JOIN ticket t ON t.id = k.ticket_id
        ORDER BY a.planned_at, a.id
        """,
        {"limit": limit, "skip": skip},
    )
    waits = [(row.pop("waits_in"), row.pop("first_message_number")) for row in rows]
    return rows, [wait for row, wait in zip(rows, waits, strict=True) if row["ticket_id"] is None]
