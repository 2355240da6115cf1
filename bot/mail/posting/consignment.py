"""A letter put together from its rows: at each attempt the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.mail.addresses import Signer
from bot.mail.letters.model import Enclosure, Letter, Passage
from bot.mail.posting.outlets import Outlet
from bot.mail.postman import PostKind, came_by_mail
from storage.blobs import Blobs
from storage.database import Transaction
from tickets import agents, attachments, conversations
from tickets.attachments import Attachment
from tickets.mail import sent
from tickets.mail.sent import SentMail
from tickets.model import Author, Message

MOST_SAID = 200


@dataclass(frozen=True, slots=True)
class Consignment:
    """A mail with all that it is made of. overtaken: the customer wrote in the chat after what it says."""

    mail: SentMail
    said: tuple[Message, ...]
    about: Message | None
    agent: str | None
    files: tuple[Attachment, ...]
    overtaken: bool


def load(tx: Transaction, sent_id: str) -> Consignment | None:
    """The mail as its rows have it; None if there is no such mail any more."""
    mail = sent.get(tx, sent_id)
    if mail is None:
        return None
    first = conversations.get_message(tx, mail.said[0])
    since = conversations.history(tx, mail.conversation_id, after=first.number - 1, limit=MOST_SAID)
    said = tuple(message for message in since if message.id in mail.said)
    files = attachments.of_conversation(tx, mail.conversation_id)
    return Consignment(
        mail=mail,
        said=said,
        about=conversations.find_message(tx, mail.about_id) if mail.about_id else None,
        agent=_signature(tx, said),
        files=tuple(file for message in said for file in files.get(message.id, ())),
        overtaken=any(_is_chat(message) for message in since if message.number > said[-1].number),
    )


def letter(
    consignment: Consignment, outlet: Outlet, signer: Signer, base: str, enclosures: Sequence[Enclosure]
) -> Letter:
    """What the mail says, from the first to the last header and word."""
    mail, about = consignment.mail, consignment.about
    signed = outlet.signed
    return Letter(
        sender=outlet.address,
        title=outlet.title,
        recipient=mail.recipient,
        reply_to=signer.reply_address(outlet.address, mail.conversation_id) if signed else outlet.address,
        message_id=mail.message_id,
        sent_at=mail.created_at,
        subject=mail.subject,
        automatic=mail.automatic,
        language=mail.language,
        said=tuple(Passage(message.text, message.extras.get("blocks")) for message in consignment.said),
        invites_reply=mail.automatic and mail.kind == PostKind.ANSWER,
        in_reply_to=mail.in_reply_to,
        references=mail.references,
        asked=about.text if about is not None and mail.quotes else None,
        agent=consignment.agent,
        enclosures=tuple(enclosures),
        base=base,
    )


def read_files(blobs: Blobs, files: Sequence[Attachment]) -> list[Enclosure]:
    """The files with their bytes. Blocks on the disk. Raises StorageUnavailable."""
    return [Enclosure(file.name, file.content_type, blobs.read(file.hash)) for file in files]


def _signature(tx: Transaction, said: Sequence[Message]) -> str | None:
    """The name of the agent who wrote last, if one did."""
    by = next((message.agent_id for message in reversed(said) if message.agent_id), None)
    return agents.get_agent(tx, by).name if by else None


def _is_chat(message: Message) -> bool:
    return message.author is Author.CONTACT and not came_by_mail(message)
