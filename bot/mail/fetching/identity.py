"""Which mail is which: the same mail is known again under another position, another mail of the same id is not it."""

import hashlib
import re

LARGEST_HEADER = 256 * 1024
LONGEST_ID = 512
MESSAGE_ID = re.compile(rb"<([^<>\s]{1,998})>")
# What a sender writes. What servers add on the way (Received, Return-Path, X-…) differs between two copies.
WRITTEN = (
    b"from",
    b"sender",
    b"reply-to",
    b"to",
    b"cc",
    b"subject",
    b"date",
    b"message-id",
    b"in-reply-to",
    b"references",
    b"content-type",
    b"content-transfer-encoding",
)


def identity(raw: bytes) -> tuple[str, str]:
    """The Message-ID, without angle brackets, and the SHA-256 (hexadecimal) of what the sender of these bytes wrote.

    A mail without an id of its own gets one that is made of that hash, so that a second copy gets the same.
    """
    header, body = _divided(raw)
    written = _written(header)
    content_hash = _hash(written, body)
    own = MESSAGE_ID.search(written.get(b"message-id", b""))
    if own is None:
        return f"{content_hash}@missing.local", content_hash
    message_id = own[1].decode("utf-8", "replace").replace("\0", "\ufffd")
    return message_id[:LONGEST_ID], content_hash


def _divided(raw: bytes) -> tuple[bytes, bytes]:
    """Header and body with line ends of one kind: servers change them."""
    text = raw.replace(b"\r\n", b"\n")
    if text.startswith(b"\n"):
        return b"", text
    header, _, body = text.partition(b"\n\n")
    return header, body


def _written(header: bytes) -> dict[bytes, bytes]:
    """The topmost value of each header that its sender writes, on one line."""
    lines = header[:LARGEST_HEADER].replace(b"\n ", b" ").replace(b"\n\t", b" ").split(b"\n")
    found: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        key = name.strip().lower()
        if colon and key in WRITTEN:
            found.setdefault(key, b" ".join(value.split()))
    return found


def _hash(written: dict[bytes, bytes], body: bytes) -> str:
    digest = hashlib.sha256()
    for name in WRITTEN:
        if name in written:
            digest.update(name + b":" + written[name] + b"\n")
    digest.update(b"\n" + body.rstrip(b"\n"))
    return digest.hexdigest()
