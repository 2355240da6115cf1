"""When the process looked at its deadlines, and when it could have."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.simulation.scenario import TICK, Run, Setting


@dataclass(frozen=True, slots=True)
class Look:
    """One look: when, what the wall's clock showed, in which run, and whether the process died of it."""

    true: int
    wall: int
    run: Run
    cut: bool


class Looks:
    """Every look of every run, one each TICK, found when asked for."""

    def __init__(self, runs: Sequence[Run], settings: Sequence[Setting]) -> None:
        self._stretches = _stretches(runs, settings)
        self._lives = _stretches(_lives(runs), settings)
        self._life_ends = [end for _, end, _, _ in self._lives]
        self._ends = [end for _, end, _, _ in self._stretches]
        self._starts = [run.start for run in runs]
        self._runs = runs

    def first(self, since: int, wall: int) -> Look | None:
        """The first look not before a true moment at which the wall's clock shows this or more."""
        for start, end, offset, run in self._stretches[bisect_right(self._ends, since) :]:
            at = _on_the_grid(run.start, max(start, since, wall - offset))
            if at < end:
                return Look(at, at + offset, run, run.cut and at + TICK >= run.end)
        return None

    def first_behind(self, since: int, until: int, wall: int) -> Look | None:
        """The first look between two true moments at which the wall's clock shows less than this."""
        for start, end, offset, run in self._stretches[bisect_right(self._ends, since) :]:
            if start >= until:
                break
            at = _on_the_grid(run.start, max(start, since))
            if at < min(end, until) and at + offset < wall:
                return Look(at, at + offset, run, run.cut and at + TICK >= run.end)
        return None

    def due(self, since: int, wall: int) -> tuple[int, bool]:
        """From when on somebody could have been told, in true time, and whether the process was up then.

        That is the first moment at which the wall's clock showed this, or the start that followed. It does not count
        if the process died, or the clock was set back behind it, before the next look. A process that only hangs is up.
        """
        for start, end, offset, life in self._lives[bisect_right(self._life_ends, since) :]:
            at = max(start, since, wall - offset)
            look = self.first(at, wall) if at < end else None
            if look is not None and (look.true < end or look.true <= at + TICK):
                return at, at > life.start
        return since, True

    def next_start(self, true: int) -> Look | None:
        """The first look of the run that began after a true moment."""
        place = bisect_right(self._starts, true)
        return self.first(self._starts[place], -(10**15)) if place < len(self._starts) else None


def _lives(runs: Sequence[Run]) -> list[Run]:
    """The runs, those that a hang cut in two as one."""
    found: list[Run] = []
    for run in runs:
        if run.stalled and found:
            found[-1] = replace(found[-1], end=run.end)
        else:
            found.append(run)
    return found


def _on_the_grid(start: int, moment: int) -> int:
    return start - (start - moment) // TICK * TICK


def _stretches(runs: Sequence[Run], settings: Sequence[Setting]) -> list[tuple[int, int, int, Run]]:
    """The runs cut where the wall's clock was set: from, until, how far it is ahead."""
    found = []
    for run in runs:
        place = bisect_right(settings, run.start, key=lambda one: one.true) - 1
        while place < len(settings) and settings[place].true < run.end:
            until = settings[place + 1].true if place + 1 < len(settings) else run.end
            start, end = max(run.start, settings[place].true), min(run.end, until)
            if start < end:
                found.append((start, end, settings[place].offset, run))
            place += 1
    return found
