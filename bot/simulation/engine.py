"""The virtual clock: deeds in order, looks where something can happen, and a process that is up or down."""

import heapq
from collections.abc import Callable
from random import Random

from bot.simulation.house import House
from bot.simulation.scenario import SECOND, TICK, Deed, Happened, Log, Raised, Run, Setting
from bot.simulation.scratch import PowerCut
from bot.simulation.weather import GRAIN, Weather
from tickets.escalation.sweeping import AT_ONCE

Act = Callable[[], None]


class Engine:
    """Runs a desk from start to end (true time). every_look: until then no look is left out, to prove that those
    which are left out elsewhere have nothing to do; found_idle names the alarms that say otherwise."""

    def __init__(self, house: House, log: Log, weather: Weather, start: int, end: int, every_look: int = 0) -> None:
        self.house, self.log, self.now, self._end = house, log, start, end
        self._weather = weather
        self._rng: Random = weather.rng
        self._plan: list[tuple[int, int, Act]] = []
        self._counter = 0
        self._since: int | None = None
        self._stalled = False
        self._next = 0
        self._sweeps = 0
        self._due: int | None = None
        self._was_set = False
        self._every_look = every_look
        self.found_idle: list[Raised] = []
        self.looks = 0
        self.life = 0
        self.offset = 0
        self.on_raised: Callable[[Raised], None] = lambda alarm: None
        self.on_up: list[Act] = []
        house.scratch.witness = self._witness
        log.settings.append(Setting(0, 0))
        for at, length in weather.stops:
            self.at(at + 1, lambda length=length: self._stop(length))  # type: ignore[misc]
        for at, length in weather.stalls:
            self.at(at, lambda length=length: self._stall(length))  # type: ignore[misc]
        for at, offset in weather.settings:
            self.at(at, lambda offset=offset: self._set(offset))  # type: ignore[misc]

    @property
    def wall(self) -> int:
        """What the machine's clock shows."""
        return self.now + self.offset

    @property
    def up(self) -> bool:
        """Whether the process runs."""
        return self._since is not None

    def at(self, true: int, act: Act) -> None:
        """Do this then, or as soon as it can be; never at the very moment of a look."""
        self._counter += 1
        true = max(true, self.now + 1)
        heapq.heappush(self._plan, (true + (1 if true % GRAIN == 0 else 0), self._counter, act))

    def when_up(self, true: int, act: Act) -> None:
        """Do this then, or some seconds after the process is up again."""

        def attempt() -> None:
            if self.up:
                act()
                self._due = None if not self.up else self.house.next_due()
            else:
                self.at(self.now + self._rng.randrange(SECOND, 60 * SECOND), attempt)

        self.at(true, attempt)

    def did(self, conversation: int, deed: Deed, agent_id: str | None = None, snooze_ms: int | None = None) -> None:
        """Something happened just now."""
        self.log.happened.append(Happened(self.now, self.wall, conversation, deed, agent_id, snooze_ms))

    def run(self) -> None:
        """From start to end, and then until nothing is left to be sent."""
        self._start()
        while True:
            look = self._next_look()
            planned = self._plan[0][0] if self._plan else self._end
            if min(look, planned) >= self._end:
                break
            if look <= planned:
                self.now = look
                self._look()
            else:
                self.now, _, act = heapq.heappop(self._plan)
                self._carry_out(act)
        self.now = self._end
        self._finish_run(self._end)
        self.log.end = self._end

    def cut(self) -> None:
        """The process dies now and starts again some time later."""
        self._finish_run(self.now + 1 if self.now % GRAIN == 0 else self.now)
        self._later(self._rng.randrange(2 * SECOND, 600 * SECOND))

    def _carry_out(self, act: Act) -> None:
        try:
            act()
        except PowerCut:
            self.cut()

    def _next_look(self) -> int:
        if self._since is None:
            return self._end
        place = self._next
        if self._since + place * TICK >= self._every_look and place > 0:
            due = self.wall if self._was_set else self._due
            if due is None:
                return self._end
            reached = max(self.now, due - self.offset)
            place = max(place, -((self._since - reached) // TICK))
        return self._since + place * TICK

    def _look(self) -> None:
        assert self._since is not None, "nobody looks while the process is down"
        foreseen = self._next == 0 or self._was_set or (self._due is not None and self._due <= self.wall)
        wakes, self._was_set = self._was_set, False
        self._next = (self.now - self._since) // TICK + 1
        self.looks += 1
        self.house.wall, self._sweeps = self.wall, 0
        cut = False
        try:
            self.house.look()
        except PowerCut:
            cut = True
        raised = self.house.newly_raised(self.now)
        self.log.raised += raised
        self.found_idle += [] if foreseen else raised
        self._due = self.house.next_due()
        for alarm in raised:
            self.on_raised(alarm)
        if cut:
            self._finish_run(self.now + 1, cut=True)
            self._later(self._rng.randrange(2 * SECOND, 600 * SECOND))
        elif raised or wakes:
            for act in self.on_up:
                act()

    def _witness(self, fn: object, result: object) -> None:
        """Now and then the process dies after the sweep was kept and before anybody was told."""
        if getattr(fn, "__name__", "") != "sweep":
            return
        self._sweeps += 1
        first = self._sweeps == 1 and 0 < int(str(result)) < AT_ONCE
        if first and self._rng.random() < self._weather.cuts:
            raise PowerCut

    # -- up and down

    def _start(self) -> None:
        self._since, self._next = self.now, 0
        self._due = self.house.next_due()
        for act in self.on_up:
            act()

    def _finish_run(self, end: int, cut: bool = False) -> None:
        if self._since is not None:
            self.log.runs.append(Run(self._since, end, self._stalled, cut))
        self._since, self._stalled, self.life = None, False, self.life + 1

    def _stop(self, length: int) -> None:
        if self.up:
            self._finish_run(self.now)
            self._later(length)

    def _later(self, length: int) -> None:
        """Start again after so long, at the moment of a look."""
        self._counter += 1
        at = (self.now + max(length, SECOND)) // GRAIN * GRAIN
        heapq.heappush(self._plan, (at, self._counter, self._start))

    def _stall(self, length: int) -> None:
        """The process hangs: nothing goes on in it for so long, and it looks at once when it comes to."""
        if not self.up:
            return
        life = self.life
        self._finish_run(self.now)
        self.life = life

        def come_to() -> None:
            self._start()
            self._stalled = True

        self._counter += 1
        heapq.heappush(self._plan, ((self.now + length) // GRAIN * GRAIN, self._counter, come_to))

    def _set(self, offset: int) -> None:
        self.offset, self._was_set = offset, True
        self.log.settings.append(Setting(self.now, offset))
        for act in self.on_up if self.up else ():
            act()
