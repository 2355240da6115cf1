"""A returned mail within a report, and reports that are written in words alone. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.mail.model import Failure
from bot.mail.reports.statuses import finest_status

_MOST_LINES = 400
_MOST_RECIPIENTS = 20
_LONGEST_LINE = 500
_LONGEST_SAID = 500
_COPY = re.compile(
    r"[-*_=—]{2,60} ?.{0,30}(?:copy of (?:the|your)|original message|returned message|message headers?|below this line"
    r"|undelivered message|unsent message|原邮件|原始邮件|邮件原文|退回的邮件).{0,60}"
    r"|(?:original message headers?|message header follows|received|return-path)\s?:.{0,500}",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[\w.+=%&'*/-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_ALONE = re.compile(r"[<\[(「]?([\w.+=%&'*/-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})[>\])」]?\s?[:：]?")
_DELAY = re.compile(
    r"will (?:be|keep) (?:re)?try|still being retried|warning only|delayed|延迟|稍后重试|继续尝试", re.IGNORECASE
)
_CODE = re.compile(r"(?<![\d.])[45]\d\d[ -]|(?<![\d.])[45]\.\d{1,3}\.\d{1,3}")
_ID = re.compile(r"<([^<>\s]{1,400})>")


@dataclass(frozen=True, slots=True)
class Original:
    """What is known of the mail that came back."""

    message_id: str | None
    recipient: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """What a report without fields says."""

    failures: tuple[Failure, ...]
    message_id: str | None


def original_in(text: str) -> Original | None:
    """The mail whose headers text begins with; None if it says neither its id nor its recipient."""
    lines = text.lstrip().splitlines()[:_MOST_LINES]
    end = next((at for at, line in enumerate(lines) if not line.strip()), len(lines))
    found = Original(_message_id(lines[:end]), _recipient(lines[:end]))
    return found if found.message_id or found.recipient else None


def report_in_words(text: str, named: Sequence[str], never: frozenset[str]) -> Words:
    """Who was not reached and why, from sentences. named: whom a header names; never: addresses that are not meant."""
    lines = [line[:_LONGEST_LINE] for line in text.splitlines()[:_MOST_LINES]]
    end = next((at for at, line in enumerate(lines) if at and _COPY.match(line.strip())), len(lines))
    head = lines[:end]
    starts = _recipient_lines(head, never)
    recipients = list(dict.fromkeys(named or (address for _, address in starts)))
    if not recipients:
        recipients = [each for line in head for each in _addresses(line) if each not in never][:1]
    action = "delayed" if any(_DELAY.search(line) for line in head) else "failed"
    failures = tuple(_failure(each, action, head, starts) for each in recipients[:_MOST_RECIPIENTS])
    return Words(failures or (_failure(None, action, head, starts),), _message_id(lines[end:]) or _message_id(head))


def _recipient_lines(lines: Sequence[str], never: frozenset[str]) -> list[tuple[int, str]]:
    """Lines that hold one address and nothing else: "<a@example.cn>:" of qmail, the list of Exim and Gmail."""
    found = ((at, match[1].lower()) for at, line in enumerate(lines) if (match := _ALONE.fullmatch(line.strip())))
    return [(at, address) for at, address in found if address not in never]


def _addresses(line: str) -> list[str]:
    return [each.lower() for each in _ADDRESS.findall(line)] if "@" in line else []


def _failure(recipient: str | None, action: str, lines: Sequence[str], starts: Sequence[tuple[int, str]]) -> Failure:
    said = _said_of(recipient, lines, starts)
    return Failure(recipient, action, finest_status(None, said), said)


def _said_of(recipient: str | None, lines: Sequence[str], starts: Sequence[tuple[int, str]]) -> str | None:
    """The lines below a recipient up to a blank one; else those in which a server's code stands."""
    at = next((at for at, address in starts if address == recipient), None)
    below: list[str] = []
    for line in lines[at + 1 :] if at is not None else ():
        if not line.strip() or _ALONE.fullmatch(line.strip()):
            break
        below.append(line.strip())
    if not any(_CODE.search(line) for line in below):
        coded = [line.strip() for line in lines if _CODE.search(line)]
        below = coded[:3] or below or _sentences(recipient, lines)
    return " ".join(below)[:_LONGEST_SAID] or None


def _sentences(recipient: str | None, lines: Sequence[str]) -> list[str]:
    """Lines that name the recipient, or the first two of the report."""
    naming = [line.strip() for line in lines if recipient and recipient in line.lower()]
    return (naming or [line.strip() for line in lines if line.strip()])[:2]


def _message_id(lines: Sequence[str]) -> str | None:
    for at, line in enumerate(lines):
        name, _, value = line.strip().partition(":")
        if name.strip().lower() == "message-id":
            following = lines[at + 1] if at + 1 < len(lines) and lines[at + 1][:1] in " \t" else ""
            return _id((value if value.strip() else following)[:_LONGEST_LINE])
    return None


def _id(value: str) -> str | None:
    """The id in a header's value, with angle brackets or, as some write, without."""
    found = _ID.search(value)
    bare = next(iter(value.split()), "")
    return found[1] if found else bare if "@" in bare else None


def _recipient(lines: Sequence[str]) -> str | None:
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip().lower() in ("to", "x-original-to"):
            return next(iter(_addresses(value[:_LONGEST_LINE])), None)
    return None
