"""How fast mails go out: no more than a few at once to one domain, and none while it asks for patience."""

from collections import defaultdict

AT_ONCE_PER_DOMAIN = 2
APART_MS = 500
MOST_DOMAINS = 2_000


class Pacer:
    """Knows what is under way to each recipient's domain. Lives as long as the loop of its mailbox."""

    def __init__(self) -> None:
        self._under_way: dict[str, int] = defaultdict(int)
        self._rests_until: dict[str, int] = {}
        self._next_turn: dict[str, int] = {}
        self._seen: int | None = None

    def begin(self, domain: str, now: int) -> int | None:
        """None: begin, and say done() afterwards. Otherwise when to come again, each who asks a bit later."""
        self.look(now)
        rests_until = self._rests_until.get(domain, 0)
        if rests_until <= now and self._under_way.get(domain, 0) < AT_ONCE_PER_DOMAIN:
            self._under_way[domain] += 1
            return None
        turn = max(now, rests_until, self._next_turn.get(domain, 0)) + APART_MS
        self._next_turn[domain] = turn
        return turn

    def done(self, domain: str) -> None:
        """One of those that began has ended."""
        self._under_way[domain] -= 1
        if self._under_way[domain] <= 0:
            del self._under_way[domain]

    def rest(self, domain: str, for_ms: int, now: int) -> None:
        """Send nothing to this domain for so long."""
        self.look(now)
        if len(self._rests_until) >= MOST_DOMAINS:
            self._rests_until.clear()
            self._next_turn.clear()
        self._rests_until[domain] = max(now + for_ms, self._rests_until.get(domain, 0))

    def look(self, now: int) -> None:
        """If the clock was set back, what was left to wait at the last look is left now."""
        behind = 0 if self._seen is None else self._seen - now
        self._seen = now
        if behind > 0:
            for moments in (self._rests_until, self._next_turn):
                moments.update({domain: at - behind for domain, at in moments.items()})
