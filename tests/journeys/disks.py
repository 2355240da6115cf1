"""Disks and files that make trouble on demand."""

import contextlib
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path


def fill(ballast: Path) -> None:
    """Leave not a byte on the disk of this file."""
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(ballast.parent).free == 0


@contextlib.contextmanager
def unwritable(*paths: Path) -> Iterator[None]:
    """Every write to these is refused by the file system, even to root and through files that are open."""
    subprocess.run(["chattr", "+i", *map(str, paths)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *map(str, paths)], check=True)


@contextlib.contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another program holds the database for itself."""
    connection = sqlite3.connect(database, isolation_level=None, timeout=60)
    with contextlib.closing(connection):
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")
