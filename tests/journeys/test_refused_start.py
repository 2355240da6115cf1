"""A data folder that cannot be used: the operator reads one clear sentence, exit code 1, and nothing is touched."""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Transaction
from storage.sqlite import open_database
from tests.journeys.disks import fill, unwritable
from tests.journeys.program import Program


def refused(folder: Path) -> str:
    """The one sentence that `serve` leaves behind on this folder."""
    done = Program(folder).command("serve", "--port", "0", timeout=120)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    print(f"\n{lines[0]}")
    return lines[0]


def make_database(folder: Path, write: str | None = None) -> Path:
    """A sound database in this folder, after this statement."""

    def change(tx: Transaction) -> None:
        if write is not None:
            tx.change(write)

    async def make() -> None:
        database = open_database(folder)
        await database.write(change)
        await database.close()

    asyncio.run(make())
    return folder / "yingsheng.db"


@pytest.mark.slow
def test_a_file_that_is_no_database_is_named_and_stays_as_it_is(tmp_path: Path) -> None:
    database = tmp_path / "data" / "yingsheng.db"
    database.parent.mkdir()
    junk = b"these are the shopping lists of 1998\n" * 500
    database.write_bytes(junk)
    told = refused(database.parent)
    assert str(database) in told
    assert "not a database" in told
    assert database.read_bytes() == junk


@pytest.mark.slow
def test_a_damaged_database_is_named_and_stays_as_it_is(tmp_path: Path) -> None:
    database = make_database(tmp_path / "data")
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(database.stat().st_size - 4096))
    damaged = database.read_bytes()
    told = refused(database.parent)
    assert str(database) in told
    assert "malformed" in told
    assert database.read_bytes() == damaged


@pytest.mark.slow
def test_a_database_cut_short_is_named_and_stays_as_it_is(tmp_path: Path) -> None:
    database = make_database(tmp_path / "data")
    os.truncate(database, database.stat().st_size // 2)
    cut = database.read_bytes()
    told = refused(database.parent)
    assert str(database) in told
    assert database.read_bytes() == cut


@pytest.mark.slow
def test_a_database_of_a_newer_version_is_left_to_that_version(tmp_path: Path) -> None:
    database = make_database(tmp_path / "data", "INSERT INTO migration (name) VALUES ('9999-of-the-future')")
    before = database.read_bytes()
    told = refused(database.parent)
    assert str(database) in told
    assert "newer version" in told
    assert "9999-of-the-future" in told
    assert database.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path, below: str) -> None:
    file = tmp_path / "data"
    file.write_text("a letter", encoding="utf-8")
    assert str(file) in refused(file / below)
    assert file.read_text(encoding="utf-8") == "a letter"


@pytest.mark.slow
def test_a_database_that_is_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data" / "yingsheng.db").mkdir(parents=True)
    assert str(tmp_path / "data" / "yingsheng.db") in refused(tmp_path / "data")


@pytest.mark.slow
def test_a_data_folder_that_this_user_may_not_write_in_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    with without_permission(folder):
        assert str(folder) in refused(folder)
        assert list(folder.iterdir()) == []


@contextlib.contextmanager
def without_permission(folder: Path) -> Iterator[None]:
    """Nobody may write here, nor may root."""
    if os.geteuid() == 0:
        with unwritable(folder):
            yield
        return
    folder.chmod(0o500)
    yield
    folder.chmod(0o700)


@pytest.mark.slow
@pytest.mark.usefixtures("immutable")
def test_a_database_that_cannot_be_written_is_named_at_the_start(tmp_path: Path) -> None:
    database = make_database(tmp_path / "data")
    with unwritable(database):
        told = refused(database.parent)
    assert str(database) in told
    assert "readonly" in told or "read-only" in told


@pytest.mark.slow
def test_a_read_only_disk_is_named_at_the_start(small_disk: Path) -> None:
    folder = small_disk / "data"
    make_database(folder)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    told = refused(folder)
    assert str(folder) in told
    assert "Read-only file system" in told


@pytest.mark.slow
@pytest.mark.parametrize("existing", [False, True])
def test_a_full_disk_is_named_at_the_start_and_what_was_there_is_kept(small_disk: Path, existing: bool) -> None:
    folder = small_disk / "data"
    if existing:
        make_database(folder)
    fill(small_disk / "ballast")
    told = refused(folder)
    assert str(folder) in told
    assert "full" in told or "No space" in told
    (small_disk / "ballast").unlink()
    make_database(folder)


@pytest.mark.slow
def test_a_data_folder_with_a_very_long_name_serves_like_any_other(tmp_path: Path) -> None:
    program = Program(tmp_path / ("a-long-name-" * 9) / "data")
    program.folder.parent.mkdir()
    program.start()
    try:
        assert (
            program.command("user", "add", "li", "--name", "李工", "--password", "a long pass phrase").returncode == 0
        )
    finally:
        program.kill()
