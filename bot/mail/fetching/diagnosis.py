"""What `main.py doctor` says of each mailbox. Nothing in it changes."""

import asyncio

from bot.config import Mail, MailboxSettings
from bot.mail.fetching.errors import MailboxTrouble
from bot.mail.fetching.session import connect
from storage.check import Finding, Severity

PEER_TIMEOUT_S = 10.0


async def mailbox_findings(mail: Mail) -> list[Finding]:
    """A finding for each mailbox, in the order of the settings."""
    return list(await asyncio.gather(*(_finding(one, mail) for one in mail.mailboxes)))


async def _finding(mailbox: MailboxSettings, mail: Mail) -> Finding:
    if mailbox.receive == "listener":
        place = f"{mail.listen_protocol.upper()} at {mail.listen_host}:{mail.listen_port}"
        return Finding(Severity.FINE, f"mailbox {mailbox.name}: its mails are handed to us by {place}.")
    return await asyncio.to_thread(_look, mailbox)


def _look(mailbox: MailboxSettings) -> Finding:
    try:
        session = connect(mailbox, PEER_TIMEOUT_S)
        try:
            folder = session.select(readonly=True)
        finally:
            session.leave()
    except MailboxTrouble as error:
        return Finding(Severity.PROBLEM, f"mailbox {mailbox.name}: {error}.")
    announces = "announces new mails (IDLE)" if session.announces else "does not announce new mails; we look"
    sentence = f"mailbox {mailbox.name}: lets us in; {mailbox.folder} holds {folder.mails} mails; {announces}."
    return Finding(Severity.FINE, sentence)
