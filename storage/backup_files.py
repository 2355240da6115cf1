"""The kept files inside a copy of the database, so that a backup is one file; restoring turns them into files again.

They stand in a table that only copies have. Files never change and are there before the rows that name them: whatever
the rows of a copy name is on the disk when the rows are read, unless it was swept since, which takes only what no
message names. Everything is streamed.
"""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from storage.blobs import BLOBS_NAME, Blobs
from storage.errors import BackupFailed, RestoreRefused
from storage.folder import give_to_owner_of, make_folder, sync_folder

CHUNK = 1024 * 1024
_NAMING = {
    "attachment": "SELECT hash FROM attachment UNION SELECT thumbnail_hash FROM attachment WHERE thumbnail_hash <> ''",
    "mail": "SELECT raw_hash FROM mail",
}
_UNCLAIMED = "SELECT hash FROM attachment WHERE message_id IS NULL"


def put_files_in(copy: Path, folder: Path) -> None:
    """Put every file that the rows of a copy name into it. Raises BackupFailed for one that is missing."""
    blobs = Blobs(folder)
    with closing(sqlite3.connect(copy)) as connection:
        names = named_files(connection)
        if not names:
            return
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("CREATE TABLE kept_file (id INTEGER PRIMARY KEY, hash TEXT NOT NULL, content BLOB NOT NULL)")
        spare = {row[0] for row in connection.execute(_UNCLAIMED)}
        for name in names:
            _put(connection, blobs.path(name), name, may_be_gone=name in spare)
        connection.commit()


def named_files(connection: sqlite3.Connection) -> list[str]:
    """The hashes of all files that rows of this database name; of one without such tables none."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    naming = [query for table, query in _NAMING.items() if table in tables]
    return sorted({row[0] for query in naming for row in connection.execute(query)})


def missing_files(connection: sqlite3.Connection, folder: Path) -> list[str]:
    """The hashes that rows name and no file stands under."""
    blobs = Blobs(folder)
    return [name for name in named_files(connection) if not blobs.path(name).is_file()]


def take_files_out(copy: Path, folder: Path) -> None:
    """Turn the files of a copy into files of the folder, durably, and leave the copy without them.

    Raises RestoreRefused for one whose bytes are not those of its hash.
    """
    with closing(sqlite3.connect(copy)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'kept_file'").fetchall():
            return
        for row, name in connection.execute("SELECT id, hash FROM kept_file ORDER BY id").fetchall():
            _take(connection, row, name, folder)
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("DROP TABLE kept_file")
        connection.commit()
        connection.execute("VACUUM")


def keep_files_aside(folder: Path, database_aside: Path) -> None:
    """Give the files of the database that was put aside second names beside it: the next sweep takes the first."""
    root = folder / BLOBS_NAME
    if root.is_dir():
        aside = folder / f"{BLOBS_NAME}.{database_aside.name.partition('.db.')[2]}"
        shutil.copytree(root, aside, copy_function=_link, dirs_exist_ok=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)


def _put(connection: sqlite3.Connection, path: Path, name: str, may_be_gone: bool) -> None:
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        if may_be_gone:
            return
        raise BackupFailed(f"the file {name}, which a row names, is not on the disk: see main.py doctor") from error
    with file:
        size = os.fstat(file.fileno()).st_size
        added = connection.execute(
            "INSERT INTO kept_file (hash, content) VALUES (:hash, zeroblob(:size))", {"hash": name, "size": size}
        )
        if size and added.lastrowid is not None:
            with connection.blobopen("kept_file", "content", added.lastrowid) as blob:
                while part := file.read(CHUNK):
                    blob.write(part)


def _take(connection: sqlite3.Connection, row: int, name: str, folder: Path) -> None:
    place = Blobs(folder).path(name)
    make_folder(folder / BLOBS_NAME)
    make_folder(place.parent)
    beside, told = place.with_name(f"{name}.new"), hashlib.sha256()
    with connection.blobopen("kept_file", "content", row, readonly=True) as blob, beside.open("wb") as file:
        for part in _parts(blob):
            told.update(part)
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    beside.chmod(0o600)
    if told.hexdigest() != name:
        beside.unlink()
        raise RestoreRefused(f"the kept file {name} is damaged in the backup")
    give_to_owner_of(place.parent, beside)
    beside.rename(place)
    sync_folder(place.parent)


def _parts(blob: sqlite3.Blob) -> Iterator[bytes]:
    while part := blob.read(CHUNK):
        yield part
