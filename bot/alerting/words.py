"""Alerts put into words; the sentences are in templates/alerts/."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import jinja2

from bot.moments import Moment, moment
from storage.outbox import OutboxRow
from tickets.alerts import Notice
from tickets.escalation.notices import Purpose
from tickets.escalation.outcomes import Told, Waiting

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Speech:
    """In which language and time zone (IANA name) alerts are told, and where the console is."""

    templates: jinja2.Environment
    language: str
    zone: str
    public_url: str


@dataclass(frozen=True, slots=True)
class Overdue:
    """What the words of an alert may use."""

    ticket: str
    kind: str
    metric: str
    level: int
    waiting_since: Moment
    due: Moment
    planned: Moment
    waited_minutes: int
    overdue_minutes: int
    left_minutes: int
    late: bool
    link: str


@dataclass(frozen=True, slots=True)
class Unread:
    """What the words about a mailbox that is not read may use. over: it is read again."""

    mailbox: str
    over: bool
    since: Moment
    minutes: int
    error: str | None


def notice(row: OutboxRow, waiting: Waiting, speech: Speech, now: int) -> Notice:
    """What an outbox row says, told at the moment of sending."""
    match Purpose(row.payload["purpose"]):
        case Purpose.ALERTS:
            subject, text = _about_alerts(waiting.alerts, speech, now)
        case Purpose.MAILBOX:
            subject, text = _about_mailbox(row.payload, speech, now)
        case Purpose.MAILBOX_BUSY:
            subject, text = _about_busy_mailbox(row.payload, speech)
        case Purpose.TEST:
            subject, text = _about_test(speech)
    return Notice(
        key=row.key,
        recipient=waiting.recipient,
        subject=subject.strip(),
        text=text.strip(),
        numbers=tuple(dict.fromkeys(one.ticket_number for one in waiting.alerts)),
        mentions=tuple(row.payload["mentions"]),
        facts=tuple(asdict(one) for one in waiting.alerts) or (_other_facts(row.payload),),
        more=str(_words(speech, "").more(_due_list(speech))).strip(),
    )


def _other_facts(payload: dict[str, Any]) -> dict[str, Any]:
    """What a message that is about no alert tells, without how it is delivered."""
    return {name: value for name, value in payload.items() if name not in ("notice_id", "mentions")}


def _about_alerts(alerts: Sequence[Told], speech: Speech, now: int) -> tuple[str, str]:
    words = _words(speech, "")
    overdue = [_overdue(one, speech, now) for one in alerts]
    if len(overdue) == 1:
        return str(words.subject(overdue[0])), str(words.text(overdue[0]))
    return str(words.digest_subject(overdue)), str(words.digest_text(overdue, _due_list(speech)))


def _due_list(speech: Speech) -> str:
    """Where whoever was told of many tickets sees them all, and says that they have taken notice."""
    return f"{speech.public_url}/console/deadlines"


def _overdue(told: Told, speech: Speech, now: int) -> Overdue:
    return Overdue(
        ticket=told.ticket_number,
        kind=told.kind,
        metric=told.metric,
        level=told.level,
        waiting_since=moment(told.waiting_since, now, speech.zone),
        due=moment(told.due_at, now, speech.zone),
        planned=moment(told.planned_at, now, speech.zone),
        waited_minutes=(now - told.waiting_since) // MINUTE_MS,
        overdue_minutes=max(0, now - told.due_at) // MINUTE_MS,
        left_minutes=max(0, told.due_at - now) // MINUTE_MS,
        late=told.late,
        link=f"{speech.public_url}/console/tickets/{told.ticket_number}",
    )


def _about_mailbox(facts: dict[str, Any], speech: Speech, now: int) -> tuple[str, str]:
    """The word about a mailbox that is not read, or is read again."""
    unread = Unread(
        mailbox=facts["mailbox"],
        over=facts["over"],
        since=moment(facts["since"], now, speech.zone),
        minutes=(now - facts["since"]) // MINUTE_MS,
        error=facts["error"],
    )
    words = _words(speech, "mailbox.")
    return str(words.subject(unread)), str(words.text(unread))


def _about_busy_mailbox(facts: dict[str, Any], speech: Speech) -> tuple[str, str]:
    """The word about a mailbox that has sent as much by itself as it may."""
    words = _words(speech, "mailbox.")
    return str(words.busy_subject(facts["mailbox"])), str(words.busy_text(facts["mailbox"]))


def _about_test(speech: Speech) -> tuple[str, str]:
    words = _words(speech, "test.")
    return str(words.subject()), str(words.text())


def _words(speech: Speech, area: str) -> Any:
    return speech.templates.get_template(f"alerts/{area}{speech.language}.jinja").module
