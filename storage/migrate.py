"""Brings the schema up to date: each migration once, its change and its record in one transaction.

Migrations are the files ``storage/migrations/NNNN-name.sql``, applied in order and never edited after release.
"""

import sqlite3
from pathlib import Path

from storage.errors import MigrationFailed

FOLDER = Path(__file__).parent / "migrations"


def migrate(connection: sqlite3.Connection) -> list[str]:
    """Apply what is missing and return the names applied. Raises MigrationFailed."""
    connection.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY)")
    done = {row[0] for row in connection.execute("SELECT name FROM migration")}
    known = {path.stem: path for path in sorted(FOLDER.glob("*.sql"))}
    if unknown := sorted(done - known.keys()):
        raise MigrationFailed(f"the database was written by a newer version (it has {', '.join(unknown)})")
    missing = [name for name in known if name not in done]
    for name in missing:
        _apply(connection, name, known[name].read_text(encoding="utf-8"))
    return missing


def _apply(connection: sqlite3.Connection, name: str, script: str) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _statements(script):
            connection.execute(statement)
        connection.execute("INSERT INTO migration (name) VALUES (:name)", {"name": name})
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise MigrationFailed(f"migration {name} failed: {error}") from error


def _statements(script: str) -> list[str]:
    """Split a script at semicolons that end a statement, as sqlite3.complete_statement sees them."""
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current.strip())
            current = ""
    return statements
