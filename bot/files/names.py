"""The name of a file as its sender told it, made safe to show, to keep and to offer for saving. Pure."""

import re
import unicodedata

LONGEST_NAME = 150
LONGEST_ENDING = 20
# Nothing to the eye, though by category letters, symbols or marks: fillers, the Braille blank, joiners, selectors.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_SELECTORS = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
_WINDOWS_PATH = re.compile(r"(?:[A-Za-z]:|\\)\\")
_SEPARATORS = re.compile(r"[/\\]")


def safe_name(told: str, otherwise: str = "") -> str:
    """The name without anything invisible, separators of paths, leading dots and the marks that turn text around.

    At most LONGEST_NAME bytes of UTF-8, cut between characters, the ending kept. ``otherwise`` if nothing is left.
    """
    # What cannot be seen goes before dots and separators are looked for: it would hide them.
    seen = "".join(_seen(char) for char in unicodedata.normalize("NFC", told))
    whole = seen.rpartition("\\")[2] if _WINDOWS_PATH.match(seen) else seen
    flat = _SEPARATORS.sub("_", whole)
    return _cut(" ".join(flat.split()).strip(". ")) or otherwise


def ending(name: str) -> str:
    """What follows the last dot, in lower case, '' if there is none."""
    stem, dot, last = name.rpartition(".")
    return last.lower() if dot and stem else ""


def _seen(char: str) -> str:
    category = unicodedata.category(char)
    selects = any(first <= ord(char) <= last for first, last in _SELECTORS)
    return "" if category in _UNSEEN or char in _BLANKS or selects else char


def _cut(name: str) -> str:
    if len(name.encode()) <= LONGEST_NAME:
        return name
    last = ending(name)
    kept = f".{last}" if 0 < len(last.encode()) <= LONGEST_ENDING else ""
    stem = name[: -len(kept)] if kept else name
    room = LONGEST_NAME - len(kept.encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + kept
