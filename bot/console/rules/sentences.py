"""Rules and what is found of them, in sentences. Pure but for the words, which `say` gives."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from bot.console.rules.chain_sentences import ChainWords
from bot.console.rules.units import UNITS, clock
from bot.console.story import isolated
from bot.console.texts import Say
from bot.console.times import Almanac
from tickets.business_time import Calendar, Span, SpecialDay
from tickets.model import Metric
from tickets.sla.checking import Finding
from tickets.sla.model import Budget, Chain, Condition, ConditionField, Definition, Policy, Rota, Rule, Warning


@dataclass(frozen=True, slots=True)
class Names:
    """What ids stand for: rules, archived ones among them, teams and agents."""

    rules: Mapping[str, str]
    teams: Mapping[str, str]
    agents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing that a rule says: what it is about, and what is said."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells rules in one language, with the names of what they name; label: what people call a way of telling them."""

    almanac: Almanac
    names: Names
    label: Callable[[str], str] = str

    @property
    def say(self) -> Say:
        return self.almanac.say

    def length(self, milliseconds: int, days: bool = True) -> str:
        """A length without rounding: 1 天 12 小时; where a day is not 24 hours of the clock, in hours."""
        parts = []
        left = milliseconds
        for unit in ("days", "hours", "minutes") if days else ("hours", "minutes"):
            count, left = divmod(left, UNITS[unit])
            if count:
                parts.append(self.say(f"rules.length.{unit}_one" if count == 1 else f"rules.length.{unit}", n=count))
        return self.say("rules.length.joint").join(parts) or self.say("rules.length.minutes", n=0)

    def budget(self, metric: Metric, budget: Budget) -> str:
        """One promise: first response within 12 hours, natural time."""
        return self._budget(metric, budget)

    def _budget(self, named: str, budget: Budget) -> str:
        length = self.length(budget.length_ms, budget.calendar_id is None)
        return self.say(f"rules.promise.{named}", length=length, clock=self.clock(budget))

    def clock(self, budget: Budget) -> str:
        """By which clock a budget runs."""
        if budget.calendar_id is None:
            return self.say("rules.natural_time")
        return isolated(self.names.rules.get(budget.calendar_id, self.say("rules.gone")))

    def promises(self, policy: Policy) -> str:
        """All that a policy promises, in one sentence."""
        named = {metric: policy.budget(metric) for metric in Metric}
        told = [self._budget(metric, budget) for metric, budget in named.items() if budget is not None]
        if _is_same(policy):
            told[:2] = [self._budget("responses", policy.first_response)]
        return self.say("rules.promise.joint").join(told)

    def audience(self, policy: Policy, is_last: bool) -> str:
        """Whom a policy is for."""
        if not policy.conditions:
            return self.say("rules.for_others" if is_last else "rules.for_everybody")
        return self.say("rules.condition.joint").join(self.condition(one) for one in policy.conditions)

    def condition(self, condition: Condition) -> str:
        """One condition: the channel is chat or mail."""
        values = self.say("rules.condition.or").join(self.value(condition.field, one) for one in condition.values)
        name = isolated(condition.name) if condition.name else ""
        return self.say(f"rules.condition.is.{condition.field}", name=name, values=values)

    def value(self, field: ConditionField, value: str) -> str:
        """A value of a condition as people know it."""
        keys = {ConditionField.CHANNEL: f"rules.channel.{value}", ConditionField.PRIORITY: f"rules.priority.{value}"}
        key = keys.get(field)
        if key is not None and self.say.knows(key):
            return self.say(key)
        return isolated(self.names.teams.get(value, value) if field is ConditionField.TEAM else value)

    def warning(self, warning: Warning) -> str:
        """When people are warned: at 80 % of it, or 30 minutes before."""
        if warning.share is not None:
            return self.say("rules.warning.share", share=warning.share)
        return self.say("rules.warning.lead", length=self.length(warning.lead_ms or 0))

    def warnings(self, budget: Budget) -> str:
        """All warnings of a budget."""
        return self._listed([self.warning(one) for one in budget.warnings], "rules.warning.none")

    def pauses(self, budget: Budget) -> str:
        """When the clock stands still."""
        return self._listed([self.say(f"rules.pause.{status}") for status in budget.pauses], "rules.pause.none")

    def _listed(self, told: Sequence[str], none: str) -> str:
        return self.say("rules.list.joint").join(told) if told else self.say(none)

    def hours(self, spans: Iterable[Span]) -> str:
        """The hours of a day; closed without any."""
        told = [f"{clock(span.start)}–{clock(span.end)}" for span in spans]
        return self._listed(told, "rules.closed")

    def week(self, calendar: Calendar) -> str:
        """The hours of the week, days alike together."""
        told = []
        for spans, days in groupby(range(7), key=lambda number: calendar.week[number]):
            numbers = list(days)
            told.append(self.say("rules.week.line", days=self._days(numbers), hours=self.hours(spans)))
        return self.say("rules.week.joint").join(told)

    def _days(self, numbers: Sequence[int]) -> str:
        first, last = (self.say(f"time.weekday.{number}") for number in (numbers[0], numbers[-1]))
        return first if len(numbers) == 1 else self.say("rules.week.range", first=first, last=last)

    def holidays(self, calendar: Calendar) -> str:
        """Whether public holidays count, and the hours of make-up workdays."""
        if calendar.holidays is None:
            return self.say("rules.holidays.none")
        key = "rules.holidays.kept" if calendar.make_up is None else "rules.holidays.kept_hours"
        return self.say(key, hours=self.hours(calendar.make_up_spans()))

    def special(self, day: SpecialDay) -> str:
        """One day of one's own."""
        key = "rules.special.open" if day.spans else "rules.special.closed"
        return self.say(key, day=day.date.isoformat(), name=isolated(day.name), hours=self.hours(day.spans))

    def facets(self, rule: Rule, is_last: bool) -> list[Facet]:
        """All that a rule says, so that two versions can be compared."""
        return [Facet(self.say("rules.facet.name"), isolated(rule.name)), *self._facets(rule.definition, is_last)]

    def _facets(self, definition: Definition, is_last: bool) -> list[Facet]:
        match definition:
            case Policy():
                return self._of_policy(definition, is_last)
            case Calendar():
                return self._of_calendar(definition)
            case Chain():
                return [Facet(label, text) for label, text in self.chains.of_chain(definition)]
            case Rota():
                return [Facet(label, text) for label, text in self.chains.of_rota(definition)]

    @property
    def chains(self) -> ChainWords:
        """Tells chains and rotas in the same words."""
        return ChainWords(self.say, self.names.rules, self.names.agents, self.label, self.length)

    def _of_policy(self, policy: Policy, is_last: bool) -> list[Facet]:
        found = [Facet(self.say("rules.facet.audience"), self.audience(policy, is_last))]
        for metric in Metric:
            budget = policy.budget(metric)
            label = self.say(f"rules.metric.{metric}")
            if budget is None:
                found.append(Facet(label, self.say("rules.not_promised")))
                continue
            found += [
                Facet(label, self.budget(metric, budget)),
                Facet(self.say("rules.facet.warnings", metric=label), self.warnings(budget)),
                Facet(self.say("rules.facet.pauses", metric=label), self.pauses(budget)),
            ]
        chain = isolated(self.names.rules.get(policy.chain_id, self.say("rules.gone")))
        return [*found, Facet(self.say("rules.facet.chain"), chain)]

    def _of_calendar(self, calendar: Calendar) -> list[Facet]:
        week = [
            Facet(self.say(f"time.weekday.{number}"), self.hours(spans)) for number, spans in enumerate(calendar.week)
        ]
        special = self._listed([self.special(day) for day in calendar.special], "rules.special.none")
        return [
            Facet(self.say("rules.facet.zone"), calendar.zone),
            *week,
            Facet(self.say("rules.facet.holidays"), self.holidays(calendar)),
            Facet(self.say("rules.facet.special"), special),
        ]

    def finding(self, finding: Finding) -> str:
        """What was found, and what to do about it."""
        return self.say(f"rules.flaw.{finding.flaw}", **{key: self._told(key, one) for key, one in finding.values})

    def _told(self, key: str, value: str | int) -> str:
        if key.endswith("_at") and isinstance(value, int):
            return self.almanac.moment(value)
        if key in ("length", "bound") and isinstance(value, int):
            return self.length(value)
        if key == "flaw":
            return self.say(f"rules.broken.{value}")
        return isolated(self._called(value)) if isinstance(value, str) else str(value)

    def _called(self, value: str) -> str:
        """What a value is called if it is an id, alone or as in 'agent:ID'; the value itself if it is none."""
        key = value.rpartition(":")[2]
        names = self.names
        return names.agents.get(key) or names.teams.get(key) or names.rules.get(key) or value


def _is_same(policy: Policy) -> bool:
    """Whether the next response is promised just as the first is."""
    first, following = policy.first_response, policy.next_response
    return (first.length_ms, first.calendar_id) == (following.length_ms, following.calendar_id)
