"""Mails of ours that did not arrive, as far as somebody has still to do something about them."""

from dataclasses import dataclass

from storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A live ticket whose newest mail did not arrive, with how many did not."""

    ticket_number: str
    mails: int


def of_live_tickets(tx: Transaction) -> list[Undelivered]:
    """The live tickets with mails that failed, came back or are uncertain, unless a later one has gone out since."""
    rows = tx.execute(
        """
        SELECT t.number, COUNT(*) AS mails
        FROM sent_mail s JOIN ticket t ON t.conversation_id = s.conversation_id
        WHERE s.state IN ('failed', 'bounced', 'uncertain') AND s.settled_at IS NOT NULL
          AND t.status IN ('new', 'open', 'pending', 'on_hold')
          AND NOT EXISTS (
            SELECT 1 FROM sent_mail later WHERE later.conversation_id = s.conversation_id
              AND later.created_at > s.created_at AND later.state IN ('queued', 'sent')
          )
        GROUP BY t.number ORDER BY t.number DESC
        """
    )
    counted = {row["number"]: int(row["mails"]) for row in rows}
    for number, mails in _of_merged(tx):
        counted[number] = counted.get(number, 0) + mails
    return [Undelivered(number, counted[number]) for number in sorted(counted, reverse=True)]


def _of_merged(tx: Transaction) -> list[tuple[str, int]]:
    """The same of conversations that were merged, by the live ticket in which they go on."""
    rows = tx.execute(
        """
        WITH RECURSIVE place (sent_id, created_at, id) AS (
            SELECT s.id, s.created_at, v.merged_into_id
            FROM conversation v JOIN sent_mail s ON s.conversation_id = v.id
            WHERE v.merged_into_id IS NOT NULL AND s.state IN ('failed', 'bounced', 'uncertain')
                AND s.settled_at IS NOT NULL
                AND NOT EXISTS (
                    SELECT 1 FROM sent_mail later WHERE later.conversation_id = s.conversation_id
                        AND later.created_at > s.created_at AND later.state IN ('queued', 'sent')
                )
            UNION
            SELECT place.sent_id, place.created_at, v.merged_into_id
            FROM conversation v JOIN place ON v.id = place.id WHERE v.merged_into_id IS NOT NULL
        )
        SELECT t.number, COUNT(*) AS mails
        FROM place JOIN ticket t ON t.conversation_id = place.id
        WHERE t.status IN ('new', 'open', 'pending', 'on_hold')
            AND NOT EXISTS (
                SELECT 1 FROM sent_mail later WHERE later.conversation_id = place.id
                    AND later.created_at > place.created_at AND later.state IN ('queued', 'sent')
            )
        GROUP BY t.number
        """
    )
    return [(row["number"], int(row["mails"])) for row in rows]
