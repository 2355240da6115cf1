"""Whatever happens at the desk, in whatever order: no wait is forgotten, and no sweep stands still."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from storage.database import Row, Transaction
from storage.sqlite import SQLiteDatabase
from tests import rules
from tests.tickets.cast import HOUR, MINUTE, MORNING, ServiceDesk
from tests.tickets.scenarios import Scene, at_the_desk
from tickets import desk, tickets
from tickets.clocks import recomputing, rows, terms, waits
from tickets.clocks.receipts import Cause
from tickets.errors import DeskError
from tickets.escalation.acknowledging import acknowledge
from tickets.escalation.rescuing import rescue
from tickets.escalation.sweeping import sweep
from tickets.escalation.telling import tell
from tickets.model import Metric, Status, Ticket
from tickets.sla import rulebook
from tickets.sla.model import Budget, Chain, Level, Policy, Warning

# What happens often, because it is what goes wrong together, and what ends a wait.
OFTEN = (
    *("sweep", "sweep", "sweep", "acknowledge", "acknowledge", "tell", "reform", "reform", "recompute", "rescue"),
    *(
        "customer",
        "customer mail",
        "hand over",
        "hand over mail",
        "hold",
        "resume",
        "category 维修",
        "category 其他",
        "merge mail",
    ),
    *("class vip", "class plain", "priority urgent", "priority normal", "reopen", "reopen in mail"),
)
SELDOM = (
    *("bot answers", "not solved", "danger", "reply", "reply in mail", "take over", "hand back", "hold in mail"),
    *("resume in mail", "resolve", "resolve in mail", "team 夜班", "split 1"),
)
BEGINNING = ("reform",) * 6 + ("customer", "hand over", "customer mail", "hand over mail")
WARNINGS = (Warning(share=25), Warning(share=50), Warning(share=80), Warning(lead_ms=5 * MINUTE))
# A clock that runs and has no next step, or one that was raised and told long since, and no acknowledgement rests it.
FORGOTTEN = """
    SELECT k.id, k.metric, k.next_level FROM clock k
    WHERE k.stopped_at IS NULL AND k.paused_at IS NULL AND (
            k.next_alert_at IS NULL OR EXISTS (
                SELECT 1 FROM alert a
                WHERE a.clock_id = k.id AND a.level >= k.next_level
                    AND (a.level > k.next_level OR a.told_at IS NOT NULL OR a.settled_at IS NOT NULL)
            )
        )
        AND NOT EXISTS (
            SELECT 1 FROM acknowledgement b WHERE b.clock_id = k.id AND b.until IS NULL
                AND b.at >= (SELECT MAX(a.raised_at) FROM alert a WHERE a.clock_id = k.id)
        )
"""
OPEN_FOR_NOBODY = """
    SELECT a.id FROM alert a JOIN clock k ON k.id = a.clock_id
    WHERE k.stopped_at IS NOT NULL AND a.settled_at IS NULL AND a.acknowledged_at IS NULL
"""
STANDS_STILL = """
    SELECT k.id FROM clock k JOIN ticket t ON t.id = k.ticket_id
    WHERE k.stopped_at IS NULL AND (
        t.status IN ('resolved', 'closed')
        OR k.paused_at IS NOT NULL AND t.status NOT IN ('pending', 'on_hold')
    )
"""


def some_budget(dice: random.Random) -> Budget:
    pauses = dice.choice(((), (Status.ON_HOLD,), (Status.PENDING, Status.ON_HOLD)))
    warnings = tuple(dice.sample(WARNINGS, dice.randrange(len(WARNINGS) + 1)))
    return Budget(dice.choice((1, 2, 4)) * HOUR, warnings=warnings, pauses=pauses)


def some_chain(dice: random.Random) -> Chain:
    levels = tuple(
        Level(f"level {number}", dice.choice((0, 30)) * MINUTE, (dice.choice(("assignee", "team_lead")),), ("mail",))
        for number in range(dice.randrange(1, 4))
    )
    return Chain(levels, dice.choice((None, levels[0])), HOUR, dice.choice((None, 2 * HOUR)), 24 * HOUR)


def reform(scene: Scene, dice: random.Random) -> None:
    """Somebody edits a policy or its chain."""
    rule = dice.choice(rulebook.in_force(scene.tx).policies)
    assert isinstance(rule.definition, Policy)
    if dice.random() < 0.3:
        chain = rulebook.get_rule(scene.tx, rule.definition.chain_id)
        rulebook.revise(scene.tx, chain.id, chain.version, chain.name, some_chain(dice), "zhou", scene.now)
        return
    resolution = dice.choice((None, replace(some_budget(dice), length_ms=24 * HOUR)))
    promised = replace(
        rule.definition, first_response=some_budget(dice), next_response=some_budget(dice), resolution=resolution
    )
    rulebook.revise(scene.tx, rule.id, rule.version, rule.name, promised, "zhou", scene.now)


def take_notice(scene: Scene, dice: random.Random) -> None:
    snooze = dice.choice((None, None, HOUR))
    number = scene.number(dice.choice(sorted(scene.tickets)))
    acknowledge(scene.tx, number, scene.staff["wu"], scene.now, snooze, "在等配件" if snooze else "")


def bring_to_running(scene: Scene) -> None:
    """An administrator brings what the rules say by now to the clocks that run."""
    tx, now = scene.tx, scene.now
    asked = recomputing.begin(tx, None, "zhou", now)
    while asked.looked_at is None:
        asked = recomputing.keep(tx, asked, recomputing.look(tx, asked, now), now)
    asked = recomputing.start_applying(tx, asked, "zhou", now)
    while recomputing.apply(tx, asked, now):
        pass
    skipped = tx.execute(
        "SELECT ticket_id FROM recomputed_clock WHERE recomputation_id = :id AND outcome = 'skipped'", {"id": asked.id}
    )
    assert skipped == [], "nothing has changed since it was shown"


def do_something(scene: Scene, dice: random.Random, verb: str) -> None:
    """One thing that happens at the desk or in the server."""
    acts: dict[str, Callable[[], object]] = {
        "reform": lambda: reform(scene, dice),
        "recompute": lambda: bring_to_running(scene),
        "acknowledge": lambda: take_notice(scene, dice),
        "sweep": lambda: sweep(scene.tx, scene.now, MINUTE),
        "tell": lambda: tell(scene.tx, scene.now, rules.RULES, rules.WAYS),
        "rescue": lambda: rescue(scene.tx, scene.now, rules.RULES, rules.WAYS),
    }
    acts.get(verb, lambda: scene.play(verb))()


def tried(scene: Scene, dice: random.Random, verb: str) -> str:
    """The same, undone as a whole if it is refused, as a transaction would be; what was done."""
    scene.tx.execute("SAVEPOINT act")
    try:
        do_something(scene, dice, verb)
    except (DeskError, KeyError, IndexError) as error:
        if isinstance(error, LookupError) and scene.tickets.keys() >= {"chat", "mail", "split"}:
            raise
        scene.tx.execute("ROLLBACK TO act")
        return "-"
    return verb


def require_watched(tx: Transaction, done: list[str]) -> None:
    for wrong in (FORGOTTEN, OPEN_FOR_NOBODY, STANDS_STILL):
        found: list[Row] = tx.execute(wrong)
        assert found == [], f"after {done}"


def require_swept(scene: Scene, done: list[str]) -> None:
    """The server comes to an end with what is due, and each promise that is broken was raised."""
    for _ in range(50):
        sweep(scene.tx, scene.now, MINUTE)
        tell(scene.tx, scene.now, rules.RULES, rules.WAYS)
        if not scene.tx.execute("SELECT 1 AS due FROM clock WHERE next_alert_at <= :now", {"now": scene.now}):
            return
    raise AssertionError(f"the sweep never ends after {done}")


@pytest.mark.parametrize("number", range(3))
async def test_no_wait_is_forgotten_whatever_happens_at_the_desk(
    database: SQLiteDatabase, pytestconfig: pytest.Config, number: int
) -> None:
    def played(scene: Scene, day: int) -> None:
        dice = random.Random(f"{pytestconfig.getoption('seed')}-{number}-{day}")
        done: list[str] = []
        verbs = (*BEGINNING, *(dice.choice(OFTEN if dice.random() < 0.75 else SELDOM) for _ in range(50)))
        for verb in verbs:
            scene.now += dice.choice((0, 0, 0, 1, 10, 30)) * MINUTE
            done.append(tried(scene, dice, verb))
            require_watched(scene.tx, done)
        require_swept(scene, done)
        require_watched(scene.tx, done)
        scene.tx.execute("ROLLBACK TO days")

    def all_desks(scene: Scene) -> None:
        scene.tx.execute("SAVEPOINT days")
        said = dict(scene.conversations)
        for day in range(pytestconfig.getoption("desks") // 3):
            played(scene, day)
            scene.conversations, scene.tickets = dict(said), {}

    await at_the_desk(database, "Mon 09:00 customer", all_desks)


def promise(
    tx: Transaction, ticket: Ticket | None, warnings: tuple[Warning, ...], now: int, length_ms: int = 12 * HOUR
) -> None:
    """Everybody, and this ticket, gets so long with these warnings from now on."""
    rule = rulebook.in_force(tx).policies[-1]
    assert isinstance(rule.definition, Policy)
    budget = Budget(length_ms, warnings=warnings)
    promised = replace(rule.definition, first_response=budget, next_response=budget)
    rulebook.revise(tx, rule.id, rule.version, rule.name, promised, "zhou", now)
    if ticket is not None:
        newest = terms.choose_for(tx, terms.facts_of_ticket(tx, ticket), now)
        waits.recompute(tx, ticket, newest, Cause.CHANGED, now, None)


async def raised(shop: ServiceDesk, at: int) -> list[int]:
    return [one.level for one in await shop.database.write(rules.sweep_and_tell, at)]


async def test_a_warning_that_is_acknowledged_before_anybody_was_told_does_not_silence_the_breach(
    shop: ServiceDesk,
) -> None:
    zhou = await shop.hire("zhou")
    await shop.database.write(promise, None, WARNINGS[1:2], MORNING)
    ticket = await shop.ticket_from("转人工", MORNING)
    assert await shop.database.write(sweep, MORNING + 6 * HOUR, MINUTE) == 1
    assert await shop.database.write(acknowledge, ticket.number, zhou, MORNING + 6 * HOUR) == 1
    assert await raised(shop, MORNING + 6 * HOUR) == []
    assert await raised(shop, MORNING + 12 * HOUR) == [1]


async def test_people_are_told_of_a_warning_that_the_policy_knows_no_more(shop: ServiceDesk) -> None:
    await shop.database.write(promise, None, WARNINGS, MORNING)
    ticket = await shop.ticket_from("转人工", MORNING)
    assert await shop.database.write(sweep, MORNING + 3 * HOUR, MINUTE) == 1
    await shop.database.write(promise, ticket, (), MORNING + 3 * HOUR)
    assert await raised(shop, MORNING + 3 * HOUR) == [-3]
    assert await raised(shop, MORNING + 12 * HOUR) == [1]


async def test_an_alert_that_reached_nobody_brings_nothing_forward_of_a_promise_that_lies_ahead_again(
    shop: ServiceDesk,
) -> None:
    ticket = await shop.ticket_from("转人工", MORNING)
    assert await raised(shop, MORNING + 12 * HOUR) == [1]
    await shop.database.write(promise, ticket, (), MORNING + 12 * HOUR, 24 * HOUR)
    later = MORNING + 12 * HOUR + MINUTE
    rescued = await shop.database.write(rescue, later, rules.RULES, rules.WAYS)
    assert [one.level for one in rescued.advanced] == [1]
    assert await raised(shop, later) == []
    assert await raised(shop, MORNING + 24 * HOUR) == [2]


async def test_no_level_is_raised_twice_when_warnings_go_and_come_again(shop: ServiceDesk) -> None:
    await shop.database.write(promise, None, WARNINGS[:1], MORNING)
    ticket = await shop.ticket_from("转人工", MORNING)
    assert await raised(shop, MORNING + 3 * HOUR) == [0]
    await shop.database.write(promise, ticket, (), MORNING + 4 * HOUR)
    await shop.database.write(promise, ticket, WARNINGS[1:3], MORNING + 5 * HOUR)
    assert await raised(shop, MORNING + 11 * HOUR) == []
    assert await raised(shop, MORNING + 12 * HOUR) == [1]


async def test_a_wait_that_began_while_the_ticket_was_done_is_the_reopened_ticket_s(shop: ServiceDesk) -> None:
    zhou = await shop.hire("zhou")
    ticket = await shop.ticket_from("转人工", MORNING)
    ticket = await shop.database.write(desk.resolve, ticket.number, zhou, ticket.version, MORNING + HOUR)
    await shop.customer_says("还有一件事", MORNING + 2 * HOUR)
    await shop.database.write(desk.reopen, ticket.number, zhou, ticket.version, MORNING + 3 * HOUR)
    assert await raised(shop, MORNING + 14 * HOUR) == [1]
    assert await shop.database.write(acknowledge, ticket.number, zhou, MORNING + 14 * HOUR) == 1
    assert await raised(shop, MORNING + 99 * HOUR) == []


async def test_a_wait_that_stood_still_goes_on_in_the_ticket_that_was_split_off(database: SQLiteDatabase) -> None:
    def then(scene: Scene) -> None:
        assert "mail first_response stands still" in scene.clocks()
        scene.go_on("Mon 11:00 split 1")
        (moved,) = [one for one in scene.clocks() if one.startswith("split first_response")]
        assert not moved.endswith("stands still")
        require_watched(scene.tx, ["split"])

    happened = (
        "Mon 09:00 customer mail; 09:01 hand over mail; 09:02 category 维修 in mail; 09:10 customer mail; "
        "10:00 hold in mail"
    )
    await at_the_desk(database, happened, then)


async def test_after_a_merger_the_solution_that_was_promised_first_goes_on_when_the_ticket_is_reopened(
    database: SQLiteDatabase,
) -> None:
    def then(scene: Scene) -> None:
        ticket = scene.ticket("chat")
        running = [one for one in rows.running_of_ticket(scene.tx, ticket.id) if one.metric is Metric.RESOLUTION]
        assert len(running) == 1
        scene.go_on("Tue 10:00 resolve; 11:00 reopen")
        again = [one for one in rows.running_of_ticket(scene.tx, ticket.id) if one.metric is Metric.RESOLUTION]
        assert [one.id for one in again] == [one.id for one in running]
        assert tickets.by_number(scene.tx, ticket.number).status is Status.OPEN

    happened = (
        "Mon 08:00 customer mail; 08:01 hand over mail; 08:02 category 维修 in mail; "
        "09:00 customer; 09:01 hand over; 09:02 category 维修; 10:00 merge mail"
    )
    await at_the_desk(database, happened, then)
