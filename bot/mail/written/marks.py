"""Where a quoted mail begins: a row of dashes with words, a line "… wrote:", or a block of headers. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.mail.written.client_words import FORWARD_LINES, FORWARDS, LABELS, OPENERS, ORIGINALS, VERBS, Label

LONGEST_LINE = 400
MOST_WRAPPED = 3
MOST_LINES = 3_000
_BLOCK = 12


class Kind(StrEnum):
    """ANSWERED: what stands below is the mail that is answered. FORWARDED: a mail handed on.
    ATTRIBUTION: a line that names who wrote what is quoted below it."""

    ANSWERED = "answered"
    FORWARDED = "forwarded"
    ATTRIBUTION = "attribution"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a mail: as it stands, whether it is marked with > as quoted, and its words without such marks."""

    text: str
    quoted: bool
    bare: str


@dataclass(frozen=True, slots=True)
class Mark:
    """The lines from start up to end (not included) say that something is quoted below them."""

    kind: Kind
    start: int
    end: int


# "<li@example.org" with "> wrote:" on the next line is no quote, but a broken line.
_QUOTED = re.compile(
    rf"[ \t\u3000]{{0,3}}>(?!\s?(?:(?:a |ha )?(?:{VERBS})\)?)?\s{{0,9}}[:：]\s{{0,9}}$)", re.IGNORECASE
)
_DASHES = r"[-_=*—－─]{2,80}"
_ORIGINAL = re.compile(rf"{_DASHES}\s{{0,3}}(?:{ORIGINALS})\s{{0,3}}[:：]?\s?{_DASHES}", re.IGNORECASE)
_FORWARD = re.compile(
    rf"{_DASHES}\s{{0,3}}(?:{FORWARDS})\s{{0,3}}[:：]?\s?{_DASHES}|(?:{FORWARD_LINES})\s?[:：]", re.IGNORECASE
)
_DASHED_VERB = re.compile(r"-{2,40}\s{0,3}[^-\s].{4,250}(?:写道|寫道|wrote)\s?[:：]?\s{0,3}-{2,40}", re.IGNORECASE)
_VERB = re.compile(VERBS, re.IGNORECASE)
_OPENER = re.compile(OPENERS, re.IGNORECASE)
_DATE = re.compile(
    r"\d{4}\s?[-./年년]\s?\d{1,2}\s?[-./月월]\s?\d{1,2}|\d{1,2}\s?月\s?\d{1,2}\s?日|\d{1,2}[-./]\s?\d{1,2}[-./]\s?\d{2,4}"
    r"|\d{1,2}\.?\s(?:de\s)?[^\W\d]{3,12}\.?,?\s(?:de\s)?\d{4}|[^\W\d]{3,12}\.?\s\d{1,2},?\s\d{4}"
)
_TIME = re.compile(r"\d{1,2}\s?[:：hH时時]\s?\d{2}")
_FOLLOWS_NAME = re.compile(r"[于於<]|(?:上午|下午|凌晨|晚上)")


def read_lines(text: str) -> list[Line]:
    """The lines of a text, each with what stands behind its marks."""
    return [_read_line(line) for line in text.splitlines()]


def _read_line(text: str) -> Line:
    quoted = _QUOTED.match(text) is not None
    bare = text.replace("&nbsp;", " ").replace("\xa0", " ").replace("\u200b", "").replace("\ufeff", "")
    return Line(text, quoted, bare.lstrip("> \t\u3000").strip() if quoted else bare.strip())


def find_marks(lines: Sequence[Line]) -> list[Mark]:
    """Every mark of the first MOST_LINES, in order; what lies within another mark is not one of its own."""
    found: list[Mark] = []
    for at in range(min(len(lines), MOST_LINES)):
        mark = _mark_at(lines, at)
        if mark is not None and (not found or mark.start >= found[-1].end):
            found.append(mark)
    return found


def _mark_at(lines: Sequence[Line], at: int) -> Mark | None:
    bare = lines[at].bare
    if not bare or len(bare) > LONGEST_LINE:
        return None
    if _FORWARD.fullmatch(bare):
        return Mark(Kind.FORWARDED, at, at + 1)
    if _ORIGINAL.fullmatch(bare) or _DASHED_VERB.fullmatch(bare):
        return Mark(Kind.ANSWERED, at, at + 1)
    if bare.endswith((":", "：", "写道", "寫道")):
        return _attribution(lines, at) or _headers(lines, at)
    return _headers(lines, at)


def _attribution(lines: Sequence[Line], at: int) -> Mark | None:
    """Somebody wrote: in one line or broken over a few, the last of them at."""
    followed = _next_is_quoted(lines, at)
    for start in range(at, max(at - MOST_WRAPPED, 0) - 1, -1):
        line = lines[start]
        if not line.bare or line.quoted is not lines[at].quoted:
            break
        told = " ".join(each.bare for each in lines[start : at + 1])
        if len(told) > LONGEST_LINE:
            break
        if _says_who_wrote(told, followed):
            return Mark(Kind.ATTRIBUTION, _with_name(lines, start), at + 1)
    return None


def _says_who_wrote(told: str, followed: bool) -> bool:
    """Date and time, or date and address, and that somebody wrote; less is enough at the top of marked lines."""
    named = told.endswith((">:", ">：", ">), :"))
    if not (named or _VERB.search(told)):
        return False
    dated, timed, addressed = bool(_DATE.search(told)), bool(_TIME.search(told)), "@" in told
    if dated and (timed or addressed):
        return True
    return followed and _OPENER.match(told) is not None and (dated or timed or addressed)


def _with_name(lines: Sequence[Line], start: int) -> int:
    """Where the name is that stands on the line before "<address> 于…写道"."""
    if start == 0 or not _FOLLOWS_NAME.match(lines[start].bare):
        return start
    above = lines[start - 1]
    is_name = above.bare and len(above.bare) <= 80 and above.quoted is lines[start].quoted
    alone = start == 1 or not lines[start - 2].bare
    return start - 1 if is_name and (alone or "@" in above.bare) else start


def _next_is_quoted(lines: Sequence[Line], at: int) -> bool:
    following = next((line for line in lines[at + 1 : at + 6] if line.text.strip()), None)
    return lines[at].quoted or (following is not None and following.quoted)


def _headers(lines: Sequence[Line], at: int) -> Mark | None:
    """A block of headers that begins at: enough of them that nobody would write them by hand."""
    if _label(lines[at].bare) is None:
        return None
    labels: set[Label] = set()
    from_address = False
    blanks = 0
    for end in range(at, min(at + _BLOCK, len(lines))):
        bare = lines[end].bare
        blanks = 0 if bare else blanks + 1
        if blanks > 1:
            break
        label = _label(bare)
        if label is not None:
            labels.add(label)
            from_address = from_address or (label is Label.FROM and "@" in bare)
        if _is_enough(labels, from_address):
            return Mark(Kind.ANSWERED, at, end + 1)
    return None


def _is_enough(labels: set[Label], from_address: bool) -> bool:
    if Label.FROM not in labels or len(labels) < 2:
        return False
    if Label.SUBJECT in labels and len(labels) >= 3:
        return True
    return from_address and (len(labels) >= 3 or Label.SUBJECT in labels)


def _label(bare: str) -> Label | None:
    """Which header this line is, if it is one: 发件人：, *From:*, | 日期 |, 主　题：."""
    head = bare[:30].lstrip("|* \u3000")
    for at, char in enumerate(head):
        if char in ":：|" and at > 0:
            return LABELS.get("".join(head[:at].split()).strip("*").lower())
    return None
