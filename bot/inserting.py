"""An agent's reply that was made from entries: which of them it used, and whether it changed their words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.intent import plain, wish
from bot.markup import Letterhead, as_text
from bot.scene import details_in
from knowledgebase.authoring import entries
from knowledgebase.errors import ActionNotAllowed, EntryConflict, EntryInvalid, EntryNotFound
from knowledgebase.learning import asked, edits
from knowledgebase.learning.acts import Doer
from knowledgebase.learning.asked import AskedQuestion
from knowledgebase.learning.edits import EditedAnswer, Use, Verdict
from knowledgebase.learning.masking import mask_personal
from knowledgebase.model import Entry
from storage.database import Transaction
from tickets import attachments, conversations, desk, parts, tickets
from tickets.errors import FilesGone
from tickets.model import Agent, Author, Message

REMEMBERED = 30
EXTRA_INSERTED = "inserted"


@dataclass(frozen=True, slots=True)
class Inserted:
    """An entry whose answer an agent put into a reply, at the version that was shown."""

    entry_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agent sends. last_seen, external_id, holding and version are those of desk.reply; attachments are files
    that this agent uploaded.
    """

    text: str
    last_seen: int
    external_id: str
    holding: bool
    inserted: Sequence[Inserted] = ()
    attachments: tuple[str, ...] = ()
    version: int | None = None


def reply(
    tx: Transaction,
    number: str,
    agent: Agent,
    sent: Reply,
    letterhead: Letterhead,
    now: int,
    send: Callable[[Transaction, Message, int], None] = lambda tx, message, now: None,
) -> Message:
    """desk.reply, with a trace of the entries of which something stands in the text; send takes it to the mail.

    The entry counts as the answer to what the customer asked last. Raises as desk.reply does, and FilesGone.
    """
    ticket = tickets.by_number(tx, number)
    conversation = conversations.get_conversation(tx, ticket.conversation_id)
    used = [
        (entry, use)
        for entry in _entries(tx, sent.inserted)
        if (use := edits.use_of(as_text(entry.answer_for(conversation.channel), letterhead), sent.text))
        is not Use.DROPPED
    ]
    question = open_question(tx, conversation.id)
    trace = {EXTRA_INSERTED: [_used(entry, use) for entry, use in used]} if used else None
    message = desk.reply(
        tx,
        number,
        agent,
        sent.text,
        sent.last_seen,
        sent.external_id,
        sent.holding,
        now,
        trace=trace,
        version=sent.version,
    )
    _claim(tx, agent, sent, message)
    if question is not None and len(used) == 1 and question.corrected_entry_id is None:
        asked.correct(tx, question.message_id, used[0][0].id, agent.id)
    edited = next((entry for entry, use in used if use is Use.EDITED), None)
    if edited is not None:
        told = EditedAnswer(message.id, conversation.id, edited.id, edited.version, agent.id, None, now)
        edits.keep(tx, told)
    send(tx, message, now)
    return message


def _claim(tx: Transaction, agent: Agent, sent: Reply, message: Message) -> None:
    """Put the files into the message; sent again, it has them already. Raises FilesGone."""
    ids = tuple(dict.fromkeys(sent.attachments))
    attachments.claim(tx, ids, f"agent:{agent.id}", message.id)
    if ids and not {file.id for file in attachments.of_message(tx, message.id)} >= set(ids):
        raise FilesGone(f"a file of the reply {message.id} is gone")


def open_question(tx: Transaction, conversation_id: str) -> AskedQuestion | None:
    """The question that the customer wrote last, here or in what was merged into this conversation, if nothing but
    pleasantries and ways to be reached came after it."""
    for message in reversed(parts.latest(tx, conversation_id, REMEMBERED)):
        if message.author is not Author.CONTACT or message.action is not None:
            continue
        if question := asked.of_message(tx, message.id):
            return question
        if details_in(message.text) is None and wish(plain(message.text)) is None:
            return None
    return None


def change_entry(tx: Transaction, message_id: str, verdict: Verdict, doer: Doer) -> EditedAnswer | None:
    """The agent's word on whether the entry shall say what was sent; None if it was said before.

    DRAFTED makes a draft of the entry with the text that was sent, personal data covered. If the entry has moved on
    since the agent inserted it, or cannot be changed now, it becomes a note for the editors instead.
    """
    edit = edits.get_edit(tx, message_id)
    if edit is None:
        return None
    if verdict is Verdict.DRAFTED and not _draft(tx, edit, doer):
        verdict = Verdict.NOTED
    if not edits.decide(tx, message_id, doer.agent_id, verdict):
        return None
    return edits.get_edit(tx, message_id)


def _draft(tx: Transaction, edit: EditedAnswer, doer: Doer) -> bool:
    """Whether there is now a draft with the text that was sent."""
    if edit.agent_id != doer.agent_id or edit.verdict is not None:
        return False
    channel = conversations.get_conversation(tx, edit.conversation_id).channel
    try:
        head = entries.get_head(tx, edit.entry_id).entry
        inserted = entries.get_entry(tx, edit.entry_id, edit.entry_version)
        if head.answer_for(channel) != inserted.answer_for(channel):
            return False
        told = mask_personal(conversations.get_message(tx, edit.message_id).text).strip()
        entries.edit(tx, with_answer(head, channel, told), head.version, doer.change)
    except (EntryNotFound, EntryConflict, EntryInvalid, ActionNotAllowed):
        return False
    return True


def with_answer(entry: Entry, channel: str, answer: str) -> Entry:
    """The entry with another answer on this channel: the channel's own text if it has one."""
    answers = dict(entry.channel_answers)
    if channel not in answers:
        return replace(entry, answer=answer)
    return replace(entry, channel_answers=tuple({**answers, channel: answer}.items()))


def _entries(tx: Transaction, inserted: Sequence[Inserted]) -> list[Entry]:
    """The entries as they were shown; at most as many as a reply may name. One that is not there is left out."""
    found = []
    for one in dict.fromkeys(inserted):
        try:
            found.append(entries.get_entry(tx, one.entry_id, one.version))
        except EntryNotFound:
            continue
    return found


def _used(entry: Entry, use: Use) -> dict[str, Any]:
    return {"id": entry.id, "version": entry.version, "question": entry.question, "edited": use is Use.EDITED}
