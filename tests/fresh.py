"""Fresh databases of tests: each a copy of one that was made by the real way of making them."""

import asyncio
import shutil
from pathlib import Path

from storage.folder import DATABASE_NAME, make_file
from storage.sqlite import open_database


def make_pattern(folder: Path) -> Path:
    """A database as it is after its first opening, closed again; its path. Not while a loop runs."""
    asyncio.run(open_database(folder).close())
    return folder / DATABASE_NAME


class Copies:
    """Stands in for make_file(): where no database is yet, a copy of the pattern is put there.

    Opening it is the real thing all the same, which finds no migration missing.
    """

    def __init__(self, pattern: Path) -> None:
        self._pattern = pattern

    def __call__(self, path: Path) -> None:
        if not path.exists():
            make_file(path)
            shutil.copyfile(self._pattern, path)
