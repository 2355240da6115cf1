"""The bytes of a mail as a Mail. Pure, and nothing that a stranger sends makes it raise."""

from collections.abc import Callable
from dataclasses import replace
from email.utils import mktime_tz, parsedate_tz

from bot.mail.model import Mail, Mailbox
from bot.mail.reading.addresses import clean_address, read_addresses, read_id, read_ids
from bot.mail.reading.bodies import Body, read_body
from bot.mail.reading.cleaning import one_line
from bot.mail.reading.fields import Fields, skip_preface
from bot.mail.reading.structure import Budget, Entity, charset_within, read_entity
from bot.mail.reading.words import charset_of, decode_words
from bot.mail.reports import bounces
from bot.mail.written import quotes

_MOST_DATE = 100
_LATEST = 253_402_300_799


def parse(raw: bytes, spent: Callable[[], bool] = lambda: False) -> Mail:
    """The mail that raw is. spent is asked now and then whether the time for it is over.

    What passes a limit is left out and named in error.
    """
    try:
        return _read(_with_line_feeds(raw), Budget(spent))
    except Exception as error:  # a mail that nobody foresaw is shown raw by those who read error; it is never lost
        return Mail(error=f"unreadable: {type(error).__name__}")


def _with_line_feeds(raw: bytes) -> bytes:
    """raw with \\n at its ends of lines where it has hardly any but \\r, as very old programs write."""
    feeds = raw.count(b"\n")
    lone = raw.count(b"\r") - raw.count(b"\r\n")
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if lone > feeds else raw


def _read(raw: bytes, budget: Budget) -> Mail:
    begin = skip_preface(raw)
    entity = read_entity(raw, begin, len(raw), budget)
    body = read_body(raw, entity, budget, charset_within(entity) or _word_charset(entity.fields))
    return _with_report(_mail(entity, body, budget))


def _with_report(mail: Mail) -> Mail:
    """The mail with what it reports of a mail of ours, if it is a report."""
    report = bounces.read(mail)
    if report is None:
        return mail
    return replace(
        mail,
        report_type=report.kind.value,
        failures=report.failures,
        original_id=report.original_id,
        original_recipient=report.original_recipient,
    )


def _word_charset(fields: Fields) -> str | None:
    """The charset that a name or the subject is encoded in: the best hint for text that names none."""
    values = (fields.first(name) for name in ("subject", "from", "to"))
    return next((charset for value in values if value and (charset := charset_of(value))), None)


def _mail(entity: Entity, body: Body, budget: Budget) -> Mail:
    fields = entity.fields
    hint = body.charset if not body.doubtful and body.charset not in (None, "ascii") else _word_charset(fields)
    subject = decode_words(fields.first("subject") or b"", hint)
    senders = _addresses(fields, "from", hint)
    return Mail(
        senders=senders,
        sender=next(iter(_addresses(fields, "sender", hint)), None),
        reply_to=_addresses(fields, "reply-to", hint),
        to=_addresses(fields, "to", hint),
        cc=_addresses(fields, "cc", hint),
        return_path=_return_path(fields.first("return-path")),
        subject=subject.text,
        message_id=read_id(fields.first("message-id") or b""),
        in_reply_to=read_ids(fields.first("in-reply-to") or b""),
        references=read_ids(b" ".join(fields.all("references"))),
        sent_at=_sent_at(fields.first("date")),
        headers=_decoded(fields, hint),
        text=body.text,
        written=quotes.split(body.said, senders[0].address if senders else "").now,
        html=body.html,
        charset=body.charset,
        doubtful=body.doubtful or subject.doubtful,
        parts=body.parts,
        report_type=_report_type(entity),
        error=budget.error,
    )


def _addresses(fields: Fields, name: str, hint: str | None) -> tuple[Mailbox, ...]:
    return tuple(mailbox for value in fields.all(name) for mailbox in read_addresses(value, hint))


def _return_path(raw: bytes | None) -> str | None:
    if raw is None:
        return None
    inner = one_line(raw.decode("latin-1")).strip("<> ")
    return clean_address(inner) or inner.lower()


def _sent_at(raw: bytes | None) -> int | None:
    """Milliseconds since 1970, if the Date header is one."""
    try:
        parsed = parsedate_tz(one_line((raw or b"")[:_MOST_DATE].decode("latin-1")))
        seconds = mktime_tz(parsed) if parsed else -1
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return seconds * 1000 if 0 <= seconds <= _LATEST else None


def _decoded(fields: Fields, hint: str | None) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, value in fields.items:
        found.setdefault(name, []).append(decode_words(value, hint).text)
    return {name: tuple(values) for name, values in found.items()}


def _report_type(entity: Entity) -> str | None:
    if entity.content_type != "multipart/report":
        return None
    return entity.parameters.parameters.get("report-type", "").lower() or None
