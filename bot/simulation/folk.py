"""Customers who write and agents who answer, at random and as people do: by day, slowly, not always."""

from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random

from bot.simulation.engine import Engine
from bot.simulation.house import Standing
from bot.simulation.scenario import DAY, HOUR, MINUTE, SECOND, Deed, Edit, Raised
from tickets.model import Agent, Message, Status, Ticket

# How much is written in each hour of the day, and on each day of the week from Monday.
_HOURS = (2, 1, 1, 1, 1, 1, 2, 4, 8, 14, 16, 13, 9, 10, 14, 14, 13, 11, 9, 10, 11, 10, 7, 4)
_DAYS = (1.15, 1.05, 1.0, 1.0, 1.05, 0.6, 0.45)
_TO_CHINA = 8 * HOUR
# So many conversations make about so many tickets.
_PER_TICKET = 1.15


@dataclass(slots=True)
class Matter:
    """One conversation and who cares about it."""

    key: int
    channel: str
    agent: Agent
    conversation_id: str | None = None
    refuses: bool = False
    looked_after: int = 0


class Folk:
    """Everybody, with the dice that they throw."""

    def __init__(self, engine: Engine, rng: Random) -> None:
        self._engine, self._house, self._rng = engine, engine.house, rng
        self._serving = [agent for agent in engine.house.staff if agent.role == "agent"]
        self._matters: list[Matter] = []
        engine.on_raised = self._hears

    def come(self, tickets: int, start: int, end: int) -> None:
        """Let so many customers come between two moments that about so many tickets are opened."""
        hours = list(range(start, end, HOUR))
        weights = list(accumulate(_weight(hour) for hour in hours))
        for _ in range(round(tickets * _PER_TICKET)):
            hour = hours[min(bisect(weights, self._rng.random() * weights[-1]), len(hours) - 1)]
            self._engine.when_up(min(hour + self._rng.randrange(HOUR), end - SECOND), self._new)

    def edit(self, start: int, end: int) -> None:
        """Let somebody change what is promised, now and then."""
        at = start
        while (at := at + self._rng.randrange(20 * DAY, 50 * DAY)) < end:
            self._engine.when_up(at, self._edit)

    def _edit(self) -> None:
        engine = self._engine
        place = len(engine.log.setup.policies) - 1
        policy = engine.log.setup.policies[place].policy
        share = self._rng.choice((50, 75, 100, 125))
        budget = replace(policy.first_response, length_ms=policy.first_response.length_ms * share // 100)
        edited = replace(policy, first_response=budget)
        self._house.scratch.carry_out(self._house.book.edit, place, edited, engine.wall)
        engine.log.edits.append(Edit(engine.now, place, edited))

    # -- customers

    def _new(self) -> None:
        channel = "mail" if self._rng.random() < 0.25 else "chat"
        matter = Matter(len(self._matters), channel, self._rng.choice(self._serving))
        self._matters.append(matter)
        self._engine.log.channels[matter.key] = channel
        self._writes(matter)

    def _writes(self, matter: Matter) -> None:
        engine = self._engine
        message = self._house.writes(matter.key, matter.channel, matter.conversation_id, engine.wall)
        matter.conversation_id = message.conversation_id
        engine.did(matter.key, Deed.WROTE)
        stands = self._house.stands(message.conversation_id)
        if stands.bot_speaks:
            engine.when_up(engine.now + self._rng.randrange(300, 4 * SECOND), lambda: self._decides(matter, message))
        else:
            self._will_look(matter, 0.93)
        if self._chance(0.15):
            self._later(matter, self._expo(20 * MINUTE), self._writes)

    def _decides(self, matter: Matter, message: Message) -> None:
        """The bot does, about one message."""
        deed = Deed.HANDED_OVER if self._chance(0.78) else Deed.BOT_ANSWERED
        if self._chance(0.015):
            deed = Deed.LEFT_ALONE
        if matter.refuses:
            deed, matter.refuses = Deed.REFUSED, False
        if not self._house.bot_does(message, deed, self._engine.wall):
            deed = Deed.LEFT_ALONE
        self._engine.did(matter.key, deed)
        if deed in (Deed.HANDED_OVER, Deed.REFUSED):
            self._will_look(matter, 0.93)
        elif deed is Deed.BOT_ANSWERED and self._chance(0.25):
            self._later(matter, self._expo(3 * MINUTE), self._refuses)

    def _refuses(self, matter: Matter) -> None:
        matter.refuses = self._stands(matter).bot_speaks
        self._writes(matter)

    # -- agents

    def _hears(self, alarm: Raised) -> None:
        """Some of those who are told do something about it."""
        matter = self._matters[alarm.conversation]
        awake = 0.9 if _staffed(self._engine.now) else 0.5
        if not self._chance(awake if alarm.kind != "warning" else awake / 3):
            return
        if self._chance(0.35):
            self._later(matter, self._expo(20 * MINUTE), self._acknowledges)
        else:
            self._later(matter, self._expo(30 * MINUTE), self._looks)

    def _acknowledges(self, matter: Matter) -> None:
        ticket = self._stands(matter).ticket
        snooze = self._rng.randrange(20 * MINUTE, 12 * HOUR) if self._chance(0.3) else None
        agent = self._rng.choice(self._serving)
        if ticket is not None and self._house.agent_does(ticket, agent, Deed.ACKNOWLEDGED, self._engine.wall, snooze):
            self._engine.did(matter.key, Deed.ACKNOWLEDGED, agent.id, snooze)
            if self._chance(0.85):
                self._later(matter, self._expo(2 * HOUR), self._looks)

    def _will_look(self, matter: Matter, chance: float) -> None:
        """Somebody means to look after it, when there is somebody; sometimes it is forgotten."""
        if self._chance(chance) and matter.looked_after <= self._engine.now:
            at = _next_staffed(self._engine.now + self._expo(15 * MINUTE), self._rng)
            matter.looked_after = at
            self._engine.when_up(at, lambda: self._looks(matter))

    def _looks(self, matter: Matter) -> None:
        stands = self._stands(matter)
        if stands.ticket is None:
            return
        deed = self._deed(stands)
        if self._chance(0.04):
            self._changes_priority(matter, stands.ticket)
            return
        agent = matter.agent if self._chance(0.9) else self._rng.choice(self._serving)
        if not self._house.agent_does(stands.ticket, agent, deed, self._engine.wall):
            return
        self._engine.did(matter.key, deed, agent.id)
        self._follow(matter, deed, stands)

    def _changes_priority(self, matter: Matter, ticket: Ticket) -> None:
        deed = Deed.EASED if ticket.priority == "urgent" else Deed.HURRIED
        self._later(matter, self._expo(HOUR), self._looks)
        if self._house.agent_does(ticket, matter.agent, deed, self._engine.wall):
            self._engine.did(matter.key, deed, matter.agent.id)

    def _deed(self, stands: Standing) -> Deed:
        assert stands.ticket is not None, "only tickets are looked after"
        aside = stands.ticket.status is Status.ON_HOLD
        if stands.waits:
            chosen = self._rng.choices((Deed.ANSWERED, Deed.HELD_OFF, Deed.SET_ASIDE, Deed.RESOLVED), (79, 10, 8, 3))[0]
        else:
            chosen = self._rng.choices(
                (Deed.RESOLVED, Deed.ANSWERED, Deed.SET_ASIDE, Deed.HANDED_BACK), (75, 10, 10, 5)
            )[0]
        return Deed.RESUMED if aside and chosen in (Deed.SET_ASIDE, Deed.HANDED_BACK) else chosen

    def _follow(self, matter: Matter, deed: Deed, stands: Standing) -> None:
        if deed is Deed.RESOLVED:
            if self._chance(0.04):
                self._later(matter, self._expo(6 * HOUR), self._reopens)
            elif self._chance(0.1):
                self._later(matter, self._expo(40 * HOUR), self._writes)
            return
        if deed is Deed.ANSWERED and self._chance(0.35):
            self._later(matter, self._expo(2 * HOUR), self._writes)
        delay = self._expo(HOUR) if stands.waits and deed is not Deed.ANSWERED else self._expo(20 * HOUR)
        self._engine.when_up(_next_staffed(self._engine.now + delay, self._rng), lambda: self._looks(matter))

    def _reopens(self, matter: Matter) -> None:
        stands = self._stands(matter)
        if stands.ticket is None and stands.newest is not None:
            agent = self._rng.choice(self._serving)
            if self._house.agent_does(stands.newest, agent, Deed.REOPENED, self._engine.wall):
                self._engine.did(matter.key, Deed.REOPENED, agent.id)
                self._will_look(matter, 0.9)

    # -- dice

    def _stands(self, matter: Matter) -> Standing:
        assert matter.conversation_id is not None, "it began with a message"
        return self._house.stands(matter.conversation_id)

    def _later(self, matter: Matter, delay: int, act: Callable[[Matter], None]) -> None:
        self._engine.when_up(self._engine.now + delay, lambda: act(matter))

    def _chance(self, share: float) -> bool:
        return self._rng.random() < share

    def _expo(self, mean: int) -> int:
        return min(int(self._rng.expovariate(1 / mean)), 20 * mean) + SECOND


def _weight(hour: int) -> float:
    local = hour + _TO_CHINA
    return _HOURS[local // HOUR % 24] * _DAYS[(local // DAY + 3) % 7]


def _staffed(true: int) -> bool:
    """Whether somebody works: on workdays until late, at weekends a little."""
    local = true + _TO_CHINA
    weekend = (local // DAY + 3) % 7 >= 5
    minute = local % DAY // MINUTE
    return 10 * 60 <= minute < 17 * 60 if weekend else 8 * 60 + 30 <= minute < 22 * 60


def _next_staffed(true: int, rng: Random) -> int:
    if _staffed(true):
        return true
    moment = true - true % (30 * MINUTE)
    while not _staffed(moment):
        moment += 30 * MINUTE
    return moment + int(rng.expovariate(1 / (40 * MINUTE))) + SECOND
