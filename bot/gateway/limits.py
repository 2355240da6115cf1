"""How much one visitor or one address may ask for. Counts live in memory: a restart forgives."""

import time
from collections import Counter

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from bot.errors import FrameError

FRAMES_PER_MINUTE = 240


class Traffic:
    """Rates per visitor and address, and connections per address."""

    def __init__(self, messages_per_minute: int, visitors_per_hour: int, connections_per_address: int) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._messages = RateLimitItemPerMinute(messages_per_minute)
        self._frames = RateLimitItemPerMinute(FRAMES_PER_MINUTE)
        self._visitors = RateLimitItemPerHour(visitors_per_hour)
        self._connections: Counter[str] = Counter()
        self._most_connections = connections_per_address

    def message(self, visitor: str, client_message_id: str) -> None:
        """Count a message. Raises FrameError("too_fast") over the limit."""
        if not self._limiter.hit(self._messages, "message", visitor):
            raise FrameError(
                "too_fast",
                client_message_id=client_message_id,
                retry_after=self._wait(self._messages, "message", visitor),
            )

    def frame(self, visitor: str) -> None:
        """Count a frame of any kind. Raises FrameError("too_fast") over the limit."""
        if not self._limiter.hit(self._frames, "frame", visitor):
            raise FrameError("too_fast", retry_after=self._wait(self._frames, "frame", visitor))

    def new_visitor(self, address: str) -> None:
        """Count a new visitor token. Raises FrameError("too_fast") over the limit."""
        if not self._limiter.hit(self._visitors, "visitor", address):
            raise FrameError("too_fast", retry_after=self._wait(self._visitors, "visitor", address))

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

    def _wait(self, limit: RateLimitItemPerMinute | RateLimitItemPerHour, kind: str, key: str) -> float:
        """Seconds until the oldest hit leaves the window."""
        reset = self._limiter.get_window_stats(limit, kind, key).reset_time
        return max(1.0, round(reset - time.time(), 1))
