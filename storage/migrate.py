"""Brings the schema up to date: each migration once, its change and its record in one transaction.

Migrations are the files ``storage/migrations/NNNN-name.sql``, applied in order and never edited after release.
They run with foreign keys unenforced, so that a table can be rebuilt, and are checked before they commit.
"""

import sqlite3
from pathlib import Path

from storage.errors import MigrationFailed, StorageUnavailable
from storage.sqlite_errors import is_trouble

FOLDER = Path(__file__).parent / "migrations"


def migrate(connection: sqlite3.Connection, folder: Path = FOLDER) -> list[str]:
    """Apply what is missing and return the names applied.

    Raises MigrationFailed; StorageUnavailable when it was the disk's fault. Each migration is there whole or
    not at all, whenever the process dies.
    """
    known = {path.stem: path for path in sorted(folder.glob("*.sql"))}
    missing = missing_from(connection, folder)
    for name in missing:
        _apply(connection, name, known[name].read_text(encoding="utf-8"))
    return missing


def missing_from(connection: sqlite3.Connection, folder: Path = FOLDER) -> list[str]:
    """The names of the migrations that this database lacks, in order.

    Raises MigrationFailed when it has one that this program does not know.
    """
    done = applied(connection)
    known = {path.stem for path in folder.glob("*.sql")}
    if unknown := sorted(done - known):
        raise MigrationFailed(f"the database was written by a newer version (it has {', '.join(unknown)})")
    return sorted(known - done)


def applied(connection: sqlite3.Connection) -> set[str]:
    """The names of the migrations that this database has; none for an empty file or another program's."""
    if not connection.execute("SELECT name FROM sqlite_master WHERE name = 'migration'").fetchall():
        return set()
    return {row[0] for row in connection.execute("SELECT name FROM migration")}


def _apply(connection: sqlite3.Connection, name: str, script: str) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY)")
        for statement in _statements(script):
            connection.execute(statement)
        connection.execute("INSERT INTO migration (name) VALUES (:name)", {"name": name})
        if orphans := connection.execute("PRAGMA foreign_key_check").fetchall():
            raise MigrationFailed(f"migration {name} would leave {len(orphans)} rows without what they belong to")
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        fault = StorageUnavailable if is_trouble(error) else MigrationFailed
        raise fault(f"migration {name} failed: {error}") from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _statements(script: str) -> list[str]:
    """Split a script at line ends that end a statement; what follows the last one is a statement too."""
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return [*statements, current]
