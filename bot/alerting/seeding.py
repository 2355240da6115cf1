"""The rules that the settings ask for, until somebody edits them in the console."""

from typing import Any

import jinja2

from bot.config import Config, EscalationLevel
from tickets.sla.model import Chain, Level
from tickets.sla.seeding import Names, Seed


def seed_of(config: Config, templates: jinja2.Environment) -> Seed:
    """What the settings promise, with names in the desk's language."""
    words: Any = templates.get_template(f"words/rules.{config.escalation.language}.jinja").module
    names = Names(*(str(getattr(words, name)) for name in ("policy", "chain", "working_hours", "warning")))
    escalation = config.escalation
    chain = Chain(
        levels=tuple(_level(level) for level in escalation.levels),
        warning=Level(names.warning, 0, ("assignee",), ("console", "mail")),
        repeat_ms=escalation.repeat,
        acknowledged_for_ms=escalation.acknowledged_for or None,
        longest_snooze_ms=escalation.longest_snooze,
    )
    return Seed(config.sla.reply, round(config.sla.warn_at * 100), chain, config.sla.time_zone, names)


def _level(level: EscalationLevel) -> Level:
    # In the order in which the console's form sends them, so that saving it as it stands is no change.
    return Level(level.name, level.after, level.to, tuple(sorted(level.transports)), tuple(sorted(level.fallback)))
