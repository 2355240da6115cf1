"""How each way of telling people does, as it was last seen."""

from collections.abc import Iterable
from dataclasses import dataclass

from storage.database import Row, Transaction, first
from tickets.escalation.ways import Ways


@dataclass(frozen=True, slots=True)
class WayState:
    """When a way was last tried, and when it last went well and ill; code and error say how ill.

    closed_at: it is not used, until rests_until if that is set, else until it was tested with success. A way that is
    not closed only waits until rests_until.
    """

    transport: str
    tried_at: int | None = None
    sent_at: int | None = None
    failed_at: int | None = None
    closed_at: int | None = None
    rests_until: int | None = None
    code: str = ""
    error: str = ""

    def is_closed(self, now: int) -> bool:
        """Whether what is queued for it fails at once."""
        return self.closed_at is not None and (self.rests_until is None or now < self.rests_until)

    @property
    def is_failing(self) -> bool:
        """Whether the last thing that was heard of it is bad."""
        return self.failed_at is not None and (self.sent_at is None or self.sent_at <= self.failed_at)

    def works(self, now: int) -> bool:
        """Whether there is no reason to think that it would not deliver."""
        return not self.is_closed(now) and not self.is_failing


def get(tx: Transaction, transport: str) -> WayState:
    """How this way does; that of one which was never tried is all empty."""
    row = first(
        tx.execute(
            """
            SELECT transport, tried_at, sent_at, failed_at, closed_at, rests_until, code, error
            FROM transport_state WHERE transport = :transport
            """,
            {"transport": transport},
        )
    )
    return WayState(**row) if row else WayState(transport)


def of_ways(tx: Transaction, ways: Ways) -> list[WayState]:
    """How each of these ways does, by name."""
    rows = tx.execute(
        """
        SELECT transport, tried_at, sent_at, failed_at, closed_at, rests_until, code, error FROM transport_state
        """
    )
    return _in_order(sorted(ways), rows)


def tried(tx: Transaction, transport: str, now: int) -> None:
    """An attempt begins; if the way was closed until a moment that has passed, it is open."""
    tx.change(
        """
        INSERT INTO transport_state (transport, tried_at, code, error) VALUES (:transport, :now, '', '')
        ON CONFLICT (transport) DO UPDATE
        SET tried_at = :now, closed_at = CASE WHEN rests_until <= :now THEN NULL ELSE closed_at END
        """,
        {"transport": transport, "now": now},
    )


def worked(tx: Transaction, transport: str, now: int) -> None:
    """Its peer has taken something."""
    tx.change(
        """
        INSERT INTO transport_state (transport, sent_at, code, error) VALUES (:transport, :now, '', '')
        ON CONFLICT (transport) DO UPDATE
        SET sent_at = :now, rests_until = CASE WHEN closed_at IS NULL THEN NULL ELSE rests_until END
        """,
        {"transport": transport, "now": now},
    )


def failed(tx: Transaction, transport: str, code: str, error: str, now: int, rests_until: int | None = None) -> None:
    """Something did not go out by it; if its peer asked for patience, it rests until then."""
    tx.change(
        """
        INSERT INTO transport_state (transport, failed_at, rests_until, rests_since, code, error)
        VALUES (:transport, :now, :rests_until, :now, :code, :error)
        ON CONFLICT (transport) DO UPDATE
        SET failed_at = :now, code = :code, error = :error,
            rests_until = CASE WHEN closed_at IS NULL THEN COALESCE(:rests_until, rests_until) ELSE rests_until END,
            rests_since = CASE WHEN closed_at IS NULL AND :rests_until IS NOT NULL THEN :now ELSE rests_since END
        """,
        {"transport": transport, "code": code, "error": error, "now": now, "rests_until": rests_until},
    )


def close(tx: Transaction, transport: str, code: str, error: str, now: int, until: int | None = None) -> None:
    """Nothing goes out by it any more: until then, or until it was tested with success."""
    tx.change(
        """
        INSERT INTO transport_state (transport, failed_at, closed_at, rests_until, rests_since, code, error)
        VALUES (:transport, :now, :now, :until, :now, :code, :error)
        ON CONFLICT (transport) DO UPDATE
        SET failed_at = :now, closed_at = COALESCE(closed_at, :now), rests_until = :until, rests_since = :now,
            code = :code, error = :error
        """,
        {"transport": transport, "code": code, "error": error, "now": now, "until": until},
    )


def reopen(tx: Transaction, transport: str, now: int) -> bool:
    """It was tested with success and is used again from now on; False if it was not closed."""
    opened = tx.change(
        """
        UPDATE transport_state SET closed_at = NULL, rests_until = NULL, sent_at = :now
        WHERE transport = :transport AND closed_at IS NOT NULL
        """,
        {"transport": transport, "now": now},
    )
    tx.notify("outbox")
    return opened == 1


def _in_order(names: Iterable[str], rows: Iterable[Row]) -> list[WayState]:
    found = {row["transport"]: WayState(**row) for row in rows}
    return [found.get(name, WayState(name)) for name in names]
