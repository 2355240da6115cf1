"""What a ticket's page shows beside the conversation: its properties and their choices, and what it was merged with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledgebase.authoring import catalogue
from storage.database import Transaction
from tickets import finding, parts, splitting, teams
from tickets.model import LIVE, Author, Message, Priority, Ticket
from tickets.teams import Team

MOST_CATEGORIES = 200


@dataclass(frozen=True, slots=True)
class Particulars:
    """priorities, teams and categories may be chosen; merged_from are the numbers of the tickets by whose conversation
    their messages are told, merged_into that of the ticket that goes on. movable: the ids of the customer's messages
    that can be split off."""

    priorities: tuple[Priority, ...]
    teams: tuple[Team, ...]
    categories: tuple[str, ...]
    parts: tuple[str, ...]
    merged_from: Mapping[str, str]
    merged_into: str | None
    movable: frozenset[str]

    @property
    def numbers_merged(self) -> list[str]:
        """The tickets that were merged into this one."""
        return sorted(set(self.merged_from.values()))


def load(tx: Transaction, ticket: Ticket, messages: Sequence[Message]) -> Particulars:
    """The particulars of this ticket; messages are those that its page shows."""
    ids = parts.ids(tx, ticket.conversation_id)
    theirs = [one for one in messages if one.author is Author.CONTACT and splitting.TRACE_SPLIT not in one.trace]
    return Particulars(
        priorities=tuple(Priority),
        teams=_teams(tx, ticket),
        categories=_categories(tx, ticket),
        parts=tuple(ids),
        merged_from=finding.merged_numbers(tx, ticket.conversation_id) if ids[1:] else {},
        merged_into=finding.number_of(tx, ticket.merged_into_id) if ticket.merged_into_id else None,
        movable=frozenset(one.id for one in theirs) if ticket.status in LIVE and len(theirs) > 1 else frozenset(),
    )


def _teams(tx: Transaction, ticket: Ticket) -> tuple[Team, ...]:
    """The teams that get tickets, and the one that has this one."""
    found = teams.all_teams(tx)
    if ticket.team_id is not None and ticket.team_id not in {one.id for one in found}:
        name = teams.names(tx).get(ticket.team_id, "")
        found.append(Team(ticket.team_id, name, None, None))
    return tuple(found)


def _categories(tx: Transaction, ticket: Ticket) -> tuple[str, ...]:
    """Those that tickets have, then those of entries."""
    known = [*finding.categories(tx, MOST_CATEGORIES), *(one.name for one in catalogue.categories(tx))]
    return tuple(dict.fromkeys(name for name in known if name))[:MOST_CATEGORIES]
