"""C1, C3, C5 and S4 in small: kills at random moments, fsync before the answer, writes that fail."""

import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from storage.errors import MigrationFailed
from storage.migrate import FOLDER, applied, migrate
from storage.sqlite import open_database
from storage.sqlite_connection import enforce_foreign_keys, open_for_writing
from tests.storage.cast import kept, soundness
from tests.storage.conftest import ROOT, Program

KILLS = 6
HAMMER = ("-m", "tests.storage.hammer")

# Migrates, and dies without warning just before the n-th statement.
MIGRATE_AND_DIE = """
import os, pathlib, signal, sqlite3, sys
from storage.errors import MigrationFailed
from storage.migrate import migrate
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
left = int(sys.argv[3])
def count(statement):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
connection.set_trace_callback(count)
migrate(connection, pathlib.Path(sys.argv[2]))
print("migrated")
"""

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


async def test_killed_under_load_loses_no_acknowledged_write(folder: Path) -> None:
    seeded = random.Random(20261121)
    acked: set[str] = set()
    for run in range(KILLS):
        command = [sys.executable, *HAMMER, str(folder), f"run{run}", "20"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as hammer:
            assert hammer.stdout is not None
            for _ in range(seeded.randrange(1, 3_000)):
                acked.add(hammer.stdout.readline().strip())
            hammer.send_signal(signal.SIGKILL)
            acked.update(line.strip() for line in hammer.stdout if line.endswith("\n"))
    database = open_database(folder)
    assert acked - await database.read(kept) == set()
    assert await database.read(soundness) == ["ok"]
    await database.close()
    assert len(acked) > KILLS


SHIPPED = sorted(path.stem for path in FOLDER.glob("*.sql"))


def migrations_with_another(folder: Path) -> Path:
    """The shipped migrations and one that rebuilds a table which others refer to."""
    shutil.copytree(FOLDER, folder)
    (folder / "9999-rebuild.sql").write_text(
        """
        CREATE TABLE contact_new (id TEXT PRIMARY KEY, nick TEXT);
        INSERT INTO contact_new (id, nick) SELECT id, name FROM contact;
        DROP TABLE contact;
        ALTER TABLE contact_new RENAME TO contact;
        -- the end
        """,
        encoding="utf-8",
    )
    return folder


def schema(connection: sqlite3.Connection) -> list[tuple[str]]:
    return connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()


def schemas_and_statements(migrations: Path) -> tuple[list[list[tuple[str]]], int]:
    """The schema after none, one, two and so on of the migrations, and how many statements all of them take."""
    statements: list[str] = []
    schemas: list[list[tuple[str]]] = [[]]
    few = migrations.with_name("few")
    few.mkdir()
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for path in sorted(migrations.glob("*.sql")):
            shutil.copy(path, few)
            migrate(connection, few)
            schemas.append(schema(connection))
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.set_trace_callback(statements.append)
        migrate(connection, migrations)
    return schemas, len(statements)


def test_killed_in_a_migration_the_schema_is_the_old_or_the_new_one(tmp_path: Path, program: Program) -> None:
    migrations = migrations_with_another(tmp_path / "migrations")
    schemas, statements = schemas_and_statements(migrations)
    seen = set()
    for death in (*range(1, statements, 5), statements - 1, statements, statements + 1):
        path = tmp_path / f"{death}.db"
        out, _ = program(MIGRATE_AND_DIE, path, migrations, death).communicate(timeout=120)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            done = len(applied(connection))
            assert schema(connection) == schemas[done]
            migrate(connection, migrations)
            assert schema(connection) == schemas[-1]
        seen.add((done, out))
    last = len(schemas) - 1
    assert seen == {*((done, "") for done in range(last)), (last, "migrated\n")}


@pytest.mark.parametrize(
    "script", ["CREATE TABLE a (b TEXT", "SELECT 1; SELECT 2;\n", "INSERT INTO nowhere (a) VALUES (1);"]
)
def test_a_faulty_migration_leaves_nothing_behind(tmp_path: Path, script: str) -> None:
    migrations = shutil.copytree(FOLDER, tmp_path / "migrations")
    (migrations / "9999-faulty.sql").write_text(f"CREATE TABLE half (a TEXT);\n{script}", encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as connection:
        with pytest.raises(MigrationFailed, match="9999-faulty"):
            migrate(connection, migrations)
        assert applied(connection) == set(SHIPPED)
        assert not any("half" in sql for (sql,) in schema(connection))


def test_a_migration_keeps_the_rows_that_refer_to_a_rebuilt_table(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    path = folder / "yingsheng.db"
    path.touch()
    with closing(open_for_writing(path).connection) as connection:
        migrate(connection)
        connection.execute("INSERT INTO contact (id, name, created_at) VALUES ('c', 'Wu Lan', 1)")
        connection.execute(
            "INSERT INTO identity (id, contact_id, channel, address, created_at)"
            " VALUES ('i', 'c', 'chat', 'visitor', 1)"
        )
        assert migrate(connection, migrations_with_another(tmp_path / "migrations")) == ["9999-rebuild"]
        enforce_foreign_keys(connection)
        assert connection.execute("SELECT contact_id FROM identity").fetchall() == [("c",)]
        assert connection.execute("SELECT nick FROM contact").fetchall() == [("Wu Lan",)]


@needs_strace
def test_every_answer_comes_after_the_log_was_forced_to_the_disk(folder: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-e", "trace=fdatasync,fsync,write,pwrite64", "-o", str(trace)]
    command += [sys.executable, *HAMMER, str(folder), "run", "1", "30"]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True).stdout
    assert len(out.splitlines()) == 30
    forced = True
    answers = 0
    for line in trace.read_text(errors="replace").splitlines():
        if "pwrite64(" in line and "db-wal>" in line:
            forced = False
        elif re.search(r"f(data)?sync\(.*db-wal>", line) or ("sync resumed" in line):
            forced = True
        elif re.search(r'write\(1<.*"run-0-\d+\\n"', line):
            answers += 1
            assert forced, line
    assert answers == 30


@needs_strace
@pytest.mark.parametrize(
    "fault", ["pwrite64:error=EIO", "fdatasync:error=EIO", "pwrite64:error=EROFS", "pwrite64:error=ENOSPC"]
)
async def test_when_the_disk_fails_at_some_operation_nothing_acknowledged_is_missing(folder: Path, fault: str) -> None:
    await open_database(folder).close()
    for first in (3, 8):
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={fault}:when={first}..{first + 12}"]
        command += [sys.executable, *HAMMER, str(folder), f"run{first}", "3", "15"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        if "cannot open" in done.stderr:
            continue
        assert done.returncode == 0, done.stderr
        acked = set(done.stdout.split())
        assert 0 < len(acked) < 45
        database = open_database(folder)
        assert acked - await database.read(kept) == set()
        assert await database.read(soundness) == ["ok"]
        await database.close()
