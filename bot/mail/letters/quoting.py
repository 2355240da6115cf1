"""What the customer wrote, as briefly as a reply repeats it; and any text made fit for a mail. Pure."""

import unicodedata

MOST_LINES = 6
MOST_CHARS = 240
# Ends of lines by another name.
_LINE_ENDS = str.maketrans({"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"})
_KEPT = frozenset("\n\t")


def fit(text: str) -> str:
    """The text without control characters and halves of characters, its lines ended by newlines."""
    lines = text.replace("\r\n", "\n").translate(_LINE_ENDS)
    kept = "".join(char for char in lines if char in _KEPT or unicodedata.category(char) not in ("Cc", "Cs"))
    return kept.strip("\n")


def brief(text: str) -> tuple[str, ...]:
    """The first lines of a text, cut where it gets long."""
    lines = [line for line in (" ".join(line.split()) for line in fit(text).split("\n")) if line]
    told: list[str] = []
    room = MOST_CHARS
    for line in lines[:MOST_LINES]:
        if len(line) > room:
            told.append(f"{line[:room].rstrip()}…")
            return tuple(told)
        told.append(line)
        room -= len(line)
    return (*told, "…") if len(lines) > MOST_LINES else tuple(told)
