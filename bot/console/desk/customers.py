"""What to call a customer, and whether the page that they came from may be linked to. Pure."""

from bot.console.access import split_address
from bot.console.story import isolated
from bot.console.texts import Say
from tickets.model import Contact


def customer_name(contact: Contact, say: Say) -> str:
    """What to call this person: their name, or a visitor with the end of an id, to tell two apart."""
    if contact.name:
        return isolated(contact.name)
    return say("queue.visitor_code", code=contact.id[-4:].upper())


def web_address(url: str | None) -> str | None:
    """The address if it is one that is safe to link to: it came from outside."""
    parts = split_address(url or "")
    return url if parts and parts.scheme in ("http", "https") else None
