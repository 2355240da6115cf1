"""What is written about the server's life: one line per event, with ids, and nothing that a person typed."""

import logging
import sys

from aiohttp.http_exceptions import HttpProcessingError

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class WithoutPeer(logging.Filter):
    """Keeps the peer's address, and what it sent instead of HTTP, out of the HTTP library's own messages."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        record.msg, record.args = "request failed (%s)", (type(error).__name__,)
        if isinstance(error, HttpProcessingError | ConnectionError):
            record.exc_info = None
        return True


def open_log(level: str) -> None:
    """Write to standard error from now on."""
    logging.basicConfig(level=level, format=FORMAT, stream=sys.stderr)
    logging.getLogger("aiohttp.server").addFilter(WithoutPeer())
