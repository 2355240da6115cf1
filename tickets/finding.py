"""Tickets found by what is known of them: their contact, words of theirs, what they were merged into."""

from storage.database import Transaction, first
from tickets.model import Ticket
from tickets.tickets import ticket_from


def live_of_contact(tx: Transaction, contact_id: str) -> list[Ticket]:
    """The tickets of this contact that are neither resolved nor closed, oldest first."""
    rows = tx.execute(
        """
        SELECT id, number, conversation_id, contact_id, subject, status, priority, reason, assignee_id,
            candidates_json, version, created_at, updated_at, resolved_at, category, team_id, policy_id,
            policy_version, policy_at, first_answered_at, merged_into_id
        FROM ticket
        WHERE contact_id = :contact_id AND status IN ('new', 'open', 'pending', 'on_hold')
        ORDER BY created_at, id
        """,
        {"contact_id": contact_id},
    )
    return [ticket_from(row) for row in rows]


def find_live(tx: Transaction, near: Ticket, words: str, limit: int) -> list[Ticket]:
    """Other live tickets: those of the same contact, then those whose number, subject or contact's name has the words;
    at most limit."""
    escaped = words.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    rows = tx.execute(
        """
        SELECT t.id, t.number, t.conversation_id, t.contact_id, t.subject, t.status, t.priority, t.reason,
            t.assignee_id, t.candidates_json, t.version, t.created_at, t.updated_at, t.resolved_at, t.category,
            t.team_id, t.policy_id, t.policy_version, t.policy_at, t.first_answered_at, t.merged_into_id
        FROM ticket t JOIN contact c ON c.id = t.contact_id
        WHERE t.status IN ('new', 'open', 'pending', 'on_hold') AND t.id <> :id
            AND (t.contact_id = :contact_id OR (:words <> '' AND (t.number LIKE :pattern ESCAPE '!'
                OR t.subject LIKE :pattern ESCAPE '!' OR c.name LIKE :pattern ESCAPE '!')))
        ORDER BY CASE WHEN t.contact_id = :contact_id THEN 0 ELSE 1 END, t.created_at DESC, t.id LIMIT :limit
        """,
        {"id": near.id, "contact_id": near.contact_id, "words": words, "pattern": f"%{escaped}%", "limit": limit},
    )
    return [ticket_from(row) for row in rows]


def number_of(tx: Transaction, ticket_id: str) -> str | None:
    """The number of the ticket with this id, or None."""
    row = first(tx.execute("SELECT number FROM ticket WHERE id = :id", {"id": ticket_id}))
    return None if row is None else str(row["number"])


def merged_numbers(tx: Transaction, into_conversation_id: str) -> dict[str, str]:
    """By each conversation that was merged into this one, the number of the ticket with which it was."""
    rows = tx.execute(
        """
        WITH RECURSIVE part (id) AS (
            SELECT id FROM conversation WHERE merged_into_id = :id
            UNION SELECT v.id FROM conversation v JOIN part ON v.merged_into_id = part.id
        )
        SELECT conversation_id, number FROM ticket
        WHERE merged_into_id IS NOT NULL AND conversation_id IN (SELECT id FROM part) ORDER BY number
        """,
        {"id": into_conversation_id},
    )
    return {row["conversation_id"]: row["number"] for row in rows}


def categories(tx: Transaction, limit: int) -> list[str]:
    """What live tickets are about, by the desk's words, at most limit."""
    rows = tx.execute(
        """
        SELECT DISTINCT category FROM ticket
        WHERE category IS NOT NULL AND status IN ('new', 'open', 'pending', 'on_hold') ORDER BY category LIMIT :limit
        """,
        {"limit": limit},
    )
    return [row["category"] for row in rows]
