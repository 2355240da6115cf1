import asyncio
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from storage.backup import backup, backup_folder, faults_of, restore
from storage.blobs import Blobs
from storage.check import Severity, check
from storage.database import Transaction
from storage.errors import BackupFailed, DataFolderInUse, RestoreRefused
from storage.sqlite import SQLiteDatabase, open_database
from tests.storage.cast import keep, kept
from tests.storage.conftest import ROOT


def rows_in(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {key for (key,) in connection.execute("SELECT key FROM outbox")}


async def rows_of(folder: Path) -> set[str]:
    database = open_database(folder)
    try:
        return await database.read(kept)
    finally:
        await database.close()


async def filled(folder: Path, *keys: str) -> Path:
    database = open_database(folder)
    for key in keys:
        await database.write(keep, key)
    await database.close()
    return folder


async def test_a_backup_under_load_is_one_moment_of_the_database(database: SQLiteDatabase, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    stop = asyncio.Event()

    async def write_on(caller: int) -> list[str]:
        done: list[str] = []
        while not stop.is_set():
            done.append(await database.write(keep, f"{caller}-{len(done):06}", "x" * 2_000))
        return done

    writers = [asyncio.ensure_future(write_on(caller)) for caller in range(5)]
    for _ in range(3):
        before = await database.read(kept)
        await backup(database, target)
        after = await database.read(kept)
        copied = rows_in(target)
        assert before <= copied <= after
        assert faults_of(target) == []
    stop.set()
    written = await asyncio.gather(*writers)
    for caller, done in enumerate(written):
        copied_of_caller = sorted(key for key in copied if key.startswith(f"{caller}-"))
        assert copied_of_caller == done[: len(copied_of_caller)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.db", database.folder.name]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


async def test_a_backup_is_taken_from_outside_while_a_server_holds_the_folder(
    database: SQLiteDatabase, tmp_path: Path
) -> None:
    await database.write(keep, "served")
    code = (
        "import pathlib, sys\n"
        "from storage.backup import backup_folder\n"
        "backup_folder(*map(pathlib.Path, sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", code, str(database.folder), str(tmp_path / "backup.db")]
    done = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.stderr == ""
    assert rows_in(tmp_path / "backup.db") == {"served"}
    await database.write(keep, "still served")


async def test_a_backup_that_fails_leaves_the_good_one_from_before(
    database: SQLiteDatabase, tmp_path: Path, small_disk: Path
) -> None:
    await database.write(keep, "first")
    target = small_disk / "backup.db"
    await backup(database, target)
    for n in range(60):
        await database.write(keep, f"large-{n}", "x" * 100_000)
    with pytest.raises(BackupFailed, match="full"):
        await backup(database, target)
    assert rows_in(target) == {"first"}
    assert [path.name for path in small_disk.iterdir()] == ["backup.db"]


async def test_a_backup_never_replaces_the_database_itself(database: SQLiteDatabase, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(database.path)
    for target in (database.path, database.folder / "yingsheng.db-wal", link):
        with pytest.raises(BackupFailed, match="the database itself"):
            await backup(database, target)
    with pytest.raises(BackupFailed):
        await backup(database, tmp_path)
    with pytest.raises(BackupFailed):
        await backup(database, tmp_path / "nowhere" / "backup.db")
    with pytest.raises(BackupFailed):
        backup_folder(tmp_path / "no folder", tmp_path / "backup.db")
    await database.write(keep, "unharmed")


async def test_progress_is_told_up_to_the_end(database: SQLiteDatabase, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    await asyncio.to_thread(
        backup_folder, database.folder, tmp_path / "b.db", lambda done, total: steps.append((done, total))
    )
    assert steps[-1][0] == steps[-1][1] > 0


async def test_a_restored_database_stands_where_the_old_one_stood_and_the_old_one_is_kept(
    folder: Path, tmp_path: Path
) -> None:
    backup_folder(await filled(folder, "then"), tmp_path / "backup.db")
    await filled(folder, "since")
    first = restore(folder, tmp_path / "backup.db")
    assert await rows_of(folder) == {"then"}
    await filled(folder, "later")
    second = restore(folder, tmp_path / "backup.db")
    assert first is not None
    assert second is not None
    assert rows_in(first) == {"then", "since"}
    assert rows_in(second) == {"then", "later"}
    assert await rows_of(folder) == {"then"}


async def test_what_a_killed_server_left_in_its_log_is_kept_with_the_old_database(folder: Path, tmp_path: Path) -> None:
    backup_folder(await filled(folder, "then"), tmp_path / "backup.db")
    code = (
        "import asyncio, os, pathlib, sys\n"
        "from storage.sqlite import open_database\n"
        "from tests.storage.cast import keep\n"
        "async def main():\n"
        "    await open_database(pathlib.Path(sys.argv[1])).write(keep, 'in the log')\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, check=False)
    assert (folder / "yingsheng.db-wal").stat().st_size > 0
    kept_aside = restore(folder, tmp_path / "backup.db")
    assert kept_aside is not None
    assert rows_in(kept_aside) == {"then", "in the log"}
    assert await rows_of(folder) == {"then"}


async def test_a_damaged_old_database_does_not_stand_in_the_way(folder: Path, tmp_path: Path) -> None:
    backup_folder(await filled(folder, "then"), tmp_path / "backup.db")
    (folder / "yingsheng.db").write_bytes(b"ruins" * 1000)
    (folder / "yingsheng.db-wal").write_bytes(b"more ruins")
    kept_aside = restore(folder, tmp_path / "backup.db")
    assert kept_aside is not None
    assert kept_aside.read_bytes().startswith(b"ruins")
    assert await rows_of(folder) == {"then"}


async def test_restoring_into_a_new_folder_makes_it(folder: Path, tmp_path: Path) -> None:
    backup_folder(await filled(tmp_path / "old", "moved"), tmp_path / "backup.db")
    assert restore(folder, tmp_path / "backup.db") is None
    assert await rows_of(folder) == {"moved"}


async def test_restoring_is_refused_while_a_server_holds_the_folder(database: SQLiteDatabase, tmp_path: Path) -> None:
    await backup(database, tmp_path / "backup.db")
    with pytest.raises(DataFolderInUse):
        restore(database.folder, tmp_path / "backup.db")
    await database.write(keep, "unharmed")


async def test_only_a_sound_database_of_ours_that_is_not_newer_is_restored(folder: Path, tmp_path: Path) -> None:
    await filled(folder, "precious")
    good = tmp_path / "good.db"
    backup_folder(folder, good)
    newer = Path(shutil.copy(good, tmp_path / "newer.db"))
    orphaned = Path(shutil.copy(good, tmp_path / "orphaned.db"))
    cut = Path(shutil.copy(good, tmp_path / "cut.db"))
    foreign, empty, text = tmp_path / "foreign.db", tmp_path / "empty.db", tmp_path / "text.db"
    with closing(sqlite3.connect(newer, isolation_level=None)) as connection:
        connection.execute("INSERT INTO migration (name) VALUES ('9999-tomorrow')")
    with closing(sqlite3.connect(orphaned, isolation_level=None)) as connection:
        connection.execute("INSERT INTO note (id, ticket_id, agent_id, text, created_at) VALUES ('n', 't', 'a', '', 1)")
    with closing(sqlite3.connect(foreign, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE shopping (item TEXT)")
    with cut.open("r+b") as file:
        file.truncate(good.stat().st_size // 2)
    empty.touch()
    text.write_text("id,name\n")
    refused = {
        newer: "newer version",
        orphaned: "belong",
        cut: "cannot be restored",
        foreign: "our tables",
        empty: "our tables",
        text: "not a database",
        tmp_path / "missing.db": "unable to open",
        folder / "yingsheng.db": "the database itself",
    }
    for source, reason in refused.items():
        with pytest.raises(RestoreRefused, match=reason):
            restore(folder, source)
    assert await rows_of(folder) == {"precious"}
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "yingsheng.db"]


def _name(tx: Transaction, name: str) -> None:
    tx.change(
        """
        INSERT INTO mail (id, mailbox, envelope_to_json, message_id, content_hash, raw_hash, size, received_at, state,
            attempts, doubtful)
        VALUES (:hash, 'm', '[]', :hash, :hash, :hash, 1, 1, 'waiting', 0, 0)
        """,
        {"hash": name},
    )


async def with_files(folder: Path, *contents: bytes) -> Path:
    """A folder whose rows name these files as raw mails."""
    blobs, database = Blobs(folder), open_database(folder)
    for content in contents:
        name = blobs.keep(content)
        await database.write(_name, name)
    await database.close()
    return folder


async def test_a_backup_carries_the_kept_files_and_restoring_brings_them_back(tmp_path: Path) -> None:
    large = bytes(range(256)) * 12_000
    source = await with_files(tmp_path / "one", b"", b"small", large)
    Blobs(source).keep(b"nothing names me")
    backup_folder(source, tmp_path / "copy.db")
    other = await with_files(tmp_path / "two", b"of the other")
    kept = restore(other, tmp_path / "copy.db")
    assert kept is not None
    blobs = Blobs(other)
    for content in (b"", b"small", large):
        assert blobs.read(sha256(content).hexdigest()) == content
    assert not blobs.path(sha256(b"nothing names me").hexdigest()).exists()
    aside = sha256(b"of the other").hexdigest()
    assert (other / "blobs.before-restore-1" / aside[:2] / aside).read_bytes() == b"of the other"
    with closing(sqlite3.connect(other / "yingsheng.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'kept_file'").fetchall() == []
    assert not [one for one in check(other) if one.severity is Severity.PROBLEM]


async def test_a_file_that_a_row_names_and_is_gone_is_told_and_not_backed_up_in_silence(tmp_path: Path) -> None:
    source = await with_files(tmp_path / "one", b"lost")
    Blobs(source).path(sha256(b"lost").hexdigest()).unlink()
    assert any("not on the disk" in one.sentence for one in check(source) if one.severity is Severity.PROBLEM)
    with pytest.raises(BackupFailed, match="is not on the disk"):
        backup_folder(source, tmp_path / "copy.db")


async def test_a_file_that_is_damaged_in_the_backup_is_refused_and_nothing_is_replaced(tmp_path: Path) -> None:
    source = await with_files(tmp_path / "one", b"whole")
    backup_folder(source, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        connection.execute("UPDATE kept_file SET content = x'00'")
        connection.commit()
    other = await filled(tmp_path / "two", "stays")
    with pytest.raises(RestoreRefused, match="damaged"):
        restore(other, tmp_path / "copy.db")
    assert await rows_of(other) == {"stays"}
