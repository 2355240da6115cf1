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
    return [Undelivered(row["number"], int(row["mails"])) for row in rows]
