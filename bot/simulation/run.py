"""One simulation from its seed to its verdict."""

import contextlib
import logging
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bot.alerting import watching
from bot.simulation.comparing import Found, Verdict, compare
from bot.simulation.engine import Engine
from bot.simulation.folk import Folk
from bot.simulation.house import House, open_house
from bot.simulation.posting import Posting, ways
from bot.simulation.scenario import HOUR, Log, Setup
from bot.simulation.weather import Weather, foul
from tickets.clocks.receipts import Receipt

# So many differences are told in full.
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """What to simulate: rules, from when until when (epoch ms), how many tickets, and by which dice.

    every_look_ms: for so long no look is left out, to prove that those which are have nothing to do.
    """

    setup: Setup
    start: int
    end: int
    tickets: int
    seed: int
    every_look_ms: int = 6 * HOUR
    weather: Weather | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What happened and what the naive model says of it. receipts: of the first differences' clocks, oldest first.
    Seconds of processor time: the desk's and the model's."""

    log: Log
    verdict: Verdict
    looks: int
    receipts: Mapping[Found, Sequence[Receipt]]
    played_s: float
    compared_s: float


def simulate(wish: Wish) -> Result:
    """Play it in a scratch database, and compare."""
    begun = time.process_time()
    with _quiet(), tempfile.TemporaryDirectory(prefix="yingsheng-simulation-") as folder:
        house = open_house(Path(folder), wish.setup, ways(), wish.start)
        try:
            engine = _play(wish, house)
            log = engine.log
            log.addressed, log.due, log.numbers = house.addressed(), house.dues(), house.numbers()
            played = time.process_time()
            verdict = compare(log, engine.found_idle)
            receipts = {one: house.receipts(one.conversation, one.started) for one in verdict.found[:SHOWN]}
        finally:
            house.scratch.release()
    return Result(log, verdict, engine.looks, receipts, played - begun, time.process_time() - played)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without a line in the log for each alarm."""
    told = logging.getLogger(watching.__name__)
    before = told.level
    told.setLevel(logging.ERROR)
    try:
        yield
    finally:
        told.setLevel(before)


def _play(wish: Wish, house: House) -> Engine:
    weather = wish.weather or foul(wish.start, wish.end, tuple(house.ways), wish.seed)
    log = Log(house.setup, house.staff)
    log.blocked = list(weather.blocked)
    engine = Engine(house, log, weather, wish.start, wish.end, wish.start + wish.every_look_ms)
    folk = Folk(engine, Random(f"folk {wish.seed}"))  # noqa: S311 - plays people, keeps no secret
    Posting(engine, Random(f"posting {wish.seed}"), weather.blocked, weather.cuts > 0)  # noqa: S311
    folk.come(wish.tickets, wish.start, wish.end)
    folk.edit(wish.start, wish.end)
    engine.run()
    return engine
