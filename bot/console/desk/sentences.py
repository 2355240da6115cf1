"""What changed of a ticket and its promises, in words. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.console.texts import Say
from bot.console.times import Almanac
from tickets.properties import DueChange, Outlook


def told_dues(moved: Iterable[DueChange], almanac: Almanac) -> str:
    """时限由 明天 09:00 改为 今天 18:00, for each promise that moved; '' if none did."""
    say = almanac.say
    return say("properties.and").join(_due(one, almanac) for one in moved)


def told_outlook(outlook: Outlook, almanac: Almanac) -> str:
    """What would follow from a change, before it is done."""
    say = almanac.say
    if not outlook.other:
        return say("properties.outlook_same", policy=outlook.policy)
    if not outlook.dues:
        return say("properties.outlook_other", policy=outlook.policy)
    return say("properties.outlook", policy=outlook.policy, dues=told_dues(outlook.dues, almanac))


def told_event(detail: Mapping[str, Any], almanac: Almanac) -> str:
    """What a recorded change says, as the end of a sentence; '' if it says nothing."""
    say = almanac.say
    changed = [_changed(name, pair, say) for name, pair in detail.get("changed", {}).items()]
    dues = told_dues(dues_in(detail), almanac)
    parts = [*changed, *([dues] if dues else [])]
    return say("properties.and").join(parts)


def dues_in(detail: Mapping[str, Any]) -> list[DueChange]:
    """The promises that moved, as tickets/properties.py keeps them with an event."""
    return [DueChange(metric, before, after) for metric, before, after in detail.get("dues", ())]


def _due(moved: DueChange, almanac: Almanac) -> str:
    say, metric = almanac.say, almanac.say(f"properties.metric.{moved.metric}")
    if moved.before is None:
        assert moved.after is not None, "what moved was or is promised"
        return say("properties.due_begins", metric=metric, after=almanac.moment(moved.after))
    if moved.after is None:
        return say("properties.due_ends", metric=metric)
    before, after = almanac.moment(moved.before), almanac.moment(moved.after)
    return say("properties.due_moves", metric=metric, before=before, after=after)


def _changed(name: str, pair: Sequence[str | None], say: Say) -> str:
    before, after = (_value(name, value, say) for value in pair)
    return say("properties.changed", what=say(f"properties.{name}"), before=before, after=after)


def _value(name: str, value: str | None, say: Say) -> str:
    if not value:
        return say("properties.none")
    return say(f"priority.{value}") if name == "priority" else f"\u2068{value}\u2069"
