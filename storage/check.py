"""What is wrong, or soon will be, with a data folder: for the doctor, while the server runs or not."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from storage.backup import faults_of
from storage.backup_files import missing_files
from storage.errors import MigrationFailed
from storage.folder import DATABASE_NAME
from storage.migrate import missing_from
from storage.sqlite_connection import open_for_reading

LITTLE_SPACE_BYTES = 500 * 1024 * 1024
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Severity(StrEnum):
    """A problem keeps the service from working or from being safe; a warning can wait."""

    FINE = "fine"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and a sentence about it for the operator."""

    severity: Severity
    sentence: str


def check(folder: Path) -> list[Finding]:
    """Look at a data folder without changing a row in it. Never raises for what it finds."""
    database = folder / DATABASE_NAME
    if not database.is_file():
        return [
            engine(),
            Finding(Severity.WARNING, f"{database} does not exist yet; the first start makes it."),
        ]
    return [
        engine(),
        *_rights(folder),
        _space(folder),
        *_content(database),
    ]


def engine() -> Finding:
    """What is to be said of the database engine that this process runs on."""
    return _sqlite_version(sqlite3.sqlite_version_info)


def _sqlite_version(version: tuple[int, ...]) -> Finding:
    name = ".".join(map(str, version))
    if can_lose_commits(version):
        return Finding(
            Severity.WARNING,
            f"SQLite {name} has the WAL-reset fault: commits can be lost if a second program writes to the "
            "database. This server keeps to one writer; let no other program open the file for writing, and "
            "update SQLite to 3.51.3, 3.50.7 or 3.44.6.",
        )
    return Finding(Severity.FINE, f"SQLite {name}.")


def can_lose_commits(version: tuple[int, ...]) -> bool:
    """Whether this SQLite version has the WAL-reset fault (https://sqlite.org/changes.html, 3.51.3)."""
    if (3, 44, 6) <= version < (3, 45) or (3, 50, 7) <= version < (3, 51):
        return False
    return (3, 7) <= version < (3, 51, 3)


def _rights(folder: Path) -> Iterator[Finding]:
    """Chats and addresses are nobody else's business; and the server has to own what it writes."""
    for path in (folder, *sorted(folder.glob(f"{DATABASE_NAME}*"))):
        status = path.stat()
        if status.st_mode & _FOR_OTHERS:
            mode = stat.S_IMODE(status.st_mode)
            yield Finding(Severity.PROBLEM, f"{path} can be opened by other users (mode {mode:o}): chmod go= it.")
        if status.st_uid != folder.stat().st_uid:
            yield Finding(Severity.PROBLEM, f"{path} belongs to another user than its folder: chown it.")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(Severity.PROBLEM, f"This user may not write in {folder}.")


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    sentence = f"{free // (1024 * 1024)} MB are free in {folder}."
    return Finding(Severity.WARNING if free < LITTLE_SPACE_BYTES else Severity.FINE, sentence)


def _content(database: Path) -> list[Finding]:
    try:
        faults = faults_of(database)
        missing = _missing(database)
        lost = _lost(database)
    except (sqlite3.Error, MigrationFailed) as error:
        return [Finding(Severity.PROBLEM, f"{database} cannot be used: {error}.")]
    if faults:
        return [Finding(Severity.PROBLEM, f"{database}: {fault}.") for fault in faults]
    if lost:
        return [Finding(Severity.PROBLEM, f"{len(lost)} kept files are not on the disk, the first is {lost[0]}.")]
    sound = Finding(Severity.FINE, f"{database} is sound, and every file that it names is there.")
    if missing:
        return [sound, Finding(Severity.WARNING, f"The next start applies {', '.join(missing)}.")]
    return [sound]


def _lost(database: Path) -> list[str]:
    with closing(open_for_reading(database).connection) as connection:
        return missing_files(connection, database.parent)


def _missing(database: Path) -> list[str]:
    with closing(open_for_reading(database).connection) as connection:
        return missing_from(connection)
