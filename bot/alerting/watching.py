"""The watch over deadlines: what is due is raised, people are told, and where none is reached it goes on."""

import logging
from collections.abc import Callable, Sequence

from bot.clock_gap import ClockGap
from bot.piecemeal import Piecemeal
from storage.database import Database
from tickets.escalation import rescuing, setbacks, telling
from tickets.escalation.raised import Raised
from tickets.escalation.removed import end_removed, removed
from tickets.escalation.rescuing import Rescued, rescue, stuck_at
from tickets.escalation.sweeping import sweep
from tickets.escalation.telling import tell, untold_at
from tickets.escalation.ways import Ways
from tickets.rules import DeskRules

log = logging.getLogger(__name__)


class Watch:
    """Lives as long as the server. clock tells epoch ms; steady, in seconds, when it was set.

    An alert that is broken in a way that nobody foresaw holds up no other: the log names it, and it counts among those
    that reached nobody.
    """

    def __init__(
        self,
        database: Database,
        rules: DeskRules,
        ways: Ways,
        clock: Callable[[], int],
        steady: Callable[[], float],
    ) -> None:
        self._database, self._rules, self._ways, self._clock = database, rules, ways, clock
        self._gap = ClockGap(clock, steady)
        self._telling = Piecemeal("alert", telling.AT_ONCE)
        self._rescuing = Piecemeal("alert", rescuing.AT_ONCE)

    async def turn(self) -> None:
        """All that is due now; says so if the clock was set since the last turn."""
        self._gap.look()
        await self._begin_anew()
        await self._end_removed()
        again = True
        while again:
            raised = await self._database.write(sweep, self._clock(), self._rules.late_after_ms)
            told = await self._telling.do_all(self._tell, self._untold_at)
            rescued = await self._rescuing.do_all(self._rescue, self._stuck_at)
            again = bool(raised or told or any(one.otherwise or one.advanced for one in rescued))

    async def _begin_anew(self) -> None:
        """The clock may have been set back while nobody looked, too."""
        if await self._database.read(setbacks.begun_ahead, self._clock()):
            await self._database.write(setbacks.begin_anew, self._clock())
            log.info("the clock was set back: what waits to be sent begins to wait anew")

    async def _end_removed(self) -> None:
        """Nearly always there is nothing to end, and to see that is no reason to hold up whoever writes."""
        if await self._database.read(removed, self._ways):
            for name in await self._database.write(end_removed, self._ways, self._clock()):
                log.warning("way=%s is no longer in the settings: what waited for it has failed", name)

    async def _tell(self, limit: int, skip: int) -> list[Raised]:
        told = await self._database.write(tell, self._clock(), self._rules, self._ways, limit, skip)
        _log("told", told)
        return told

    async def _untold_at(self, place: int) -> str | None:
        return await self._database.read(untold_at, place)

    async def _rescue(self, limit: int, skip: int) -> list[Rescued]:
        rescued = await self._database.write(rescue, self._clock(), self._rules, self._ways, limit, skip)
        _log("reached nobody, told by other ways", rescued.otherwise)
        _log("reached nobody, next level", rescued.advanced)
        return [rescued] if rescued.any else []

    async def _stuck_at(self, place: int) -> str | None:
        return await self._database.read(stuck_at, self._clock(), place)


def _log(what: str, alerts: Sequence[Raised]) -> None:
    for one in alerts:
        log.warning(
            "alert %s alert=%s ticket=%s kind=%s level=%d late=%s",
            what,
            one.alert_id,
            one.ticket_id,
            one.kind,
            one.level,
            one.late,
        )
