"""An agent's reply that has to reach the contact by mail."""

import jinja2

from bot.mail.answering import letter_language
from bot.mail.letters.writing import subject_for
from bot.mail.postman import TRACE_MAIL, Posting, PostKind, Postman, is_verified
from bot.scene import load_scene
from storage.database import Transaction
from tickets import contacts, conversations, parts, tickets
from tickets.mail import sent
from tickets.model import Author, Message

REMEMBERED = 100


def send_reply(postman: Postman, templates: jinja2.Environment, tx: Transaction, message: Message, now: int) -> None:
    """Send it to whoever wrote by mail, or has left the chat and gave an address; once, however often it is asked."""
    if any(message.id in mail.said for mail in sent.of_conversation(tx, message.conversation_id)):
        return
    conversation = conversations.get_conversation(tx, message.conversation_id)
    about = _asked(tx, message)
    if about is None:
        return
    ticket = tickets.newest_of_conversation(tx, conversation.id)
    told = letter_language(load_scene(tx, about, now))
    theirs = about.trace[TRACE_MAIL].get("subject") if TRACE_MAIL in about.trace and is_verified(about) else None
    posting = Posting(
        conversation=conversation,
        contact=contacts.get_contact(tx, conversation.contact_id),
        about=about,
        said=(message,),
        kind=PostKind.REPLY,
        automatic=False,
        language=told,
        subject=subject_for(theirs, ticket.number if ticket else None, told, templates),
        quotes=TRACE_MAIL in about.trace and is_verified(about),
    )
    postman.post(tx, posting, now)


def _asked(tx: Transaction, message: Message) -> Message | None:
    """What the contact wrote last before this, in this conversation or in one that was merged into it."""
    before = parts.latest(tx, message.conversation_id, REMEMBERED)
    return next((one for one in reversed(before) if one.author is Author.CONTACT), None)
