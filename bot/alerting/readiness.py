"""Whether people would be told if a promise were broken now."""

from aiohttp import web

from bot.keys import CLOCK, DATABASE, WAYS, WORKERS
from storage.errors import StorageUnavailable
from tickets.escalation.outages import look

SWEEP = "sweep"


async def of_alerts(app: web.Application, named: bool = True) -> list[str]:
    """Why they would not, in words for an operator; empty if they would. named: with the ways' names, which are nobody
    else's business."""
    stalled = app[WORKERS].stalled()
    reasons = ["alerts: nobody watches the deadlines, the sweep has stopped"] if SWEEP in stalled else []
    silent = [way.name for way in app[WAYS].values() if way.topic in stalled]
    if named:
        reasons += [f"alerts: nothing goes out by {name}, its loop has stopped" for name in sorted(silent)]
    elif silent:
        reasons.append(f"alerts: nothing goes out by {len(silent)} of the ways, their loops have stopped")
    try:
        outage = await app[DATABASE].read(look, app[WAYS], app[CLOCK]())
    except StorageUnavailable:
        return [*reasons, "alerts: nothing is known of them, storage cannot be read"]
    if outage.all_down:
        names = ", ".join(sorted(way.name for way in app[WAYS].values() if way.is_outside))
        which = f"every way is closed or failing ({names})" if named else "every way is closed or failing"
        reasons.append(f"alerts: {outage.unreached} have reached nobody, {which}")
    if outage.mute:
        reasons.append(f"alerts: nobody could be told of {outage.untold}, the log says which and why")
    return reasons
