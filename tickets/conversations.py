"""Threads of messages: found or opened, appended to once, read back in order."""

import json
from typing import Any

from storage.database import Row, Transaction, first, new_id
from tickets.errors import NotFound
from tickets.model import Author, Conversation, Draft, Message, MessageKind, Owner


def find_or_open(
    tx: Transaction,
    contact_id: str,
    channel: str,
    now: int,
    page_url: str | None = None,
    page_title: str | None = None,
) -> Conversation:
    """The contact's conversation on this channel, opened if there is none; the page is the last one told."""
    known = find(tx, contact_id, channel)
    if known is None:
        return open_new(tx, contact_id, channel, now, page_url, page_title)
    if page_url is not None and (page_url, page_title) != (known.page_url, known.page_title):
        tx.change(
            "UPDATE conversation SET page_url = :page_url, page_title = :page_title WHERE id = :id",
            {"page_url": page_url, "page_title": page_title, "id": known.id},
        )
        return get_conversation(tx, known.id)
    return known


def find(tx: Transaction, contact_id: str, channel: str) -> Conversation | None:
    """The contact's newest conversation on this channel, or None."""
    row = first(
        tx.execute(
            """
            SELECT id, contact_id, channel, owner, owner_agent_id, version, last_number, page_url, page_title,
                created_at, updated_at, subject, merged_into_id
            FROM conversation WHERE contact_id = :contact_id AND channel = :channel ORDER BY id DESC LIMIT 1
            """,
            {"contact_id": contact_id, "channel": channel},
        )
    )
    return None if row is None else _conversation(row)


def get_conversation(tx: Transaction, conversation_id: str) -> Conversation:
    """The conversation as it stands. Raises NotFound."""
    row = first(
        tx.execute(
            """
            SELECT id, contact_id, channel, owner, owner_agent_id, version, last_number, page_url, page_title,
                created_at, updated_at, subject, merged_into_id
            FROM conversation WHERE id = :id
            """,
            {"id": conversation_id},
        )
    )
    if row is None:
        raise NotFound(f"no conversation {conversation_id}")
    return _conversation(row)


def change_owner(tx: Transaction, conversation: Conversation, owner: Owner, agent_id: str | None, now: int) -> bool:
    """Give the word to the bot or to an agent; False, and nothing done, if the owner changed in between."""
    changed = tx.change(
        """
        UPDATE conversation
        SET owner = :owner, owner_agent_id = :agent_id, version = version + 1, updated_at = :now
        WHERE id = :id AND version = :version
        """,
        {
            "owner": owner,
            "agent_id": agent_id,
            "now": now,
            "id": conversation.id,
            "version": conversation.version,
        },
    )
    tx.notify("conversation", conversation.id)
    return changed == 1


def append(tx: Transaction, conversation_id: str, draft: Draft, now: int) -> tuple[Message, bool]:
    """Store the message under the next number.

    Returns it and True; or, if its external_id is already in this conversation, the stored message and False.
    Raises NotFound.
    """
    if draft.external_id is not None and (stored := by_external_id(tx, conversation_id, draft.external_id)):
        return stored, False
    rows = tx.execute(
        """
        UPDATE conversation SET last_number = last_number + 1, updated_at = :now WHERE id = :id
        RETURNING last_number
        """,
        {"now": now, "id": conversation_id},
    )
    if not rows:
        raise NotFound(f"no conversation {conversation_id}")
    message = _message_of(draft, conversation_id, rows[0]["last_number"], now)
    insert(tx, message)
    tx.notify("conversation", conversation_id)
    return message, True


def renew_text(tx: Transaction, message_id: str, text: str) -> None:
    """Put what a message says in other words: it was read anew. Nothing is decided again."""
    rows = tx.execute(
        "UPDATE message SET text = :text WHERE id = :id RETURNING conversation_id", {"text": text, "id": message_id}
    )
    for row in rows:
        tx.notify("conversation", row["conversation_id"])


def note_in_trace(tx: Transaction, message: Message, facts: dict[str, Any]) -> None:
    """Keep more of what agents may know of a message beside its text; nothing is left to the bot."""
    tx.change(
        "UPDATE message SET trace_json = :trace, decided_at = COALESCE(decided_at, created_at) WHERE id = :id",
        {"trace": json.dumps({**message.trace, **facts}, ensure_ascii=False), "id": message.id},
    )
    tx.notify("conversation", message.conversation_id)


def by_external_id(tx: Transaction, conversation_id: str, external_id: str) -> Message | None:
    """The message that its sender calls external_id, or None."""
    row = first(
        tx.execute(
            """
            SELECT id, conversation_id, number, author, agent_id, kind, text, external_id, action, extras_json,
                trace_json, created_at
            FROM message WHERE conversation_id = :conversation_id AND external_id = :external_id
            """,
            {"conversation_id": conversation_id, "external_id": external_id},
        )
    )
    return None if row is None else message_from(row)


def find_message(tx: Transaction, message_id: str) -> Message | None:
    """The message, or None."""
    row = first(
        tx.execute(
            """
            SELECT id, conversation_id, number, author, agent_id, kind, text, external_id, action, extras_json,
                trace_json, created_at
            FROM message WHERE id = :id
            """,
            {"id": message_id},
        )
    )
    return None if row is None else message_from(row)


def get_message(tx: Transaction, message_id: str) -> Message:
    """The message. Raises NotFound."""
    message = find_message(tx, message_id)
    if message is None:
        raise NotFound(f"no message {message_id}")
    return message


def history(tx: Transaction, conversation_id: str, after: int = 0, limit: int = 100) -> list[Message]:
    """The messages after this number, oldest first, at most limit."""
    rows = tx.execute(
        """
        SELECT id, conversation_id, number, author, agent_id, kind, text, external_id, action, extras_json,
            trace_json, created_at
        FROM message WHERE conversation_id = :conversation_id AND number > :after ORDER BY number LIMIT :limit
        """,
        {"conversation_id": conversation_id, "after": after, "limit": limit},
    )
    return [message_from(row) for row in rows]


def latest(tx: Transaction, conversation_id: str, limit: int) -> list[Message]:
    """The newest messages, at most limit, oldest of them first."""
    rows = tx.execute(
        """
        SELECT id, conversation_id, number, author, agent_id, kind, text, external_id, action, extras_json,
            trace_json, created_at
        FROM message WHERE conversation_id = :conversation_id ORDER BY number DESC LIMIT :limit
        """,
        {"conversation_id": conversation_id, "limit": limit},
    )
    return [message_from(row) for row in reversed(rows)]


def undecided(tx: Transaction, limit: int) -> list[Message]:
    """The next message in each conversation that the bot has not decided about, longest waiting first; whoever sits
    before a chat comes before whoever wrote a mail.

    By number within a conversation, whatever the clock did between two messages.
    """
    rows = tx.execute(
        """
        SELECT m.id, m.conversation_id, m.number, m.author, m.agent_id, m.kind, m.text, m.external_id, m.action,
            m.extras_json, m.trace_json, m.created_at
        FROM message m JOIN (
            SELECT conversation_id, MIN(number) AS number
            FROM message WHERE decided_at IS NULL GROUP BY conversation_id
        ) head ON head.conversation_id = m.conversation_id AND head.number = m.number
        ORDER BY CASE WHEN m.external_id LIKE 'mail:%' THEN 1 ELSE 0 END, m.created_at, m.id LIMIT :limit
        """,
        {"limit": limit},
    )
    return [message_from(row) for row in rows]


def mark_decided(tx: Transaction, message_id: str, now: int) -> bool:
    """Claim the decision about a message; True for exactly one caller."""
    changed = tx.change(
        "UPDATE message SET decided_at = :now WHERE id = :id AND decided_at IS NULL",
        {"now": now, "id": message_id},
    )
    return changed == 1


def open_new(
    tx: Transaction,
    contact_id: str,
    channel: str,
    now: int,
    page_url: str | None = None,
    page_title: str | None = None,
    subject: str | None = None,
) -> Conversation:
    """Another conversation with this contact, whatever there was before; the bot speaks in it."""
    conversation = Conversation(
        new_id(), contact_id, channel, Owner.BOT, None, 1, 0, page_url, page_title, now, now, subject
    )
    tx.change(
        """
        INSERT INTO conversation (id, contact_id, channel, owner, owner_agent_id, version, last_number,
            page_url, page_title, created_at, updated_at, subject)
        VALUES (:id, :contact_id, :channel, :owner, NULL, :version, :last_number,
            :page_url, :page_title, :now, :now, :subject)
        """,
        {
            "id": conversation.id,
            "contact_id": contact_id,
            "channel": channel,
            "owner": conversation.owner,
            "version": conversation.version,
            "last_number": conversation.last_number,
            "page_url": page_url,
            "page_title": page_title,
            "now": now,
            "subject": subject,
        },
    )
    return conversation


def _message_of(draft: Draft, conversation_id: str, number: int, now: int) -> Message:
    return Message(
        id=new_id(),
        conversation_id=conversation_id,
        number=number,
        author=draft.author,
        agent_id=draft.agent_id,
        kind=draft.kind,
        text=draft.text,
        external_id=draft.external_id,
        action=draft.action,
        extras=draft.extras or {},
        trace=draft.trace or {},
        created_at=now,
    )


def insert(tx: Transaction, message: Message) -> None:
    """Keep a message under its number; the bot has yet to decide about one of the contact."""
    by_contact = message.author is Author.CONTACT
    tx.change(
        """
        INSERT INTO message (id, conversation_id, number, author, agent_id, kind, text, external_id, action,
            extras_json, trace_json, created_at, decided_at)
        VALUES (:id, :conversation_id, :number, :author, :agent_id, :kind, :text, :external_id, :action,
            :extras_json, :trace_json, :created_at, :decided_at)
        """,
        {
            "id": message.id,
            "conversation_id": message.conversation_id,
            "number": message.number,
            "author": message.author,
            "agent_id": message.agent_id,
            "kind": message.kind,
            "text": message.text,
            "external_id": message.external_id,
            "action": message.action,
            "extras_json": json.dumps(message.extras, ensure_ascii=False) if message.extras else None,
            "trace_json": json.dumps(message.trace, ensure_ascii=False) if message.trace else None,
            "created_at": message.created_at,
            "decided_at": None if by_contact else message.created_at,
        },
    )


def _conversation(row: Row) -> Conversation:
    return Conversation(**{**row, "owner": Owner(row["owner"])})


def message_from(row: Row) -> Message:
    """A message from a row with exactly these columns: all of the table but decided_at."""
    return Message(
        id=row["id"],
        conversation_id=row["conversation_id"],
        number=row["number"],
        author=Author(row["author"]),
        agent_id=row["agent_id"],
        kind=MessageKind(row["kind"]),
        text=row["text"],
        external_id=row["external_id"],
        action=row["action"],
        extras=json.loads(row["extras_json"]) if row["extras_json"] else {},
        trace=json.loads(row["trace_json"]) if row["trace_json"] else {},
        created_at=row["created_at"],
    )
