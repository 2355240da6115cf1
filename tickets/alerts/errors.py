"""What a transport says when an alert did not go out."""

from enum import StrEnum


class Failure(StrEnum):
    """What a failed delivery means for what comes next.

    RETRY: it did not arrive, and may the next time. UNKNOWN: it may have arrived; a transport that can inquire is
    asked before it sends again. PERMANENT: this message will never arrive this way. CLOSED: nor will any other,
    until somebody mends the transport's account or settings. ABSENT: nobody is there to be told this way, which is no
    fault of it and leaves nothing to mend; tried again only where retry_after_ms is given.
    """

    RETRY = "retry"
    UNKNOWN = "unknown"
    PERMANENT = "permanent"
    CLOSED = "closed"
    ABSENT = "absent"


class DeliveryError(Exception):
    """The peer did not take it, or did not say that it did.

    reason and code are fit for a log and for the console: no address, no secret, no free text of the peer; code is
    the peer's own error code, "" if it gave none. retry_after_ms: how long to wait at least, where the peer or its
    documentation says so. is_known: False for a code of which nothing is known, so that it is not tried for long.
    """

    def __init__(
        self,
        reason: str,
        failure: Failure,
        retry_after_ms: int | None = None,
        code: str = "",
        is_known: bool = True,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.failure = failure
        self.retry_after_ms = retry_after_ms
        self.code = code
        self.is_known = is_known

    @property
    def permanent(self) -> bool:
        """Whether trying again is useless."""
        return self.failure in (Failure.PERMANENT, Failure.CLOSED)
