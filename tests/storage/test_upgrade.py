"""A database that an earlier version wrote is taken over with what was under way in it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage import setbacks
from storage.migrate import FOLDER, migrate
from storage.sqlite_connection import SQLiteTransaction
from tickets.escalation.sweeping import sweep

# Somebody with two conversations, the first of them with a ticket.
PEOPLE = """
INSERT INTO contact (id, created_at) VALUES ('c', 1);
INSERT INTO conversation (id, contact_id, channel, owner, version, last_number, created_at, updated_at)
VALUES ('v', 'c', 'chat', 'bot', 1, 1, 1, 1), ('w', 'c', 'mail', 'bot', 1, 1, 1, 1);
INSERT INTO ticket (id, number, conversation_id, contact_id, subject, status, priority, reason, candidates_json,
    version, created_at, updated_at)
VALUES ('t', '2611-0001', 'v', 'c', '?', 'open', 'normal', 'complaint', '[]', 1, 1, 1);
"""

BEFORE_DEADLINES = """
INSERT INTO reply_clock (id, conversation_id, first_message_number, needs_person, started_at, due_at, next_alert_at,
    next_level)
VALUES ('k', 'v', 1, 1, 100, 1100, 5000, 3), ('l', 'w', 1, 0, 200, 1200, 1200, 1);
INSERT INTO alert (id, clock_id, ticket_id, level, planned_at, raised_at, late)
VALUES ('a1', 'k', 't', 1, 1100, 1100, 0), ('a2', 'k', 't', 2, 3000, 3001, 1);
INSERT INTO outbox (id, topic, key, payload_json, status, attempts, available_at, give_up_at, lease_token, created_at)
VALUES ('o1', 'alert.mail', 'alert:k:1:mail:x', '{}', 'sent', 1, 1, 9, 1, 1),
    ('o2', 'alert.mail', 'alert:k:2:mail:x', '{}', 'queued', 1, 1, 9, 1, 1),
    ('o3', 'mail.service', 'letter:1', '{}', 'queued', 0, 1, 9, 0, 1);
"""

BEFORE_RAISING = """
INSERT INTO clock (id, conversation_id, ticket_id, metric, first_message_number, needs_person, started_at, budget_ms,
    due_at, plan_json, next_alert_at, next_level)
VALUES ('k', 'v', 't', 'first_response', 1, 1, 100, 1000, 1100, '[1100]', NULL, 3),
    ('l', 'w', NULL, 'first_response', 1, 1, 100, 1000, 1100, '[1100]', NULL, 3);
INSERT INTO alert (id, clock_id, ticket_id, level, kind, planned_at, raised_at, late, told_at, acknowledged_at)
VALUES ('k.1', 'k', 't', 1, 'breach', 1100, 1101, 0, 1101, NULL),
    ('k.2', 'k', 't', 2, 'escalation', 4700, 4701, 0, NULL, NULL),
    ('l.2', 'l', NULL, 2, 'escalation', 4700, 4701, 0, 4701, 4702);
"""

UNSEEN = """
INSERT INTO notice (id, transport, recipient, state, attempts, created_at, finished_at, reference, code, error)
VALUES ('n1', 'console', 'agent', 'failed', 1, 1, 2, '', 'no_page', 'the agent has no console page open'),
    ('n2', 'mail', 'zhou@example.com', 'failed', 1, 1, 2, '', '550', 'the server refused');
"""


@pytest.fixture
def upgraded(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database of the version before deadlines, brought up to date."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, until(tmp_path, "0009"))
        connection.executescript(PEOPLE + BEFORE_DEADLINES)
        assert migrate(connection) == sorted(path.stem for path in FOLDER.glob("*.sql") if path.stem >= "0010")
        yield connection


def until(folder: Path, last: str) -> Path:
    """The migrations up to one."""
    for path in FOLDER.glob("*.sql"):
        if path.stem[:4] <= last:
            shutil.copy(path, folder)
    return folder


def test_a_wait_goes_on_where_it_was(upgraded: sqlite3.Connection) -> None:
    clocks = upgraded.execute(
        "SELECT id, ticket_id, metric, started_at, budget_ms, due_at, next_alert_at, next_level, policy_id FROM clock"
    ).fetchall()
    assert sorted(clocks) == [
        ("k", "t", "first_response", 100, 1000, 1100, 5000, 3, None),
        ("l", None, "first_response", 200, 1000, 1200, 1200, 1, None),
    ]


def test_an_obligation_stays_open_and_what_still_waited_is_told_anew(upgraded: sqlite3.Connection) -> None:
    alerts = upgraded.execute("SELECT id, kind, late, told_at, delivered_at FROM alert ORDER BY id").fetchall()
    assert alerts == [("a1", "breach", 0, 1100, 1100), ("a2", "escalation", 1, None, None)]
    assert upgraded.execute("SELECT id, status FROM outbox ORDER BY id").fetchall() == [
        ("o1", "sent"), ("o2", "withdrawn"), ("o3", "queued"),
    ]  # fmt: skip


def test_a_wait_of_which_nobody_knows_when_it_began_ends_when_it_would_have(upgraded: sqlite3.Connection) -> None:
    upgraded.execute("UPDATE outbox SET available_at = 5000 WHERE id = 'o3'")
    assert setbacks.begin_anew(SQLiteTransaction(upgraded), ahead=0, now=0) == 0
    assert upgraded.execute("SELECT available_at FROM outbox WHERE id = 'o3'").fetchone() == (5000,)


def test_what_nobody_was_there_to_see_did_not_fail(tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, until(tmp_path, "0011"))
        connection.executescript(UNSEEN)
        migrate(connection)
        told = connection.execute("SELECT id, state FROM notice ORDER BY id").fetchall()
    assert told == [("n1", "absent"), ("n2", "failed")]


def test_a_step_that_was_raised_and_not_yet_told_is_what_its_clock_stands_at(tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, until(tmp_path, "0010"))
        connection.executescript(PEOPLE + BEFORE_RAISING)
        migrate(connection)
        clocks = connection.execute("SELECT id, next_level, next_alert_at FROM clock ORDER BY id").fetchall()
        assert clocks == [("k", 2, 4700), ("l", 3, None)]
        assert sweep(SQLiteTransaction(connection), 9_999, 60_000) == 0
        told = "SELECT id FROM alert WHERE told_at IS NULL ORDER BY id"
        assert connection.execute(told).fetchall() == [("k.2",)]
