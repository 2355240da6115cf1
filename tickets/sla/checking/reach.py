"""Which policies can never be chosen, because an earlier one takes everybody whom they are for. Pure."""

from collections.abc import Iterator, Sequence

from tickets.sla.checking.findings import Finding, Flaw, Surroundings
from tickets.sla.choice import folded
from tickets.sla.model import Condition, Policy, Rule


def check_reach(policy: Policy, rule_id: str | None, around: Surroundings) -> Iterator[Finding]:
    """Whether a policy can be reached where it stands, hides one that follows, or takes the last one's freedom."""
    if is_last(rule_id, around.policies):
        if policy.conditions:
            yield Finding(Flaw.FALLBACK_HAS_CONDITIONS, "conditions")
        return
    earlier, later = _around(rule_id, around.policies)
    if hiding := next((one for one in earlier if covers(_policy(one), policy)), None):
        yield Finding(Flaw.UNREACHABLE, "conditions", (("name", hiding.name),))
    if hidden := next((one for one in later if covers(policy, _policy(one))), None):
        yield Finding(Flaw.HIDES_OTHERS, "conditions", (("name", hidden.name),))


def is_last(rule_id: str | None, policies: Sequence[Rule]) -> bool:
    """Whether this is the policy for everybody for whom no other is; the first policy of all is."""
    return not policies or policies[-1].id == rule_id


def hidden_by(policies: Sequence[Rule]) -> dict[str, Rule]:
    """The policies that can never be chosen, by id, each with the earlier one that takes their tickets."""
    found = {}
    for number, rule in enumerate(policies[:-1]):
        hiding = next((one for one in policies[:number] if covers(_policy(one), _policy(rule))), None)
        if hiding is not None:
            found[rule.id] = hiding
    return found


def covers(broad: Policy, narrow: Policy) -> bool:
    """Whether whoever fits the narrow policy fits the broad one as well: each of its conditions is implied."""
    return all(any(_implies(one, condition) for one in narrow.conditions) for condition in broad.conditions)


def _implies(narrow: Condition, broad: Condition) -> bool:
    if (narrow.field, folded(narrow.name)) != (broad.field, folded(broad.name)):
        return False
    return {folded(value) for value in narrow.values} <= {folded(value) for value in broad.values}


def _around(rule_id: str | None, policies: Sequence[Rule]) -> tuple[Sequence[Rule], Sequence[Rule]]:
    """What stands before the policy and what after it, without the last of all. A new one stands before the last."""
    at = next((number for number, rule in enumerate(policies) if rule.id == rule_id), len(policies) - 1)
    return policies[:at], policies[at + 1 : -1]


def _policy(rule: Rule) -> Policy:
    assert isinstance(rule.definition, Policy), f"rule {rule.id} is not a policy"
    return rule.definition
