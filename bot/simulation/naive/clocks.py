"""The clocks of one conversation: how they are reckoned, stand still and end."""

from bot.simulation.naive.minutes import Minutes
from bot.simulation.naive.model import FIRST, NEXT, NOT_PROMISED, RESOLUTION, Alarm, Clock, Ticket
from bot.simulation.scenario import Log
from tickets.sla.model import Policy


class Clocks:
    """Everything that is known of one conversation at a true moment, and its clocks."""

    def __init__(self, log: Log, minutes: dict[str | None, Minutes], conversation: int) -> None:
        self._log, self._minutes, self._conversation = log, minutes, conversation
        self._chain = log.setup.chain
        self.clocks: list[Clock] = []
        self._tickets: list[Ticket] = []
        self._agent_speaks = False
        self._undecided = 0
        self._now = 0
        self.alarms: list[Alarm] = []

    def dues(self) -> dict[tuple[int, int, bool], int]:
        """When each clock was due in the end."""
        return {(self._conversation, one.started, one.metric == RESOLUTION): one.steps[-1] for one in self.clocks}

    def _wait(self, now: int) -> Clock:
        if self._running is not None:
            return self._running
        ticket = self._live
        metric = NEXT if ticket is not None and ticket.answered else FIRST
        policy = ticket.policy if ticket is not None else self._policy("")[1]
        clock = Clock(metric, now, policy, self._agent_speaks, ticket)
        self.clocks.append(clock)
        self._reckon(clock, now)
        return clock

    def _hand_over(self, now: int, clock: Clock) -> None:
        clock.needs_person = True
        if self._live is not None:
            if clock.ticket is None:
                self._attach(clock, self._live, now)
            return
        again = [
            one
            for one in self._tickets
            if one.resolved is not None and one.resolved >= now - self._log.setup.reopen_within_ms
        ]
        ticket = max(again, key=lambda one: one.resolved or 0) if again else Ticket(*self._policy("normal"))
        if not again:
            self._tickets.append(ticket)
        ticket.status, ticket.resolved = "open" if again else "new", None
        self._attach(clock, ticket, now)

    def _attach(self, clock: Clock, ticket: Ticket, now: int) -> None:
        """The wait is the ticket's, under what that was promised."""
        clock.ticket, clock.policy = ticket, ticket.policy
        clock.metric = NEXT if ticket.answered else FIRST
        self._reckon(clock, now)
        self._resolution(ticket, clock, now)

    def _resolution(self, ticket: Ticket, wait: Clock | None, now: int) -> None:
        """Runs from the wait's start, or goes on without the time for which it was resolved."""
        own = [one for one in self.clocks if one.ticket is ticket and one.metric == RESOLUTION]
        if own and own[-1].ended == NOT_PROMISED:
            self._promise_solution(ticket, now)
        elif own and own[-1].ended is not None:
            clock = own[-1]
            clock.pauses.append([clock.ended_at, max(now, clock.ended_at)])
            clock.ended, clock.policy = None, ticket.policy
            self._reckon(clock, now, anew=True)
        elif not own and wait is not None and ticket.policy.resolution is not None:
            clock = Clock(RESOLUTION, wait.started, ticket.policy, True, ticket)
            self.clocks.append(clock)
            self._reckon(clock, now)

    def _promise_solution(self, ticket: Ticket, now: int) -> None:
        """A solution that was not promised is: from the first wait, or as if it had been promised all the time."""
        own = [one for one in self.clocks if one.ticket is ticket and one.metric == RESOLUTION]
        if ticket.policy.resolution is None or (own and own[-1].ended is None):
            return
        if own:
            own[-1].ended, own[-1].policy = None, ticket.policy
            self._reckon(own[-1], now)
            return
        waits = [one for one in self.clocks if one.ticket is ticket]
        if waits:
            self._resolution(ticket, min(waits, key=lambda one: one.started), now)

    def _become(self, ticket: Ticket, status: str, now: int) -> None:
        """The clocks stand still or go on as their policy says for the new status."""
        ticket.status = status
        for clock in self._of(ticket):
            stands = status in clock.budget.pauses
            if stands and not (clock.paused and clock.paused_for == status):
                self._end_pause(clock, now)
                clock.paused_for = status
                clock.pauses.append([max(now, clock.started), None])
                clock.planned = None
            elif not stands and clock.paused:
                self._end_pause(clock, now)
                self._reckon(clock, now)

    def _reckon(self, clock: Clock, now: int, anew: bool = False) -> None:
        """When its steps are due, and which of them comes next.

        What was raised stays raised. Of steps that are overdue only the latest is raised. After the breach the chain
        goes on where it was, or at the breach if that lies ahead again. anew: the wait had ended and goes on, so that
        what was acknowledged of it has to be again.
        """
        before, ahead = len(clock.steps), bool(clock.steps) and self._step(clock, 1) > now
        clock.steps = self._steps(clock, now)
        if clock.paused:
            return
        first = 2 - len(clock.steps)
        clock.level = first if clock.level == 2 - before or not before else max(first, clock.level)
        if clock.level <= 1:
            while clock.level < 1 and self._step(clock, clock.level + 1) <= now:
                clock.level += 1
            self._plan(clock, self._step(clock, clock.level))
            return
        if anew:
            clock.rests = None
        breach = self._step(clock, 1)
        if breach > now:
            self._plan(clock, breach)
        elif clock.planned is None or ahead:
            self._plan(clock, max(now, clock.rests or clock.goes_on or now))

    def _step(self, clock: Clock, level: int) -> int:
        at = clock.steps[level - 2 + len(clock.steps)]
        return at + self._chain.levels[0].after_ms if level == 1 else at

    def _steps(self, clock: Clock, now: int) -> list[int]:
        """As if what it stands still for now ended now."""
        budget = clock.budget
        minutes = self._minutes[budget.calendar_id]
        pauses = [(begins or 0, max(begins or 0, now) if ends is None else ends) for begins, ends in clock.pauses]
        due = minutes.used_up(clock.started, budget.length_ms, pauses)
        warnings = []
        for one in budget.warnings:
            used = (
                budget.length_ms * one.share // 100 if one.share is not None else budget.length_ms - (one.lead_ms or 0)
            )
            used = max(0, min(used, budget.length_ms - 1))
            warnings.append(min(due, minutes.used_up(clock.started, used, pauses)))
        return [*sorted(warnings), due]

    def _end(self, clock: Clock, why: str, now: int) -> None:
        """The wait is over, and so is whatever was raised for it."""
        clock.ended, clock.ended_at, clock.ended_true, clock.planned = why, now, self._now, None
        if clock.paused:
            self._end_pause(clock, now)
            clock.steps[-1] = self._steps(clock, now)[-1]
        for alarm in self.alarms:
            if alarm.clock is clock and alarm.over is None:
                alarm.over = self._now

    def _end_pause(self, clock: Clock, now: int) -> None:
        if clock.paused:
            clock.pauses[-1][1] = max(now, clock.pauses[-1][0] or 0)

    def _policy(self, priority: str) -> tuple[int, Policy]:
        """Which policy fits now, and what it promises to whom it is promised anew."""
        facts = {"channel": self._log.channels[self._conversation], "priority": priority}
        for place, one in enumerate(self._log.setup.policies):
            policy = one.policy
            for edit in self._log.edits:
                if edit.place == place and edit.true <= self._now:
                    policy = edit.policy
            if all(facts.get(asked.field) in asked.values for asked in policy.conditions):
                return place, policy
        raise LookupError("no policy is without conditions")

    @property
    def _last_ended(self) -> Clock | None:
        """The wait for an answer that ended last."""
        ended = [one for one in self.clocks if one.metric != RESOLUTION and one.ended is not None]
        return max(ended, key=lambda one: one.ended_true) if ended else None

    def _of(self, ticket: Ticket) -> list[Clock]:
        return [one for one in self.clocks if one.ticket is ticket and one.ended is None]

    @property
    def _running(self) -> Clock | None:
        running = [one for one in self.clocks if one.metric != RESOLUTION and one.ended is None]
        return running[-1] if running else None

    @property
    def _live(self) -> Ticket | None:
        live = [one for one in self._tickets if one.status != "resolved"]
        return live[-1] if live else None

    def _plan(self, clock: Clock, moment: int | None) -> None:
        clock.planned, clock.planned_since = moment, self._now
