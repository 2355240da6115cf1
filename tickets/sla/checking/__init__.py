"""What is wrong with a rule before anybody is promised anything by it, and what its author should know. Pure."""

from tickets.sla.checking.calendars import check_calendar
from tickets.sla.checking.chains import check_chain, check_rota
from tickets.sla.checking.findings import Finding, Flaw, RuleRefused, Surroundings, errors, warnings
from tickets.sla.checking.policies import check_policy

__all__ = [
    "Finding",
    "Flaw",
    "RuleRefused",
    "Surroundings",
    "check_calendar",
    "check_chain",
    "check_policy",
    "check_rota",
    "errors",
    "warnings",
]
