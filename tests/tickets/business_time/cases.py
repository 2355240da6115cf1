"""Random calendars, starts, budgets and pauses; the same for the same seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from tickets.business_time import Calendar, Pause, Span, SpecialDay

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
ZONES = ("Asia/Shanghai", "America/New_York", "UTC", "Asia/Kathmandu")
# The moments around which most starts lie: holidays, make-up workdays, clock changes, ends of years, years unknown.
EDGES = [
    int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND
    for text in (
        "2025-01-01", "2025-01-26", "2025-01-28", "2025-02-08", "2025-03-09", "2025-04-04", "2025-04-27", "2025-05-31",
        "2025-09-28", "2025-10-01", "2025-10-11", "2025-11-02", "2026-01-01", "2026-01-04", "2026-02-14", "2026-02-28",
        "2026-03-08", "2026-05-09", "2026-09-20", "2026-10-10", "2026-11-01", "2026-12-26", "2027-01-01", "2028-02-28",
    )
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """grain: what all hours are a multiple of, in ms."""

    start: int
    budget: int
    calendar: Calendar
    pauses: tuple[Pause, ...]
    grain: int


def cases(seed: int, count: int) -> Iterator[Case]:
    chance = Random(seed)
    for _ in range(count):
        yield _case(chance)


def _case(chance: Random) -> Case:
    grain, longest = chance.choices([(15 * MINUTE, 12 * DAY), (MINUTE, 30 * HOUR), (SECOND, 2 * HOUR)], (80, 15, 5))[0]
    start = _start(chance)
    budget = chance.choice((chance.randint(1, longest), chance.randint(1, 8 * HOUR), grain * chance.randint(1, 16)))
    calendar = _calendar(chance, grain, start)
    return Case(start, min(budget, longest), calendar, _pauses(chance, start), grain)


def _start(chance: Random) -> int:
    near = chance.choice(EDGES) + chance.randint(-3 * DAY, 3 * DAY)
    anywhere = chance.randint(EDGES[0], EDGES[-1])
    start = chance.choices((near, anywhere), (3, 1))[0]
    return start if chance.random() < 0.5 else start - start % (15 * MINUTE)


def _calendar(chance: Random, grain: int, start: int) -> Calendar:
    week = [_spans(chance, grain, shut=0.15 if day < 5 else 0.7) for day in range(7)]
    if grain == SECOND:
        week = [(*spans, Span(12_345, 54_321)) for spans in week]
    if not any(week):
        week[chance.randrange(7)] = (Span(0, 86_400),)
    first = datetime.fromtimestamp(start / SECOND, UTC).date()
    return Calendar(
        zone=chance.choice(ZONES),
        week=tuple(week),
        holidays=chance.choice(("CN", "CN", None)),
        make_up=chance.choice((None, _spans(chance, grain, shut=0.1))),
        special=tuple(_special(chance, grain, first) for _ in range(chance.choice((0, 0, 1, 3)))),
    )


def _special(chance: Random, grain: int, first: date) -> SpecialDay:
    day = first + timedelta(days=chance.randint(-2, 12))
    return SpecialDay(day, chance.choice(("盘点", "周年庆")), _spans(chance, grain, shut=0.5))


def _spans(chance: Random, grain: int, shut: float) -> tuple[Span, ...]:
    """None, one or several spans with gaps between them; some until 24:00, some that meet or overlap."""
    if chance.random() < shut:
        return ()
    if chance.random() < 0.1:
        return (Span(0, 86_400),)
    found = []
    for _ in range(chance.choice((1, 2, 2, 3))):
        start, end = sorted(chance.sample(range(86_400 // (grain // SECOND) + 1), 2))
        found.append(Span(start * grain // SECOND, end * grain // SECOND))
    return tuple(found)


def _pauses(chance: Random, start: int) -> tuple[Pause, ...]:
    found = []
    for number in range(chance.choice((0, 0, 1, 2, 5))):
        begins = start + chance.randint(-DAY, 6 * DAY)
        ends = begins + chance.choice((0, chance.randint(1, 2 * HOUR), chance.randint(1, 2 * DAY)))
        found.append(Pause(begins, ends, f"pause {number}"))
    return tuple(found)
