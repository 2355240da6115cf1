import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.check import Severity, can_lose_commits, check
from storage.sqlite import SQLiteDatabase, open_database
from tests.storage.cast import keep


def problems(folder: Path) -> list[str]:
    return [finding.sentence for finding in check(folder) if finding.severity is Severity.PROBLEM]


@pytest.mark.parametrize(
    ("version", "faulty"),
    [
        ((3, 6, 23), False),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_the_versions_that_can_lose_commits_are_known(version: tuple[int, ...], faulty: bool) -> None:
    assert can_lose_commits(version) is faulty


async def test_a_folder_in_use_is_found_sound_and_stays_usable(database: SQLiteDatabase) -> None:
    await database.write(keep, "k")
    assert problems(database.folder) == []
    assert any("is sound" in finding.sentence for finding in check(database.folder))
    await database.write(keep, "after")


def test_a_folder_that_was_never_used_is_not_made(folder: Path) -> None:
    assert problems(folder) == []
    assert not folder.exists()


async def test_rights_for_other_users_are_named(folder: Path) -> None:
    await open_database(folder).close()
    (folder / "yingsheng.db").chmod(0o644)
    folder.chmod(0o755)
    modes = problems(folder)
    assert len(modes) == 2
    assert "755" in modes[0]
    assert "644" in modes[1]


async def test_everything_that_is_made_is_for_its_owner_alone(database: SQLiteDatabase) -> None:
    made = [database.folder, *database.folder.iterdir()]
    assert len(made) == 5
    assert [path.name for path in made if path.stat().st_mode & 0o077] == []


async def test_damage_and_a_newer_schema_are_problems(folder: Path, tmp_path: Path) -> None:
    await open_database(folder).close()
    other = shutil.copytree(folder, tmp_path / "other")
    other.chmod(0o700)
    with closing(sqlite3.connect(folder / "yingsheng.db", isolation_level=None)) as connection:
        connection.execute("INSERT INTO migration (name) VALUES ('9999-tomorrow')")
    (other / "yingsheng.db").write_bytes(b"ruins" * 1000)
    assert "newer version" in problems(folder)[0]
    assert "not a database" in problems(other)[0]
