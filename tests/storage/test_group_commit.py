import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from storage.database import Transaction
from storage.errors import StatementRefused, StorageError, StorageUnavailable
from storage.sqlite import SQLiteDatabase, open_database
from tests.storage.cast import keep, kept, soundness


class Refused(Exception):
    """A rule said no."""


def keep_then_refuse(tx: Transaction, key: str) -> None:
    keep(tx, key)
    raise Refused(key)


@asynccontextmanager
async def writer_held_up(database: SQLiteDatabase) -> AsyncIterator[None]:
    """While inside, the writer is busy, so everything written meanwhile waits and forms one group."""
    busy, go_on = threading.Event(), threading.Event()

    def hold(_tx: Transaction) -> None:
        busy.set()
        go_on.wait(10)

    holder = asyncio.ensure_future(database.write(hold))
    await asyncio.to_thread(busy.wait, 10)
    yield
    go_on.set()
    await holder


def statements_of(database: SQLiteDatabase) -> list[str]:
    seen: list[str] = []
    file = database._writer._file
    assert file is not None
    file.connection.set_trace_callback(seen.append)
    return seen


async def together(database: SQLiteDatabase, *jobs: tuple[Any, ...]) -> list[Any]:
    """Run jobs as one group and return their outcomes."""
    async with writer_held_up(database):
        writes = [asyncio.ensure_future(database.write(*job)) for job in jobs]
        await asyncio.sleep(0)
    return await asyncio.gather(*writes, return_exceptions=True)


async def test_many_waiting_writes_become_durable_with_one_commit(database: SQLiteDatabase) -> None:
    statements = statements_of(database)
    outcomes = await together(database, *[(keep, f"k{n}") for n in range(100)])
    assert outcomes == [f"k{n}" for n in range(100)]
    assert statements.count("COMMIT") == 2  # the one that held the writer up, then all hundred at once
    assert statements.count("SAVEPOINT job") == 101


async def test_one_failure_in_a_group_fails_alone(database: SQLiteDatabase) -> None:
    first, refused, last = await together(database, (keep, "first"), (keep_then_refuse, "no"), (keep, "last"))
    assert (first, last) == ("first", "last")
    assert isinstance(refused, Refused)
    assert await database.read(kept) == {"first", "last"}


async def test_a_lone_surrogate_is_refused_and_fails_alone(database: SQLiteDatabase) -> None:
    before, refused, after = await together(database, (keep, "a"), (keep, "b", "\ud800"), (keep, "c"))
    assert (before, after) == ("a", "c")
    assert isinstance(refused, StatementRefused)
    assert "surrogate" in str(refused)


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("INSERT INTO note (id, ticket_id, agent_id, text, created_at) VALUES ('n', 'none', 'a', 't', 1)", {}),
        ("INSERT INTO secret (name, value) VALUES ('name', NULL)", {}),
        ("INSERT INTO secret (name, value) VALUES ('name', :big)", {"big": 2**80}),
        ("INSERT INTO secret (name, value) VALUES ('name', :thing)", {"thing": object()}),
        ("INSERT INTO nowhere (name) VALUES ('name')", {}),
        ("SELECT :missing", {}),
        ("SELECT 1; SELECT 2", {}),
    ],
)
async def test_what_can_never_work_is_refused_and_not_called_unavailable(
    database: SQLiteDatabase, sql: str, params: dict[str, object]
) -> None:
    with pytest.raises(StatementRefused):
        await database.write(lambda tx: tx.execute(sql, params))
    assert await database.write(keep, "next") == "next"


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt, StopIteration, asyncio.CancelledError, GeneratorExit])
async def test_a_use_case_that_ends_strangely_harms_only_itself(
    database: SQLiteDatabase, end: type[BaseException]
) -> None:
    def leave(tx: Transaction) -> None:
        keep(tx, "gone")
        raise end

    def look_and_leave(_tx: Transaction) -> None:
        raise end

    _, strange, after = await together(database, (keep, "before"), (leave,), (keep, "after"))
    assert type(strange) is StorageError
    assert end.__name__ in str(strange)
    assert after == "after"
    with pytest.raises(StorageError, match=end.__name__):
        await database.read(look_and_leave)
    assert await database.read(kept) == {"before", "after"}


async def test_a_use_case_that_commits_by_itself_is_not_acknowledged(database: SQLiteDatabase) -> None:
    with pytest.raises(StorageUnavailable):
        await database.write(lambda tx: tx.execute("COMMIT"))
    assert await database.write(keep, "next") == "next"


async def test_a_cancelled_caller_takes_nothing_back(database: SQLiteDatabase) -> None:
    async with writer_held_up(database):
        write = asyncio.ensure_future(database.write(keep, "kept"))
        failing = asyncio.ensure_future(database.write(keep_then_refuse, "no"))
        await asyncio.sleep(0)
        write.cancel()
        failing.cancel()
    await asyncio.gather(write, failing, return_exceptions=True)
    assert write.cancelled()
    assert await database.write(kept) == {"kept"}


async def test_readers_see_the_commit_as_soon_as_write_returns(database: SQLiteDatabase) -> None:
    for n in range(50):
        await database.write(keep, f"k{n}")
        assert f"k{n}" in await database.read(kept)


async def test_readers_cannot_write(database: SQLiteDatabase) -> None:
    with pytest.raises(StorageUnavailable, match="readonly"):
        await database.read(keep, "never")
    assert await database.read(kept) == set()


async def test_a_read_is_one_view_however_long_it_takes(database: SQLiteDatabase) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def look_twice(tx: Transaction) -> tuple[set[str], set[str]]:
        before = kept(tx)
        begun.set()
        go_on.wait(10)
        return before, kept(tx)

    looking = asyncio.ensure_future(database.read(look_twice))
    await asyncio.to_thread(begun.wait, 10)
    await database.write(keep, "new")
    go_on.set()
    assert await looking == (set(), set())
    assert await database.read(kept) == {"new"}


async def test_every_connection_is_set_for_durability_and_foreign_keys(database: SQLiteDatabase) -> None:
    def setting(tx: Transaction, name: str) -> object:
        return next(iter(tx.execute(f"PRAGMA {name}")[0].values()))

    assert await database.write(setting, "synchronous") == 2
    assert await database.write(setting, "foreign_keys") == 1
    assert await database.write(setting, "journal_mode") == "wal"
    assert await database.read(setting, "query_only") == 1
    assert await database.read(setting, "wal_autocheckpoint") == 0


async def test_change_counts_rows_also_when_they_are_returned(database: SQLiteDatabase) -> None:
    await asyncio.gather(*(database.write(keep, f"k{n}") for n in range(3)))
    assert await database.write(lambda tx: tx.change("UPDATE outbox SET attempts = 1 RETURNING id")) == 3


async def test_several_event_loops_write_to_one_database(database: SQLiteDatabase) -> None:
    def elsewhere(name: str) -> None:
        async def write_some() -> None:
            await asyncio.gather(*(database.write(keep, f"{name}{n}") for n in range(50)))

        asyncio.run(write_some())

    await asyncio.gather(*(asyncio.to_thread(elsewhere, name) for name in "ab"))
    assert len(await database.read(kept)) == 100


async def test_a_loop_that_is_gone_keeps_nobody_else_from_an_answer(database: SQLiteDatabase) -> None:
    def start_and_leave() -> None:
        loop = asyncio.new_event_loop()
        task = loop.create_task(database.write(keep, "orphan"))
        loop.run_until_complete(asyncio.sleep(0))
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()

    async with writer_held_up(database):
        await asyncio.to_thread(start_and_leave)
        write = asyncio.ensure_future(database.write(keep, "mine"))
        await asyncio.sleep(0)
    assert await write == "mine"
    assert await database.read(kept) == {"orphan", "mine"}


async def test_closing_finishes_what_was_written_and_refuses_what_comes_after(folder: Path) -> None:
    database = open_database(folder)
    writes = [asyncio.ensure_future(database.write(keep, f"k{n}")) for n in range(1000)]
    await asyncio.sleep(0)
    await asyncio.gather(database.close(), database.close())
    assert len(await asyncio.gather(*writes)) == 1000
    with pytest.raises(StorageUnavailable, match="closed"):
        await database.write(keep, "late")
    with pytest.raises(StorageUnavailable, match="closed"):
        await database.read(kept)
    again = open_database(folder)
    assert len(await again.read(kept)) == 1000
    assert await again.read(soundness) == ["ok"]
    await again.close()


async def test_closing_folds_the_log_into_the_database(folder: Path) -> None:
    database = open_database(folder)
    await database.write(keep, "k")
    await database.read(kept)
    await database.close()
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "yingsheng.db"]
    with sqlite3.connect(folder / "yingsheng.db") as connection:
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (1,)
    connection.close()


async def test_a_close_that_is_cancelled_still_releases_the_folder(folder: Path) -> None:
    database = open_database(folder)
    closing = asyncio.ensure_future(database.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    await database.close()
    await open_database(folder).close()
