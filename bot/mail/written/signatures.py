"""The end of a text that nobody wrote for this mail: signature, "sent from my phone", disclaimer. Pure."""

import re
from collections.abc import Callable, Sequence

from bot.mail.written.client_words import (
    DISCLAIMER_DUTIES,
    DISCLAIMER_OPENINGS,
    DISCLAIMER_SECRETS,
    FOOTERS,
    SENT_FROM,
)

_MOST_ROUNDS = 8
_MOST_SIGNATURE = 20
_MOST_CARD = 9
_LONGEST = 160
_READ = 1_500

_DIVIDER = re.compile(r"[-_=*~—－─ ]{3,200}")
_LONG_DIVIDER = re.compile(r"[-_=*—－─]{6,200}")
_SENT_FROM = re.compile(SENT_FROM, re.IGNORECASE)
_OUTLOOK_PHONE = re.compile(r".{0,40}outlook.{0,40}https?://aka\.ms/.{0,40}", re.IGNORECASE)
_FOOTER = re.compile(FOOTERS, re.IGNORECASE)
_OPENING = re.compile(DISCLAIMER_OPENINGS, re.IGNORECASE)
_SECRET = re.compile(DISCLAIMER_SECRETS, re.IGNORECASE)
_DUTY = re.compile(DISCLAIMER_DUTIES, re.IGNORECASE)
_LINK = re.compile(r"[<\[(]?https?://\S{1,300}")
_CARD = re.compile(
    r"电话|電話|手机|手機|传真|地址|邮箱|郵箱|网址|公司|部门|\btel\b|phone|mobile|fax|e-?mail|www\.|@|https?:|\d{7}|\d{3}-\d{4}",
    re.IGNORECASE,
)
_DASHED_NAME = re.compile(r"-[A-Z][\w.'’]{1,20}(?: [A-Z][\w.'’]{1,20}){0,2}")
_SENTENCE = re.compile(r"[。！？?!；;]")


def is_sent_from(bare: str) -> bool:
    """Whether this line is one that a phone or a program adds of itself."""
    return len(bare) <= _LONGEST and _SENT_FROM.fullmatch(bare.rstrip("。.")) is not None


def is_above_a_quote(bare: str) -> bool:
    """Outlook on phones writes this line between what is new and what is answered."""
    return len(bare) <= _LONGEST and _OUTLOOK_PHONE.fullmatch(bare) is not None


def written_lines(bare: Sequence[str], sender: str) -> int:
    """How many of these lines, from the top, are the text; 0 if all of it is signature."""
    end = without_dividers(bare, len(bare))
    for _ in range(_MOST_ROUNDS):
        cut = next((at for way in _WAYS if (at := way(bare, end, sender)) < end), end)
        if cut == end:
            return end
        end = without_dividers(bare, cut)
    return end


def without_dividers(bare: Sequence[str], end: int) -> int:
    """end without blank lines and rows of dashes before it."""
    while end > 0 and (not bare[end - 1] or _DIVIDER.fullmatch(bare[end - 1])):
        end -= 1
    return end


def _sent_from(bare: Sequence[str], end: int, sender: str) -> int:
    last = end - 1
    if end > 1 and _LINK.fullmatch(bare[last]):
        last = next((at for at in range(last - 1, -1, -1) if bare[at]), last)
    return last if end and (is_sent_from(bare[last]) or _is_footer(bare[last])) else end


def _is_footer(bare: str) -> bool:
    return len(bare) <= _LONGEST and _FOOTER.fullmatch(bare) is not None


def _marked(bare: Sequence[str], end: int, sender: str) -> int:
    """The signature below "-- " (RFC 3676, 4.3), or a last line "-Han Meimei"."""
    for at in range(max(end - _MOST_SIGNATURE, 0), end):
        if bare[at] in ("--", "—"):
            return at
    if end > 1 and not bare[end - 2] and _DASHED_NAME.fullmatch(bare[end - 1]):
        return end - 1
    return end


def _disclaimer(bare: Sequence[str], end: int, sender: str) -> int:
    """Confidential, and what who is not meant has to do: both have to be said."""
    start = _paragraph(bare, end)
    told = " ".join(bare[start:end])[:_READ]
    return start if _OPENING.match(told) and _SECRET.search(told) and _DUTY.search(told) else end


def _card(bare: Sequence[str], end: int, sender: str) -> int:
    """Lines below a row of dashes that look like a visiting card, as QQ and Foxmail set signatures off."""
    for at in range(end - 1, max(end - _MOST_CARD - 2, -1), -1):
        if bare[at] and _LONG_DIVIDER.fullmatch(bare[at]):
            below = [line for line in bare[at + 1 : end] if line]
            return at if below and _is_card(below) else end
    return end


def _is_card(lines: Sequence[str]) -> bool:
    if len(lines) > _MOST_CARD or any(len(line) > 80 or _SENTENCE.search(line) for line in lines):
        return False
    return len(lines) <= 2 or any(_CARD.search(line) for line in lines)


def _own_address(bare: Sequence[str], end: int, sender: str) -> int:
    """A last paragraph with the sender's own address, as Foxmail puts below each text."""
    if not sender or end == 0:
        return end
    start = _paragraph(bare, end)
    lines = bare[start:end]
    if not any(sender in line.lower().strip("<>()").split() or line.lower().endswith(sender) for line in lines):
        return end
    short = len(lines) <= 5 and all(len(line) <= 60 and not _SENTENCE.search(line) for line in lines)
    if short and start > 0:
        return start
    return end - 1 if bare[end - 1].lower() == sender and len(lines) > 1 else end


def _paragraph(bare: Sequence[str], end: int) -> int:
    """Where the last paragraph before end begins."""
    start = end
    while start > 0 and bare[start - 1]:
        start -= 1
    return start


_WAYS: tuple[Callable[[Sequence[str], int, str], int], ...] = (_sent_from, _marked, _disclaimer, _card, _own_address)
