"""What a simulation found, for a terminal or as JSON."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.simulation.comparing import Difference, Found
from bot.simulation.run import Result, Wish
from tickets.clocks.receipts import Receipt

_SHARES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("longest", 1.0))
_MEASURED = {"up": "while up", "after_outage": "after an outage", "sent": "until sent"}
_METRICS = ("first_response", "next_response", "resolution")


def as_plain(wish: Wish, result: Result, policy: str) -> dict[str, Any]:
    """Every figure, as JSON can hold it. Lateness is in milliseconds."""
    log, verdict = result.log, result.verdict
    return {
        "policy": policy,
        "seed": wish.seed,
        "days": (wish.end - wish.start) / 86_400_000,
        "tickets": sum(len(numbers) for numbers in log.numbers.values()),
        "deeds": len(log.happened),
        "looks": result.looks,
        "outages": sum(not run.stalled for run in log.runs) - 1,
        "hangs": sum(run.stalled for run in log.runs),
        "deaths_after_raising": sum(run.cut for run in log.runs),
        "deaths_after_sending": sum(one.cut for one in log.handed),
        "clock_settings": len(log.settings) - 1,
        "alarms": dict(verdict.alarms),
        "metrics": {metric: _metric(result, metric) for metric in _METRICS if verdict.clocks[metric]},
        "notices": verdict.notices,
        "sent": len(log.handed),
        "sent_again_after_death": verdict.sent_again,
        "lateness_ms": {name: _spread(measured) for name, measured in verdict.lateness.items() if measured},
        "differences": verdict.counts(),
        "cpu_seconds": {"desk": round(result.played_s, 1), "model": round(result.compared_s, 1)},
    }


def render(wish: Wish, result: Result, policy: str) -> str:
    """The same in words, with the first differences in full."""
    told = as_plain(wish, result, policy)
    differences = told["differences"]
    lines = [
        f"rules        {policy}, {told['days']:.0f} days, seed {wish.seed}",
        f"desk         {told['tickets']} tickets, {told['deeds']} deeds, {told['looks']} looks at the deadlines",
        f"trouble      {told['outages']} outages, {told['hangs']} hangs, {told['clock_settings']} clock settings, "
        f"deaths: {told['deaths_after_raising']} between raising and telling, "
        f"{told['deaths_after_sending']} between sending and noting it",
        *(_of_metric(metric, figures) for metric, figures in told["metrics"].items()),
        f"notices      {told['notices']} of {sum(told['alarms'].values())} alarms, {told['sent']} sent, "
        f"{told['sent_again_after_death']} of them once more after a death",
        *(_of_lateness(name, figures) for name, figures in told["lateness_ms"].items()),
        f"differences  {sum(differences.values())}: " + ", ".join(f"{differences[kind]} {kind}" for kind in Difference),
        f"time         {told['cpu_seconds']['desk']} s for the desk, {told['cpu_seconds']['model']} s for the model",
    ]
    zone = ZoneInfo(result.log.setup.zone)
    for found, receipts in result.receipts.items():
        lines += ["", *_in_full(found, receipts, zone)]
    return "\n".join(lines)


def _metric(result: Result, metric: str) -> dict[str, int]:
    """How many clocks ran, how many were warned of, and how many broke their promise."""
    told: Counter[str] = Counter()
    for alarm in result.verdict.expected:
        if alarm.clock.metric == metric:
            level = alarm.expected.level
            told["warnings" if level < 1 else "breaches" if level == 1 else "escalations"] += 1
    return {"clocks": result.verdict.clocks[metric], **{kind: told[kind] for kind in sorted(told)}}


def _of_metric(metric: str, figures: dict[str, int]) -> str:
    counted = ", ".join(f"{count} {kind}" for kind, count in figures.items())
    return f"{'clocks':<12} {metric.replace('_', ' ')}: {counted}"


def _of_lateness(name: str, figures: dict[str, int]) -> str:
    shares = "  ".join(f"{share} {figures[share] / 1000:.1f} s" for share, _ in _SHARES)
    return f"{'lateness':<12} {_MEASURED[name]}: {shares}  ({figures['count']})"


def _spread(measured: Sequence[int]) -> dict[str, int]:
    ordered = sorted(measured)
    spread = {name: ordered[min(int(len(ordered) * share), len(ordered) - 1)] for name, share in _SHARES}
    return {"count": len(ordered), **spread}


def _in_full(found: Found, receipts: Sequence[Receipt], zone: ZoneInfo) -> list[str]:
    lines = [f"{found.kind}: conversation {found.conversation}, level {found.level}, {found.words}"]
    for receipt in receipts:
        due, at = _told(receipt.due_at, zone), _told(receipt.at, zone)
        lines.append(f"  receipt {receipt.number} at {at} ({receipt.cause}): due {due}")
        lines += [
            f"    {_told(one.start, zone)} - {_told(one.end, zone)} {one.kind} {one.reason}".rstrip()
            for one in receipt.segments
        ]
    return lines


def _told(moment: int, zone: ZoneInfo) -> str:
    local = datetime.fromtimestamp(moment / 1000, UTC).astimezone(zone)
    return local.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment % 1000:03d}"
