"""What machines report of our mails: not delivered, read, complained of. Pure.

RFC 3464 (delivery status), 6522 (multipart/report), 8098 (disposition), 5965 (complaints); and what qmail, Exim,
Exchange, Gmail, Aliyun, Tencent and NetEase send beside them. Only a daemon's word is taken for a report: what a person
writes about a returned mail is a question.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.mail.model import Failure, Mail, Part, PartMark
from bot.mail.reports.returned import original_in, report_in_words
from bot.mail.reports.statuses import blocks, failures_in
from bot.mail.standing import is_called_automatic

_LONGEST = 300


class ReportKind(StrEnum):
    """What a report is about; the values are those of report-type."""

    DELIVERY = "delivery-status"
    DISPOSITION = "disposition-notification"
    COMPLAINT = "feedback-report"


@dataclass(frozen=True, slots=True)
class Report:
    """What a machine says of a mail of ours. original_id: without angle brackets; original_recipient: its reader."""

    kind: ReportKind
    failures: tuple[Failure, ...] = ()
    original_id: str | None = None
    original_recipient: str | None = None


_KINDS = {
    "message/delivery-status": ReportKind.DELIVERY,
    "message/global-delivery-status": ReportKind.DELIVERY,
    "message/disposition-notification": ReportKind.DISPOSITION,
    "message/global-disposition-notification": ReportKind.DISPOSITION,
    "message/feedback-report": ReportKind.COMPLAINT,
}
_RETURNED = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "text/rfc822-header"})
_DAEMON = re.compile(r"(?:mail(?:er)?-?daemon|post[_-]?master|mdaemon|post-?office|mail-?delivery[^@]{0,20})@")
_DAEMON_NAME = re.compile(
    r"mail(?:er)?[- ]?daemon|mail (?:delivery|system|administrator)|postmaster|system administrator|microsoft exchange"
    r"|邮件系统|系统管理员|郵件系統|系統管理員",
    re.IGNORECASE,
)
# What Microsoft's complaint program sends has no report.
_COMPLAINER = re.compile(r"staff@(?:hotmail|outlook)\.com")
_COMPLAINT = re.compile(r"complaint about message from ", re.IGNORECASE)
_SUBJECT = re.compile(
    r"undeliver|deliver\w{0,8} (?:status|fail\w*|report|notification|delayed|error|unsuccessful|has failed)"
    r"|mail delivery|error sending"
    r"|failure notice|failed to deliver|returned (?:mail|to sender|message)|not delivered|mail (?:failure|error)"
    r"|could ?n[o']t (?:be )?deliver|non-?deliver|unzustellbar|nicht zugestellt|zustellung|non remis|échec de"
    r"|pudo entregar|devuelto|mancato recapito|配信(?:不能|できません|エラー|に失敗|されません)"
    r"|送信(?:エラー|できません)|退信|退件"
    r"|(?:投递|投遞|发送|發送|传送|傳送|寄送|传递|傳遞|递送)(?:失败|失敗)|(?:无法|無法|不能|未能?)(?:投递|投遞|送达|送達|传递|傳遞|递送)"
    r"|被退回",
    re.IGNORECASE,
)
_QMAIL = re.compile(r"Hi\. This is the \S{1,40} ?(?:program )?at |很抱歉[，,]?您发送的邮件被退回", re.IGNORECASE)


def read(mail: Mail) -> Report | None:
    """The report that this mail is, or None. mail: read as far as headers, text and parts; among its parts are
    message/delivery-status, text/rfc822-headers and the returned message, as bytes."""
    kind = _kind(mail)
    if kind is None:
        return None
    told = blocks(_content(mail, kind))
    original = next((found for part in mail.parts if _is_returned(part) and (found := original_in(_words(part)))), None)
    words = report_in_words(mail.text, _named_recipients(mail), _never_meant(mail))
    failures = failures_in(told) if kind is ReportKind.DELIVERY else ()
    if kind is ReportKind.DELIVERY and not failures:
        failures = words.failures
    named = _first(told, "original-recipient", "original-rcpt-to", "removal-recipient", "final-recipient")
    return Report(
        kind=kind,
        failures=failures,
        original_id=_first(told, "original-message-id") or (original and original.message_id) or words.message_id,
        original_recipient=named
        or (original and original.recipient)
        or next((failure.recipient for failure in failures if failure.recipient), None),
    )


def _kind(mail: Mail) -> ReportKind | None:
    """Structure first, then what providers send instead, which counts from a daemon only."""
    within = next((_KINDS[part.content_type] for part in mail.parts if part.content_type in _KINDS), None)
    named = next((kind for kind in ReportKind if kind == (mail.report_type or "")), None)
    if (mail.first("content-type") or "").lower().startswith("multipart/report") and (named or within):
        return named or within
    daemon = _is_from_daemon(mail)
    if within and (daemon or within is not ReportKind.DELIVERY):
        return within
    if any(_COMPLAINER.fullmatch(box.address) for box in mail.senders) and _COMPLAINT.match(mail.subject):
        return ReportKind.COMPLAINT
    if "x-failed-recipients" in mail.headers or "x-aliyun-bounce" in mail.headers:
        return ReportKind.DELIVERY
    called = _SUBJECT.search(mail.subject[:_LONGEST]) or _QMAIL.match(mail.text.lstrip()[:_LONGEST])
    return ReportKind.DELIVERY if daemon and called and not is_called_automatic(mail.subject) else None


def _is_from_daemon(mail: Mail) -> bool:
    return mail.return_path == "" or any(
        _DAEMON.match(box.address[:_LONGEST]) or _DAEMON_NAME.search(box.name[:_LONGEST]) for box in mail.senders
    )


def _content(mail: Mail, kind: ReportKind) -> str:
    return next((_words(part) for part in mail.parts if _KINDS.get(part.content_type) is kind), "")


def _is_returned(part: Part) -> bool:
    is_file = part.content_type == "application/octet-stream" and part.name.lower().endswith(".eml")
    return part.content_type in _RETURNED or part.mark is PartMark.MESSAGE or is_file


def _words(part: Part) -> str:
    """A part of a report as text: headers, in which only ASCII has a meaning for us."""
    return part.content[: 64 * 1024].decode("utf-8", "replace")


def _named_recipients(mail: Mail) -> tuple[str, ...]:
    """Whom Exim and Gmail name in a header of their own."""
    named = ",".join(mail.headers.get("x-failed-recipients", ()))[:_LONGEST]
    return tuple(each.strip(" <>").lower() for each in named.split(",") if "@" in each)


def _never_meant(mail: Mail) -> frozenset[str]:
    """Addresses that a report names beside the one that failed: its own and ours."""
    return frozenset(box.address for box in (*mail.senders, *mail.to, *mail.cc))


def _first(told: list[dict[str, str]], *names: str) -> str | None:
    """The first of these fields in any block, without its type and angle brackets."""
    for name in names:
        for block in told:
            value = block.get(name, "").rpartition(";")[2].strip(" <>")
            if value:
                return value if name.endswith("message-id") else value.lower()
    return None
