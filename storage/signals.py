"""Wake-ups between parts of one process. The database is the truth; a signal only says "look again".

Losing a signal must never lose anything: whoever waits also looks again by itself from time to time.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable

Listener = Callable[[str, str], None]


class Signals:
    """Delivers (topic, key) pairs to listeners on the event loop. Lives as long as its database."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = defaultdict(list)

    def listen(self, topic: str, listener: Listener) -> Callable[[], None]:
        """Call listener(topic, key) at each signal; returns the function that stops it."""
        self._listeners[topic].append(listener)
        return lambda: self._listeners[topic].remove(listener)

    def publish(self, signals: Iterable[tuple[str, str]]) -> None:
        """Deliver each distinct signal once. Called on the event loop, after a commit."""
        for topic, key in dict.fromkeys(signals):
            for listener in tuple(self._listeners[topic]):
                listener(topic, key)


class Bell:
    """An event that a loop waits on: rung by signals, or by the passing of time, whichever is first."""

    def __init__(self, signals: Signals, *topics: str) -> None:
        self._event = asyncio.Event()
        self._stops = [signals.listen(topic, lambda _topic, _key: self._event.set()) for topic in topics]

    async def wait(self, seconds: float) -> None:
        """Return when rung since the last wait, or after this many seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), timeout=seconds)
        self._event.clear()

    def close(self) -> None:
        """Stop listening."""
        for stop in self._stops:
            stop()
