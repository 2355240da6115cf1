"""What waits in the outbox, sent by the real claims and marks to peers that are sometimes not there."""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from random import Random

from bot.alerting.delivery.claiming import Claim, Dropped, Nothing, claim_next
from bot.alerting.delivery.dispatch import AT_ONCE
from bot.alerting.delivery.outcome import Again, Arrived, Outcome
from bot.alerting.delivery.settling import settle
from bot.simulation.engine import Engine
from bot.simulation.scenario import SECOND, Handed
from storage import outbox
from tickets.alerts import Addressing, Notice, Sent, Transport
from tickets.escalation.ways import Way, Ways

CUT_AFTER_HANDING = 0.0005
LOOK_AGAIN = 5 * SECOND


async def _never(settings: None, notice: Notice) -> Sent:
    raise AssertionError("a simulated way is not sent by")


def ways() -> Ways:
    """Mail and SMS to each person, a robot to a room."""
    kinds = {"mail": Addressing.MAIL, "sms": Addressing.PHONE, "robot": Addressing.EVERYONE}
    return {name: Way(name, Transport(name, kind, type(None), _never), None) for name, kind in kinds.items()}


@dataclass(slots=True)
class Life:
    """What the loops know as long as the process lives: which rows each way holds, and when it looks by itself."""

    number: int
    held: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    looks_at: dict[str, int] = field(default_factory=dict)


class Posting:
    """One loop for each way: claims what is due, hands it over, writes down what came of it."""

    def __init__(self, engine: Engine, rng: Random, blocked: tuple[tuple[str, int, int], ...], cuts: bool) -> None:
        self._engine, self._rng, self._blocked, self._cuts = engine, rng, blocked, cuts
        self._database = engine.house.scratch
        self._life = Life(engine.life)
        engine.on_up.append(self.wake)

    def wake(self) -> None:
        """Every loop looks now."""
        if self._life.number != self._engine.life:
            self._life = Life(self._engine.life)
        for way in self._engine.house.ways.values():
            self._engine.at(self._engine.now, partial(self._look, way, self._life))

    def _look(self, way: Way, life: Life) -> None:
        """Claim what is due, one after the other, as long as something may begin."""
        engine = self._engine
        if life.number != engine.life or not engine.up:
            return
        held = life.held[way.name]
        found: Claim | Dropped | Nothing = Dropped()
        while not isinstance(found, Nothing) and len(held) < AT_ONCE:
            zone = engine.house.rules.time_zone
            found = self._database.carry_out(claim_next, way, frozenset(held), engine.wall, zone)
            if isinstance(found, Claim):
                held.add(found.row.id)
                taken = self._rng.randrange(50, 2 * SECOND)
                engine.at(engine.now + taken, partial(self._taken, way, found, life))
        if isinstance(found, Nothing):
            self._sleep(way, found.until, life)

    def _sleep(self, way: Way, until: int | None, life: Life) -> None:
        """Look again when something is due, at one of the looks that a loop takes every few seconds."""
        due = self._database.ask(outbox.next_due, [way.topic, way.test_topic])
        if due is None:
            return
        begins = max(due, until or due) - self._engine.offset
        at = max(self._engine.now, begins) + self._rng.randrange(1, LOOK_AGAIN)
        if self._engine.now < life.looks_at.get(way.name, 0) <= at:
            return
        life.looks_at[way.name] = at
        self._engine.at(at, partial(self._look, way, life))

    def _taken(self, way: Way, claim: Claim, life: Life) -> None:
        """What the peer says; nobody is there to hear it if the process has died."""
        engine = self._engine
        if life.number != engine.life:
            return
        if not engine.up:
            engine.at(engine.now + SECOND, partial(self._taken, way, claim, life))
            return
        outcome: Outcome = Arrived("")
        if any(way.name == one and start <= engine.now < end for one, start, end in self._blocked):
            outcome = Again("the peer is not there", "", 0)
        else:
            cut = self._cuts and self._rng.random() < CUT_AFTER_HANDING
            engine.log.handed.append(Handed(claim.waiting.id, engine.now, cut))
            if cut:
                engine.cut()
                return
        self._database.carry_out(settle, way, claim.row, outcome, engine.wall, self._rng.random())
        life.held[way.name].discard(claim.row.id)
        engine.at(engine.now, partial(self._look, way, life))
