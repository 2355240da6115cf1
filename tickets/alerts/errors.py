"""What a transport says when an alert did not go out."""


class DeliveryError(Exception):
    """The peer did not take it. permanent: trying again is useless; retry_after_ms: the peer's own wish, if any."""

    def __init__(self, reason: str, permanent: bool, retry_after_ms: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.retry_after_ms = retry_after_ms
