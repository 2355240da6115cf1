"""The form of a calendar: what was typed, the calendar that it makes, and what is wrong with it. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.console.rules.units import read_date, read_hours, write_hours
from tickets.business_time import Calendar, Span, SpecialDay
from tickets.business_time.public_holidays import CHINA
from tickets.sla.checking import Finding, Flaw
from tickets.sla.checking.calendars import MOST_SPECIAL_DAYS

WORKDAYS = range(1, 5)
SPARE_DAYS = 3
MORE_DAYS = 10
_DAY = re.compile(r"special\.(\d{1,3})\.(date|name|hours)")


@dataclass(frozen=True, slots=True)
class CalendarForm:
    """A form: the texts as they were typed, by field, the calendar that they make, and what could not be read."""

    typed: Mapping[str, str]
    name: str
    calendar: Calendar
    findings: tuple[Finding, ...] = ()
    spare: int = SPARE_DAYS

    @property
    def definition(self) -> Calendar:
        return self.calendar

    def special_days(self) -> range:
        """The rows for days of one's own: those that are filled in, and some more."""
        numbers = [
            int(found[1]) for name, text in self.typed.items() if (found := _DAY.fullmatch(name)) and text.strip()
        ]
        return range(min(MOST_SPECIAL_DAYS + SPARE_DAYS, max(numbers, default=-1) + 1 + self.spare))


def written(form: Mapping[str, str]) -> CalendarForm:
    """What a form says. Its button 'then=copy' gives Tuesday to Friday Monday's hours, 'then=more' more empty rows."""
    typed = {name: text for name, text in form.items() if name != "csrf"}
    if typed.get("then") == "copy":
        typed |= {f"week.{number}": typed.get("week.0", "") for number in WORKDAYS}
    findings: list[Finding] = []
    make_up = typed.get("make_up", "").strip()
    calendar = Calendar(
        zone=typed.get("zone", "").strip(),
        week=tuple(_hours(typed.get(f"week.{number}", ""), f"week.{number}", findings) for number in range(7)),
        holidays=CHINA if "holidays" in typed else None,
        make_up=_hours(make_up, "make_up", findings) if make_up else None,
        special=tuple(_special(typed, findings)),
    )
    spare = MORE_DAYS if typed.get("then") == "more" else SPARE_DAYS
    return CalendarForm(typed, " ".join(typed.get("name", "").split()), calendar, tuple(findings), spare)


def filled(name: str, calendar: Calendar) -> CalendarForm:
    """The form of a calendar as it stands."""
    typed = {"name": name, "zone": calendar.zone}
    typed |= {f"week.{number}": write_hours(spans) for number, spans in enumerate(calendar.week)}
    if calendar.holidays is not None:
        typed["holidays"] = "on"
    if calendar.make_up is not None:
        typed["make_up"] = write_hours(calendar.make_up)
    for number, day in enumerate(sorted(calendar.special, key=lambda one: one.date)):
        typed |= {
            f"special.{number}.date": day.date.isoformat(),
            f"special.{number}.name": day.name,
            f"special.{number}.hours": write_hours(day.spans),
        }
    return CalendarForm(typed, name, calendar)


def _hours(text: str, where: str, findings: list[Finding]) -> tuple[Span, ...]:
    spans = read_hours(text)
    if spans is None:
        findings.append(Finding(Flaw.SPANS_UNREADABLE, where, (("value", text.strip()[:40]),)))
    return spans or ()


def _special(typed: Mapping[str, str], findings: list[Finding]) -> Iterator[SpecialDay]:
    numbers = sorted({int(found[1]) for name in typed if (found := _DAY.fullmatch(name))})
    for number in numbers:
        texts = [typed.get(f"special.{number}.{part}", "").strip() for part in ("date", "name", "hours")]
        if not any(texts):
            continue
        day = read_date(texts[0])
        if day is None:
            findings.append(Finding(Flaw.BAD_DATE, f"special.{number}", (("value", texts[0][:40]),)))
            continue
        yield SpecialDay(day, " ".join(texts[1].split()), _hours(texts[2], f"special.{number}", findings))


def where_of_day(typed: Mapping[str, str], where: str) -> str:
    """The row of the form in which a day of one's own is, for a finding that names its date."""
    part = where.removeprefix("special.")
    rows = (name for name, text in typed.items() if name.endswith(".date") and text.strip() == part)
    found = list(rows)
    return found[-1].removesuffix(".date") if found else where
