"""Headers of mails that we send: never more of them, and never other ones, than were written. Pure."""

from email import message_from_bytes, policy
from email.message import EmailMessage


def one_line(text: str) -> str:
    """One line without control characters, and nothing that a parser would decode into some."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(line.replace("=?", "= ?").split())


def checked(message: EmailMessage) -> EmailMessage:
    """The message, if a parser sees the same headers in it: older Pythons let encoded line ends through.

    Raises ValueError.
    """
    written = [name.lower() for name in message]
    read = [name.lower() for name in message_from_bytes(message.as_bytes(), policy=policy.SMTP)]
    if written != read:
        raise ValueError("a header value became a header")
    return message
