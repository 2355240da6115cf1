"""What the service desk refuses, with the ids an operator needs."""

from dataclasses import dataclass
from enum import StrEnum


class DeskError(Exception):
    """Base of everything that tickets raises."""


class NotFound(DeskError):
    """No such ticket, conversation or agent, or not one that the asker may see."""


class FilesGone(DeskError):
    """A file that a message names is not its sender's, or is in another message already."""


class NotAllowed(DeskError):
    """The transition is not in the table of lifecycle.py."""


class Obstacle(StrEnum):
    """Why tickets cannot be merged, or messages not be split off."""

    SAME = "same"
    DONE = "done"
    OTHER_DONE = "other_done"
    CHAT = "chat"
    STRANGER = "stranger"
    NOTHING = "nothing"
    EVERYTHING = "everything"
    NO_ADDRESS = "no_address"


class Refused(NotAllowed):
    """Tickets that cannot be merged, or messages that cannot be split off."""

    def __init__(self, ticket_number: str, obstacle: Obstacle) -> None:
        super().__init__(f"ticket {ticket_number}: {obstacle}")
        self.obstacle = obstacle


@dataclass(frozen=True, slots=True)
class Change:
    """What happened since the agent last looked: kind is 'message', 'reply', 'owner', 'status', 'properties',
    'merged' or 'split'."""

    kind: str
    who: str
    text: str
    at: int


class Conflict(DeskError):
    """Somebody else was faster; nothing was done. Carries what changed, oldest first.

    ticket_number: what has changed; of a rule, an agent or a team its id.
    """

    def __init__(self, ticket_number: str, changes: tuple[Change, ...]) -> None:
        super().__init__(f"{ticket_number} has changed meanwhile")
        self.ticket_number = ticket_number
        self.changes = changes


class AlreadyExists(DeskError):
    """An agent with this login is already there; nothing was changed."""


class NeverDue(DeskError):
    """A calendar has too little working time: the budget would last for decades."""
