"""What goes wrong while mails come in."""

from bot.errors import BotError


class MailboxTrouble(BotError):
    """A mailbox cannot be read now; the sentence is for an operator and holds no secret."""


class MailRefused(MailboxTrouble):
    """The server answers, but does not give out what was asked for; the connection goes on."""
