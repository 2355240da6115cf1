"""Every way in, running: a fetcher for each mailbox that is read, and the listener. None holds up the server."""

import asyncio
import contextlib

from bot.config import Mail
from bot.mail.fetching.imap import Fetcher, Post
from bot.mail.fetching.listener import Listener


class Arrivals:
    """The tasks that bring mails in. listener is None where no mailbox has its mails handed to us."""

    def __init__(self, settings: Mail, post: Post) -> None:
        read = [one for one in settings.mailboxes if one.receive == "imap"]
        handed = [one for one in settings.mailboxes if one.receive == "listener"]
        self._fetchers = {one.name: Fetcher(one, post) for one in read}
        self.listener = Listener(settings, handed, post) if handed else None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin; returns at once, whether or not any server can be reached."""
        self._tasks = [asyncio.create_task(one.live(), name=f"mailbox {name}") for name, one in self._fetchers.items()]
        if self.listener is not None:
            self._tasks.append(asyncio.create_task(self.listener.live(), name="mail listener"))

    async def stop(self) -> None:
        """Stop, and say goodbye to the servers, within a second or two."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
