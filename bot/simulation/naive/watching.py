"""The looks at one conversation's deadlines: what they must have raised, and who had to hear of it."""

from collections.abc import Mapping
from dataclasses import replace

from bot.simulation.naive.clocks import Clocks
from bot.simulation.naive.looks import Look, Looks
from bot.simulation.naive.minutes import Minutes
from bot.simulation.naive.model import FOREVER, RESOLUTION, Alarm, Clock, Expected, Key
from bot.simulation.naive.people import recipients
from bot.simulation.scenario import MINUTE, SECOND, Log
from tickets.sla.model import Level

# So long an alarm may reach nobody.
PATIENCE = 45 * SECOND
# So far ahead a moment lies only if the clock was set back since.
AHEAD = MINUTE


class Watching(Clocks):
    """Takes the looks between two deeds. delivered: when each alarm first reached somebody, in true time."""

    def __init__(
        self,
        log: Log,
        looks: Looks,
        minutes: dict[str | None, Minutes],
        delivered: Mapping[Key, int],
        conversation: int,
    ) -> None:
        super().__init__(log, minutes, conversation)
        self._looks, self._delivered = looks, delivered

    def _look_until(self, true: int) -> None:
        while True:
            found = [
                (look.true, 0, place, look)
                for place, clock in enumerate(self.clocks)
                if (look := self._next_look(clock)) is not None and look.true < true
            ]
            found += [
                (alarm.unheard.true, 1, place, alarm.unheard)
                for place, alarm in enumerate(self.alarms)
                if alarm.unheard is not None and alarm.over is None and alarm.unheard.true < true
            ]
            if not found:
                break
            self._now, later, place, look = min(found, key=lambda one: one[:3])
            if later:
                self._rescue(self.alarms[place], look)
            else:
                self._at(self.clocks[place], look)
        self._now = true

    def _next_look(self, clock: Clock) -> Look | None:
        if clock.awaiting is not None:
            return self._looks.next_start(clock.awaiting.expected.look.true)
        if clock.ended is not None or clock.paused or clock.planned is None or clock.planned >= FOREVER:
            return None
        return self._looks.first(self._now, clock.planned)

    def _at(self, clock: Clock, look: Look) -> None:
        if clock.awaiting is not None:
            alarm, clock.awaiting = clock.awaiting, None
            self._tell(alarm, look)
            return
        assert clock.planned is not None, "it is looked at because something is planned"
        since, up = self._looks.due(clock.planned_since, clock.planned)
        expected = Expected(
            self._conversation, clock.started, clock.metric == RESOLUTION, clock.level, clock.planned, look, since, up
        )
        alarm = Alarm(expected, clock)
        self.alarms.append(alarm)
        if clock.ticket is not None:
            clock.ticket.alarms.append(alarm)
        clock.level += 1
        clock.planned = clock.goes_on = clock.rests = None
        if look.cut:
            clock.awaiting = alarm
        else:
            self._tell(alarm, look)

    def _tell(self, alarm: Alarm, look: Look) -> None:
        """People hear of it, and the chain's next step is planned from when it was raised."""
        clock, level = alarm.clock, alarm.expected.level
        if level >= 1:
            clock.goes_on = alarm.expected.look.wall + self._after(level)
        if clock.ticket is None:
            self._hand_over(look.wall, clock)
            assert clock.ticket is not None, "it has one now"
            clock.ticket.alarms.append(alarm)
        named = self._level(level)
        alarm.told = recipients(named, clock.ticket.assignee_id, self._log.staff, self._log.setup, look.wall)
        alarm.unheard = self._turns_out_unheard(alarm, look)
        if clock.planned is None:
            self._plan(clock, clock.goes_on if level >= 1 else self._step(clock, clock.level))

    def _turns_out_unheard(self, alarm: Alarm, told: Look) -> Look | None:
        """The look that comes when patience is over, if nothing has arrived by then. It begins anew at the first look
        at a clock that was set back."""
        one = alarm.expected
        look = self._looks.first(told.true, told.wall + PATIENCE)
        back = self._looks.first_behind(told.true, self._log.end if look is None else look.true, told.wall - AHEAD)
        if back is not None:
            return self._turns_out_unheard(alarm, back)
        if look is not None and look.cut:
            look = self._looks.next_start(look.true)
        arrived = self._delivered.get((one.conversation, one.started, one.resolution, one.level))
        return None if look is None or (arrived is not None and arrived < look.true) else look

    def _rescue(self, alarm: Alarm, look: Look) -> None:
        """It reached nobody: the fallback is used, and if there is none, or it does not help, the next level is due."""
        clock, level, alarm.unheard = alarm.clock, alarm.expected.level, None
        named = self._level(level)
        fallback = replace(named, transports=named.fallback) if named is not None and not alarm.helped else None
        assert clock.ticket is not None, "somebody was told"
        more = recipients(fallback, clock.ticket.assignee_id, self._log.staff, self._log.setup, look.wall)
        if more:
            alarm.told, alarm.helped = (alarm.told or set()) | more, True
            alarm.unheard = self._turns_out_unheard(alarm, look)
        elif 1 <= level < len(self._chain.levels) and clock.level == level + 1 and self._lies_ahead(clock, look):
            self._plan(clock, look.wall)

    def _lies_ahead(self, clock: Clock, look: Look) -> bool:
        runs = clock.ended is None and not clock.paused
        return runs and clock.planned is not None and clock.planned > look.wall

    def _level(self, level: int) -> Level | None:
        if level < 1:
            return self._chain.warning
        return self._chain.levels[level - 1] if level <= len(self._chain.levels) else self._chain.levels[-1]

    def _after(self, level: int) -> int:
        return self._chain.levels[level].after_ms if level < len(self._chain.levels) else self._chain.repeat_ms
