"""Alerts that reach nobody go on by other ways and to other people, and when nothing works everybody hears of it."""

import pytest

from storage.database import Transaction
from storage.sqlite import SQLiteDatabase
from tests import rules
from tests.alerting.conftest import OpenOffice
from tests.alerting.office import Office, Peer
from tests.fakes import Clock
from tests.tickets.cast import HOUR, MINUTE, MORNING, SECOND, CountingTransaction, ServiceDesk
from tickets.alerts import Addressing, Failure
from tickets.escalation import outages
from tickets.escalation.acknowledging import acknowledge
from tickets.escalation.rescuing import rescue
from tickets.model import Role
from tickets.sla.model import Chain, Level

DUE = MORNING + 12 * HOUR
ROBOT, SMS, PAGES = Addressing.EVERYONE, Addressing.PHONE, Addressing.AGENT
SWEEP = 5 * SECOND


def chain(*levels: Level, warning: Level | None = None) -> Chain:
    return rules.chain(levels, warning=warning)


TWO = chain(
    Level("agents", 0, ("assignee",), ("robot",), ("mail",)),
    Level("leads", 30 * MINUTE, ("role:supervisor",), ("mail", "robot")),
)


@pytest.fixture
async def shop(database: SQLiteDatabase) -> ServiceDesk:
    return ServiceDesk(database)


async def overdue(shop: ServiceDesk, clock: Clock, own: Chain, customers: int = 1) -> None:
    """Customers who have waited for twelve hours, an agent and a lead."""
    await shop.database.write(rules.seed, MORNING, own=own)
    await shop.hire("zhou", email="zhou@example.com")
    await shop.hire("chen", Role.SUPERVISOR, email="chen@example.com")
    for number in range(customers):
        await shop.ticket_from("转人工", MORNING, f"visitor-{number}")
    clock.now = DUE


async def go_on(office: Office, ms: int) -> list[tuple[int, str, int]]:
    """Sweep and deliver for so long; when, by which way and of what level anybody was told, in seconds since DUE."""
    for _ in range(0, ms, SWEEP):
        while await office.sweep():
            await office.deliver()
        for _ in range(0, SWEEP, SECOND):
            office.clock.advance(SECOND)
            await office.deliver()
    return sorted(
        {
            ((at - DUE) // SECOND, peer.name, max((int(fact["level"]) for fact in notice.facts), default=0))
            for peer in office.peers
            for at, notice in peer.attempts
            if notice in peer.took
        }
    )


async def test_a_way_that_works_leaves_the_chain_as_it_was_planned(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock
) -> None:
    await overdue(shop, clock, TWO)
    office = await open_office(Peer("robot", ROBOT), Peer("mail"))
    assert await go_on(office, 31 * MINUTE) == [(0, "robot", 1), (1800, "mail", 2), (1800, "robot", 2)]


async def test_a_way_that_does_not_answer_is_replaced_within_a_minute(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock
) -> None:
    await overdue(shop, clock, TWO)
    office = await open_office(robot := Peer("robot", ROBOT, lasting=True), Peer("mail"))
    robot.fail(Failure.RETRY)
    ((at, way, level),) = await go_on(office, 2 * MINUTE)
    print(f"\nthe other way had it {at} s after the due time")
    assert (way, level) == ("mail", 1)
    assert at <= 60


async def test_a_way_that_hangs_is_replaced_within_a_minute(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock
) -> None:
    await overdue(shop, clock, TWO)
    office = await open_office(Peer("robot", ROBOT, hangs=True), Peer("mail"))
    ((at, way, _),) = await go_on(office, 2 * MINUTE)
    assert way == "mail"
    assert at <= 60


@pytest.mark.parametrize("failure", [Failure.PERMANENT, Failure.CLOSED])
async def test_a_way_that_failed_for_good_is_replaced_at_once(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock, failure: Failure
) -> None:
    await overdue(shop, clock, TWO)
    office = await open_office(robot := Peer("robot", ROBOT, lasting=True), Peer("mail"))
    robot.fail(failure)
    assert (await go_on(office, 10 * SECOND))[0] == (0, "mail", 1)


async def test_when_the_other_way_fails_too_the_next_level_does_not_wait(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock
) -> None:
    own = chain(
        Level("agents", 0, ("assignee",), ("robot",), ("mail",)),
        Level("leads", 30 * MINUTE, ("boss@example.com",), ("post",)),
    )
    await overdue(shop, clock, own)
    robot, mail = Peer("robot", ROBOT, lasting=True), Peer("mail", lasting=True)
    office = await open_office(robot, mail, Peer("post"))
    robot.fail(Failure.RETRY)
    mail.fail(Failure.RETRY)
    ((at, way, level),) = await go_on(office, 3 * MINUTE)
    assert (way, level) == ("post", 2)
    assert at <= 100


async def test_without_another_way_the_next_level_comes_within_a_minute_and_is_told_once(
    shop: ServiceDesk, open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    own = chain(
        Level("agents", 0, ("assignee",), ("robot",)), Level("leads", 30 * MINUTE, ("boss@example.com",), ("mail",))
    )
    await overdue(shop, clock, own)
    office = await open_office(robot := Peer("robot", ROBOT, lasting=True), Peer("mail"))
    robot.fail(Failure.RETRY)
    ((at, way, level),) = await go_on(office, 40 * MINUTE)
    assert (way, level) == ("mail", 2)
    assert at <= 60
    assert await database.read(outages.unreached_alerts, clock()) == (0, None), "somebody knows of this customer"


async def test_people_without_an_address_for_the_way_are_passed_over_at_once(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock
) -> None:
    own = chain(Level("agents", 0, ("assignee",), ("sms",)), Level("leads", HOUR, ("boss@example.com",), ("mail",)))
    await overdue(shop, clock, own)
    office = await open_office(Peer("sms", SMS), Peer("mail"))
    assert await go_on(office, 10 * SECOND) == [(0, "mail", 2)]


async def test_the_last_level_is_not_raised_again_before_its_time(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock
) -> None:
    await overdue(shop, clock, TWO)
    office = await open_office(robot := Peer("robot", ROBOT, lasting=True), mail := Peer("mail", lasting=True))
    robot.fail(Failure.RETRY)
    mail.fail(Failure.RETRY)
    await go_on(office, 30 * MINUTE)
    levels = await office.rows("SELECT level FROM alert ORDER BY level")
    assert [row["level"] for row in levels] == [1, 2]


async def test_a_warning_that_reaches_nobody_never_makes_a_breach_early(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock
) -> None:
    own = chain(*TWO.levels, warning=Level("warning", 0, ("assignee",), ("robot",)))
    await shop.database.write(rules.seed, MORNING, 12 * HOUR, 75, own)
    await shop.hire("zhou", email="zhou@example.com")
    await shop.ticket_from("转人工", MORNING)
    clock.now = MORNING + 9 * HOUR
    office = await open_office(robot := Peer("robot", ROBOT, lasting=True))
    robot.fail(Failure.RETRY)
    await go_on(office, 5 * MINUTE)
    assert await office.rows("SELECT kind FROM alert") == [{"kind": "warning"}]


async def test_an_open_page_of_the_console_is_no_proof_that_somebody_looks(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock
) -> None:
    own = chain(
        Level("agents", 0, ("assignee",), ("console", "robot")),
        Level("leads", HOUR, ("boss@example.com",), ("mail",)),
    )
    await overdue(shop, clock, own)
    office = await open_office(Peer("console", PAGES), robot := Peer("robot", ROBOT), Peer("mail"))
    robot.fail(Failure.CLOSED)
    assert [way for _, way, _ in await go_on(office, 10 * SECOND)] == ["console", "mail"]


@pytest.mark.parametrize("outside", [True, False])
async def test_a_level_for_the_console_alone_has_arrived_there(
    shop: ServiceDesk, open_office: OpenOffice, database: SQLiteDatabase, clock: Clock, outside: bool
) -> None:
    """So has every level of a desk without a way outside."""
    first = Level("agents", 0, ("assignee",), ("console",) if outside else ("console", "mail"))
    await overdue(shop, clock, chain(first, Level("leads", HOUR, ("boss@example.com",), ("mail",))))
    pages = Peer("console", PAGES, lasting=True)
    pages.fail(Failure.ABSENT, code="no_page")
    office = await open_office(pages, *([Peer("mail")] if outside else []))
    assert await go_on(office, 5 * MINUTE) == []
    assert await office.rows("SELECT level, delivered_at FROM alert") == [{"level": 1, "delivered_at": DUE}]
    assert await database.read(outages.look, office.ways, clock()) == outages.Outage(closed=[], spent=[])


async def test_what_is_acknowledged_is_not_rescued(
    shop: ServiceDesk, open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    await overdue(shop, clock, TWO)
    zhou = await shop.hire("wu")
    office = await open_office(robot := Peer("robot", ROBOT, lasting=True), mail := Peer("mail"))
    robot.fail(Failure.RETRY)
    await go_on(office, 5 * SECOND)
    (ticket,) = await office.rows("SELECT number FROM ticket")
    await database.write(acknowledge, ticket["number"], zhou, clock())
    await go_on(office, 2 * MINUTE)
    assert mail.attempts == []
    assert await office.states() == ["withdrawn"]


async def test_when_nothing_works_it_is_known_within_two_minutes(
    shop: ServiceDesk, open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    await overdue(shop, clock, TWO, customers=3)
    office = await open_office(robot := Peer("robot", ROBOT, lasting=True), mail := Peer("mail", lasting=True))
    robot.fail(Failure.CLOSED)
    mail.fail(Failure.RETRY)
    await go_on(office, 115 * SECOND)
    assert not (await database.read(outages.look, office.ways, clock())).all_down
    await go_on(office, 10 * SECOND)
    outage = await database.read(outages.look, office.ways, clock())
    assert (outage.unreached, outage.since, outage.all_down) == (3, DUE, True)
    mail.troubles, mail.lasting = [], False
    await go_on(office, 6 * MINUTE)
    outage = await database.read(outages.look, office.ways, clock())
    assert (outage.unreached, outage.all_down) == (0, False)


async def test_it_costs_one_statement_when_all_is_well(
    shop: ServiceDesk, database: SQLiteDatabase, clock: Clock
) -> None:
    await overdue(shop, clock, TWO)

    def counted(tx: Transaction) -> int:
        counting = CountingTransaction(tx)
        rescue(counting, clock(), rules.RULES, rules.WAYS)
        return counting.statements

    assert await database.write(counted) == 1
