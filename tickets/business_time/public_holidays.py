"""What is known of public holidays and of the workdays that make up for them (调休)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache

import chinese_calendar

CHINA = "CN"
# A notice for a year may move days of the last week of December before it, as that for 2019 did with 2018-12-29.
_LAST_WEEK_BEGINS = (12, 25)


class Holiday(StrEnum):
    """Stable keys of public holidays; what they are called is up to the templates."""

    NEW_YEAR = "new_year"
    SPRING_FESTIVAL = "spring_festival"
    TOMB_SWEEPING_DAY = "tomb_sweeping_day"
    LABOUR_DAY = "labour_day"
    DRAGON_BOAT_FESTIVAL = "dragon_boat_festival"
    MID_AUTUMN_FESTIVAL = "mid_autumn_festival"
    NATIONAL_DAY = "national_day"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """Whole years of public holidays.

    closed: days off, weekend days within a holiday among them. make_up: days worked in return, with the holiday that
    they make up for.
    """

    first_year: int
    last_year: int
    closed: Mapping[date, Holiday]
    make_up: Mapping[date, Holiday]

    def knows(self, day: date) -> bool:
        """Whether no notice that is still to come can change this day."""
        if day.year == self.last_year:
            return (day.month, day.day) < _LAST_WEEK_BEGINS
        return self.first_year <= day.year < self.last_year

    def unknown_years(self, first: date, last: date) -> tuple[int, ...]:
        """The years whose notice is missing for some day from first to last, both included."""
        years = [year for year in range(first.year, last.year + 1) if not self.first_year <= year <= self.last_year]
        next_year = self.last_year + 1
        if next_year not in years and first.year <= self.last_year and last >= date(self.last_year, *_LAST_WEEK_BEGINS):
            years.append(next_year)
        return tuple(years)


_KEYS = {
    "New Year's Day": Holiday.NEW_YEAR,
    "Spring Festival": Holiday.SPRING_FESTIVAL,
    "Tomb-sweeping Day": Holiday.TOMB_SWEEPING_DAY,
    "Labour Day": Holiday.LABOUR_DAY,
    "Dragon Boat Festival": Holiday.DRAGON_BOAT_FESTIVAL,
    "Mid-autumn Festival": Holiday.MID_AUTUMN_FESTIVAL,
    "National Day": Holiday.NATIONAL_DAY,
}


@cache
def _china() -> PublicHolidays:
    closed = {day: _KEYS.get(name, Holiday.OTHER) for day, name in chinese_calendar.holidays.items()}
    make_up = {day: _KEYS.get(name, Holiday.OTHER) for day, name in chinese_calendar.workdays.items()}
    years = {day.year for day in closed}
    return PublicHolidays(min(years), max(years), closed, make_up)


LIBRARIES = {CHINA: _china}


def library(name: str) -> PublicHolidays:
    """The public holidays of this name. Raises ValueError where nobody knows them."""
    if name not in LIBRARIES:
        raise ValueError(f"the public holidays of {name!r} are not known")
    return LIBRARIES[name]()


def known_until(name: str = CHINA) -> int:
    """The last year whose public holidays are known."""
    return library(name).last_year
