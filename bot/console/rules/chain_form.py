"""The form of a chain: what was typed, the chain that it makes, and what is wrong with it. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.console.rules.units import UNITS, read_length, write_length
from tickets import contact_details
from tickets.model import Role
from tickets.sla.checking import Finding, Flaw
from tickets.sla.checking.chains import MOST_LEVELS
from tickets.sla.model import Chain, Level

LENGTH_UNITS = tuple(UNITS)
GENERAL = ("assignee", "team_lead", *(f"role:{role}" for role in (Role.AGENT, Role.SUPERVISOR, Role.ADMIN)))
WARNING = "warning"
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
NEW_LEVEL = Level("", 30 * MINUTE_MS, (), ())
_LEVEL = re.compile(r"level\.(\d{1,2})\.(.+)")
_ACT = re.compile(r"(add|remove|up|down)(?:\.(\d{1,2}))?")
_BETWEEN = re.compile(r"[,，、;；\n]+")


@dataclass(frozen=True, slots=True)
class ChainForm:
    """A form: the texts as they were typed, by field, the chain that they make, and what could not be read."""

    typed: Mapping[str, str]
    name: str
    definition: Chain
    findings: tuple[Finding, ...] = ()

    @property
    def places(self) -> Sequence[str]:
        """The prefixes of the fields of each level, in order."""
        return [f"level.{number}" for number in range(len(self.definition.levels))]

    def ticked(self, place: str, part: str) -> list[str]:
        """What is chosen of a part ('to', 'way', 'fallback') of a level."""
        start = f"{place}.{part}."
        return [name.removeprefix(start) for name in self.typed if name.startswith(start)]


def written(form: Mapping[str, str]) -> ChainForm:
    """What a form says. Its buttons 'then=add', 'remove.1', 'up.1', 'down.1' change which levels there are."""
    typed = _arranged({name: text for name, text in form.items() if name != "csrf"})
    findings: list[Finding] = []
    levels = tuple(_level(typed, f"level.{number}", findings) for number in range(_count(typed)))
    for_good = "acknowledged_for.good" in typed
    chain = Chain(
        levels=levels,
        warning=_level(typed, WARNING, findings, delayed=False) if f"{WARNING}.on" in typed else None,
        repeat_ms=_length(typed, "repeat", findings),
        acknowledged_for_ms=None if for_good else _length(typed, "acknowledged_for", findings),
        longest_snooze_ms=_length(typed, "longest_snooze", findings),
    )
    return ChainForm(typed, " ".join(typed.get("name", "").split()), chain, tuple(findings))


def filled(name: str, chain: Chain) -> ChainForm:
    """The form of a chain as it stands."""
    typed = {"name": name}
    for number, level in enumerate(chain.levels):
        typed |= _level_typed(level, f"level.{number}")
    if chain.warning is not None:
        typed |= {f"{WARNING}.on": "on", **_level_typed(chain.warning, WARNING)}
    typed |= _length_typed("repeat", chain.repeat_ms)
    typed |= _length_typed("acknowledged_for", chain.acknowledged_for_ms or 4 * HOUR_MS)
    if chain.acknowledged_for_ms is None:
        typed["acknowledged_for.good"] = "on"
    return ChainForm(typed | _length_typed("longest_snooze", chain.longest_snooze_ms), name, chain)


def _arranged(typed: Mapping[str, str]) -> dict[str, str]:
    """The texts with the levels numbered from 0, after what the pressed button asks for."""
    levels = _levels(typed)
    found = _ACT.fullmatch(typed.get("then", ""))
    if found is not None:
        _arrange(levels, found[1], int(found[2] or 0))
    others = {name: text for name, text in typed.items() if not _LEVEL.fullmatch(name)}
    numbered = ((f"level.{number}.{part}", text) for number, level in enumerate(levels) for part, text in level.items())
    return others | dict(numbered)


def _levels(typed: Mapping[str, str]) -> list[dict[str, str]]:
    levels: dict[int, dict[str, str]] = {}
    for name, text in typed.items():
        if found := _LEVEL.fullmatch(name):
            levels.setdefault(int(found[1]), {})[found[2]] = text
    return [levels[number] for number in sorted(levels)]


def _arrange(levels: list[dict[str, str]], act: str, number: int) -> None:
    if act == "add" and len(levels) <= MOST_LEVELS:
        prefix = "level.0."
        levels.append({name.removeprefix(prefix): text for name, text in _level_typed(NEW_LEVEL, "level.0").items()})
    elif act == "remove" and number < len(levels):
        levels.pop(number)
    elif act == "up" and 0 < number < len(levels):
        levels[number - 1], levels[number] = levels[number], levels[number - 1]
    elif act == "down" and number < len(levels) - 1:
        levels[number + 1], levels[number] = levels[number], levels[number + 1]


def _count(typed: Mapping[str, str]) -> int:
    return len({found[1] for name in typed if (found := _LEVEL.fullmatch(name))})


def _level(typed: Mapping[str, str], place: str, findings: list[Finding], delayed: bool = True) -> Level:
    return Level(
        name=" ".join(typed.get(f"{place}.name", "").split()),
        after_ms=_length(typed, f"{place}.after", findings) if delayed else 0,
        recipients=tuple(_recipients(typed, place)),
        transports=_chosen(typed, f"{place}.way."),
        fallback=_chosen(typed, f"{place}.fallback."),
    )


def _recipients(typed: Mapping[str, str], place: str) -> Iterable[str]:
    """Those chosen, the general ones first, then what was written."""
    chosen = _chosen(typed, f"{place}.to.")
    general = [name for name in GENERAL if name in chosen]
    rotas = [name for name in chosen if name.startswith("rota:")]
    others = [name for name in chosen if name not in general and name not in rotas]
    told = (part.strip() for part in _BETWEEN.split(typed.get(f"{place}.others", "")))
    return dict.fromkeys((*general, *rotas, *others, *(_address(one) for one in told if one)))


def _address(text: str) -> str:
    """A mail address or phone number as it is kept; the text itself if it is neither."""
    found = contact_details.parse_details(text)
    return found.value if found is not None else text


def _chosen(typed: Mapping[str, str], start: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(start) for name in typed if name.startswith(start))


def _length(typed: Mapping[str, str], place: str, findings: list[Finding]) -> int:
    length = read_length(typed.get(f"{place}.amount", ""), typed.get(f"{place}.unit", ""))
    if length is None:
        findings.append(Finding(Flaw.NOT_A_NUMBER, place))
    return length or 0


def _length_typed(place: str, length_ms: int) -> dict[str, str]:
    amount, unit = write_length(length_ms, days=True)
    return {f"{place}.amount": amount, f"{place}.unit": unit}


def _level_typed(level: Level, place: str) -> dict[str, str]:
    known = [name for name in level.recipients if name in GENERAL or name.startswith(("agent:", "rota:"))]
    return {
        f"{place}.name": level.name,
        **_length_typed(f"{place}.after", level.after_ms),
        **{f"{place}.to.{name}": "on" for name in known},
        f"{place}.others": "、".join(name for name in level.recipients if name not in known),
        **{f"{place}.way.{name}": "on" for name in level.transports},
        **{f"{place}.fallback.{name}": "on" for name in level.fallback},
    }
