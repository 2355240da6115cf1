"""How much one visitor or one address may ask for. Counts live in memory: a restart forgives."""

import time
from collections import Counter, deque
from collections.abc import Callable

from bot.errors import FrameError

FRAMES_PER_MINUTE = 240
SEARCHES_PER_MINUTE = 120
SUGGESTIONS_PER_MINUTE = 240
# Of all pages of one address together: tokens can be collected, addresses hardly.
SUGGESTIONS_OF_ADDRESS_PER_MINUTE = 1_200
FEEDBACK_PER_HOUR = 60
UPLOADS_OF_ADDRESS = 5
MINUTE_S = 60.0
HOUR_S = 3_600.0
SWEEP_AT = 1_024


class Pace:
    """At most ``most`` hits of one key in any ``window_s`` seconds. Forgets keys that have gone quiet."""

    def __init__(self, most: int, window_s: float) -> None:
        self._most = most
        self._window_s = window_s
        self._hits: dict[str, deque[float]] = {}
        self._sweep_at = SWEEP_AT

    def hit(self, key: str, now: float) -> float | None:
        """Count a hit and return None; over the limit, count nothing and return the seconds until it may pass."""
        hits = self._hits.get(key)
        if hits is None:
            hits = self._hits[key] = deque()
            self._sweep(now)
        while hits and hits[0] <= now - self._window_s:
            hits.popleft()
        if len(hits) >= self._most:
            return hits[0] + self._window_s - now
        hits.append(now)
        return None

    def take_back(self, key: str) -> None:
        """Uncount the last hit."""
        if hits := self._hits.get(key):
            hits.pop()

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._hits)

    def _sweep(self, now: float) -> None:
        """Forget quiet keys each time their number has doubled, so that a hit stays cheap on the average."""
        if len(self._hits) < self._sweep_at:
            return
        oldest = now - self._window_s
        self._hits = {key: hits for key, hits in self._hits.items() if not hits or hits[-1] > oldest}
        self._sweep_at = max(SWEEP_AT, 2 * len(self._hits))


class Traffic:
    """Rates per visitor and address, and connections per address. seconds() is a clock that never goes back."""

    def __init__(
        self,
        messages_per_minute: int,
        visitors_per_hour: int,
        connections_per_address: int,
        seconds: Callable[[], float] = time.monotonic,
        uploads_per_hour: int = 60,
    ) -> None:
        self._messages = Pace(messages_per_minute, MINUTE_S)
        self._frames = Pace(FRAMES_PER_MINUTE, MINUTE_S)
        self._visitors = Pace(visitors_per_hour, HOUR_S)
        self._searches = Pace(SEARCHES_PER_MINUTE, MINUTE_S)
        self._suggestions = Pace(SUGGESTIONS_PER_MINUTE, MINUTE_S)
        self._suggestions_of_address = Pace(SUGGESTIONS_OF_ADDRESS_PER_MINUTE, MINUTE_S)
        self._feedback = Pace(FEEDBACK_PER_HOUR, HOUR_S)
        self._uploads = Pace(uploads_per_hour, HOUR_S)
        self._uploads_of_address = Pace(uploads_per_hour * UPLOADS_OF_ADDRESS, HOUR_S)
        self._connections: Counter[str] = Counter()
        self._most_connections = connections_per_address
        self._seconds = seconds

    def message(self, visitor: str, client_message_id: str) -> None:
        """Count a message. Raises FrameError("too_fast") over the limit."""
        self._count(self._messages, visitor, client_message_id)

    def unkept(self, visitor: str) -> None:
        """A message that was counted could not be kept: sending it again must not cost the visitor another."""
        self._messages.take_back(visitor)

    def frame(self, visitor: str, client_message_id: str | None = None) -> None:
        """Count a frame of any kind. Raises FrameError("too_fast") over the limit."""
        self._count(self._frames, visitor, client_message_id)

    def new_visitor(self, address: str) -> None:
        """Count a new visitor token. Raises FrameError("too_fast") over the limit."""
        self._count(self._visitors, address, None)

    def search(self, address: str) -> None:
        """Count a search of the help centre. Raises FrameError("too_fast") over the limit."""
        self._count(self._searches, address, None)

    def suggestion(self, asker: str) -> None:
        """Count a request for suggestions of an address or visitor. Raises FrameError("too_fast") over the limit."""
        self._count(self._suggestions, asker, None)

    def may_suggest(self, address: str) -> bool:
        """Count a look-up for a page of this address; False, and nothing is counted, over the limit of all of them."""
        return self._suggestions_of_address.hit(address, self._seconds()) is None

    def feedback(self, address: str) -> None:
        """Count a word on an article. Raises FrameError("too_fast") over the limit."""
        self._count(self._feedback, address, None)

    def upload(self, visitor: str, address: str) -> None:
        """Count a file of a visitor, and of all of an address. Raises FrameError("too_fast") over either limit."""
        self._count(self._uploads, visitor, None)
        self._count(self._uploads_of_address, address, None)

    def connect(self, address: str) -> None:
        """Count a connection; release() must follow. Raises FrameError("too_many_connections")."""
        if self._connections[address] >= self._most_connections:
            raise FrameError("too_many_connections", retry_after=30)
        self._connections[address] += 1

    def release(self, address: str) -> None:
        """A counted connection has ended."""
        self._connections[address] -= 1
        if self._connections[address] <= 0:
            del self._connections[address]

    @property
    def connections(self) -> int:
        """How many connections are counted now."""
        return self._connections.total()

    def _count(self, pace: Pace, key: str, client_message_id: str | None) -> None:
        wait = pace.hit(key, self._seconds())
        if wait is not None:
            retry_after = max(1.0, round(wait, 1))
            raise FrameError("too_fast", client_message_id=client_message_id, retry_after=retry_after)
