"""What machines report of our mails: not delivered, read, complained of. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from bot.mail.model import Failure, Mail


class ReportKind(StrEnum):
    """What a report is about; the values are those of report-type (RFC 3464, 8098, 5965)."""

    DELIVERY = "delivery-status"
    DISPOSITION = "disposition-notification"
    COMPLAINT = "feedback-report"


class Severity(StrEnum):
    """What a failure means for the address: dead, full or away, still tried, or a matter for the operator."""

    HARD = "hard"
    SOFT = "soft"
    DELAYED = "delayed"
    POLICY = "policy"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Report:
    """What a machine says of a mail of ours. original_id without angle brackets."""

    kind: ReportKind
    failures: tuple[Failure, ...] = ()
    original_id: str | None = None
    original_recipient: str | None = None


def read(mail: Mail) -> Report | None:
    """The report that this mail is, or None. mail: read as far as headers, text and parts; among its parts are
    message/delivery-status, text/rfc822-headers and the returned message, as bytes."""
    return None


def severity(failure: Failure) -> Severity:
    """What follows from a failure."""
    return Severity.NONE
