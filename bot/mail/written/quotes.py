"""What somebody wrote now, apart from what they quote. Pure.

Marked quotes (>) can be answered within: then all is kept. What stands below "-----原始邮件-----", "… wrote:" without
marks, or a block of headers is quoted to its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.mail.written.marks import Kind, Line, Mark, find_marks, read_lines
from bot.mail.written.signatures import is_above_a_quote, written_lines

LONGEST_READ = 100_000
_WRAPS_FROM = 40


@dataclass(frozen=True, slots=True)
class Written:
    """now: what was written with this mail, never empty where the text is not; rest: quotes and signature."""

    now: str
    rest: str


@dataclass(frozen=True, slots=True)
class _Cut:
    """Which lines are new, from start up to end; forwarded: where a mail handed on begins."""

    start: int
    end: int
    forwarded: int | None = None


def split(text: str, sender: str = "") -> Written:
    """The two parts of a mail's text. sender: the address it came from, by which its signature is known.

    Of a very long text the beginning decides; the end is new only where nothing of the beginning is quoted.
    """
    if len(text) <= LONGEST_READ:
        return _split(text, sender)
    head = _split(text[:LONGEST_READ], sender)
    if not head.rest:
        return Written(text.strip(), "")
    return Written(head.now, f"{head.rest}{text[LONGEST_READ:]}".strip())


def _split(text: str, sender: str) -> Written:
    lines = read_lines(text)
    cut = _cut(lines, sender)
    bare = [line.bare for line in lines[cut.start : cut.end]]
    end = cut.start + written_lines(bare, sender)
    if _is_empty(lines[cut.start : end]):
        if cut.forwarded is None or cut.forwarded == 0:
            return Written(text.strip(), "")
        return Written(_text(lines[cut.forwarded :]), _text(lines[: cut.forwarded]))
    return Written(_text(lines[cut.start : end]), _text([*lines[: cut.start], *lines[end:]]))


def _text(lines: Sequence[Line]) -> str:
    return "\n".join(line.text.rstrip() for line in lines).strip("\n").strip()


def _is_empty(lines: Sequence[Line]) -> bool:
    return not any(line.bare for line in lines)


def _cut(lines: Sequence[Line], sender: str) -> _Cut:
    marks = find_marks(lines)
    wall = next((mark for mark in marks if _is_wall(lines, mark)), None)
    end = wall.start if wall else len(lines)
    phone = next((at for at in range(1, end) if is_above_a_quote(lines[at].bare)), None)
    if phone is not None and not _is_empty(lines[:phone]) and not any(line.quoted for line in lines[phone:end]):
        end = phone
    forwarded = wall.start if wall and wall.kind is Kind.FORWARDED else None
    within = [mark for mark in marks if mark.start < end and mark.kind is Kind.ATTRIBUTION]
    start, end = _without_marked(lines, end, within, sender)
    return _Cut(start, end, forwarded)


def _is_wall(lines: Sequence[Line], mark: Mark) -> bool:
    """Whether all below this mark is quoted, marked or not."""
    if lines[mark.start].quoted:
        return False
    if mark.kind is not Kind.ATTRIBUTION:
        return True
    following = next((line for line in lines[mark.end :] if line.text.strip()), None)
    return following is None or not following.quoted


def _without_marked(lines: Sequence[Line], end: int, marks: Sequence[Mark], sender: str) -> tuple[int, int]:
    """The span of what is new among the lines before end, where quotes are marked with >."""
    quoted = _quoted_lines(lines[:end], marks)
    if not any(quoted):
        return 0, end
    first = quoted.index(True)
    last = end - 1 - quoted[::-1].index(True)
    between = any(lines[at].bare and not quoted[at] for at in range(first, last))
    tail = [line.bare for line in lines[last + 1 : end]]
    if not between and written_lines(tail, sender) == 0:
        return 0, first
    attributed = any(mark.start == first for mark in marks)
    if not between and attributed and _is_empty(lines[:first]):
        return last + 1, end
    return 0, end


def _quoted_lines(lines: Sequence[Line], marks: Sequence[Mark]) -> list[bool]:
    """Which lines are quoted: the marked ones, what names their writers, and what was broken off a long one."""
    quoted = [line.quoted for line in lines]
    for mark in marks:
        quoted[mark.start : mark.end] = [True] * (mark.end - mark.start)
    for at in range(1, len(lines) - 1):
        long = lines[at - 1].quoted and len(lines[at - 1].bare) >= _WRAPS_FROM
        if long and not quoted[at] and lines[at].bare and lines[at + 1].quoted:
            quoted[at] = True
    return quoted
