"""A mail that was read becomes what it is, in one transaction that may be repeated."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

from bot.mail.addresses import Signer, unsigned
from bot.mail.postman import TRACE_MAIL
from bot.mail.reports.bounces import Report, ReportKind
from bot.mail.reports.statuses import Severity, severity
from bot.mail.settling import threading
from bot.mail.settling.reading import (
    Course,
    Reading,
    Silence,
    body_hash,
    course_of,
    references,
    shown,
    silence,
    storable,
    subject,
    whole,
)
from bot.mail.settling.threading import Letterbox, Place
from bot.mail.standing import Rule
from bot.messages import Channel, InboundMessage, Thread
from bot.receive import accept
from storage.database import Transaction, new_id
from tickets import attachments, contacts, conversations, events, parts, tickets
from tickets.attachments import Attachment
from tickets.mail import dead_addresses, inbox, sent
from tickets.mail.dead_addresses import DeadAddress
from tickets.mail.inbox import Earlier, Outcome, State, Verdict, Wish
from tickets.mail.sent import SentMail
from tickets.model import SYSTEM, Ticket, TicketEvent
from tickets.rules import DeskRules

RAW_NAME = "original.eml"
RAW_TYPE = "message/rfc822"


class Words(Protocol):
    """Says in the operator's language why a message points to the raw mail."""

    def __call__(self, why: str, size: int) -> str:
        """why: a Silence; size: bytes of the whole mail."""


@dataclass(frozen=True, slots=True)
class House:
    """What settling needs to know of the house; own: every address of ours."""

    signer: Signer
    rules: DeskRules
    words: Words
    own: frozenset[str] = frozenset()


def settle(tx: Transaction, reading: Reading, house: House, now: int) -> Outcome | None:
    """Record what this mail is, and do what follows from it, once; None if somebody else has done so."""
    waiting = reading.waiting
    earlier = inbox.before(tx, waiting.id)
    if earlier is None:
        return None
    match course_of(reading, earlier.wanted):
        case _ if earlier.said_id is not None:
            verdict = _say_again(tx, reading, house, earlier)
        case Course.SET_ASIDE:
            verdict = _verdict(reading, Outcome.SET_ASIDE)
        case Course.SPOOF:
            verdict = replace(_verdict(reading, Outcome.SPOOF), state=State.QUARANTINED)
        case Course.REPORT:
            verdict = _report(tx, reading, house, now)
        case Course.NOTE:
            verdict = _note(tx, reading, house, now)
        case _:
            verdict = _say(tx, reading, house, earlier.wanted, now)
    inbox.settle(tx, waiting.id, verdict, now)
    return verdict.outcome


def _verdict(reading: Reading, outcome: Outcome) -> Verdict:
    mail, standing = reading.mail, reading.standing
    return Verdict(
        State.SETTLED,
        outcome,
        from_address=reading.sender,
        from_name=reading.name,
        subject=subject(mail) or None,
        reason=None if standing.reason is Rule.NONE else standing.reason,
        authenticity=reading.authenticity.trust,
        proof=reading.authenticity.proof,
        charset=mail.charset,
        doubtful=mail.doubtful,
        text=whole(mail, ""),
        body_hash=body_hash(mail),
        error=None if mail.error is None else storable(mail.error, 500),
    )


def _say(tx: Transaction, reading: Reading, house: House, wish: Wish | None, now: int) -> Verdict:
    """It becomes a message: a person's words, or a pointer to what came."""
    place = threading.find_place(tx, reading.mail, _letterbox(reading), house.signer)
    files = _files(reading, now)
    for file in files:
        attachments.keep(tx, file)
    inbound = _inbound(tx, reading, house, place, wish, files)
    accepted = accept(tx, inbound)
    if place.related_id is not None:
        _tell_related(tx, reading, place.related_id, accepted.conversation.id, now)
    joined = place.conversation_id is not None
    verdict = _spoken(reading, Outcome.JOINED if joined else Outcome.OPENED, inbound.text)
    return replace(
        verdict, thread_rule=place.rule, conversation_id=accepted.conversation.id, said_id=accepted.message.id
    )


def _say_again(tx: Transaction, reading: Reading, house: House, earlier: Earlier) -> Verdict:
    """It is a message already, which gets the text that is read now; nothing is answered again."""
    said_id = str(earlier.said_id)
    text = _text(reading, house)
    conversations.renew_text(tx, said_id, text)
    verdict = _spoken(reading, Outcome.JOINED, text)
    if verdict.outcome is Outcome.JOINED and conversations.get_message(tx, said_id).number == 1:
        verdict = replace(verdict, outcome=Outcome.OPENED)
    verdict = replace(verdict, thread_rule=earlier.thread_rule, conversation_id=earlier.conversation_id)
    return replace(verdict, said_id=said_id)


def _spoken(reading: Reading, outcome: Outcome, text: str) -> Verdict:
    verdict = replace(_verdict(reading, outcome), text=whole(reading.mail, text))
    match reading.broken:
        case Silence.WITHHELD:
            return replace(verdict, state=State.QUARANTINED, outcome=Outcome.WITHHELD, error=reading.waiting.withheld)
        case Silence.UNREADABLE:
            return replace(verdict, state=State.QUARANTINED, outcome=Outcome.UNREADABLE)
        case _:
            return verdict


def _inbound(
    tx: Transaction, reading: Reading, house: House, place: Place, wish: Wish | None, files: tuple[Attachment, ...]
) -> InboundMessage:
    waiting, sender = reading.waiting, reading.sender
    known = sender is not None and contacts.find(tx, Channel.MAIL, sender) is not None
    return InboundMessage(
        Channel.MAIL,
        f"mail:{waiting.id}",
        sender or f"unknown:{waiting.id}",
        _text(reading, house),
        waiting.received_at,
        thread=Thread.NEW if place.conversation_id is None else Thread.THIS,
        conversation_id=place.conversation_id,
        subject=subject(reading.mail) or None,
        # Who is known already is not called otherwise by somebody who only says so.
        name=None if known and not reading.authenticity.aligned else reading.name,
        silent=silence(reading, wish),
        facts={TRACE_MAIL: _facts(tx, reading, house, place)},
        attachments=tuple(file.id for file in files),
        attachment_owner=_owner(reading),
    )


def _text(reading: Reading, house: House) -> str:
    told = shown(reading.mail)
    if reading.broken is None:
        return told or house.words("empty", reading.waiting.size)
    why = house.words(reading.broken, reading.waiting.size)
    return f"{why}\n\n{told}" if told else why


def _facts(tx: Transaction, reading: Reading, house: House, place: Place) -> dict[str, Any]:
    """What agents and those who answer may know of the mail."""
    mail, waiting = reading.mail, reading.waiting
    facts: dict[str, Any] = {
        "id": waiting.id,
        "mailbox": waiting.mailbox,
        "message_id": storable(mail.message_id, 500) if mail.message_id else None,
        "references": references(mail),
        "subject": subject(mail),
        "verified": reading.authenticity.aligned,
        "from": reading.sender,
        "name": reading.name,
    }
    reply_to = [box.address for box in mail.reply_to if unsigned(box.address) not in house.own]
    if reading.authenticity.aligned and len(reply_to) == len(mail.reply_to) == 1:
        facts["answer_to"] = storable(reply_to[0], 500)
    if place.related_id is not None:
        related = _ticket(tx, place.related_id)
        facts["related"] = related.number if related else None
    return facts


def _files(reading: Reading, now: int) -> tuple[Attachment, ...]:
    """The files of the mail; before them the mail itself where it could not be read."""
    if reading.broken is None:
        return reading.files
    waiting = reading.waiting
    raw = Attachment(
        new_id(), _owner(reading), None, 0, RAW_NAME, RAW_TYPE, waiting.size, waiting.raw_hash, now, mark="message"
    )
    return (raw, *reading.files)


def _owner(reading: Reading) -> str:
    return f"mail:{reading.waiting.id}"


def _letterbox(reading: Reading) -> Letterbox:
    waiting = reading.waiting
    return Letterbox(waiting.mailbox, waiting.envelope_to, reading.authenticity.aligned)


def _tell_related(tx: Transaction, reading: Reading, related_id: str, conversation_id: str, now: int) -> None:
    """Somebody else wrote to an address of that conversation: its people may look, the sender is told nothing."""
    detail = {"mail_id": reading.waiting.id, "conversation_id": conversation_id}
    _record(tx, _ticket(tx, related_id), "related_mail", detail, now)


def _note(tx: Transaction, reading: Reading, house: House, now: int) -> Verdict:
    """A machine's answer, kept with what it answers; it is nobody's word and wakes nobody."""
    conversation_id = threading.by_token(tx, reading.mail, _letterbox(reading), house.signer)
    if conversation_id is None:
        return _verdict(reading, Outcome.SET_ASIDE)
    _record(tx, _ticket(tx, conversation_id), "auto_reply", {"mail_id": reading.waiting.id}, now)
    return replace(_verdict(reading, Outcome.NOTED), conversation_id=conversation_id)


def _report(tx: Transaction, reading: Reading, house: House, now: int) -> Verdict:
    """What a machine says of a mail of ours, kept with that mail. Of others' mails nothing is believed."""
    report = reading.report
    about = None if report is None else _reported(tx, reading, report, house.signer)
    if report is None or about is None:
        return _verdict(reading, Outcome.SET_ASIDE)
    match report.kind:
        case ReportKind.DELIVERY:
            _record_delivery(tx, report, about, now)
        case ReportKind.COMPLAINT:
            dead_addresses.mark(tx, DeadAddress(about.recipient, "complaint", None, now, about.id))
            sent.tell_ticket(tx, about, "mail_complaint", now, None)
        case ReportKind.DISPOSITION:
            pass
    return replace(_verdict(reading, Outcome.REPORT), conversation_id=about.conversation_id, sent_id=about.id)


def _reported(tx: Transaction, reading: Reading, report: Report, signer: Signer) -> SentMail | None:
    """The mail of ours that a report is about: only an id that we signed says so."""
    for address in threading.recipients(reading.mail, reading.waiting.envelope_to):
        sent_id = signer.sent_of_bounce(address)
        if sent_id is not None and (found := sent.get(tx, sent_id)) is not None:
            return found
    ids = ((report.original_id,) if report.original_id else ()) + threading.answered_ids(reading.mail)
    signed = (sent.find(tx, id) for id in ids if signer.sent_of(id) is not None)
    return next((mail for mail in signed if mail is not None), None)


def _record_delivery(tx: Transaction, report: Report, about: SentMail, now: int) -> None:
    """What was said of this recipient; a report without particulars says that the mail did not arrive."""
    told = [one for one in report.failures if one.recipient in (None, about.recipient)] or list(report.failures)
    if not told:
        sent.record_bounce(tx, about.id, sent.Report("failed", None, None), now)
    for one in told[:1]:
        diagnostic = storable(one.diagnostic or "", 500) or None
        dead = severity(one) is Severity.HARD
        sent.record_bounce(tx, about.id, sent.Report(one.action, one.status, diagnostic, dead), now)


def _ticket(tx: Transaction, conversation_id: str) -> Ticket | None:
    """The ticket that hears of what comes to this conversation: where it goes on, the live one or else the newest."""
    goes_on = parts.current(tx, conversation_id).id
    return tickets.live_of_conversation(tx, goes_on) or tickets.newest_of_conversation(tx, goes_on)


def _record(tx: Transaction, ticket: Ticket | None, action: str, detail: dict[str, Any], now: int) -> None:
    """Record something that leaves the ticket as it is; without a ticket the ledger alone tells of it."""
    if ticket is None:
        return
    events.record(tx, ticket.id, [TicketEvent(SYSTEM, action, ticket.status, ticket.status, now, detail)])
    tx.notify("queue", ticket.number)
    tx.notify("conversation", ticket.conversation_id)
