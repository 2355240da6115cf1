"""What of the parts of a mail is text to be read, and what is a file. Pure."""

import html as markup
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.files.names import safe_name
from bot.mail.model import Part, PartMark
from bot.mail.reading.charsets import Decoded, decode
from bot.mail.reading.cleaning import lines, one_line
from bot.mail.reading.fields import read_fields, skip_preface
from bot.mail.reading.flowed import unflowed
from bot.mail.reading.invitations import invitation_text
from bot.mail.reading.names import given_name
from bot.mail.reading.readable import readable
from bot.mail.reading.structure import Budget, Entity
from bot.mail.reading.transfer import decoded, uuencoded
from bot.mail.reading.words import decode_words

MOST_FILES = 100
MOST_DECODED = 50 * 1024 * 1024
MOST_TEXT = 1_000_000
MOST_TEXT_BYTES = 4_000_000
_BODY_TYPES = frozenset({"text/plain", "text/html", "text/enriched", "text/markdown", "application/xhtml+xml"})
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_PICTURE = re.compile(rb"data:image/[a-z0-9.+-]{1,20};base64,[A-Za-z0-9+/=\s%]*+", re.IGNORECASE)
_MARKS = {
    "application/ms-tnef": PartMark.TNEF,
    "application/vnd.ms-tnef": PartMark.TNEF,
    "application/pkcs7-mime": PartMark.SMIME,
    "application/x-pkcs7-mime": PartMark.SMIME,
    "application/pkcs7-signature": PartMark.SMIME,
    "application/x-pkcs7-signature": PartMark.SMIME,
    "application/pgp-encrypted": PartMark.PGP,
    "application/pgp-signature": PartMark.PGP,
    "application/pgp-keys": PartMark.PGP,
    "text/calendar": PartMark.CALENDAR,
    "application/ics": PartMark.CALENDAR,
    "message/rfc822": PartMark.MESSAGE,
    "message/global": PartMark.MESSAGE,
}
_NAMED_MARKS = {"winmail.dat": PartMark.TNEF, "smime.p7m": PartMark.SMIME, "smime.p7s": PartMark.SMIME}


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one place in a mail, plain or HTML or both."""

    plain: Decoded | None = None
    html: Decoded | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """The texts and the files of a mail. said is the text without files that stand uuencoded in it."""

    text: str
    said: str
    html: str | None
    charset: str | None
    doubtful: bool
    parts: tuple[Part, ...]


@dataclass(slots=True)
class _Gathering:
    raw: bytes
    hint: str | None
    budget: Budget
    parts: list[Part] = field(default_factory=list)
    decoded: int = 0


def read_body(raw: bytes, entity: Entity, budget: Budget, hint: str | None = None) -> Body:
    """The text that a person should read, and every file; hint is the charset of text that names none."""
    gathering = _Gathering(raw, hint, budget)
    pieces = _gather(gathering, entity, inline=False) or _fallback(gathering)
    texts = [_text(piece) for piece in pieces]
    text = "\n".join(each for each in texts if each.strip()).strip("\n")
    said = _without_files(gathering, text).strip("\n")
    chosen = next((each for piece in pieces for each in (piece.plain, piece.html) if each and each.text.strip()), None)
    doubtful = any(each.doubtful for piece in pieces for each in (piece.plain, piece.html) if each)
    html = _html(pieces)
    return Body(text, said, html, chosen.codec if chosen else None, doubtful, tuple(gathering.parts))


def _gather(gathering: _Gathering, entity: Entity, inline: bool, among_wordings: bool = False) -> list[Piece]:
    if entity.children:
        return _gather_children(gathering, entity, inline)
    if not gathering.parts and gathering.decoded == 0 and entity.content_type.startswith("multipart/"):
        return [_piece(gathering, entity)]
    if _is_body(entity, among_wordings):
        return [_piece(gathering, entity)]
    _keep(gathering, entity, inline)
    return []


def _gather_children(gathering: _Gathering, entity: Entity, inline: bool) -> list[Piece]:
    related, wordings = (entity.content_type == f"multipart/{kind}" for kind in ("related", "alternative"))
    found = [_gather(gathering, child, inline or related, wordings) for child in entity.children]
    if wordings:
        return _chosen([pieces for pieces in found if pieces])
    return [piece for pieces in found for piece in pieces]


def _chosen(found: list[list[Piece]]) -> list[Piece]:
    """One piece for several wordings of the same: the first plain one and the last HTML."""
    plains = [
        joined for pieces in found if not _has_html(pieces) and (joined := _joined([each.plain for each in pieces]))
    ]
    plain = next((each for each in plains if each.text.strip()), None)
    html = next((_joined_html(pieces) for pieces in reversed(found) if _has_html(pieces)), None)
    return [Piece(plain, html)] if plain or html else []


def _has_html(pieces: Sequence[Piece]) -> bool:
    return any(piece.html is not None for piece in pieces)


def _joined(texts: Sequence[Decoded | None]) -> Decoded | None:
    there = [text for text in texts if text is not None]
    if not there:
        return None
    return Decoded("\n".join(text.text for text in there), there[0].codec, any(text.doubtful for text in there))


def _joined_html(pieces: Sequence[Piece]) -> Decoded | None:
    return _joined([piece.html or _as_html(piece.plain) for piece in pieces])


def _as_html(plain: Decoded | None) -> Decoded | None:
    if plain is None or not plain.text.strip():
        return None
    escaped = markup.escape(plain.text).replace("\n", "<br>\n")
    return Decoded(f"<div>{escaped}</div>", plain.codec, plain.doubtful)


def _html(pieces: Sequence[Piece]) -> str | None:
    joined = _joined_html(pieces) if _has_html(pieces) else None
    return joined.text if joined else None


def _text(piece: Piece) -> str:
    if piece.plain is not None and piece.plain.text.strip():
        return piece.plain.text
    return readable(piece.html.text) if piece.html is not None else ""


def _is_body(entity: Entity, among_wordings: bool) -> bool:
    """Whether this is text to be read; among wordings of the same a name does not make it a file."""
    if entity.content_type not in _BODY_TYPES or entity.disposition.value == "attachment":
        return False
    return among_wordings or not entity.file_name()


def _piece(gathering: _Gathering, entity: Entity) -> Piece:
    data = _content(gathering, entity)
    return _read_text(gathering, entity, data if data is not None else b"")


def _read_text(gathering: _Gathering, entity: Entity, data: bytes) -> Piece:
    parameters = entity.parameters.parameters
    is_html = entity.content_type in _HTML_TYPES
    meta = _META.search(data, 0, 4_096) if is_html and "charset" not in parameters else None
    label = meta[1].decode("ascii") if meta else parameters.get("charset")
    bounded, is_whole = _bounded(data, is_html)
    found = decode(bounded, label, gathering.hint)
    if not is_whole or len(found.text) > MOST_TEXT:
        gathering.budget.refuse("a text longer than 1,000,000 characters")
    text = lines(found.text[:MOST_TEXT])
    if not is_html and parameters.get("format", "").lower() == "flowed":
        text = unflowed(text, parameters.get("delsp", "").lower() == "yes")
    whole = Decoded(text, found.codec, found.doubtful)
    return Piece(html=whole) if is_html else Piece(plain=whole)


def _bounded(data: bytes, is_html: bool) -> tuple[bytes, bool]:
    """As much of data as may be decoded, and whether that is all; pictures written into HTML go first."""
    text = _PICTURE.sub(b"", data) if is_html and len(data) > MOST_TEXT else data
    if len(text) <= MOST_TEXT_BYTES:
        return text, True
    end = max(text.rfind(mark, 0, MOST_TEXT_BYTES) for mark in (b"\n", b">", b" "))
    return text[: end + 1 or MOST_TEXT_BYTES], False


def _content(gathering: _Gathering, entity: Entity) -> bytes | None:
    """The decoded bytes; None if that would be more than a mail may hold."""
    size = entity.end - entity.start
    if gathering.decoded + size * 3 // 4 > MOST_DECODED or gathering.budget.spent():
        over_time = gathering.budget.spent()
        gathering.budget.refuse("the time for reading is over" if over_time else "more than 50 MB in parts")
        return None
    content = decoded(gathering.raw[entity.start : entity.end], entity.encoding)
    gathering.decoded += len(content)
    return content


def _keep(gathering: _Gathering, entity: Entity, inline: bool) -> None:
    if len(gathering.parts) >= MOST_FILES:
        gathering.budget.refuse(f"more than {MOST_FILES} files")
        return
    content = _content(gathering, entity)
    if content is None:
        return
    mark = _mark(entity)
    content_id = one_line((entity.fields.first("content-id") or b"").decode("latin-1")).strip(" <>") or None
    shown = entity.disposition.value == "inline" or (inline and entity.disposition.value != "attachment")
    name = safe_name(entity.file_name(gathering.hint)) or _message_name(mark, content)
    name = name or given_name(entity.content_type, len(gathering.parts) + 1)
    inline_part = shown and content_id is not None
    gathering.parts.append(Part(name, entity.content_type, content, content_id, inline_part, mark))


def _mark(entity: Entity) -> PartMark | None:
    name = entity.file_name().lower()
    if name.endswith(".ics") and entity.content_type == "application/octet-stream":
        return PartMark.CALENDAR
    return _MARKS.get(entity.content_type) or _NAMED_MARKS.get(name)


def _message_name(mark: PartMark | None, content: bytes) -> str:
    """A message in a message is called by its subject."""
    if mark is not PartMark.MESSAGE:
        return ""
    subject = read_fields(content, skip_preface(content), len(content)).fields.first("subject")
    name = safe_name(decode_words(subject).text) if subject else ""
    return safe_name(f"{name}.eml") if name else ""


def _fallback(gathering: _Gathering) -> list[Piece]:
    """Where no part is plainly the text, the first file that is text is shown, or what an invitation says."""
    for part in gathering.parts:
        if part.mark is PartMark.CALENDAR:
            found = decode(_bounded(part.content, False)[0], None, gathering.hint)
            text = invitation_text(lines(found.text[:MOST_TEXT]))
        elif part.content_type in _BODY_TYPES:
            found = decode(_bounded(part.content, True)[0], None, gathering.hint)
            text = lines(found.text[:MOST_TEXT])
        else:
            continue
        if text:
            whole = Decoded(text, found.codec, found.doubtful)
            return [Piece(html=whole) if part.content_type in _HTML_TYPES else Piece(plain=whole)]
    return []


def _without_files(gathering: _Gathering, text: str) -> str:
    """text without the files that stand uuencoded in it, which are kept as parts."""
    if "begin " not in text:
        return text
    data = text.encode()
    said, at = [], 0
    for file in uuencoded(data):
        if len(gathering.parts) >= MOST_FILES:
            gathering.budget.refuse(f"more than {MOST_FILES} files")
            break
        name = safe_name(decode_words(file.name).text) or given_name("", len(gathering.parts) + 1)
        gathering.parts.append(Part(name, "application/octet-stream", file.content))
        said.append(data[at : file.start])
        at = file.end
    return b"".join([*said, data[at:]]).decode()
