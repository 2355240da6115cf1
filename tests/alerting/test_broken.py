"""An alert that is broken in a way that nobody foresaw: all the others are told, and everybody sees that it is not."""

import logging
import re
from typing import Any

import pytest

from bot.alerting.watching import Watch
from bot.config import Config
from bot.diagnosis import untold
from storage.check import Severity
from storage.errors import StorageUnavailable
from storage.sqlite import SQLiteDatabase
from tests.alerting.conftest import OpenOffice
from tests.alerting.office import Office, Peer
from tests.alerting.test_rescuing import DUE, TWO, overdue
from tests.fakes import Clock
from tests.rules import RULES
from tests.tickets.cast import MINUTE, MORNING, ServiceDesk
from tickets.alerts import Addressing, Failure
from tickets.escalation import outages
from tickets.escalation.outages import Outage

MANY = 60
ROBOT = Addressing.EVERYONE


@pytest.fixture
async def shop(database: SQLiteDatabase) -> ServiceDesk:
    return ServiceDesk(database)


def watch(office: Office) -> Watch:
    return Watch(office.database, RULES, office.ways, office.clock, lambda: office.clock() / 1000)


async def break_one(office: Office, how: str) -> str:
    """Spoil the rows of the wait in the middle; its clock's id."""
    (row,) = await office.rows(f"SELECT id, ticket_id FROM clock ORDER BY id LIMIT 1 OFFSET {MANY // 2}")
    spoilt = {
        "plan": "UPDATE clock SET plan_json = '[13800000001' WHERE id = :id",
        "policy": "UPDATE clock SET policy_id = (SELECT rule_id FROM rule_version WHERE rule_id <> policy_id LIMIT 1) "
        "WHERE id = :id",
        "status": "UPDATE ticket SET status = 'lost' WHERE id = :ticket_id",
        "words": "UPDATE message SET kind = 'whisper' WHERE conversation_id = "
        "(SELECT conversation_id FROM clock WHERE id = :id)",
    }[how]
    await office.database.write(lambda tx: tx.change(spoilt, {"id": row["id"], "ticket_id": row["ticket_id"]}))
    clock_id: str = row["id"]
    return clock_id


async def untold_clocks(office: Office) -> list[str]:
    return [row["clock_id"] for row in await office.rows("SELECT clock_id FROM alert WHERE told_at IS NULL")]


@pytest.mark.parametrize("how", ["plan", "policy", "status", "words"])
async def test_all_others_are_told_within_the_turn_and_it_is_named_once_without_anybodys_words(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    """words: a wait that never became a ticket, whose message cannot be read when a ticket is to be opened for it."""
    await overdue(shop, clock, TWO, customers=0)
    for number in range(MANY):
        if how == "words":
            await shop.customer_says("转人工", MORNING, f"visitor-{number}")
        else:
            await shop.ticket_from("转人工", MORNING, f"visitor-{number}")
    office = await open_office(robot := Peer("robot", ROBOT), Peer("mail"))
    broken = await break_one(office, how)
    watching = watch(office)
    with caplog.at_level(logging.ERROR):
        await watching.turn()
        await watching.turn()
    assert await untold_clocks(office) == [broken]
    await office.deliver()
    assert sum(len(notice.numbers) for notice in robot.took) == MANY - 1
    assert len(robot.took) == 1, "halves of a batch are told in one message"
    (said,) = (record.getMessage() for record in caplog.records)
    assert re.match(rf"alert=\w+\.{broken}\.1 is left out, it is broken: ", said)
    assert "13800000001" not in caplog.text
    assert "转人工" not in caplog.text


async def test_once_it_is_mended_it_is_told(shop: ServiceDesk, open_office: OpenOffice, clock: Clock) -> None:
    await overdue(shop, clock, TWO, customers=MANY)
    office = await open_office(Peer("robot", ROBOT), Peer("mail"))
    await break_one(office, "plan")
    watching = watch(office)
    await watching.turn()
    await office.database.write(lambda tx: tx.change("UPDATE clock SET plan_json = '[' || due_at || ']'"))
    await watching.turn()
    assert await untold_clocks(office) == []


async def test_what_breaks_after_it_was_told_keeps_no_other_from_being_rescued(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await overdue(shop, clock, TWO, customers=MANY)
    office = await open_office(robot := Peer("robot", ROBOT, lasting=True), mail := Peer("mail"))
    robot.fail(Failure.CLOSED)
    watching = watch(office)
    await watching.turn()
    await office.deliver()
    broken = await break_one(office, "plan")
    await watching.turn()
    await office.deliver()
    assert {number for notice in mail.took for number in notice.numbers} == {
        row["number"]
        for row in await office.rows(
            "SELECT t.number FROM alert a JOIN clock k ON k.id = a.clock_id JOIN ticket t ON t.id = k.ticket_id "
            f"WHERE k.id <> '{broken}'"
        )
    }
    assert f".{broken}.1 is left out" in caplog.text


async def test_a_database_in_trouble_is_no_broken_alert(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await overdue(shop, clock, TWO)
    office = await open_office(Peer("robot", ROBOT), Peer("mail"))

    def away(*_: object) -> None:
        raise StorageUnavailable("it is away")

    monkeypatch.setattr("bot.alerting.watching.tell", away)
    with pytest.raises(StorageUnavailable):
        await watch(office).turn()


async def test_where_telling_fails_for_all_a_turn_tries_a_few_and_once_it_works_tells_everybody(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await overdue(shop, clock, TWO, customers=MANY)
    office = await open_office(Peer("robot", ROBOT), Peer("mail"))
    monkeypatch.setattr("bot.piecemeal.MOST_BROKEN", MANY // 4)
    attempts = 0

    def broken(*_: object) -> None:
        nonlocal attempts
        attempts += 1
        raise ValueError("the rules cannot be read")

    watching = watch(office)
    with monkeypatch.context() as broke:
        broke.setattr("bot.alerting.watching.tell", broken)
        await watching.turn()
    assert attempts <= 2 * (MANY // 4 + 10), "once when they were raised, and once more since they were"
    assert len(await untold_clocks(office)) == MANY
    await watching.turn()
    assert await untold_clocks(office) == []


async def test_how_many_pieces_it_takes(
    shop: ServiceDesk, open_office: OpenOffice, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await overdue(shop, clock, TWO, customers=MANY)
    office = await open_office(Peer("robot", ROBOT), Peer("mail"))
    await break_one(office, "plan")
    asked: list[tuple[int, int]] = []
    watching = watch(office)
    tell = watching._tell

    async def counted(limit: int, skip: int) -> Any:
        asked.append((limit, skip))
        return await tell(limit, skip)

    monkeypatch.setattr(watching, "_tell", counted)
    await watching.turn()
    print(f"\n{len(asked)} attempts for one broken alert among {MANY}")
    assert len(asked) <= 45


async def test_the_console_and_the_doctor_show_it(shop: ServiceDesk, open_office: OpenOffice, clock: Clock) -> None:
    """mute: as long as nobody was told of anything since, telling as such may be broken."""
    await overdue(shop, clock, TWO, customers=2)
    office = await open_office(Peer("robot", ROBOT), Peer("mail"))
    await office.database.write(lambda tx: tx.change("UPDATE clock SET plan_json = '['"))
    await watch(office).turn()
    clock.advance(2 * MINUTE - 1)
    config = Config.model_validate({"server": {"data_folder": str(office.database.folder)}})
    assert await office.database.read(outages.look, office.ways, clock()) == Outage(closed=[], spent=[])
    assert untold(config, clock()) == []
    clock.advance(1)
    outage = await office.database.read(outages.look, office.ways, clock())
    assert (outage.unreached, outage.since, outage.untold, outage.mute, outage.all_down) == (2, DUE, 2, True, False)
    (finding,) = untold(config, clock())
    assert finding.severity is Severity.PROBLEM
    assert finding.sentence.startswith("alerts: nobody was told of 2 that are due")
    one = "UPDATE clock SET plan_json = '[' || due_at || ']' WHERE id = (SELECT MIN(id) FROM clock)"
    await office.database.write(lambda tx: tx.change(one))
    await watch(office).turn()
    await office.deliver()
    outage = await office.database.read(outages.look, office.ways, clock())
    assert (outage.unreached, outage.untold, outage.mute) == (1, 1, False)
