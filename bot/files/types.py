"""What a file is, told by its bytes; the name only decides between formats whose bytes look alike. Pure."""

import re
from enum import StrEnum

import puremagic

from bot.files.names import ending

UNKNOWN = "application/octet-stream"
LOOKED_AT = 64 * 1024
_OFFICE = "application/vnd.openxmlformats-officedocument."
_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "heic": "image/heic",
    "heif": "image/heic",
    "avif": "image/avif",
    "pdf": "application/pdf",
    "rtf": "application/rtf",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "docx": f"{_OFFICE}wordprocessingml.document",
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "pptx": f"{_OFFICE}presentationml.presentation",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "amr": "audio/amr",
    "wav": "audio/x-wav",
    "ogg": "audio/ogg",
    "zip": "application/zip",
    "rar": "application/vnd.rar",
    "7z": "application/x-7z-compressed",
    "gz": "application/gzip",
    "tar": "application/x-tar",
}
_FIRST_BYTES_ALIKE = (frozenset({"doc", "xls", "ppt"}), frozenset({"mp4", "mov", "m4a"}))
_MEMBERS = ((b"word/document", "docx"), (b"xl/workbook", "xlsx"), (b"ppt/presentation", "pptx"))
_PLAIN_ENDINGS = {"csv": "text/csv"}
_MARKUP = re.compile(rb"[\s\xef\xbb\xbf]{0,64}<(?:\?xml|!doctype|!--|[a-z])", re.IGNORECASE)
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


class Family(StrEnum):
    """The kinds of files by which it is said what may be sent."""

    PICTURE = "picture"
    DOCUMENT = "document"
    TEXT = "text"
    SOUND = "sound"
    VIDEO = "video"
    ARCHIVE = "archive"
    OTHER = "other"


_FAMILIES = {
    Family.DOCUMENT: ("pdf", "rtf", "doc", "xls", "ppt", "docx", "xlsx", "pptx"),
    Family.ARCHIVE: ("zip", "rar", "7z", "gz", "tar"),
}
_FAMILY_OF = {_TYPES[one]: family for family, endings in _FAMILIES.items() for one in endings}
_BY_FIRST_WORD = {"image": Family.PICTURE, "audio": Family.SOUND, "video": Family.VIDEO}
_PLAIN = frozenset({"text/plain", "text/csv"})


def sniff(content: bytes, name: str) -> str:
    """The content type of these bytes; UNKNOWN where they say nothing. Markup of any kind is never plain text."""
    head = content[:LOOKED_AT]
    if _MARKUP.match(head):
        return _markup(head)
    found = _recognised(content, ending(name))
    if found is not None:
        return found
    return _PLAIN_ENDINGS.get(ending(name), "text/plain") if _is_text(head, len(content)) else UNKNOWN


def family(content_type: str) -> Family:
    """Which kind of file this is."""
    if content_type in _PLAIN:
        return Family.TEXT
    if content_type.startswith("image/svg"):
        return Family.OTHER
    known = _FAMILY_OF.get(content_type)
    return known or _BY_FIRST_WORD.get(content_type.partition("/")[0], Family.OTHER)


def _markup(head: bytes) -> str:
    told = head.lower()
    if b"<svg" in told:
        return "image/svg+xml"
    html = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<iframe", b"<div", b"<p", b"<a", b"<img")
    return "text/html" if any(one in told for one in html) else "application/xml"


def _recognised(content: bytes, told: str) -> str | None:
    """By the table of first bytes; of formats that look alike the one that its name ends in."""
    if content.startswith(b"PK\x03\x04"):
        return _TYPES[next((made for member, made in _MEMBERS if member in content), "zip")]
    endings = [one.extension.lstrip(".") for one in _candidates(content)]
    found = next((one for one in endings if one in _TYPES), None)
    if found is None:
        return None
    alike = next((group for group in _FIRST_BYTES_ALIKE if found in group), frozenset())
    return _TYPES[told if told in alike else found]


def _candidates(content: bytes) -> list[puremagic.PureMagicWithConfidence]:
    try:
        return puremagic.magic_string(content)
    except (puremagic.PureError, ValueError):
        return []


def _is_text(head: bytes, size: int) -> bool:
    """Whether this reads as text in UTF-8 or in the encoding of Chinese Windows; UTF-16 counts with its mark."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decodes(head, "utf-16", size)
    if not head or _NOT_TEXT.search(head):
        return False
    return _decodes(head, "utf-8", size) or _decodes(head, "gb18030", size)


def _decodes(head: bytes, codec: str, size: int) -> bool:
    """A last character that the cut went through does not count against it."""
    cuts = range(4) if size > len(head) else range(1)
    return any(_reads(head[: len(head) - cut], codec) for cut in cuts)


def _reads(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True
