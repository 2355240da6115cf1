"""How many messages that cost money may go out in a day."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from storage.database import Database, Transaction, new_id
from tickets.alerts import allowance
from tickets.alerts.allowance import Bound, Budget, Use
from tickets.alerts.sms_aliyun import AliyunSmsSettings
from tickets.alerts.sms_tencent import TencentSmsSettings
from tickets.alerts.webhook import WebhookSettings

SHANGHAI = "Asia/Shanghai"
ZHOU, CHEN = "+8613800000012", "+8613800000013"
HOUR = 3_600_000


def at(text: str, zone: str = SHANGHAI) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


NOON = at("2026-11-27 12:00")
MIDNIGHT = at("2026-11-28 00:00")


def insert(tx: Transaction, state: str, when: str, recipient: str = ZHOU, transport: str = "sms") -> None:
    tx.change(
        """
        INSERT INTO notice (id, transport, recipient, agent_id, state, attempts, created_at, tried_at, sent_at,
            finished_at, reference, code, error)
        VALUES (:id, :transport, :recipient, NULL, :state, 1, :at, :at, :at, NULL, '', '', '')
        """,
        {"id": new_id(), "transport": transport, "recipient": recipient, "state": state, "at": at(when)},
    )


def insert_minutes(tx: Transaction, count: int) -> None:
    for minute in range(count):
        insert(tx, "sent", f"2026-11-27 08:{minute:02}")


async def use(database: Database, now: int = NOON, recipient: str = ZHOU) -> Use:
    return await database.read(allowance.count, "sms", recipient, now, SHANGHAI)


async def test_what_was_sent_and_what_may_have_been_counts_since_midnight(database: Database) -> None:
    for state, when, recipient in (
        ("sent", "2026-11-27 00:00", ZHOU),
        ("sent", "2026-11-27 11:59", CHEN),
        ("unknown", "2026-11-27 08:00", ZHOU),
        ("sent", "2026-11-26 23:59", ZHOU),
        ("unknown", "2026-11-26 23:59", ZHOU),
    ):
        await database.write(insert, state, when, recipient)
    assert await use(database) == Use(3, 2)
    assert await use(database, recipient=CHEN) == Use(3, 1)
    assert await use(database, recipient="") == Use(3, 0)


@pytest.mark.parametrize("state", ["queued", "failed", "withdrawn"])
async def test_what_did_not_go_out_costs_nothing(database: Database, state: str) -> None:
    await database.write(insert, state, "2026-11-27 08:00")
    assert await use(database) == Use(0, 0)


async def test_every_transport_has_a_budget_of_its_own(database: Database) -> None:
    await database.write(insert, "sent", "2026-11-27 08:00", ZHOU, "other sms")
    assert await use(database) == Use(0, 0)


@pytest.mark.parametrize(
    ("budget", "sent", "refused"),
    [
        (Budget(0, 0), Use(10_000, 10_000), None),
        (Budget(200, 30), Use(199, 29), None),
        (Budget(200, 30), Use(200, 0), Bound.DAY),
        (Budget(200, 30), Use(250, 0), Bound.DAY),
        (Budget(200, 30), Use(30, 30), Bound.RECIPIENT),
        (Budget(200, 30), Use(200, 30), Bound.DAY),
        (Budget(0, 30), Use(10_000, 29), None),
        (Budget(200, 0), Use(199, 199), None),
        (Budget(1, 1), Use(0, 0), None),
    ],
)
def test_which_limit_one_more_would_break(budget: Budget, sent: Use, refused: Bound | None) -> None:
    assert allowance.decide(budget, sent) is refused


async def test_the_thirty_first_message_to_one_number_waits_for_midnight(database: Database) -> None:
    await database.write(insert_minutes, 30)

    async def refusal(recipient: str, now: int) -> Bound | None:
        return await database.read(allowance.refusal, Budget(200, 30), "sms", recipient, now, SHANGHAI)

    assert await refusal(ZHOU, NOON) is Bound.RECIPIENT
    assert await refusal(CHEN, NOON) is None
    assert await refusal(ZHOU, MIDNIGHT - 1) is Bound.RECIPIENT
    assert await refusal(ZHOU, MIDNIGHT) is None


async def test_without_a_limit_nothing_is_counted(database: Database) -> None:
    await database.write(insert_minutes, 3)
    assert await database.read(allowance.refusal, Budget(), "sms", ZHOU, NOON, SHANGHAI) is None


@pytest.mark.parametrize(
    ("settings", "budget"),
    [
        (AliyunSmsSettings("id", "secret", "应声科技", "SMS_1"), Budget(200, 30)),
        (
            TencentSmsSettings("id", "secret", "1400000000", "应声科技", "1001", daily_budget=5, per_number_daily=0),
            Budget(5, 0),
        ),
        (WebhookSettings("https://example.com/", "secret"), Budget(0, 0)),
    ],
)
def test_the_budget_stands_in_the_settings_of_those_that_cost(settings: object, budget: Budget) -> None:
    assert allowance.budget_of(settings) == budget


@pytest.mark.parametrize(
    ("zone", "now", "start"),
    [
        (SHANGHAI, "2026-11-27 00:00", "2026-11-27 00:00"),
        (SHANGHAI, "2026-11-27 23:59", "2026-11-27 00:00"),
        ("America/New_York", "2026-03-08 12:00", "2026-03-08 00:00"),
        ("America/New_York", "2026-11-01 12:00", "2026-11-01 00:00"),
        ("UTC", "2026-12-31 12:00", "2026-12-31 00:00"),
    ],
)
def test_a_day_lasts_from_midnight_to_midnight_there(zone: str, now: str, start: str) -> None:
    moment = at(now, zone)
    assert allowance.day_start(moment, zone) == at(start, zone)
