"""The form of a policy: what was typed, the policy that it makes, and what is wrong with it. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.console.rules.units import UNITS, read_length, write_length
from tickets.model import Metric, Status
from tickets.sla.checking import Finding, Flaw
from tickets.sla.checking.policies import MOST_CONDITIONS, MOST_WARNINGS, PAUSING
from tickets.sla.model import Budget, Condition, ConditionField, Policy, Warning

PERCENT = "percent"
SPARE_ATTRIBUTES = 2
MOST_ATTRIBUTES = MOST_CONDITIONS
CHOSEN = (ConditionField.CHANNEL, ConditionField.PRIORITY, ConditionField.TEAM)
WRITTEN = (ConditionField.CATEGORY, ConditionField.VALUE_CLASS)
_SEPARATORS = re.compile(r"[,，、;；\n]+")


@dataclass(frozen=True, slots=True)
class PolicyForm:
    """A form: the texts as they were typed, by field, the policy that they make, and what could not be read."""

    typed: Mapping[str, str]
    name: str
    policy: Policy
    findings: tuple[Finding, ...] = ()

    @property
    def definition(self) -> Policy:
        return self.policy

    def chosen(self, field: str, known: Iterable[str]) -> list[str]:
        """The values to offer for a field: those known, and those that were chosen and are known no more."""
        offered = list(known)
        ticked = (name.removeprefix(f"{field}.") for name in self.typed if name.startswith(f"{field}."))
        return [*offered, *(value for value in ticked if value not in offered)]

    def attributes(self) -> range:
        """The rows for attributes: those that are filled in, and some more."""
        last = max(
            (_number(name) for name in self.typed if _is_attribute(name) and self.typed[name].strip()), default=-1
        )
        return range(min(MOST_ATTRIBUTES, last + 1 + SPARE_ATTRIBUTES))

    def warnings(self, metric: str) -> range:
        """The rows for warnings: those that are filled in, and one more."""
        amounts = (f"{metric}.warning.{number}.amount" for number in range(MOST_WARNINGS))
        filled = [number for number, name in enumerate(amounts) if self.typed.get(name, "").strip()]
        return range(min(MOST_WARNINGS, max(filled, default=0) + 2))


def written(form: Mapping[str, str]) -> PolicyForm:
    """What a form says."""
    typed = {name: text for name, text in form.items() if name != "csrf"}
    findings: list[Finding] = []
    first = _budget(typed, Metric.FIRST_RESPONSE, findings)
    follows = "next_response.same" in typed
    following = first if follows else _budget(typed, Metric.NEXT_RESPONSE, findings)
    resolution = _budget(typed, Metric.RESOLUTION, findings) if "resolution.on" in typed else None
    policy = Policy(first, following, resolution, typed.get("chain", ""), tuple(_conditions(typed)))
    return PolicyForm(typed, " ".join(typed.get("name", "").split()), policy, tuple(findings))


def filled(name: str, policy: Policy) -> PolicyForm:
    """The form of a policy as it stands."""
    typed = {"name": name, "chain": policy.chain_id}
    for metric in Metric:
        if (budget := policy.budget(metric)) is not None:
            typed |= _budget_typed(budget, metric)
    if policy.next_response == policy.first_response:
        typed["next_response.same"] = "on"
    if policy.resolution is not None:
        typed["resolution.on"] = "on"
    return PolicyForm(typed | _conditions_typed(policy.conditions), name, policy)


def _budget(typed: Mapping[str, str], metric: Metric, findings: list[Finding]) -> Budget:
    length = read_length(typed.get(f"{metric}.amount", ""), typed.get(f"{metric}.unit", ""))
    if length is None:
        findings.append(Finding(Flaw.NOT_A_NUMBER, f"{metric}.length"))
    warnings = [_warning(typed, f"{metric}.warning.{number}", findings) for number in range(MOST_WARNINGS)]
    return Budget(
        length_ms=length or 0,
        calendar_id=typed.get(f"{metric}.calendar") or None,
        warnings=tuple(one for one in warnings if one is not None),
        pauses=tuple(status for status in PAUSING if f"{metric}.pause.{status}" in typed),
    )


def _warning(typed: Mapping[str, str], where: str, findings: list[Finding]) -> Warning | None:
    amount, unit = typed.get(f"{where}.amount", "").strip().rstrip("%％ "), typed.get(f"{where}.unit", "")
    if not amount:
        return None
    if unit != PERCENT:
        lead = read_length(amount, unit)
        found = None if lead is None else Warning(lead_ms=lead)
    else:
        found = Warning(share=int(amount)) if amount.isdecimal() and len(amount) < 4 else None
    if found is None:
        findings.append(Finding(Flaw.NOT_A_NUMBER, where))
    return found


def _conditions(typed: Mapping[str, str]) -> Iterable[Condition]:
    for field in CHOSEN:
        ticked = tuple(sorted(name.removeprefix(f"{field}.") for name in typed if name.startswith(f"{field}.")))
        if ticked:
            yield Condition(field, ticked)
    for field in WRITTEN:
        if values := _values(typed.get(field, "")):
            yield Condition(field, values)
    for number in range(MOST_ATTRIBUTES):
        name = " ".join(typed.get(f"attribute.{number}.name", "").split())
        values = _values(typed.get(f"attribute.{number}.values", ""))
        if name or values:
            yield Condition(ConditionField.ATTRIBUTE, values, name)


def _values(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(part.split()) for part in _SEPARATORS.split(text) if part.strip()))


def _budget_typed(budget: Budget, metric: Metric) -> dict[str, str]:
    amount, unit = write_length(budget.length_ms, budget.calendar_id is None)
    typed = {f"{metric}.amount": amount, f"{metric}.unit": unit, f"{metric}.calendar": budget.calendar_id or ""}
    for number, warning in enumerate(budget.warnings):
        amount, unit = (
            (str(warning.share), PERCENT) if warning.share is not None else write_length(warning.lead_ms or 0, True)
        )
        typed |= {f"{metric}.warning.{number}.amount": amount, f"{metric}.warning.{number}.unit": unit}
    return typed | {f"{metric}.pause.{status}": "on" for status in budget.pauses}


def _conditions_typed(conditions: Iterable[Condition]) -> dict[str, str]:
    typed: dict[str, str] = {}
    attributes = 0
    for condition in conditions:
        if condition.field in CHOSEN:
            typed |= {f"{condition.field}.{value}": "on" for value in condition.values}
        elif condition.field in WRITTEN:
            typed[condition.field] = "、".join(condition.values)
        else:
            typed |= {
                f"attribute.{attributes}.name": condition.name,
                f"attribute.{attributes}.values": "、".join(condition.values),
            }
            attributes += 1
    return typed


def _is_attribute(name: str) -> bool:
    return re.fullmatch(r"attribute\.\d{1,2}\.(name|values)", name) is not None


def _number(name: str) -> int:
    return int(name.split(".")[1])


LENGTH_UNITS = tuple(UNITS)
WARNING_UNITS = (PERCENT, *UNITS)
STATUSES: tuple[Status, ...] = PAUSING
