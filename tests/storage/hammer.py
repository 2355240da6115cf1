"""Writes numbered rows from many callers at once until it is killed; prints each key once it is acknowledged.

python -m tests.storage.hammer FOLDER RUN CALLERS [WRITES]
"""

import asyncio
import itertools
import os
import sys
from pathlib import Path

from storage.errors import StorageUnavailable
from storage.sqlite import SQLiteDatabase, open_database
from tests.storage.cast import keep


async def write_on(database: SQLiteDatabase, run: str, numbers: "itertools.count[int] | range") -> None:
    for number in numbers:
        try:
            key = await database.write(keep, f"{run}-{number}")
        except StorageUnavailable:
            continue
        os.write(sys.stdout.fileno(), f"{key}\n".encode())


async def main(folder: Path, run: str, callers: int, writes: int | None) -> None:
    database = open_database(folder)
    numbers = [range(writes) if writes else itertools.count() for _ in range(callers)]
    await asyncio.gather(*(write_on(database, f"{run}-{n}", numbers[n]) for n in range(callers)))
    await database.close()


if __name__ == "__main__":
    limit = int(sys.argv[4]) if len(sys.argv) > 4 else None
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), limit))
