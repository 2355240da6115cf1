"""A mailbox that is not read: somebody hears of it within eleven minutes, once, and once more when it is over."""

import json
from typing import Any

import pytest

from bot.alerting.words import Speech, notice
from bot.config import Config
from bot.keys import ARRIVALS, DATABASE, WAYS
from bot.mail.fetching.health import watch_over
from bot.templates import load_templates
from storage.database import Row, Transaction
from storage.outbox import OutboxRow
from tests.conftest import StartServer
from tests.fakes import MONDAY_TEN_OCLOCK, Clock, Server
from tests.mail.arrivals import state, until, until_in_trouble, until_seen_whole
from tests.mail.dovecot import Dovecot
from tickets.escalation.outcomes import Waiting
from tickets.mail import mailboxes

MINUTE_MS = 60_000
CHAIN = {
    "levels": [
        {"name": "agents", "transports": ["webhook"], "to": ["assignee"]},
        {"name": "bosses", "transports": ["mail", "webhook"], "to": ["boss@example.com"]},
    ]
}
OUT: dict[str, Any] = {"host": "127.0.0.1", "port": 9, "security": "none"}


async def watched(start_server: StartServer, dovecot: Dovecot, name: str) -> Server:
    """A server with one mailbox, and a chain whose last level has a mail address."""
    return await start_server(
        mail={**OUT, "mailboxes": [dovecot.settings(name, poll=100)]},
        webhook={"url": "http://127.0.0.1:9/hook", "secret": "a secret of the tests"},
        escalation=CHAIN,
    )


async def notices(server: Server) -> list[tuple[str, str, bool]]:
    """By which way, to whom, and whether it is over: everything that was ever said of a mailbox."""

    def read(tx: Transaction) -> list[Row]:
        return tx.execute(
            """
            SELECT o.topic, n.recipient, o.payload_json FROM outbox o JOIN notice n ON o.key = 'notice:' || n.id
            WHERE n.id LIKE 'mailbox:%' ORDER BY o.id
            """
        )

    rows = await server.database.read(read)
    return [(row["topic"], row["recipient"], json.loads(row["payload_json"])["over"]) for row in rows]


async def told(server: Server) -> bool:
    """Whether somebody was told of the mailbox that is ill."""
    return (await state(server, "ill"))["told_at"] is not None


async def test_a_mailbox_that_is_not_read_is_told_of_within_eleven_minutes_once_and_when_it_is_over(
    start_server: StartServer, own_dovecot: Dovecot, clock: Clock
) -> None:
    own_dovecot.start()
    server = await watched(start_server, own_dovecot, "ill")
    look_after = watch_over(
        server.app[DATABASE], server.config.mail.mailboxes, server.config.rules, server.app[WAYS], clock
    )
    await until_seen_whole(server, "ill")
    own_dovecot.stop()
    assert "ill" not in await until_in_trouble(server, "ill")
    clock.advance(9 * MINUTE_MS)
    await look_after()
    assert not await told(server)
    clock.advance(2 * MINUTE_MS)
    await look_after()
    assert await told(server)
    begun = [("alert.mail", "boss@example.com", False), ("alert.webhook", "everyone", False)]
    assert await notices(server) == begun
    [shown] = await server.database.read(mailboxes.troubles, clock())
    assert (shown.mailbox, shown.told) == ("ill", True)
    clock.advance(60 * MINUTE_MS)
    await look_after()
    assert (await state(server, "ill"))["told_at"] < clock() - 30 * MINUTE_MS
    own_dovecot.start()

    async def is_well() -> bool:
        return (await state(server, "ill"))["trouble_since"] is None

    await until(is_well)
    await look_after()
    assert not await told(server)
    assert await server.database.read(mailboxes.troubles, clock()) == []
    over = [("alert.mail", "boss@example.com", True), ("alert.webhook", "everyone", True)]
    assert await notices(server) == begun + over


@pytest.mark.parametrize(
    ("language", "over", "subject", "part"),
    [
        ("zh", False, "【收信中断】邮箱 desk 收不到来信", "今天 09:48 起读不到来信，已经 12 分钟"),
        ("zh", True, "【恢复】邮箱 desk 已恢复收信", "一封不丢"),
        ("en", False, "[mail interrupted] Mailbox desk is not being read", "09:48 today, for 12 min"),
        ("en", True, "[recovered] Mailbox desk is read again", "nothing is lost"),
    ],
)
def test_whoever_is_responsible_reads_which_mailbox_since_when_and_why(
    language: str, over: bool, subject: str, part: str
) -> None:
    now = MONDAY_TEN_OCLOCK
    facts = {"purpose": "mailbox", "mentions": [], "mailbox": "desk", "over": over, "since": now - 12 * MINUTE_MS}
    why = None if over else "mail.example.com:993 cannot be reached: Connection refused"
    payload = {**facts, "at": now, "error": why}
    row = OutboxRow("1", "alert.mail", "mailbox:desk", payload, 1, 1, now)
    waiting = Waiting("1", "mail", "boss@example.com", None, ())
    speech = Speech(load_templates(), language, "Asia/Shanghai", "https://desk.example.com")
    told = notice(row, waiting, speech, now)
    assert told.subject == subject
    assert part in told.text
    assert (why or "") in told.text


async def test_a_reader_that_says_nothing_at_all_is_missed(
    start_server: StartServer, dovecot: Dovecot, clock: Clock
) -> None:
    server = await watched(start_server, dovecot, "mute")
    await until_seen_whole(server, "mute")
    await server.app[ARRIVALS].stop()
    look_after = watch_over(
        server.app[DATABASE], server.config.mail.mailboxes, server.config.rules, server.app[WAYS], clock
    )
    clock.advance(9 * MINUTE_MS)
    await look_after()
    assert (await state(server, "mute"))["told_at"] is None
    clock.advance(2 * MINUTE_MS)
    await look_after()
    assert (await state(server, "mute"))["told_at"] == clock()


async def test_what_was_off_all_night_is_no_reason_to_wake_anybody_in_the_first_minutes(
    start_server: StartServer, dovecot: Dovecot, clock: Clock
) -> None:
    server = await watched(start_server, dovecot, "night")
    await until_seen_whole(server, "night")
    clock.advance(600 * MINUTE_MS)
    look_after = watch_over(
        server.app[DATABASE], server.config.mail.mailboxes, server.config.rules, server.app[WAYS], clock
    )
    await look_after()
    assert (await state(server, "night"))["told_at"] is None


async def test_a_mailbox_that_was_taken_out_of_the_settings_is_in_no_trouble(
    start_server: StartServer, own_dovecot: Dovecot, clock: Clock
) -> None:
    server = await watched(start_server, own_dovecot, "former")
    await until_in_trouble(server, "former")
    await server.stop()
    server.config = Config.model_validate({})
    await server.start()
    assert (await state(server, "former"))["trouble_since"] is None
    assert await server.database.read(mailboxes.troubles, clock() + 60 * MINUTE_MS) == []
