"""Who did something to an entry, by name."""

from collections.abc import Mapping

from bot.console.story import isolated
from bot.console.texts import Say


def who(by: str, names: Mapping[str, str], say: Say) -> str:
    """The name of a colleague by id; what is no colleague has a word of its own, or is called as it is kept."""
    if by in names:
        return isolated(names[by])
    key = f"entries.by.{by.replace(' ', '_')}"
    return say(key) if say.knows(key) else isolated(by)
