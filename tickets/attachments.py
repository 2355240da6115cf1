"""Files that came with messages: rows that name bytes kept in storage.blobs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from storage.database import Row, Transaction, first, new_id


@dataclass(frozen=True, slots=True)
class Attachment:
    """A kept file. owner: 'contact:<id>', 'agent:<id>' or 'mail:<id>'; message_id is None until a message claims it.

    name is safe to show; content_type is what the bytes are. width and height are pixels of a picture that can be
    shown, whose thumbnail then lies under thumbnail_hash.
    """

    id: str
    owner: str
    message_id: str | None
    position: int
    name: str
    content_type: str
    size: int
    hash: str
    created_at: int
    thumbnail_hash: str | None = None
    width: int | None = None
    height: int | None = None
    content_id: str | None = None
    inline: bool = False
    mark: str | None = None


def keep(tx: Transaction, attachment: Attachment) -> None:
    """Keep the row of a file whose bytes are on the disk."""
    tx.change(
        """
        INSERT INTO attachment (id, owner, message_id, position, name, content_type, size, hash, thumbnail_hash,
            width, height, content_id, inline, mark, created_at)
        VALUES (:id, :owner, :message_id, :position, :name, :content_type, :size, :hash, :thumbnail_hash,
            :width, :height, :content_id, :inline, :mark, :created_at)
        """,
        {
            "id": attachment.id,
            "owner": attachment.owner,
            "message_id": attachment.message_id,
            "position": attachment.position,
            "name": attachment.name,
            "content_type": attachment.content_type,
            "size": attachment.size,
            "hash": attachment.hash,
            "thumbnail_hash": attachment.thumbnail_hash,
            "width": attachment.width,
            "height": attachment.height,
            "content_id": attachment.content_id,
            "inline": int(attachment.inline),
            "mark": attachment.mark,
            "created_at": attachment.created_at,
        },
    )


def find(tx: Transaction, attachment_id: str) -> Attachment | None:
    """The file of this id, or None."""
    row = first(
        tx.execute(
            """
            SELECT id, owner, message_id, position, name, content_type, size, hash, thumbnail_hash, width, height,
                content_id, inline, mark, created_at
            FROM attachment WHERE id = :id
            """,
            {"id": attachment_id},
        )
    )
    return None if row is None else _attachment(row)


def of_message(tx: Transaction, message_id: str) -> list[Attachment]:
    """The files of one message, in their order."""
    rows = tx.execute(
        """
        SELECT id, owner, message_id, position, name, content_type, size, hash, thumbnail_hash, width, height,
            content_id, inline, mark, created_at
        FROM attachment WHERE message_id = :message_id ORDER BY position
        """,
        {"message_id": message_id},
    )
    return [_attachment(row) for row in rows]


def forget_unclaimed(tx: Transaction, before: int, most: int) -> int:
    """Delete rows of this age that no message claimed; how many."""
    return tx.change(
        """
        DELETE FROM attachment WHERE id IN (
            SELECT id FROM attachment WHERE message_id IS NULL AND created_at < :before LIMIT :most)
        """,
        {"before": before, "most": most},
    )


def named_hashes(tx: Transaction, first_hash: str, last_hash: str) -> set[str]:
    """The hashes from one to another, both included, that an attachment or a mail names."""
    rows = tx.execute(
        """
        SELECT hash FROM attachment WHERE hash BETWEEN :first AND :last
        UNION SELECT thumbnail_hash FROM attachment WHERE thumbnail_hash BETWEEN :first AND :last
        UNION SELECT raw_hash FROM mail WHERE raw_hash BETWEEN :first AND :last
        """,
        {"first": first_hash, "last": last_hash},
    )
    return {row["hash"] for row in rows}


def claim(tx: Transaction, ids: Sequence[str], owner: str, message_id: str) -> int:
    """Put this owner's unclaimed files into a message; how many of them there were."""
    return sum(
        tx.change(
            """
            UPDATE attachment SET message_id = :message_id, position = :position
            WHERE id = :id AND owner = :owner AND message_id IS NULL
            """,
            {"message_id": message_id, "position": position, "id": id, "owner": owner},
        )
        for position, id in enumerate(ids)
    )


def copy(tx: Transaction, message_id: str, to_message_id: str) -> None:
    """Let another message have the files of this one as well: new rows for the same bytes."""
    files = of_message(tx, message_id)
    for file in files:
        keep(tx, replace(file, id=new_id(), message_id=to_message_id))


def of_conversation(tx: Transaction, conversation_id: str) -> dict[str, list[Attachment]]:
    """The files of each message of a conversation that has any, by the message's id."""
    rows = tx.execute(
        """
        SELECT a.id, a.owner, a.message_id, a.position, a.name, a.content_type, a.size, a.hash, a.thumbnail_hash,
            a.width, a.height, a.content_id, a.inline, a.mark, a.created_at
        FROM attachment a JOIN message m ON m.id = a.message_id
        WHERE m.conversation_id = :conversation_id ORDER BY a.message_id, a.position
        """,
        {"conversation_id": conversation_id},
    )
    found: dict[str, list[Attachment]] = {}
    for row in rows:
        found.setdefault(row["message_id"], []).append(_attachment(row))
    return found


def _attachment(row: Row) -> Attachment:
    return Attachment(**{**row, "inline": bool(row["inline"])})
