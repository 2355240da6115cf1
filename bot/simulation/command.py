"""`main.py simulate`: months of a desk in minutes, and a picture of one of its days."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.errors import BotError
from bot.simulation.picture import draw
from bot.simulation.run import Result, Wish, simulate
from bot.simulation.scenario import DAY, HOUR
from bot.simulation.setups import setup_of
from bot.templates import load_templates

YEARS = (2000, 2100)


class BadPeriod(BotError):
    """A period that cannot be simulated."""


class BadPicture(BotError):
    """A place where no picture can be drawn."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line asks for; both days are included."""

    policy: str
    first: datetime
    last: datetime
    seed: int
    tickets: int
    picture: Path | None
    language: str


def carry_out(order: Order) -> tuple[Wish, Result]:
    """Simulate, and draw the picture if one is wanted. Raises BadSetup, BadPeriod, BadPicture."""
    setup = setup_of(order.policy)
    zone = ZoneInfo(setup.zone)
    start = _midnight(order.first, zone)
    end = _midnight(order.last, zone) + DAY
    if end - start < 2 * DAY:
        raise BadPeriod("a simulation takes two days at least")
    if order.first.year < YEARS[0] or order.last.year > YEARS[1]:
        raise BadPeriod(f"a simulation takes place from {YEARS[0]} until {YEARS[1]}")
    if order.picture is not None and not order.picture.absolute().parent.is_dir():
        raise BadPicture(f"{order.picture}: there is no such folder to draw the picture in")
    wish = Wish(setup, start, end, order.tickets, order.seed, max(6 * HOUR, (end - start) // 100))
    result = simulate(wish)
    if order.picture is not None:
        drawn = draw(result.log, result.verdict, name_of(order), order.seed, order.language, load_templates())
        order.picture.write_text(drawn, encoding="utf-8")
    return wish, result


def name_of(order: Order) -> str:
    """What the rules are called: by their name, or by their file's."""
    return Path(order.policy).name


def _midnight(day: datetime, zone: ZoneInfo) -> int:
    return int(day.replace(tzinfo=zone).astimezone(UTC).timestamp() * 1000)
