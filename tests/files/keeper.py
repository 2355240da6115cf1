"""Keeps attachments of many callers at once until it is killed; prints each id once its row is committed.

python -m tests.files.keeper FOLDER RUN CALLERS
"""

import asyncio
import itertools
import os
import random
import sys
import time
from dataclasses import replace
from pathlib import Path

from bot.files.intake import Found, take_in
from storage.blobs import Blobs
from storage.database import Transaction
from storage.sqlite import SQLiteDatabase, open_database
from tests.files import hostile
from tickets import attachments, contacts, conversations
from tickets.model import Author, Draft, MessageKind

LARGEST = 300_000


def open_message(tx: Transaction, run: str, now: int) -> str:
    """A message that files can belong to; its id."""
    contact = contacts.identify(tx, "chat", run, now)
    conversation = conversations.find_or_open(tx, contact.id, "chat", now)
    message, _ = conversations.append(tx, conversation.id, Draft(Author.CONTACT, MessageKind.TEXT, "见附件"), now)
    return message.id


async def keep_on(database: SQLiteDatabase, blobs: Blobs, message_id: str, chance: random.Random) -> None:
    """Keep one file after another, every third without a message, some of them the same again."""
    for number in itertools.count():
        found = Found(f"{number}.bin", content(number, chance))
        kept = await asyncio.to_thread(take_in, blobs, found, "contact:1", now())
        claimed = number % 3 != 2
        row = replace(kept, message_id=message_id if claimed else None, position=number)
        await database.write(attachments.keep, row)
        os.write(sys.stdout.fileno(), f"{kept.id if claimed else '-'}\n".encode())


def content(number: int, chance: random.Random) -> bytes:
    """A picture now and then, otherwise bytes of any number; one in eight is the same for everybody."""
    if number % 8 == 3:
        return b"%PDF-1.7 the same for everybody" + bytes([chance.randrange(4)])
    if number % 8 == 5:
        return hostile.picture(size=(chance.randrange(1, 200), chance.randrange(1, 200)))
    return chance.randbytes(chance.randrange(1, LARGEST))


def now() -> int:
    return int(time.time() * 1000)


async def main(folder: Path, run: str, callers: int) -> None:
    database, blobs = open_database(folder), Blobs(folder)
    message_id = await database.write(open_message, run, now())
    await asyncio.gather(
        *(keep_on(database, blobs, message_id, random.Random(f"{run}-{caller}")) for caller in range(callers))
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
