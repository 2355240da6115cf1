"""Running clocks under the rules as they are now: shown before it is done, then done just as it was shown."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from storage.database import Transaction
from tickets import events, tickets
from tickets.clocks import forecasting, recomputations, waits
from tickets.clocks.forecasting import Forecast, Standing
from tickets.clocks.receipts import Cause
from tickets.clocks.recomputations import Applied, Recomputation
from tickets.clocks.terms import Terms
from tickets.errors import DeskError
from tickets.model import Actor, Ticket, TicketEvent
from tickets.sla import rulebook
from tickets.sla.model import Rule, RuleKind
from tickets.sla.rulebook import Rulebook

TICKETS_AT_A_TIME = 1_000
APPLIED_AT_A_TIME = 20
EVENT = "recompute"


class RulesMoved(DeskError):
    """The rules have changed since somebody looked at what they would come to; nothing was done."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was seen of some tickets: the last of them, how many, and what would change. last None: there are none."""

    last: str | None
    counted: int
    forecasts: tuple[Forecast, ...]


def begin(tx: Transaction, rule_id: str | None, by: str, now: int) -> Recomputation:
    """Ask what running clocks would come to: all, or those in which a rule has a part. Nothing is looked at yet."""
    return recomputations.add(tx, rule_id, rules_key(rulebook.in_force(tx)), by, now)


def look(tx: Transaction, asked: Recomputation, now: int, limit: int = TICKETS_AT_A_TIME) -> Found:
    """What the next tickets would come to; only reads. Raises RulesMoved."""
    book = _same_rules(tx, asked)
    standings = forecasting.standings(tx, asked.looked_to, limit)
    found = tuple(one for standing in standings for one in _of(standing, book, asked.rule_id, now))
    return Found(standings[-1].row["id"] if standings else None, len(standings), found)


def keep(tx: Transaction, asked: Recomputation, found: Found, now: int) -> Recomputation:
    """Keep what was seen; nothing if somebody else has kept it meanwhile."""
    looked_at = now if found.last is None else None
    to, counted = found.last or asked.looked_to, asked.counted + found.counted
    changed = tx.change(
        """
        UPDATE recomputation SET looked_to = :looked_to, looked_at = :looked_at, counted = :counted
        WHERE id = :id AND looked_to = :seen AND looked_at IS NULL
        """,
        {"looked_to": to, "looked_at": looked_at, "counted": counted, "id": asked.id, "seen": asked.looked_to},
    )
    if changed:
        recomputations.add_forecasts(tx, asked.id, found.forecasts, now)
    return recomputations.get(tx, asked.id)


def start_applying(tx: Transaction, asked: Recomputation, by: str, now: int) -> Recomputation:
    """Somebody has seen it all and wants it done. Raises RulesMoved."""
    _same_rules(tx, asked)
    tx.change(
        """
        UPDATE recomputation SET applied_by = :by, applied_at = :now
        WHERE id = :id AND looked_at IS NOT NULL AND applied_at IS NULL
        """,
        {"by": by, "now": now, "id": asked.id},
    )
    return recomputations.get(tx, asked.id)


def apply(tx: Transaction, asked: Recomputation, now: int, limit: int = APPLIED_AT_A_TIME) -> bool:
    """Do the next tickets, each as it was shown or not at all; True if there are more. Raises RulesMoved.

    A ticket that would come to something else by now is skipped. Whatever was done is not done again.
    """
    assert asked.applied_by is not None, "somebody wants it done"
    book = _same_rules(tx, asked)
    seen = recomputations.undone(tx, asked.id, limit)
    if not seen:
        tx.change(
            "UPDATE recomputation SET finished_at = :now WHERE id = :id AND finished_at IS NULL",
            {"now": now, "id": asked.id},
        )
        return False
    outcomes = {ticket_id: _do(tx, asked, ticket_id, before, book, now) for ticket_id, before in seen.items()}
    recomputations.keep_outcomes(tx, asked.id, outcomes)
    return True


def reckoned_without(tx: Transaction) -> dict[tuple[int, ...], int]:
    """How many running clocks were last worked out while the public holidays of some years were not known, by years."""
    rows = tx.execute(
        """
        SELECT r.unknown_years_json AS years, COUNT(*) AS clocks
        FROM clock k JOIN receipt r ON r.clock_id = k.id
        WHERE k.stopped_at IS NULL AND k.ticket_id IS NOT NULL AND r.unknown_years_json <> '[]'
            AND r.number = (SELECT MAX(number) FROM receipt WHERE clock_id = k.id)
        GROUP BY r.unknown_years_json
        """
    )
    return {tuple(json.loads(row["years"])): row["clocks"] for row in rows}


def rules_key(book: Rulebook) -> str:
    """What tells one state of the policies and calendars from another."""
    calendars = sorted((rule.id, rule.version) for rule in book.others.values() if rule.kind is RuleKind.CALENDAR)
    policies = [(rule.id, rule.version) for rule in book.policies]
    return sha256(repr((policies, calendars)).encode()).hexdigest()


def _same_rules(tx: Transaction, asked: Recomputation) -> Rulebook:
    book = rulebook.in_force(tx)
    if rules_key(book) != asked.rules_key:
        raise RulesMoved(asked.id)
    return book


def _of(standing: Standing, book: Rulebook, rule_id: str | None, now: int) -> list[Forecast]:
    found = forecasting.foresee(standing, book, now)
    if rule_id is None or any(forecasting.touches(one, standing, rule_id) for one in found):
        return found
    return []


def _do(
    tx: Transaction, asked: Recomputation, ticket_id: str, before: Sequence[Forecast], book: Rulebook, now: int
) -> Applied:
    """What became of one ticket: it is done if it would still come to what was shown."""
    standing = forecasting.standing_of(tx, ticket_id)
    if standing is None or not _same(before, _of(standing, book, asked.rule_id, now)):
        return Applied.SKIPPED
    assert asked.applied_by is not None, "somebody wants it done"
    ticket = tickets.by_number(tx, standing.row["number"])
    rule = next(one for one in book.policies if one.id == before[0].policy_id)
    pinned = replace(ticket, policy_id=rule.id, policy_version=rule.version, policy_at=now)
    tickets.keep_policy(tx, pinned)
    waits.recompute(tx, pinned, Terms(rule, now, book), Cause.RECOMPUTED, now, asked.applied_by)
    events.record(tx, ticket.id, [_event(ticket, asked, rule, now)])
    return Applied.DONE


def _event(ticket: Ticket, asked: Recomputation, rule: Rule, now: int) -> TicketEvent:
    detail = {"policy": rule.name, "version": rule.version, "recomputation": asked.id}
    return TicketEvent(Actor("agent", asked.applied_by), EVENT, ticket.status, ticket.status, now, detail)


def _same(before: Sequence[Forecast], after: Sequence[Forecast]) -> bool:
    """Whether a ticket would come to what was shown. What was alarmed meanwhile changes nothing of that."""
    return _by_clock(before) == _by_clock(after)


def _by_clock(forecasts: Sequence[Forecast]) -> dict[str, Forecast]:
    return {one.clock_id: replace(one, alarmed=False) for one in forecasts}
