"""What people call the ways of telling them. Pure but for the words."""

from collections import Counter
from dataclasses import dataclass

from bot.console.texts import Say
from tickets.escalation.ways import Ways

NAMELESS = frozenset({"apprise"})
"""Kinds that stand for many services, so that a way of theirs is known by its name alone."""


@dataclass(frozen=True, slots=True)
class Labels:
    """labels(name) is what people call a way: by its kind, and by its name too where two are of one kind.

    Names that are not set up, which chains may still hold, are called as they are.
    """

    ways: Ways
    say: Say

    def __call__(self, name: str) -> str:
        way = self.ways.get(name)
        kind = name if way is None else way.transport.kind
        key = f"ways.short.{kind}"
        if kind in NAMELESS or not self.say.knows(key):
            return name
        alike = Counter(one.transport.kind for one in self.ways.values())
        return f"{self.say(key)} {name}" if alike[kind] > 1 else self.say(key)
