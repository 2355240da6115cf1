"""Which policy holds for whom. Pure."""

from collections.abc import Sequence

from tickets.sla.model import Condition, ConditionField, Facts, Policy, Rule


def choose(policies: Sequence[Rule], facts: Facts) -> Rule:
    """The first policy, by position, all of whose conditions fit. One without conditions has to be among them."""
    for rule in policies:
        assert isinstance(rule.definition, Policy), f"rule {rule.id} is not a policy"
        if all(fits(condition, facts) for condition in rule.definition.conditions):
            return rule
    raise LookupError("no policy is without conditions")


def fits(condition: Condition, facts: Facts) -> bool:
    """Whether the facts have one of the condition's values; letters' case and spaces do not matter, in an attribute's
    name neither."""
    value = _value(condition, facts)
    return value is not None and folded(value) in {folded(one) for one in condition.values}


def _value(condition: Condition, facts: Facts) -> str | None:
    match condition.field:
        case ConditionField.CHANNEL:
            return facts.channel
        case ConditionField.CATEGORY:
            return facts.category
        case ConditionField.PRIORITY:
            return facts.priority
        case ConditionField.TEAM:
            return facts.team_id
        case ConditionField.VALUE_CLASS:
            return facts.value_class
        case ConditionField.ATTRIBUTE:
            wanted = folded(condition.name)
            return next((value for name, value in facts.attributes if folded(name) == wanted), None)


def folded(text: str) -> str:
    """A text without what does not tell it from another: letters' case, spaces."""
    return " ".join(text.casefold().split())
