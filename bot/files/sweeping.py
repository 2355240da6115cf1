"""Files that nothing names any more, taken away a day later."""

import asyncio

from storage.blobs import Blobs
from storage.database import Database
from tickets import attachments

KEPT_MS = 24 * 3_600_000
AT_ONCE = 500


async def sweep(database: Database, blobs: Blobs, now: int) -> int:
    """Forget uploads that no message claimed within KEPT_MS, then files that no row names; how many files went.

    A younger file is left alone: its row comes after its bytes.
    """
    while await database.write(attachments.forget_unclaimed, now - KEPT_MS, AT_ONCE):
        pass
    gone = 0
    batches = blobs.older_than(KEPT_MS, AT_ONCE)
    while names := await asyncio.to_thread(next, batches, None):
        named = await database.read(attachments.named_hashes, names[0], names[-1])
        for name in names:
            if name not in named:
                gone += await asyncio.to_thread(blobs.drop, name, KEPT_MS)
    return gone
