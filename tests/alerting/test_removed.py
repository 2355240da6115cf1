"""What waits for ways that were removed from the settings ends, and its alerts reach people otherwise."""

from typing import Any

import pytest

from bot.commands import COMMANDS, CommandRefused
from storage import outbox
from storage.sqlite import SQLiteDatabase
from tests.alerting.conftest import OpenOffice
from tests.alerting.office import Office, Peer
from tests.alerting.test_broken import watch
from tests.alerting.test_rescuing import DUE, TWO, chain, go_on, overdue
from tests.conftest import StartServer
from tests.fakes import Clock, eventually
from tests.tickets.cast import HOUR, MINUTE, SECOND, CountingTransaction, ServiceDesk
from tickets.alerts import Addressing, Failure
from tickets.escalation import notices, results
from tickets.escalation.notices import Addressee, Purpose
from tickets.escalation.people import Person
from tickets.escalation.removed import end_removed
from tickets.sla.model import Level

ROBOT = Addressing.EVERYONE


@pytest.fixture
async def shop(database: SQLiteDatabase) -> ServiceDesk:
    return ServiceDesk(database)


async def told_by_robot(office: Office, robot: Peer) -> None:
    """The alert waits for a robot that is in trouble."""
    robot.lasting = True
    robot.fail(Failure.RETRY, code="busy")
    await office.sweep()
    await office.deliver()
    assert await office.states() == ["queued"]


async def told_of(office: Office) -> list[dict[str, Any]]:
    rows = await office.rows("SELECT transport, state, code, error, finished_at FROM notice ORDER BY id")
    return [dict(row) for row in rows]


async def test_the_alert_goes_by_the_levels_other_way_at_once_and_the_message_has_failed(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock
) -> None:
    await overdue(shop, clock, TWO)
    office = await open_office(robot := Peer("robot", ROBOT), mail := Peer("mail"))
    await told_by_robot(office, robot)
    await office.start_again(mail)
    assert await go_on(office, 5 * SECOND) == [(0, "mail", 1)]
    first, *others = await told_of(office)
    assert first == {
        "transport": "robot", "state": "failed", "code": "way_removed",
        "error": "this way is no longer in the settings", "finished_at": DUE,
    }  # fmt: skip
    assert {(one["transport"], one["state"]) for one in others} == {("mail", "sent")}


async def test_without_another_way_the_next_level_does_not_wait(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock
) -> None:
    own = chain(Level("agents", 0, ("assignee",), ("robot",)), Level("leads", HOUR, ("boss@example.com",), ("mail",)))
    await overdue(shop, clock, own)
    office = await open_office(robot := Peer("robot", ROBOT), mail := Peer("mail"))
    await told_by_robot(office, robot)
    await office.start_again(mail)
    assert await go_on(office, 5 * SECOND) == [(0, "mail", 2)]


async def test_when_the_other_way_was_removed_as_well_the_next_level_does_not_wait(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock
) -> None:
    own = chain(
        Level("agents", 0, ("assignee",), ("robot",), ("mail",)),
        Level("leads", HOUR, ("boss@example.com",), ("post",)),
    )
    await overdue(shop, clock, own)
    office = await open_office(robot := Peer("robot", ROBOT), post := Peer("post"))
    await told_by_robot(office, robot)
    await office.start_again(post)
    assert await go_on(office, 5 * SECOND) == [(0, "post", 2)]


async def test_an_attempt_under_way_when_the_process_died_is_left_until_its_lease_ends(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock
) -> None:
    """Nobody knows whether it arrived, and it is told otherwise: rather twice than never."""
    await overdue(shop, clock, TWO)
    office = await open_office(Peer("robot", ROBOT, hangs=True), mail := Peer("mail"))
    await office.sweep()
    await office.deliver()
    await office.start_again(mail)
    await go_on(office, 25 * SECOND)
    (under_way,) = await told_of(office)
    assert (under_way["state"], under_way["finished_at"]) == ("unknown", None)
    ((at, way, level),) = await go_on(office, 10 * SECOND)
    assert (way, level) == ("mail", 1)
    assert 30 <= at <= 35
    first, *_ = await told_of(office)
    assert (first["state"], first["code"]) == ("unknown", "way_removed")


async def test_tests_and_messages_about_no_alert_end_too_and_what_other_ways_send_stays(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    office = await open_office(robot := Peer("robot", ROBOT), mail := Peer("mail"))
    await office.queue(robot, ["everyone"])
    await database.write(results.try_out, robot.way, Person(None, None, None), clock())
    await office.queue(mail)
    await database.write(outbox.enqueue, "mail.desk", "letter", {}, clock())
    assert await database.write(end_removed, {"mail": mail.way}, clock()) == ["robot"]
    assert await database.write(end_removed, {"mail": mail.way}, clock()) == []
    assert await office.states() == ["failed", "failed", "queued"]
    waiting = await database.read(outbox.waiting_topics)
    assert waiting == ["alert.mail", "mail.desk"]


async def test_a_way_that_comes_back_sends_what_somebody_asks_for_and_nothing_by_itself(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    office = await open_office(robot := Peer("robot", ROBOT))
    await office.queue(robot, ["everyone"])
    await database.write(end_removed, {}, clock())
    await office.pass_time(10 * MINUTE, MINUTE)
    assert robot.attempts == []
    (dead,) = await database.read(results.dead_letters, 10)
    assert await database.write(results.retry, dead.id, clock())
    await office.deliver()
    assert (len(robot.took), await office.states()) == (1, ["sent"])


async def test_the_command_line_says_that_the_way_is_gone(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    office = await open_office(robot := Peer("robot", ROBOT))
    await office.queue(robot, ["everyone"])
    await database.write(end_removed, {}, clock())
    (dead,) = await database.read(outbox.dead_letters, 10)
    retry = COMMANDS["outbox-retry"]
    with pytest.raises(CommandRefused, match="robot is no longer in the settings"):
        await retry(database, {"id": dead.id, "ways": ["mail"]}, clock())
    with pytest.raises(CommandRefused, match="no given-up delivery"):
        await retry(database, {"id": "none", "ways": ["mail"]}, clock())
    await retry(database, {"id": dead.id, "ways": ["robot"]}, clock())
    await office.deliver()
    assert await office.states() == ["sent"]


async def test_a_server_ends_it_within_a_turn_of_its_sweep(
    start_server: StartServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    server = await start_server(escalation={"sweep_every": "10ms"})
    to, facts = Addressee(Peer("robot", ROBOT).way, "everyone", None), {"mailbox": "desk", "at": clock()}
    await server.database.write(notices.queue, to, Purpose.MAILBOX_BUSY, facts, clock())
    await eventually(lambda: "way=robot is no longer in the settings" in caplog.text)
    assert await server.database.read(outbox.waiting_topics) == []


async def test_it_costs_one_statement_where_every_way_is_set_up(
    open_office: OpenOffice, database: SQLiteDatabase, clock: Clock
) -> None:
    office = await open_office(robot := Peer("robot", ROBOT))
    await office.queue(robot, ["everyone"])

    def counted(tx: Any) -> int:
        counting = CountingTransaction(tx)
        assert end_removed(counting, office.ways, clock()) == []
        return counting.statements

    assert await database.write(counted) == 1


async def test_a_turn_writes_only_where_something_has_to_end(
    open_office: OpenOffice, database: SQLiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await open_office(robot := Peer("robot", ROBOT))
    await office.queue(robot, ["everyone"])
    written: list[Any] = []
    write = database.write

    async def noted(fn: Any, *args: Any) -> Any:
        written.append(fn)
        return await write(fn, *args)

    monkeypatch.setattr(database, "write", noted)
    await watch(office).turn()
    assert end_removed not in written
    office.use()
    await watch(office).turn()
    assert end_removed in written
    assert await office.states() == ["failed"]
