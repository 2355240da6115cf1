"""What the program writes into its log: one line for one event, and nothing in it that only looks like a line.

No event carries what a person wrote; but a path, a header or the words of an error can, and whoever reads the log
does so in a terminal.
"""

import logging

from aiohttp.http_exceptions import HttpProcessingError

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
IN_A_TRACE = "\n  | "
_SHORT = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}


def set_up(level: str) -> None:
    """Log to stderr from this level up."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine(FORMAT))
    logging.basicConfig(level=level, handlers=[handler])
    # What libraries tell of their work holds addresses and whatever they were handed.
    for name in ("aiohttp", "aiosmtplib", "asyncio", "jieba"):
        logging.getLogger(name).setLevel(max(logging.getLevelName(level), logging.INFO))
    for name in ("mail.log", "mail.debug", "imapclient"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("aiohttp.server").addFilter(unquoted)


class OneLine(logging.Formatter):
    """Whatever is not printable stands as its escape; the lines of a traceback are marked as such."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The event on one line."""
        return visible(super().formatMessage(record))

    def formatException(self, ei: object) -> str:
        """The traceback, each of its lines behind a mark."""
        text: str = super().formatException(ei)  # type: ignore[arg-type]  # the base class names a private type
        return IN_A_TRACE.removeprefix("\n") + IN_A_TRACE.join(visible(line) for line in text.splitlines())


def visible(text: str) -> str:
    """The text with everything that is no printable character written as an escape."""
    return "".join(char if char.isprintable() else _escape(ord(char)) for char in text)


def _escape(code: int) -> str:
    """As Python writes it; without a codec, which might have to be loaded when no file can be opened any more."""
    if code in _SHORT:
        return _SHORT[code]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unquoted(record: logging.LogRecord) -> bool:
    """A filter: aiohttp names the peer's address, and quotes a request that is no HTTP with whatever is in it."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        return False
    record.msg, record.args = "a request failed", ()
    return True
