"""Wake-ups between parts of one process. The database is the truth; a signal only says "look again".

Losing a signal must never lose anything: whoever waits also looks again by itself from time to time.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable

Listener = Callable[[str, str], None]


class _Ear:
    """One listener on the event loop where it began to listen."""

    def __init__(self, listener: Listener) -> None:
        self.loop = asyncio.get_running_loop()
        self._listener = listener
        self._open = True

    def hear(self, topic: str, key: str) -> None:
        if self._open:
            self._listener(topic, key)

    def shut(self) -> None:
        self._open = False


class Signals:
    """Delivers (topic, key) pairs to listeners, each on its own event loop. Lives as long as its database."""

    def __init__(self) -> None:
        self._ears: dict[str, tuple[_Ear, ...]] = {}
        self._changing = threading.Lock()

    def listen(self, topic: str, listener: Listener) -> Callable[[], None]:
        """Call listener(topic, key) on the running event loop at each signal.

        Returns the function that stops it; the listener is not called after that. An exception from a listener
        goes to its loop's exception handler and disturbs nobody else.
        """
        ear = _Ear(listener)
        with self._changing:
            self._ears[topic] = (*self._ears.get(topic, ()), ear)
        return lambda: self._remove(topic, ear)

    def publish(self, signals: Iterable[tuple[str, str]]) -> None:
        """Deliver each distinct signal once, soon. May be called from any thread."""
        for topic, key in dict.fromkeys(signals):
            for ear in self._ears.get(topic, ()):
                try:
                    ear.loop.call_soon_threadsafe(ear.hear, topic, key)
                except RuntimeError:  # its loop is closed
                    self._remove(topic, ear)

    def _remove(self, topic: str, ear: _Ear) -> None:
        ear.shut()
        with self._changing:
            self._ears[topic] = tuple(other for other in self._ears.get(topic, ()) if other is not ear)


class Bell:
    """An event that a loop waits on: rung by signals, or by the passing of time, whichever is first."""

    def __init__(self, signals: Signals, *topics: str) -> None:
        self._event = asyncio.Event()
        self._stops = [signals.listen(topic, lambda _topic, _key: self._event.set()) for topic in topics]

    async def wait(self, seconds: float) -> None:
        """Return when rung since the last wait, or after this many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()

    def close(self) -> None:
        """Stop listening."""
        for stop in self._stops:
            stop()
