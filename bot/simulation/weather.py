"""What befalls the machine: outages, hangs, clocks that are set, peers that do not answer. From a seed alone."""

from dataclasses import dataclass, field
from random import Random

from bot.simulation.scenario import DAY, HOUR, MINUTE, SECOND

# Nothing but looks, starts and what is set here happens at a moment that this divides.
GRAIN = 10


@dataclass(frozen=True, slots=True)
class Weather:
    """What is going to happen, in true time. stops and stalls: when, for how long. settings: when, how far ahead the
    clock is from then on. blocked: way, from, until. cuts: how likely the process dies after it raised alarms, and
    after a peer took a notice, before either was written down."""

    stops: tuple[tuple[int, int], ...] = ()
    stalls: tuple[tuple[int, int], ...] = ()
    settings: tuple[tuple[int, int], ...] = ()
    blocked: tuple[tuple[str, int, int], ...] = ()
    cuts: float = 0.0
    rng: Random = field(default_factory=lambda: Random(0), compare=False)  # noqa: S311 - makes weather, no secret


def foul(start: int, end: int, ways: tuple[str, ...], seed: int) -> Weather:
    """Everything that can go wrong, so often that a month has some of it."""
    rng = Random(f"weather {seed}")  # noqa: S311 - makes weather, no secret
    days = max(1, (end - start) // DAY)
    stops = [(_some(rng, start, end), _length(rng)) for _ in range(days // 6 + 1)]
    stalls = [(_some(rng, start, end), rng.randrange(SECOND, 8 * SECOND)) for _ in range(days)]
    blocked = [
        (rng.choice(ways), (at := _some(rng, start, end)), at + rng.randrange(MINUTE, 8 * HOUR))
        for _ in range(days // 4 + 1)
    ]
    return Weather(
        tuple(sorted((_on_grain(at), _on_grain(length)) for at, length in stops)),
        tuple(sorted((_on_grain(at) + 3, _on_grain(length)) for at, length in stalls)),
        tuple(_settings(rng, start, end, days)),
        tuple(sorted(blocked)),
        0.002,
        rng,
    )


def fair() -> Weather:
    """Nothing ever goes wrong."""
    return Weather()


def _settings(rng: Random, start: int, end: int, days: int) -> list[tuple[int, int]]:
    """The clock is set an hour or a day forward or back and right again, or drifts until somebody sets it."""
    found: list[tuple[int, int]] = []
    at = start + rng.randrange(DAY, 10 * DAY)
    while at < end - 3 * DAY:
        wrong = rng.choice((HOUR, -HOUR, DAY, -HOUR, HOUR, 0)) + rng.randrange(-90 * SECOND, 90 * SECOND)
        if abs(wrong) > 2 * MINUTE:
            length = rng.randrange(5 * MINUTE, 3 * HOUR)
            found += [(at, wrong), (at + length, 0)]
        else:
            steps = rng.randrange(6, 48)
            found += [(at + step * HOUR, step * wrong // steps) for step in range(1, steps + 1)]
            found.append((at + (steps + 1) * HOUR, 0))
        at = found[-1][0] + rng.randrange(3 * DAY, 30 * DAY)
    return [(_on_grain(moment) + 5, offset) for moment, offset in found]


def _some(rng: Random, start: int, end: int) -> int:
    return rng.randrange(start + HOUR, max(end - DAY, start + 2 * HOUR))


def _length(rng: Random) -> int:
    """Mostly minutes, sometimes hours, seldom days."""
    return int(MINUTE * 10 ** rng.triangular(-0.5, 3.4, 0.8))


def _on_grain(moment: int) -> int:
    return moment // GRAIN * GRAIN
