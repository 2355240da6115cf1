"""Every way in, running: a fetcher for each mailbox that is read. None of them holds up the rest of the server."""

import asyncio
import contextlib
from collections.abc import Sequence

from bot.config import MailboxSettings
from bot.mail.fetching.imap import Fetcher, Post


class Arrivals:
    """The tasks that read mailboxes."""

    def __init__(self, mailboxes: Sequence[MailboxSettings], post: Post) -> None:
        self._fetchers = {one.name: Fetcher(one, post) for one in mailboxes if one.receive == "imap"}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to read; returns at once, whether or not any server can be reached."""
        self._tasks = [asyncio.create_task(one.live(), name=f"mailbox {name}") for name, one in self._fetchers.items()]

    async def stop(self) -> None:
        """Stop reading and say goodbye to the servers, within a second or two."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
