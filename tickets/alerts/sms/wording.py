"""What an SMS says beside the words of its template: the number of a ticket and a count, and nothing else.

No customer's words and no address: carriers block what they take for links, and anybody may look at a phone.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tickets.alerts.notice import Notice

NO_TICKET = "0000-0000"
"""Stands for a ticket in a message that is about none, such as a test: services refuse an empty variable."""

MOST_ALERTS = 1_000
"""A count has room for any number of tickets: a storm costs one message for each person, not one for each ticket."""


class Fact(StrEnum):
    """What a template may say: the number of the most urgent ticket, and how many tickets there are."""

    TICKET = "ticket"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Wording:
    """A template that the service has approved, and its variables with their values, in order."""

    template: str
    variables: tuple[tuple[str, str], ...]


def check(params: Iterable[str]) -> None:
    """Raise ValueError unless each is "fact" or "variable=fact"."""
    for param in params:
        variable, _, fact = param.rpartition("=")
        if fact not in set(Fact) or "=" in variable or (not variable and "=" in param):
            raise ValueError('a parameter is "ticket" or "count", or as the template names it: "variable=ticket"')


def choose(
    notice: Notice, template: str, params: tuple[str, ...], digest_template: str, digest_params: tuple[str, ...]
) -> Wording:
    """The digest's template for a notice of several tickets, if there is one; else the other."""
    if len(notice.numbers) > 1 and digest_template:
        return Wording(digest_template, _values(notice, digest_params))
    return Wording(template, _values(notice, params))


def delivery_id(notice: Notice) -> str:
    """Our name for this delivery at the service, the same at every attempt. Tells nothing to whoever reads it."""
    return f"ys-{hashlib.sha256(notice.key.encode()).hexdigest()[:40]}"


def _values(notice: Notice, params: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    values = {
        Fact.TICKET: notice.numbers[0] if notice.numbers else NO_TICKET,
        Fact.COUNT: str(len(notice.numbers)),
    }
    pairs = (param.rpartition("=") for param in params)
    return tuple((variable or fact, values[Fact(fact)]) for variable, _, fact in pairs)
