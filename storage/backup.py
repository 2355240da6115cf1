"""Copies of the database and of the files that it names: taken while it serves, and put back while it does not.

A copy is written beside its place, checked, brought to the disk and only then renamed into place, so at every
moment that place holds a whole, sound file: the old one or the new one.
"""

import asyncio
import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from storage.backup_files import keep_files_aside, put_files_in, take_files_out
from storage.database import new_id
from storage.errors import BackupFailed, MigrationFailed, RestoreRefused, StorageUnavailable
from storage.folder import (
    DATABASE_NAME,
    give_to_owner_of,
    lock_folder,
    make_folder,
    sync_file,
    sync_folder,
)
from storage.migrate import applied, missing_from
from storage.sqlite import SQLiteDatabase
from storage.sqlite_connection import open_for_reading, open_for_writing

PAGES_PER_STEP = 4_096

Progress = Callable[[int, int], None]


async def backup(database: SQLiteDatabase, target: Path) -> None:
    """Write a consistent copy of an open database to target while it goes on serving. Raises BackupFailed."""
    await asyncio.to_thread(backup_folder, database.folder, target)


def backup_folder(folder: Path, target: Path, progress: Progress | None = None) -> None:
    """The same from outside, whether or not a server holds the folder; an older file at target is replaced.

    progress(done, total) is called now and then, in pages. Raises BackupFailed.
    """
    source = folder / DATABASE_NAME
    if target.resolve() in {Path(f"{source.resolve()}{suffix}") for suffix in ("", "-wal", "-shm")}:
        raise BackupFailed(f"{target} is the database itself")
    try:
        with _beside(target) as copy:
            _copy(source, copy, progress)
            if faults := faults_of(copy):
                raise BackupFailed(f"the copy is not sound: {'; '.join(faults)}")
            put_files_in(copy, folder)
            _put_in_place(copy, target)
    except (sqlite3.Error, OSError, MigrationFailed) as error:
        raise BackupFailed(f"cannot back up {source} to {target}: {error}") from error


def restore(folder: Path, source: Path, progress: Progress | None = None) -> Path | None:
    """Put a backup in the place of the folder's database; the next start migrates it if it is older.

    Returns where the database that stood there before is kept, None if there was none. Raises DataFolderInUse
    while a server holds the folder, RestoreRefused when source is not a sound database of this program or
    is newer than it, StorageUnavailable when the disk fails.
    """
    make_folder(folder)
    lock = lock_folder(folder)
    try:
        return _restore_locked(folder / DATABASE_NAME, source, progress)
    except OSError as error:
        raise StorageUnavailable(f"cannot restore {source}: {error}") from error
    finally:
        lock.release()


def faults_of(path: Path) -> list[str]:
    """What is wrong with a database file, in sentences; empty for a sound one of this program.

    Raises sqlite3.Error when it is no database at all, MigrationFailed when it is newer than this program.
    """
    with closing(open_for_reading(path).connection) as connection:
        faults = [row[0] for row in connection.execute("PRAGMA integrity_check(10)") if row[0] != "ok"]
        if not applied(connection):
            faults.append("it has none of our tables")
        missing_from(connection)
        if orphans := connection.execute("PRAGMA foreign_key_check").fetchall():
            faults.append(f"{len(orphans)} rows lack what they belong to")
        return faults


def _restore_locked(database: Path, source: Path, progress: Progress | None) -> Path | None:
    if database.exists() and source.exists() and database.samefile(source):
        raise RestoreRefused(f"{source} is the database itself")
    with _beside(database) as copy:
        try:
            _copy(source, copy, progress)
            faults = faults_of(copy)
        except (sqlite3.Error, MigrationFailed) as error:
            raise RestoreRefused(f"{source} cannot be restored: {error}") from error
        if faults:
            raise RestoreRefused(f"{source} cannot be restored: {'; '.join(faults)}")
        take_files_out(copy, database.parent)
        kept = _keep_aside(database) if database.exists() else None
        if kept is not None:
            keep_files_aside(database.parent, kept)
        _put_in_place(copy, database)
    return kept


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A path in the target's folder for a file in the making; whatever is left of it is removed."""
    path = target.with_name(f".{target.name}.{new_id()}")
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        yield path
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)


def _copy(source: Path, copy: Path, progress: Progress | None) -> None:
    """Copy what one read transaction sees, in one file without a log; writers go on meanwhile."""
    with (
        closing(open_for_reading(source).connection) as reader,
        closing(sqlite3.connect(copy, isolation_level=None)) as writer,
    ):
        writer.execute("PRAGMA synchronous=OFF")  # it is brought to the disk as a whole, later
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchall()
        reader.backup(writer, pages=PAGES_PER_STEP, progress=_told(progress), sleep=0)
        reader.execute("ROLLBACK")
        writer.execute("PRAGMA journal_mode=DELETE").fetchall()


def _told(progress: Progress | None) -> Callable[[int, int, int], None]:
    def tell(_status: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    return tell


def _put_in_place(copy: Path, target: Path) -> None:
    give_to_owner_of(target.parent, copy)
    sync_file(copy)
    os.replace(copy, target)
    sync_folder(target.parent)


def _keep_aside(database: Path) -> Path:
    """Give the old database a second name, with its log folded in where that is still possible."""
    with contextlib.suppress(sqlite3.Error, StorageUnavailable):
        _fold_log_in(database)
    aside = _free_name(database)
    try:
        os.link(database, aside)
    except OSError:  # a file system without hard links
        shutil.copy2(database, aside)
        sync_file(aside)
    _move_log(database, aside)
    sync_folder(database.parent)
    return aside


def _fold_log_in(database: Path) -> None:
    """Leave the database whole in its one file. Nobody else has it open: we hold the folder."""
    with closing(open_for_writing(database).connection) as connection:
        connection.execute("PRAGMA journal_mode=DELETE").fetchall()


def _move_log(database: Path, aside: Path) -> None:
    """A log that could not be folded in belongs to the old database; the new one must never replay it."""
    with contextlib.suppress(FileNotFoundError):
        os.rename(f"{database}-wal", f"{aside}-wal")
    Path(f"{database}-shm").unlink(missing_ok=True)


def _free_name(database: Path) -> Path:
    number = 1
    while (name := database.with_name(f"{database.name}.before-restore-{number}")).exists():
        number += 1
    return name
