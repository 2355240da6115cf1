"""The form of a rota: what was typed, the rota that it makes, and what is wrong with it. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from bot.console.rules.units import read_date, read_minute
from tickets.sla.checking import Finding, Flaw
from tickets.sla.model import Rota, Substitution

MOST_MEMBERS = 50
MOST_SUBSTITUTIONS = 100
SPARE = 2
MORE = 5
LONGEST_NUMBER = 4
_MEMBER = re.compile(r"member\.(\d{1,2})")
_SUBSTITUTION = re.compile(r"substitution\.(\d{1,3})\.(first|last|agent)")


@dataclass(frozen=True, slots=True)
class RotaForm:
    """A form: the texts as they were typed, by field, the rota that they make, and what could not be read."""

    typed: Mapping[str, str]
    name: str
    definition: Rota
    findings: tuple[Finding, ...] = ()
    spare: int = SPARE

    def members(self) -> range:
        """The rows for members: those that are filled in, and some more."""
        return range(min(MOST_MEMBERS, _last(self.typed, _MEMBER) + 1 + self.spare))

    def substitutions(self) -> range:
        """The rows for substitutions: those that are filled in, and some more."""
        return range(min(MOST_SUBSTITUTIONS, _last(self.typed, _SUBSTITUTION) + 1 + self.spare))


def written(form: Mapping[str, str]) -> RotaForm:
    """What a form says. Its button 'then=more' gives more empty rows."""
    typed = {name: text.strip() for name, text in form.items() if name != "csrf"}
    findings: list[Finding] = []
    rota = Rota(
        members=tuple(typed[f"member.{number}"] for number in _numbers(typed, _MEMBER)),
        starts=_date(typed.get("starts", ""), "starts", findings),
        days_each=_days(typed.get("days_each", ""), findings),
        handover_minute=_minute(typed.get("handover", ""), findings),
        zone=typed.get("zone", ""),
        substitutions=tuple(_substitutions(typed, findings)),
    )
    spare = MORE if typed.get("then") == "more" else SPARE
    return RotaForm(typed, " ".join(typed.get("name", "").split()), rota, tuple(findings), spare)


def filled(name: str, rota: Rota) -> RotaForm:
    """The form of a rota as it stands."""
    typed = {
        "name": name,
        "starts": rota.starts.isoformat(),
        "days_each": str(rota.days_each),
        "handover": f"{rota.handover_minute // 60:02}:{rota.handover_minute % 60:02}",
        "zone": rota.zone,
        **{f"member.{number}": agent_id for number, agent_id in enumerate(rota.members)},
    }
    for number, one in enumerate(sorted(rota.substitutions, key=lambda one: one.first)):
        typed |= {
            f"substitution.{number}.first": one.first.isoformat(),
            f"substitution.{number}.last": one.last.isoformat(),
            f"substitution.{number}.agent": one.agent_id,
        }
    return RotaForm(typed, name, rota)


def _substitutions(typed: Mapping[str, str], findings: list[Finding]) -> Iterator[Substitution]:
    """A last day that is not given is the first."""
    for place, number in enumerate(_numbers(typed, _SUBSTITUTION)):
        texts = {part: typed.get(f"substitution.{number}.{part}", "") for part in ("first", "last", "agent")}
        where = f"substitution.{place}"
        first = _date(texts["first"], where, findings)
        last = _date(texts["last"], where, findings) if texts["last"] else first
        yield Substitution(first, last, texts["agent"])


def _date(text: str, where: str, findings: list[Finding]) -> date:
    day = read_date(text)
    if day is None:
        findings.append(Finding(Flaw.BAD_DATE, where, (("value", text[:40]),)))
    return day or date.min


def _days(text: str, findings: list[Finding]) -> int:
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER:
        return int(text)
    findings.append(Finding(Flaw.NOT_A_NUMBER, "days_each"))
    return 0


def _minute(text: str, findings: list[Finding]) -> int:
    minute = read_minute(text)
    if minute is None:
        findings.append(Finding(Flaw.BAD_TIME, "handover"))
    return minute or 0


def _numbers(typed: Mapping[str, str], pattern: re.Pattern[str]) -> list[int]:
    """The rows in which anything stands."""
    return sorted({int(found[1]) for name, text in typed.items() if text and (found := pattern.fullmatch(name))})


def _last(typed: Mapping[str, str], pattern: re.Pattern[str]) -> int:
    return max(_numbers(typed, pattern), default=-1)
