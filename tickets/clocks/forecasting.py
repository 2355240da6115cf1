"""What tickets' clocks would come to under the rules in force, without changing anything."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from storage.database import Row, Transaction
from tickets.business_time import Pause
from tickets.clocks import rows
from tickets.clocks.reckoning import last_resolution
from tickets.clocks.terms import facts_from
from tickets.model import Clock, Metric, Status
from tickets.sla import choice, dues
from tickets.sla.model import Budget, Policy, Rule
from tickets.sla.rulebook import Rulebook

# Sorts after every identifier.
BEHIND_ALL = "~"


class Effect(StrEnum):
    """What would become of a clock. PAUSED: it stands still afterwards. LATER: no clock runs, so the ticket's next wait
    is the first that the new rules count for."""

    EARLIER = "earlier"
    DEFERRED = "deferred"
    SAME = "same"
    PAUSED = "paused"
    RESUMED = "resumed"
    BEGINS = "begins"
    ENDS = "ends"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would become of one clock of a ticket; see the table recomputed_clock."""

    ticket_id: str
    clock_id: str
    metric: str
    effect: Effect
    old_due_at: int | None
    new_due_at: int | None
    alarmed: bool
    policy_id: str
    policy_version: int
    calendar_id: str | None
    calendar_version: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A live ticket with what its clocks are worked out from."""

    row: Row
    clocks: Sequence[Clock]
    pauses: Mapping[str, Sequence[Pause]]


def standings(tx: Transaction, after: str, limit: int, until: str = BEHIND_ALL) -> list[Standing]:
    """The next live tickets by id, as far as until, with their clocks and pauses."""
    tickets = _tickets(tx, after, until, limit)
    if not tickets:
        return []
    last = tickets[-1]["id"]
    clocks = _clocks(tx, after, last)
    pauses = _pauses(tx, after, last)
    return [Standing(row, clocks[row["id"]], pauses) for row in tickets]


def standing_of(tx: Transaction, ticket_id: str) -> Standing | None:
    """One ticket with its clocks and pauses; None if it is not live any more."""
    # What is cut short sorts before the whole, and nearly nothing lies between the two.
    near = standings(tx, ticket_id[:-1], 16, ticket_id)
    return next((one for one in near if one.row["id"] == ticket_id), None)


def foresee(standing: Standing, book: Rulebook, now: int) -> list[Forecast]:
    """What would change of a ticket's clocks; nothing if all of it stays as it is. Just what waits.recompute does."""
    rule = choice.choose(book.policies, facts_from(standing.row))
    found = list(_found(standing, rule, book, now))
    if any(_differs(forecast, clock) for forecast, clock in found):
        return [forecast for forecast, _ in found]
    pinned = (standing.row["policy_id"], standing.row["policy_version"])
    if pinned == (rule.id, rule.version):
        return []
    if found:
        return [forecast for forecast, _ in found]
    forecast = Forecast(standing.row["id"], "", "", Effect.LATER, None, None, False, rule.id, rule.version, None, None)
    return [forecast]


def touches(forecast: Forecast, standing: Standing, rule_id: str) -> bool:
    """Whether a rule has a part in what would change."""
    before = {standing.row["policy_id"]}
    before |= {one for clock in standing.clocks for one in (clock.policy_id, clock.calendar_id)}
    return rule_id in before | {forecast.policy_id, forecast.calendar_id}


def _found(standing: Standing, rule: Rule, book: Rulebook, now: int) -> Iterator[tuple[Forecast, Clock | None]]:
    running = [clock for clock in standing.clocks if clock.stopped_at is None]
    for clock in running:
        yield _run_on(clock, standing, rule, book, now), clock
    if not any(clock.metric is Metric.RESOLUTION for clock in running):
        begun = _begun(standing, rule, book, now)
        if begun is not None:
            yield begun, None


def _run_on(clock: Clock, standing: Standing, rule: Rule, book: Rulebook, now: int) -> Forecast:
    """A clock that runs or stands still, under other terms."""
    policy = _policy(rule)
    budget = policy.budget(clock.metric)
    if budget is None:
        return _forecast(clock, Effect.ENDS, clock.due_at, None, rule, None, book)
    due_at = _due(clock, budget, standing, book, now)
    stands = standing.row["status"] in budget.pauses
    if clock.paused_at is not None:
        return _forecast(clock, Effect.PAUSED if stands else Effect.RESUMED, clock.due_at, None, rule, budget, book)
    effect = Effect.PAUSED if stands else _compared(clock.due_at, due_at)
    return _forecast(clock, effect, clock.due_at, due_at, rule, budget, book)


def _begun(standing: Standing, rule: Rule, book: Rulebook, now: int) -> Forecast | None:
    """The clock of a solution that is promised from now on, from the start of the ticket's first wait."""
    budget = _policy(rule).resolution
    ended = last_resolution(standing.clocks)
    first = ended or next((clock for clock in standing.clocks if clock.metric is not Metric.RESOLUTION), None)
    if budget is None or first is None:
        return None
    clock = replace(first, id=first.id if ended else "", metric=Metric.RESOLUTION)
    due_at = _due(clock, budget, standing, book, now)
    return _forecast(clock, Effect.BEGINS, None, due_at, rule, budget, book)


def _due(clock: Clock, budget: Budget, standing: Standing, book: Rulebook, now: int) -> int:
    pauses = standing.pauses.get(clock.id, ())
    return dues.due(clock.started_at, budget, book.calendar(budget.calendar_id), pauses, now).due_at


def _forecast(
    clock: Clock, effect: Effect, old: int | None, new: int | None, rule: Rule, budget: Budget | None, book: Rulebook
) -> Forecast:
    assert clock.ticket_id is not None, "clocks are foreseen of tickets"
    calendar_id = budget.calendar_id if budget is not None else None
    return Forecast(
        ticket_id=clock.ticket_id,
        clock_id=clock.id,
        metric=clock.metric,
        effect=effect,
        old_due_at=old,
        new_due_at=new,
        alarmed=old is not None and clock.next_level > 1,
        policy_id=rule.id,
        policy_version=rule.version,
        calendar_id=calendar_id,
        calendar_version=book.others[calendar_id].version if calendar_id is not None else None,
    )


def _differs(forecast: Forecast, clock: Clock | None) -> bool:
    """Whether anything of the clock would not be as it is."""
    if clock is None or forecast.effect in (Effect.ENDS, Effect.RESUMED):
        return True
    before = (clock.policy_id, clock.policy_version, clock.calendar_id, clock.calendar_version)
    after = (forecast.policy_id, forecast.policy_version, forecast.calendar_id, forecast.calendar_version)
    moved = forecast.new_due_at is not None and forecast.new_due_at != clock.due_at
    return before != after or moved or (forecast.effect is Effect.PAUSED) != (clock.paused_at is not None)


def _compared(old: int, new: int) -> Effect:
    if new == old:
        return Effect.SAME
    return Effect.EARLIER if new < old else Effect.DEFERRED


def _policy(rule: Rule) -> Policy:
    assert isinstance(rule.definition, Policy), f"rule {rule.id} is not a policy"
    return rule.definition


# Told by what they are not, so that no engine looks through all live tickets for the few between two ids.
def _tickets(tx: Transaction, after: str, until: str, limit: int) -> list[Row]:
    found = tx.execute(
        """
        SELECT t.id, t.number, t.status, t.priority, t.category, t.team_id, t.policy_id, t.policy_version, v.channel,
            c.value_class, c.attributes_json
        FROM ticket t JOIN conversation v ON v.id = t.conversation_id JOIN contact c ON c.id = t.contact_id
        WHERE t.id > :after AND t.id <= :until AND t.status NOT IN ('resolved', 'closed')
        ORDER BY t.id LIMIT :limit
        """,
        {"after": after, "until": until, "limit": limit},
    )
    return [{**row, "status": Status(row["status"])} for row in found]


def _clocks(tx: Transaction, after: str, last: str) -> Mapping[str, list[Clock]]:
    found = tx.execute(
        """
        SELECT k.id, k.conversation_id, k.ticket_id, k.metric, k.first_message_number, k.needs_person, k.policy_id,
            k.policy_version, k.calendar_id, k.calendar_version, k.started_at, k.budget_ms, k.due_at, k.paused_at,
            k.plan_json, k.next_alert_at, k.next_level, k.promised_at, k.stopped_at, k.stop_reason
        FROM ticket t JOIN clock k ON k.ticket_id = t.id
        WHERE t.id > :after AND t.id <= :last AND t.status NOT IN ('resolved', 'closed')
        ORDER BY k.started_at, k.id
        """,
        {"after": after, "last": last},
    )
    clocks: dict[str, list[Clock]] = defaultdict(list)
    for row in found:
        clocks[row["ticket_id"]].append(rows.clock_from(row))
    return clocks


def _pauses(tx: Transaction, after: str, last: str) -> Mapping[str, list[Pause]]:
    found = tx.execute(
        """
        SELECT p.clock_id, p.started_at, p.ended_at, p.reason
        FROM ticket t JOIN clock k ON k.ticket_id = t.id JOIN pause p ON p.clock_id = k.id
        WHERE t.id > :after AND t.id <= :last AND t.status NOT IN ('resolved', 'closed')
        ORDER BY p.clock_id, p.number
        """,
        {"after": after, "last": last},
    )
    pauses: dict[str, list[Pause]] = defaultdict(list)
    for row in found:
        pauses[row["clock_id"]].append(Pause(row["started_at"], row["ended_at"], row["reason"]))
    return pauses
