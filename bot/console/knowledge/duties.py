"""Who may do what with entries, by the roles of the console."""

from aiohttp import web

from bot.console.access import LOGIN
from bot.keys import CLOCK
from knowledgebase.authoring.lifecycle import Duty
from knowledgebase.authoring.rows import Change
from knowledgebase.model import Entry, Visibility
from tickets.model import Role

DUTIES = {
    Role.READER: Duty.READER,
    Role.AGENT: Duty.WRITER,
    Role.SUPERVISOR: Duty.EDITOR,
    Role.ADMIN: Duty.EDITOR,
}
LONGEST_NOTE = 200


def duty_of(request: web.Request) -> Duty:
    """What whoever asks may do with entries."""
    return DUTIES[request[LOGIN].agent.role]


def may_read(role: Role, entry: Entry) -> bool:
    """Whether somebody of this role may read a published entry."""
    return role is not Role.READER or entry.visibility is not Visibility.AGENTS


def change_by(request: web.Request, note: str = "") -> Change:
    """The change that whoever asks makes now."""
    said = " ".join(note.split())[:LONGEST_NOTE]
    return Change(request[LOGIN].agent.id, request.config_dict[CLOCK](), said)
