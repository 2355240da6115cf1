"""One conversation played deed by deed: what each deed does to its clocks."""

from collections.abc import Sequence

from bot.simulation.naive.model import FOREVER, NOT_PROMISED, RESOLUTION, Clock, Ticket
from bot.simulation.naive.watching import Watching
from bot.simulation.scenario import Deed, Happened


class Desk(Watching):
    """Plays one conversation."""

    def play(self, deeds: Sequence[Happened]) -> None:
        """Everything that happened, with every look in between that had something to do."""
        for deed in deeds:
            self._look_until(deed.true)
            self._do(deed)
        self._look_until(self._log.end)

    def _do(self, deed: Happened) -> None:
        now, ticket = deed.wall, self._live
        match deed.deed:
            case Deed.WROTE:
                self._wait(now)
                self._undecided += 0 if self._agent_speaks else 1
                if ticket is not None and ticket.status in ("pending", "on_hold"):
                    self._become(ticket, "open", now)
            case Deed.BOT_ANSWERED:
                self._undecided -= 1
                clock = self._running
                if clock is not None and not clock.needs_person and not self._undecided:
                    self._end(clock, "bot", now)
            case Deed.LEFT_ALONE:
                self._undecided -= 1
            case Deed.HANDED_OVER:
                self._undecided -= 1
                self._hand_over(now, self._wait(now))
            case Deed.REFUSED:
                self._undecided -= 1
                self._hand_over(now, self._refuse(self._wait(now), now))
            case Deed.HELD_OFF:
                self._take(ticket, deed.agent_id)
            case Deed.ANSWERED:
                assert ticket is not None, "only tickets are answered"
                self._take(ticket, deed.agent_id)
                ticket.answered = True
                if self._running is not None:
                    self._end(self._running, "answered", now)
                self._become(ticket, "pending", now)
            case Deed.ACKNOWLEDGED:
                self._acknowledge(ticket, now, deed)
            case _:
                self._move(ticket, deed, now)

    def _move(self, ticket: Ticket | None, deed: Happened, now: int) -> None:
        match deed.deed:
            case Deed.HANDED_BACK:
                assert ticket is not None, "only a ticket is handed back"
                ticket.assignee_id, self._agent_speaks = None, False
            case Deed.SET_ASIDE | Deed.RESUMED:
                assert ticket is not None, "only a ticket is set aside"
                self._become(ticket, "on_hold" if deed.deed is Deed.SET_ASIDE else "open", now)
            case Deed.RESOLVED:
                assert ticket is not None, "only a ticket is resolved"
                ticket.status, ticket.resolved, self._agent_speaks = "resolved", now, False
                for clock in self._of(ticket):
                    self._end(clock, "resolved", now)
                if self._running is not None:
                    self._end(self._running, "resolved", now)
            case Deed.REOPENED:
                self._reopen(self._tickets[-1], now)
            case Deed.HURRIED | Deed.EASED:
                assert ticket is not None, "only a ticket has a priority"
                self._reconsider(ticket, "urgent" if deed.deed is Deed.HURRIED else "normal", now)

    def _reconsider(self, ticket: Ticket, priority: str, now: int) -> None:
        """Another policy may fit: then all clocks that run are reckoned anew from their own starts."""
        place, policy = self._policy(priority)
        if place == ticket.place:
            return
        ticket.place, ticket.policy = place, policy
        for clock in self._of(ticket):
            if clock.metric == RESOLUTION and policy.resolution is None:
                self._end(clock, NOT_PROMISED, now)
            else:
                clock.policy = policy
                self._reckon(clock, now)
        self._promise_solution(ticket, now)
        self._become(ticket, ticket.status, now)

    def _refuse(self, running: Clock, now: int) -> Clock:
        """The wait that the bot's answer ended goes on, without the time until it was refused, unless somebody has
        answered since."""
        clock = self._last_ended
        if clock is None or clock.ended != "bot" or running.started < clock.ended_at:
            return running
        self._end(running, "refused", now)
        clock.ended = None
        clock.pauses.append([clock.ended_at, max(running.started, clock.ended_at)])
        self._reckon(clock, now, anew=True)
        return clock

    def _reopen(self, ticket: Ticket, now: int) -> None:
        """A wait that ended only because the ticket was resolved goes on as if it had not; one that began since becomes
        this ticket's."""
        ticket.status, ticket.resolved = "open", None
        clock = self._last_ended
        if clock is not None and clock.ended == "resolved" and clock.ticket is ticket and self._running is None:
            clock.ended, clock.needs_person = None, True
            self._reckon(clock, now, anew=True)
        self._resolution(ticket, None, now)
        if self._running is not None and self._running.ticket is None:
            self._running.needs_person = True
            self._attach(self._running, ticket, now)

    def _acknowledge(self, ticket: Ticket | None, now: int, deed: Happened) -> None:
        """The open alarms are over, and the chains of their clocks rest if their promise is broken."""
        named = [one for one in ticket.alarms if one.over is None] if ticket is not None else []
        length = deed.snooze_ms if deed.snooze_ms is not None else self._chain.acknowledged_for_ms
        for alarm in named:
            alarm.over = deed.true
            clock = alarm.clock
            if clock.ended is None and clock.level > 1 and self._step(clock, 1) <= now:
                clock.rests = FOREVER if length is None else now + length
                if not clock.paused:
                    self._plan(clock, clock.rests)

    def _take(self, ticket: Ticket | None, agent_id: str | None) -> None:
        if ticket is not None and not self._agent_speaks:
            ticket.assignee_id, self._agent_speaks = agent_id, True
            if ticket.status == "new":
                ticket.status = "open"
