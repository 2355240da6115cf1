"""Chains and rotas in sentences. Pure but for the words, which `say` gives."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.console.story import isolated
from bot.console.texts import Say
from tickets import contact_details
from tickets.sla.model import Chain, Level, Rota, Substitution


@dataclass(frozen=True, slots=True)
class Step:
    """One level of a chain as it is shown: when, who, by which ways."""

    name: str
    when: str
    recipients: Sequence[str]
    ways: Sequence[str]
    fallback: Sequence[str]


@dataclass(frozen=True, slots=True)
class ChainWords:
    """Tells chains and rotas: rules and agents by id, labels of ways by name, lengths in words."""

    say: Say
    rules: Mapping[str, str]
    agents: Mapping[str, str]
    label: Callable[[str], str]
    length: Callable[[int], str]

    def steps(self, chain: Chain) -> list[Step]:
        """The levels in order."""
        return [self.step(level, self.when(number, level)) for number, level in enumerate(chain.levels)]

    def step(self, level: Level, when: str) -> Step:
        """One level."""
        return Step(
            self.name(level),
            when,
            [self.recipient(name) for name in level.recipients],
            [self.label(name) for name in level.transports],
            [self.label(name) for name in level.fallback],
        )

    def name(self, level: Level) -> str:
        """What a level is called; the names of the default chain in the reader's language."""
        key = f"chains.named.{level.name}"
        return self.say(key) if self.say.knows(key) else isolated(level.name)

    def when(self, number: int, level: Level) -> str:
        """When a level is told: at the due time, or so long after the level before it."""
        if not level.after_ms:
            return self.say("chains.when.due" if number == 0 else "chains.when.at_once")
        key = "chains.when.after_due" if number == 0 else "chains.when.later"
        return self.say(key, length=self.length(level.after_ms))

    def recipient(self, name: str) -> str:
        """Who is told, as people say it; addresses without their middle."""
        kind, _, key = name.partition(":")
        match kind:
            case "assignee" | "team_lead" | "role":
                return self.say(f"chains.recipient.{name.replace(':', '_')}")
            case "agent":
                return isolated(self.agents[key]) if key in self.agents else self.say("chains.recipient.gone")
            case "rota":
                known = isolated(self.rules.get(key, ""))
                return self.say("chains.recipient.rota", name=known) if known else self.say("chains.recipient.gone")
            case _:
                return isolated(contact_details.mask(name))

    def sentence(self, level: Level, when: str) -> str:
        """A level in one sentence."""
        step = self.step(level, when)
        told = self.say(
            "chains.sentence", when=step.when, who=self._listed(step.recipients), ways=self._listed(step.ways)
        )
        return told + (self.say("chains.sentence_fallback", ways=self._listed(step.fallback)) if step.fallback else "")

    def warned(self, chain: Chain) -> str:
        """Who hears of warnings."""
        if chain.warning is None:
            return self.say("chains.warning_console")
        step = self.step(chain.warning, "")
        return self.say("chains.warning_to", who=self._listed(step.recipients), ways=self._listed(step.ways))

    def repeats(self, chain: Chain) -> str:
        """What follows the last level."""
        return self.say("chains.repeats", length=self.length(chain.repeat_ms))

    def rests(self, chain: Chain) -> str:
        """What an acknowledgement does."""
        if chain.acknowledged_for_ms is None:
            return self.say("chains.rests_for_good")
        return self.say("chains.rests", length=self.length(chain.acknowledged_for_ms))

    def snooze(self, chain: Chain) -> str:
        """How long somebody may snooze."""
        return self.say("chains.snooze", length=self.length(chain.longest_snooze_ms))

    def of_chain(self, chain: Chain) -> list[tuple[str, str]]:
        """All that a chain says, by what it is about."""
        levels = [
            (
                self.say("chains.level_named", number=number + 1, name=self.name(level)),
                self.sentence(level, self.when(number, level)),
            )
            for number, level in enumerate(chain.levels)
        ]
        return [
            *levels,
            (self.say("chains.warning"), self.warned(chain)),
            (self.say("chains.repeat"), self.repeats(chain)),
            (self.say("chains.acknowledged"), self.rests(chain)),
            (self.say("chains.snoozing"), self.snooze(chain)),
        ]

    def of_rota(self, rota: Rota) -> list[tuple[str, str]]:
        """All that a rota says, by what it is about."""
        stand_ins = [self.substitution(one) for one in rota.substitutions]
        return [
            (self.say("rotas.members"), self._listed([self._agent(one) for one in rota.members])),
            (self.say("rotas.turn"), self.turn(rota)),
            (self.say("rotas.starts"), rota.starts.isoformat()),
            (self.say("rules.facet.zone"), rota.zone),
            (self.say("rotas.substitutions"), self._listed(stand_ins) if stand_ins else self.say("rotas.none_yet")),
        ]

    def turn(self, rota: Rota) -> str:
        """How long a turn is and when it is handed over."""
        at = f"{rota.handover_minute // 60:02}:{rota.handover_minute % 60:02}"
        key = "rotas.each_day" if rota.days_each == 1 else "rotas.each"
        return self.say(key, days=rota.days_each, at=at)

    def substitution(self, one: Substitution) -> str:
        """Who stands in when."""
        days = one.first.isoformat() if one.first == one.last else f"{one.first.isoformat()} – {one.last.isoformat()}"
        return self.say("rotas.stands_in", days=days, name=self._agent(one.agent_id))

    def _agent(self, agent_id: str) -> str:
        return isolated(self.agents[agent_id]) if agent_id in self.agents else self.say("chains.recipient.gone")

    def _listed(self, told: Iterable[str]) -> str:
        return self.say("rules.list.joint").join(told)
