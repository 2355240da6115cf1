"""The subject of a mail of ours: theirs, cleaned, or one of our own. Pure."""

import re

LONGEST = 150
LONGEST_READ = 2_000
MOST_PREFIXES = 40

# Re:, RE[2]:, 回复：, 答复:, Fw:, 转发:, AW:, SV: …
_PREFIX = re.compile(
    r"\s*+(?:(?:re|fw|fwd|aw|antw|wg|sv|vs|tr|rv|res|enc)\s?+(?:\[\d{1,3}\]|\(\d{1,3}\)|\d{1,2})?+"
    r"|回复|回覆|答复|答覆|回信|转发|轉寄|轉發|转寄|返信|転送)\s?+[:：]\s*+",
    re.IGNORECASE,
)
_TAG = re.compile(r"\[\d{4}-\d{4,8}\]")


def without_prefixes(subject: str) -> str:
    """The subject without Re, 回复, 答复, 转发 … however often they stand before it, and without our ticket tag."""
    told = " ".join(_TAG.sub(" ", " ".join(subject[:LONGEST_READ].split())).split())
    for _ in range(MOST_PREFIXES):
        found = _PREFIX.match(told)
        if found is None:
            break
        told = told[found.end() :]
    return told.strip()


def reply_subject(theirs: str, ticket: str | None) -> str:
    """Re: and what they called it, with the ticket's number where there is one; '' if they called it nothing."""
    told = _on_one_line(without_prefixes(theirs))
    if not told:
        return ""
    tag = f"[{ticket}] " if ticket else ""
    return f"Re: {tag}{told if len(told) <= LONGEST else told[: LONGEST - 1] + '…'}"


def _on_one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
