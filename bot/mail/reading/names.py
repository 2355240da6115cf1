"""Names of files made safe to show, to store as a fact and to offer for download. Pure."""

import re
import unicodedata

_MOST_BYTES = 150
_MOST_ENDING = 20
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_BLANK = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")
_WINDOWS_PATH = re.compile(r"(?:[A-Za-z]:|\\)\\")
_ENDINGS = {
    "text/calendar": "ics",
    "message/rfc822": "eml",
    "message/global": "eml",
    "message/delivery-status": "txt",
    "message/disposition-notification": "txt",
    "message/feedback-report": "txt",
    "text/rfc822-headers": "txt",
    "text/plain": "txt",
    "text/html": "html",
    "text/csv": "csv",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/pkcs7-mime": "p7m",
    "application/pkcs7-signature": "p7s",
    "application/x-pkcs7-mime": "p7m",
    "application/x-pkcs7-signature": "p7s",
    "application/pgp-signature": "asc",
    "application/ms-tnef": "dat",
    "audio/amr": "amr",
    "audio/mpeg": "mp3",
    "video/mp4": "mp4",
}


def safe_name(name: str) -> str:
    """name in NFC without what cannot be seen, separators of paths or leading dots, at most 150 bytes; may be ''.

    What cannot be seen goes first: it could hide a leading dot.
    """
    seen = "".join(char for char in name[:2_000] if unicodedata.category(char) not in _UNSEEN and char not in _BLANK)
    if _WINDOWS_PATH.match(seen):
        seen = seen.rpartition("\\")[2]
    flat = unicodedata.normalize("NFC", re.sub(r"[/\\]", "_", seen))
    return _cut(flat.strip().lstrip(". ").rstrip())


def _cut(name: str) -> str:
    """name within the bytes that are allowed, cut before its ending and at a code point."""
    if len(name.encode()) <= _MOST_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    tail = dot + ending if dot and len(ending.encode()) <= _MOST_ENDING else ""
    room = _MOST_BYTES - len(tail.encode())
    return (stem if tail else name).encode()[:room].decode("utf-8", "ignore").rstrip() + tail


def given_name(content_type: str, number: int) -> str:
    """A name for the file of this number that was sent without one."""
    return f"part-{number}.{_ENDINGS.get(content_type, 'bin')}"
