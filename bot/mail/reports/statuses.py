"""The fields of a delivery report, and how grave what they say is (RFC 3463, 3464). Pure."""

import re
from enum import StrEnum

from bot.mail.model import Failure

MOST_BLOCKS = 200
_LONGEST = 1_000
_ACTIONS = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.])([45])\d\d(?=[ -]|$)")


class Severity(StrEnum):
    """What a failure means for the address: dead, for a while, still tried, or a matter for the operator; NONE: it was
    no failure."""

    HARD = "hard"
    SOFT = "soft"
    DELAYED = "delayed"
    POLICY = "policy"
    NONE = "none"


_UNKNOWN = re.compile(
    r"(?:user|mailbox|account|recipient|address|alias)s?\b.{0,40}"
    r"\b(?:unknown|not found|does(?: not|n't) exist|invalid|disabled)"
    r"|(?:unknown|no such|invalid|non-?existent) (?:user|mailbox|recipient|account|address|local)|mailbox unavailable"
    r"|(?:用户|帐号|账号|账户|邮箱|收件人|地址|邮件地址).{0,20}(?:不存在|未找到|无效)|(?:无此|没有此|不存在的?)(?:用户|邮箱|收件人)"
    r"|(?:使用者|信箱|帳號).{0,20}不存在|(?:host|domain) (?:not found|unknown)",
    re.IGNORECASE,
)
_FULL = re.compile(
    r"(?:mailbox|inbox).{0,20}full|quota|over ?limit|insufficient (?:system )?storage"
    r"|(?:邮箱|信箱|空间).{0,10}(?:已满|不足|超限|已滿)|超出.{0,10}(?:容量|配额)",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"spam|block(?:ed|list)|black ?list|spf|dkim|dmarc|polic|reputation|frequency|rate limit|too many|banned|denied"
    r"|垃圾|黑名单|拒收|频率|反垃圾|屏蔽|限制",
    re.IGNORECASE,
)
_HARD = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"})
_ABOUT_US = frozenset({"1.7", "1.8"})
_GENERAL = frozenset({"0.0", "1.0", "2.0", "3.0", "4.0", "5.0", "6.0"})


def blocks(text: str) -> list[dict[str, str]]:
    """The groups of fields of a report, names lower-case; of a repeated field the first counts."""
    found: list[dict[str, str]] = [{}]
    name = ""
    for line in text.splitlines():
        if not line.strip():
            if found[-1] and len(found) < MOST_BLOCKS:
                found.append({})
            name = ""
        elif line[0] in " \t" and name:
            found[-1][name] = f"{found[-1][name]} {line.strip()}"[:_LONGEST]
        else:
            head, colon, value = line.partition(":")
            name = head.strip().lower() if colon else ""
            if name and name not in found[-1]:
                found[-1][name] = value.strip()[:_LONGEST]
    return [block for block in found if block]


def failures_in(told: list[dict[str, str]]) -> tuple[Failure, ...]:
    """What each recipient's block says."""
    named = [block for block in told if "final-recipient" in block or "original-recipient" in block]
    return tuple(_failure(block) for block in named)


def _failure(block: dict[str, str]) -> Failure:
    recipient = block.get("final-recipient") or block.get("original-recipient", "")
    diagnostic = block.get("diagnostic-code", "").partition(";")
    said = (diagnostic[2] or diagnostic[0]).strip() or None
    action = block.get("action", "").split()[0].lower() if block.get("action", "").split() else "failed"
    address = recipient.rpartition(";")[2].strip(" <>").lower()
    return Failure(
        recipient=address if "@" in address else None,
        action=action if action in _ACTIONS else "failed",
        status=finest_status(block.get("status"), said),
        diagnostic=said,
    )


def finest_status(given: str | None, said: str | None) -> str | None:
    """The status that tells most: a general one such as 5.0.0 gives way to one that the other server named."""
    stated = _STATUS.search(given or "")
    heard = _STATUS.search(said or "")
    if stated and (stated[0][2:] not in _GENERAL or heard is None):
        return stated[0]
    return heard[0] if heard else None


def severity(failure: Failure) -> Severity:
    """What follows from a failure. Only what surely says that the address is dead is HARD."""
    if failure.action == "delayed":
        return Severity.DELAYED
    if failure.action != "failed":
        return Severity.NONE
    said = (failure.diagnostic or "")[:_LONGEST]
    kind, _, detail = (failure.status or "").partition(".")
    code = _REPLY_CODE.search(said)
    if kind == "4" or (not kind and code is not None and code[1] == "4"):
        return Severity.SOFT
    if detail in _HARD:
        return Severity.HARD
    if detail in _ABOUT_US or detail.startswith("7."):
        return Severity.POLICY
    if detail and detail not in _GENERAL:
        return Severity.SOFT
    return _by_words(said)


def _by_words(said: str) -> Severity:
    """Where the status says nothing; a word of policy outweighs that of an unknown address."""
    if _FULL.search(said):
        return Severity.SOFT
    if _POLICY.search(said):
        return Severity.POLICY
    return Severity.HARD if _UNKNOWN.search(said) else Severity.SOFT
