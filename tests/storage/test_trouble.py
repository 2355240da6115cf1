"""S1 to S4: whatever the disk does, nothing is acknowledged that is not kept, and the process heals itself."""

import asyncio
import contextlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import cast

import pytest

from storage.database import Transaction
from storage.errors import DataFolderInUse, StorageError, StorageUnavailable
from storage.sqlite import SQLiteDatabase, open_database
from tests.fakes import PATIENCE_S
from tests.storage.cast import keep, kept, soundness
from tests.storage.conftest import Program

HOLD_THE_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
print("released", flush=True)
sys.stdin.readline()
"""

OPEN_ONCE = """
import pathlib, sys
from storage.errors import StorageError
from storage.sqlite import open_database
try:
    open_database(pathlib.Path(sys.argv[1]))
except StorageError as error:
    print(type(error).__name__, error)
"""

# Writes in a process whose files may not grow past a limit, then lifts it: the kernel's own EFBIG on every
# write to the log, which SQLite reports as an I/O error.
WRITE_UNDER_A_LIMIT = """
import asyncio, pathlib, resource, sys
from storage.errors import StorageUnavailable
from storage.sqlite import open_database
from tests.storage.cast import keep, kept

async def main():
    database = open_database(pathlib.Path(sys.argv[1]))
    acked, refused = set(), 0
    for round, limit in enumerate([500_000, resource.RLIM_INFINITY]):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        for n in range(80):
            try:
                acked.add(await database.write(keep, f"{round}-{n}", "x" * 20_000))
            except StorageUnavailable:
                refused += 1
        if not round:
            try:
                await database.probe()
            except StorageUnavailable as error:
                print("probe:", error)
    assert acked <= await database.read(kept)
    assert sum(key.startswith("1-") for key in acked) == 80, "did not heal"
    print("refused", refused)
    await database.close()

asyncio.run(main())
"""


async def unavailable_then_available(database: SQLiteDatabase, key: str) -> None:
    """Write until it works again."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await database.write(keep, key)
            except StorageUnavailable:
                await asyncio.sleep(0.05)
            else:
                return


async def fill(database: SQLiteDatabase, round: str) -> tuple[set[str], list[StorageError]]:
    """Write a megabyte in many pieces, side by side."""
    pieces = (database.write(keep, f"{round}-{n}", "x" * 8_000) for n in range(128))
    outcomes = await asyncio.gather(*pieces, return_exceptions=True)
    errors = [cast(StorageError, outcome) for outcome in outcomes if isinstance(outcome, BaseException)]
    return {outcome for outcome in outcomes if isinstance(outcome, str)}, errors


async def test_a_foreign_lock_delays_writes_refuses_them_in_time_and_heals(
    database: SQLiteDatabase, program: Program
) -> None:
    holder = program(HOLD_THE_LOCK, database.path)
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    async with asyncio.timeout(PATIENCE_S):
        outcomes = await asyncio.gather(
            *(database.write(keep, f"k{n}") for n in range(600)), database.probe(), return_exceptions=True
        )
    assert {type(outcome) for outcome in outcomes} == {StorageUnavailable}
    assert await database.read(kept) == set()
    holder.stdin.write("let go\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "released\n"
    await unavailable_then_available(database, "after")
    await database.probe()
    assert await database.read(kept) == {"after"}


async def test_a_full_disk_loses_nothing_acknowledged_and_heals_when_there_is_room(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    database = open_database(small_disk / "data")
    acked = {await database.write(keep, "before")}
    ballast.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 200_000))
    more, errors = await fill(database, "full")
    acked |= more
    assert errors
    assert {type(error) for error in errors} == {StorageUnavailable}
    assert acked <= await database.read(kept)
    with pytest.raises(StorageUnavailable, match="full"):
        await _probe_until_it_fails(database)
    ballast.unlink()
    await unavailable_then_available(database, "after")
    await database.probe()
    assert acked | {"after"} <= await database.read(kept)
    assert await database.read(soundness) == ["ok"]
    await database.close()


async def _probe_until_it_fails(database: SQLiteDatabase) -> None:
    """The log may hold a little room that was already allocated; a probe uses it up like any message."""
    for _ in range(30):
        await database.probe()


async def test_a_disk_that_fills_inside_one_large_use_case_fails_the_group_whole(small_disk: Path) -> None:
    def keep_a_lot(tx: Transaction) -> None:
        for n in range(40):
            keep(tx, f"large-{n}", "x" * 100_000)

    def swallow(tx: Transaction) -> str:
        for attempt in (keep_a_lot, lambda tx: keep(tx, "large-stray")):
            with contextlib.suppress(StorageUnavailable):
                attempt(tx)
        return "swallowed"

    database = open_database(small_disk / "data")
    for use_case in (keep_a_lot, swallow):
        outcomes = await asyncio.gather(database.write(keep, "small"), database.write(use_case), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes[1:]} == {StorageUnavailable}
        assert not any(key.startswith("large") for key in await database.read(kept))
    assert await database.write(keep, "later") == "later"
    await database.close()


def test_files_that_may_not_grow_lose_nothing_acknowledged_and_heal(folder: Path, program: Program) -> None:
    out, err = program(WRITE_UNDER_A_LIMIT, folder).communicate(timeout=120)
    probe, refused = out.splitlines()
    assert probe.startswith("probe: cannot write: disk I/O error")
    assert int(refused.split()[1]) > 0
    assert "did not heal" not in err


async def test_a_folder_moved_away_under_the_server_is_noticed_and_healed(folder: Path) -> None:
    database = open_database(folder)
    await database.write(keep, "before")
    elsewhere = folder.with_name("elsewhere")
    folder.rename(elsewhere)
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            await database.write(keep, "lost")
        with pytest.raises(StorageUnavailable):
            await database.read(kept)
        with pytest.raises(StorageUnavailable):
            await database.probe()
    assert not folder.exists()
    elsewhere.rename(folder)
    await unavailable_then_available(database, "after")
    assert {"before", "after"} <= await database.read(kept)
    await database.close()


async def test_a_deleted_folder_is_never_replaced_by_an_empty_database(folder: Path) -> None:
    database = open_database(folder)
    await database.write(keep, "before")
    shutil.rmtree(folder)
    with pytest.raises(StorageUnavailable):
        await database.write(keep, "lost")
    folder.mkdir()
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            await database.write(keep, "lost")
        with pytest.raises(StorageUnavailable):
            await database.read(kept)
    assert not database.path.exists()
    sqlite3.connect(database.path).close()
    with pytest.raises(StorageUnavailable, match="not the database we opened"):
        await database.write(keep, "lost")
    await database.close()


async def test_a_folder_put_back_from_a_copy_is_locked_anew(folder: Path) -> None:
    database = open_database(folder)
    await database.write(keep, "before")
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    shutil.rmtree(folder)
    copy.rename(folder)
    await unavailable_then_available(database, "after")
    assert await database.read(kept) == {"before", "after"}
    with pytest.raises(DataFolderInUse):
        open_database(folder)
    await database.close()


def test_a_second_process_on_the_folder_is_refused_and_told_who_holds_it(folder: Path, program: Program) -> None:
    async def with_an_open_database() -> str:
        database = open_database(folder)
        out, _ = await asyncio.to_thread(program(OPEN_ONCE, folder).communicate, timeout=120)
        await database.write(keep, "still ours")
        await database.close()
        return out

    assert asyncio.run(with_an_open_database()) == (
        f"DataFolderInUse another Yingsheng process (process {os.getpid()}) is using {folder}\n"
    )


async def test_a_read_only_file_system_is_named_at_the_start(small_disk: Path) -> None:
    database = open_database(small_disk / "data")
    await database.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StorageUnavailable, match="Read-only file system"):
        open_database(small_disk / "data")
    with pytest.raises(StorageUnavailable, match="Read-only file system"):
        open_database(small_disk / "other")
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    await open_database(small_disk / "data").close()


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
async def test_what_is_no_database_is_refused_and_releases_the_folder(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / "yingsheng.db").write_bytes(content)
    if not content:
        await open_database(folder).close()
        return
    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="not a database"):
            open_database(folder)


async def test_a_damaged_database_is_unavailable_and_not_a_crash(folder: Path) -> None:
    database = open_database(folder)
    await asyncio.gather(*(database.write(keep, f"k{n}", "x" * 500) for n in range(300)))
    await database.close()
    with database.path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(database.path.stat().st_size - 4096))
    try:
        database = open_database(folder)
    except StorageUnavailable:
        return
    with pytest.raises(StorageUnavailable):
        await database.read(kept)
    with pytest.raises(StorageUnavailable):
        await database.write(keep, "k0")
    await database.close()
