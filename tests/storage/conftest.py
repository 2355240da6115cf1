"""Real folders, real files, and other processes to share or fight over them."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from storage.sqlite import SQLiteDatabase, open_database

ROOT = Path(__file__).parents[2]

Program = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def fresh_databases() -> None:
    """Every database here is made as the program makes it."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with an awkward name, not yet made."""
    return tmp_path / "数据 #1?%41"


@pytest.fixture
async def database(folder: Path) -> AsyncIterator[SQLiteDatabase]:
    database = open_database(folder)
    yield database
    await database.close()


@pytest.fixture
def program() -> Iterator[Program]:
    """Starts Python programs with pipes, and ends those that are still there after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(source: str, *arguments: object, prefix: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        command = [*prefix, sys.executable, "-c", source, *map(str, arguments)]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes, or a skip where this user may not mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "none", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk is not permitted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)
