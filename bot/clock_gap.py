"""Whether somebody set the machine's clock: what it shows, held against a clock that nobody sets.

Due times are moments of the wall's clock, waits between two looks are measured by the other. So a clock that was set
moves no promise; but people should know of it, because it makes alarms come early or late.
"""

import logging
from collections.abc import Callable

LARGEST_MS = 60_000

log = logging.getLogger(__name__)


class ClockGap:
    """Notices when the two clocks drift apart by more than LARGEST_MS since they last agreed, and says so once.

    wall tells epoch ms, steady seconds. A machine that slept counts as one whose clock was set forward.
    """

    def __init__(self, wall: Callable[[], int], steady: Callable[[], float]) -> None:
        self._wall, self._steady = wall, steady
        self._ahead = self._now_ahead()

    def look(self) -> None:
        """Compare, and log a gap."""
        ahead = self._now_ahead()
        if abs(ahead - self._ahead) > LARGEST_MS:
            log.warning("the machine's clock was set by %.0f s since the last look", (ahead - self._ahead) / 1000)
            self._ahead = ahead

    def _now_ahead(self) -> float:
        return self._wall() - self._steady() * 1000
