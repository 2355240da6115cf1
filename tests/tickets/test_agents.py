"""Agents, their logins and the one-time set-up."""

import pytest

from storage.sqlite import SQLiteDatabase
from tests.tickets.cast import HOUR, MINUTE, MORNING, ServiceDesk
from tickets import agents, sessions
from tickets.errors import AlreadyExists, NotFound
from tickets.model import Role
from tickets.sessions import Lifetime, Session

LIMITS = Lifetime(30 * MINUTE, 12 * HOUR, 30 * 24 * HOUR)


async def test_a_login_is_found_in_any_case_with_its_hash(database: SQLiteDatabase) -> None:
    made = await database.write(agents.create, " Zhou ", "周敏", Role.ADMIN, "argon", "zhou@example.com", MORNING)
    assert await database.read(agents.by_login, "ZHOU") == (made, "argon")
    assert await database.read(agents.get_agent, made.id) == made
    assert await database.read(agents.count_admins) == 1


async def test_a_login_belongs_to_one_agent(database: SQLiteDatabase) -> None:
    await database.write(agents.create, "zhou", "周敏", Role.ADMIN, "argon", None, MORNING)
    with pytest.raises(AlreadyExists):
        await database.write(agents.create, "ZHOU", "周明", Role.AGENT, "other", None, MORNING)
    found = await database.read(agents.by_login, "zhou")
    assert found is not None
    assert found[1] == "argon"


async def test_a_disabled_agent_cannot_log_in_has_no_session_and_keeps_the_name(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou", Role.ADMIN)
    await database.write(sessions.open_session, zhou.id, "hash-1", "csrf", MORNING)
    heard: list[str] = []
    database.signals.listen("sessions", lambda _, key: heard.append(key))
    disabled = await database.write(agents.disable, "zhou", MORNING + 1)
    again = await database.write(agents.disable, "zhou", MORNING + 9)
    assert disabled == again
    assert await database.read(agents.by_login, "zhou") is None
    assert await database.read(sessions.find_session, "hash-1", MORNING + 2, LIMITS) is None
    assert await database.read(agents.active_agents) == []
    assert await database.read(agents.count_admins) == 0
    assert await database.read(agents.names) == {zhou.id: "Zhou"}
    assert set(heard) == {zhou.id}


async def test_unknown_agents_are_not_found(database: SQLiteDatabase) -> None:
    with pytest.raises(NotFound):
        await database.write(agents.disable, "nobody", MORNING)
    with pytest.raises(NotFound):
        await database.read(agents.get_agent, "nobody")


@pytest.mark.parametrize(
    ("last_seen", "now", "valid"),
    [
        (0, 30 * MINUTE - 1, True),
        (0, 30 * MINUTE, False),
        (12 * HOUR - MINUTE, 12 * HOUR - 1, True),
        (12 * HOUR - MINUTE, 12 * HOUR, False),
    ],
)
async def test_a_session_ends_by_idleness_and_by_age(
    shop: ServiceDesk, database: SQLiteDatabase, last_seen: int, now: int, valid: bool
) -> None:
    zhou = await shop.hire("zhou")
    await database.write(sessions.open_session, zhou.id, "hash-1", "csrf", MORNING)
    await database.write(sessions.touch, "hash-1", MORNING + last_seen)
    found = await database.read(sessions.find_session, "hash-1", MORNING + now, LIMITS)
    assert found == (Session(zhou, "csrf", wall=False) if valid else None)
    assert await database.write(sessions.drop_expired, MORNING + now, LIMITS) == (0 if valid else 1)


async def test_logging_out_ends_one_session_and_ending_all_ends_the_rest(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou = await shop.hire("zhou")
    for token_hash in ("hash-1", "hash-2", "hash-3"):
        await database.write(sessions.open_session, zhou.id, token_hash, "csrf", MORNING)
    await database.write(sessions.close_session, "hash-1")
    assert await database.read(sessions.find_session, "hash-1", MORNING + 1, LIMITS) is None
    assert await database.read(sessions.find_session, "hash-2", MORNING + 1, LIMITS) is not None
    assert await database.write(sessions.close_sessions_of, zhou.id) == 2


async def test_a_setup_token_works_once_until_it_expires_and_only_the_newest(database: SQLiteDatabase) -> None:
    await database.write(sessions.put_setup_token, "old", MORNING + HOUR)
    await database.write(sessions.put_setup_token, "new", MORNING + HOUR)
    assert not await database.write(sessions.use_setup_token, "old", MORNING)
    assert not await database.write(sessions.use_setup_token, "", MORNING)
    assert not await database.write(sessions.use_setup_token, "new", MORNING + HOUR)
    assert await database.read(sessions.has_setup_token, "new", MORNING)
    assert await database.write(sessions.use_setup_token, "new", MORNING)
    assert not await database.write(sessions.use_setup_token, "new", MORNING)


@pytest.mark.parametrize(("now", "valid"), [(29 * 24 * HOUR, True), (30 * 24 * HOUR, False)])
async def test_the_login_of_a_screen_ends_by_age_alone_and_all_of_them_at_once(
    shop: ServiceDesk, database: SQLiteDatabase, now: int, valid: bool
) -> None:
    zhou = await shop.hire("zhou")
    await database.write(sessions.open_session, zhou.id, "hash-1", "csrf", MORNING, wall=True)
    found = await database.read(sessions.find_session, "hash-1", MORNING + now, LIMITS)
    assert found == (Session(zhou, "csrf", wall=True) if valid else None)
    assert await database.read(sessions.walls, MORNING + now, LIMITS.wall_ms) == (1 if valid else 0)
    assert await database.write(sessions.drop_expired, MORNING + now, LIMITS) == (0 if valid else 1)
    assert await database.write(sessions.close_walls) == (1 if valid else 0)
    assert await database.read(sessions.find_session, "hash-1", MORNING + now, LIMITS) is None
