"""Addresses and message ids in the value of a header (RFC 5322, and what is sent in its place). Pure.

An address counts only if nothing about it can be read in two ways: `a@b.example)c@d.example` is none.
"""

import re
from collections.abc import Iterator
from itertools import islice

from bot.mail.model import Mailbox
from bot.mail.reading.charsets import decode
from bot.mail.reading.words import decode_words

_TOKEN = re.compile(
    r'=\?[^?\s]{1,60}\?[bBqQ]\?[^?\s]*\?=|"(?:[^"\\]|\\.)*+"?|\((?:[^()\\]|\\.)*+\)|<[^<>]*+>?|[,;:]|[^\s",;:<>(]+|\s+|.',
    re.DOTALL,
)
_ADDRESS = re.compile(
    r"""[^\s@<>()\[\],;:"\\\x00-\x1f\x7f-\x9f]+@(?:[^\s@<>()\[\],;:"\\\x00-\x1f\x7f-\x9f]+|\[[\w.:]+\])"""
)
_QUOTED_LOCAL = re.compile(r'"[^"\\\x00-\x1f]+"@[^\s@<>()\[\],;:"\\]+')
_INVISIBLE = re.compile("[\u00ad\u061c\u115f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_ID = re.compile(r"<([^<>]+)>")
_BETWEEN_IDS = re.compile(r"[\s<>,;\"()]+")
_MOST_ADDRESSES = 1_000
_MOST_IDS = 1_000
_MOST_ID = 998


def read_addresses(raw: bytes, hint: str | None = None) -> tuple[Mailbox, ...]:
    """The addresses of a header, in their order; what is none is left out."""
    text = decode(raw, None, hint).text
    found = _mailboxes(text, hint)
    if not found and "=?" in text:
        found = _mailboxes(decode_words(raw, hint).text, hint)
    return tuple(found)


def _mailboxes(text: str, hint: str | None) -> list[Mailbox]:
    elements = islice(_elements(text), _MOST_ADDRESSES)
    return [mailbox for element in elements for mailbox in _element(element, hint)]


def _elements(text: str) -> Iterator[list[str]]:
    """What stands between two commas, as pieces; the name of a group is left out."""
    element: list[str] = []
    for match in _TOKEN.finditer(text):
        piece = match[0]
        is_second = piece.startswith("<") and element and element[-1].startswith("<")
        if (piece in ",;" or is_second) and element:
            yield element
            element = []
        if piece == ":" and not any("@" in part for part in element):
            element = []
        elif piece not in ",;":
            element.append(piece)
    if element:
        yield element


def _element(tokens: list[str], hint: str | None) -> list[Mailbox]:
    """What stands between two commas: a name with an address in angles, or an address alone."""
    angles = [at for at, token in enumerate(tokens) if token.startswith("<")]
    if angles:
        first, last = angles[0], angles[-1]
        named = _mailbox(tokens[first], tokens[:first] or tokens[first + 1 : last or None], hint)
        others = [_mailbox(tokens[at], [], hint) for at in angles[1:]]
        return [each for each in (named, *others) if each is not None]
    return _bare(tokens, hint)


def _mailbox(angle: str, name: list[str], hint: str | None) -> Mailbox | None:
    address = clean_address(angle.strip("<>").rpartition(":")[2] if angle.startswith("<@") else angle.strip("<>"))
    return None if address is None else Mailbox(address, _name(name, hint))


def _bare(tokens: list[str], hint: str | None) -> list[Mailbox]:
    """Addresses without angles; a comment or the words before the only one are its name."""
    words = "".join(token if not token.startswith("(") else " " for token in tokens).split()
    if any(")" in word for word in words):
        return []
    addresses = [address for word in words if (address := clean_address(word)) is not None]
    if len(addresses) != 1:
        return [Mailbox(address) for address in addresses]
    comments = [token[1:-1] for token in tokens if token.startswith("(")]
    rest = [word + " " for word in words if clean_address(word) is None]
    return [Mailbox(addresses[0], _name(comments or rest, hint))]


def clean_address(text: str) -> str | None:
    """text as one lower-case address, or None if it is not plainly one."""
    address = re.sub(r"\s+", "", text.strip()).removeprefix("mailto:")
    if len(address) > 2 and address[0] == address[-1] == "'":
        address = address[1:-1]
    address = address.rstrip(".")
    whole = _ADDRESS.fullmatch(address) or _QUOTED_LOCAL.fullmatch(address)
    return address.lower() if whole and len(address) <= 320 and not _INVISIBLE.search(address) else None


def _name(tokens: list[str], hint: str | None) -> str:
    text = "".join(_unquoted(token) for token in tokens).strip()
    decoded = decode_words(text.encode("utf-8", "replace"), "utf-8").text
    return decoded[1:-1].strip() if len(decoded) > 1 and decoded[0] == decoded[-1] in "\"'" else decoded


def _unquoted(token: str) -> str:
    if not token.startswith('"'):
        return token
    inner = token[1:-1] if token.endswith('"') and len(token) > 1 else token[1:]
    return re.sub(r'\\(["\\])', r"\1", inner)


def read_ids(raw: bytes) -> tuple[str, ...]:
    """The message ids of a header, without angles, as they stand."""
    text = decode_words(raw).text
    found = [re.sub(r"\s+", "", inner) for inner in _ID.findall(text)] or _bare_ids(text)
    return tuple(each for each in found[:_MOST_IDS] if 0 < len(each) <= _MOST_ID)


def _bare_ids(text: str) -> list[str]:
    """Ids that stand without angles, if nothing else stands beside them."""
    words = [word for word in _BETWEEN_IDS.split(text) if word]
    return words if all("@" in word for word in words) else []


def read_id(raw: bytes) -> str | None:
    """The id of a Message-ID header; one without angles is taken as it stands."""
    found = read_ids(raw)
    if found:
        return found[0]
    words = decode_words(raw).text.strip("<> ").split()
    return words[0] if len(words) == 1 and len(words[0]) <= _MOST_ID else None
