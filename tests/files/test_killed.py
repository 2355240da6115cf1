"""A process is killed again and again while it keeps attachments: no row is without its file, and what no row names
goes a day later."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.files.sweeping import KEPT_MS, sweep
from storage.blobs import Blobs
from storage.database import Row, Transaction
from storage.sqlite import open_database
from tests.storage.conftest import ROOT

CALLERS = 8


@pytest.mark.timeout(3_600)
async def test_after_every_kill_each_row_has_its_file_and_a_day_later_each_file_its_row(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder, kills = tmp_path / "data", int(request.config.getoption("--file-kills"))
    chance = random.Random(int(request.config.getoption("--seed")))
    acked: set[str] = set()
    for run in range(kills):
        acked |= keep_until_killed(folder, run, chance)
    database, blobs = open_database(folder), Blobs(folder)
    rows = await database.read(named)
    orphans, halves = left_over(folder, rows)
    print(f"\n{kills} kills, {len(rows)} rows, {len(orphans)} files without a row, {len(halves)} half written")
    assert acked - {row["id"] for row in rows if row["message_id"]} == set()
    assert [row["id"] for row in rows if not is_whole(blobs, row)] == []
    assert [name for name in orphans if not _has_its_hash(blobs.path(name))] == [], "these would be taken for kept"
    assert orphans | halves, "no kill came in between: this proves nothing"
    await sweep(database, blobs, now())
    assert left_over(folder, rows) == (orphans, halves), "what is young is left alone"
    for path in (folder / "blobs").glob("*/*"):
        os.utime(path, (1, 1))
    await sweep(database, blobs, now() + KEPT_MS + 1)
    rows = await database.read(named)
    assert acked <= {row["id"] for row in rows}
    assert {row["message_id"] is None for row in rows} == {False}
    assert [row["id"] for row in rows if not is_whole(blobs, row)] == []
    assert left_over(folder, rows) == (set(), set())
    await database.close()


def keep_until_killed(folder: Path, run: int, chance: random.Random) -> set[str]:
    """The ids that were acknowledged, of files of messages."""
    command = [sys.executable, "-m", "tests.files.keeper", str(folder), f"run{run}", str(CALLERS)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout is not None
        told = [keeper.stdout.readline() for _ in range(chance.randrange(1, 60))]
        keeper.send_signal(signal.SIGKILL)
        told += list(keeper.stdout)
    assert "" not in told, "it ended by itself"
    return {line.strip() for line in told if line.endswith("\n")} - {"-"}


def named(tx: Transaction) -> list[Row]:
    return tx.execute("SELECT id, message_id, hash, thumbnail_hash FROM attachment")


def is_whole(blobs: Blobs, row: Row) -> bool:
    return all(_has_its_hash(blobs.path(name)) for name in (row["hash"], row["thumbnail_hash"]) if name)


def _has_its_hash(path: Path) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == path.name


def left_over(folder: Path, rows: list[Row]) -> tuple[set[str], set[str]]:
    """The files that no row names, and the half written ones."""
    files = {path.name for path in (folder / "blobs").glob("*/*")}
    halves = {name for name in files if name.endswith(".new")}
    return files - halves - {row[column] for row in rows for column in ("hash", "thumbnail_hash")}, halves


def now() -> int:
    return int(time.time() * 1000)
