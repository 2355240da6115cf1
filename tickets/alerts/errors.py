"""What a transport says when an alert did not go out."""


class DeliveryError(Exception):
    """The peer did not take it.

    permanent: trying again is useless; retry_after_ms: how long the peer asks us to wait, if it does. reason is
    fit for a log: no address, no text of the peer.
    """

    def __init__(self, reason: str, permanent: bool, retry_after_ms: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.retry_after_ms = retry_after_ms
