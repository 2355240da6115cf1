"""A mail that has been read and judged, and what follows from that. Pure."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from bot.mail.model import Mail
from bot.mail.reports.bounces import Report
from bot.mail.settling.authenticity import UNKNOWN, Authenticity, Trust
from bot.mail.standing import Rule, Standing
from tickets.attachments import Attachment
from tickets.mail.inbox import WaitingMail, Wish

LONGEST_SHOWN = 20_000
LONGEST_KEPT = 400_000
LONGEST_LINE = 500
MOST_REFERENCES = 50
GAVE_UP = "gave_up"
NOT_JUDGED = Standing()


class Silence(StrEnum):
    """Why the bot says nothing although no rule about automatic answers forbids it."""

    UNREADABLE = "unreadable"
    WITHHELD = "withheld"
    NO_ONE_SENDER = "no_one_sender"
    BY_HAND = "by_hand"


class Course(StrEnum):
    """What becomes of a mail."""

    SET_ASIDE = "set_aside"
    REPORT = "report"
    SPOOF = "spoof"
    NOTE = "note"
    TALK = "talk"


@dataclass(frozen=True, slots=True)
class Reading:
    """A waiting mail with what was read in it; files are kept already, their rows are not.

    report: what a machine says here of a mail of ours.
    """

    waiting: WaitingMail
    mail: Mail
    standing: Standing = NOT_JUDGED
    authenticity: Authenticity = UNKNOWN
    report: Report | None = None
    files: tuple[Attachment, ...] = ()

    @property
    def broken(self) -> Silence | None:
        """Why this has to be looked at as it came, or None."""
        if self.waiting.withheld is not None:
            return Silence.WITHHELD
        return Silence.UNREADABLE if self.mail.error is not None else None

    @property
    def sender(self) -> str | None:
        """The one address that From names, or None."""
        if len(self.mail.headers.get("from", ())) > 1:
            return None
        return storable(self.mail.from_address or "", LONGEST_LINE) or None

    @property
    def name(self) -> str | None:
        """What the sender calls himself."""
        told = self.mail.senders[0].name if len(self.mail.senders) == 1 else ""
        return storable(told, LONGEST_LINE) or None


def course_of(reading: Reading, wish: Wish | None = None) -> Course:
    """What becomes of this mail; wish: what somebody who looked at it asks for."""
    standing = reading.standing
    if wish is Wish.TICKET:
        return Course.TALK
    if standing.loop or standing.own_mail:
        return Course.SET_ASIDE
    if reading.report is not None:
        return Course.REPORT
    if reading.authenticity.trust is Trust.FAILED and wish is not Wish.RELEASE:
        return Course.SPOOF
    if standing.is_auto_reply or standing.reason is Rule.DAEMON:
        return Course.NOTE
    return Course.TALK


def silence(reading: Reading, wish: Wish | None = None) -> str | None:
    """Why the bot must say nothing to this mail; None if it may."""
    if reading.broken is not None:
        return reading.broken
    if wish is Wish.TICKET:
        return Silence.BY_HAND
    if not reading.standing.bot_may_answer:
        return reading.standing.reason
    return Silence.NO_ONE_SENDER if reading.sender is None else None


def shown(mail: Mail) -> str:
    """What the sender wrote now, as a conversation keeps it; the subject where there is nothing else."""
    return storable(mail.written, LONGEST_SHOWN) or storable(mail.text, LONGEST_SHOWN) or subject(mail)


def whole(mail: Mail, said: str) -> str | None:
    """The whole text; None where the conversation has it already."""
    text = storable(mail.text, LONGEST_KEPT)
    return text if text and text != said else None


def subject(mail: Mail) -> str:
    """The subject on one line, as it may be kept."""
    return storable(" ".join(mail.subject.split()), LONGEST_LINE)


def body_hash(mail: Mail) -> str | None:
    """The same for mails that say the same, whatever their spacing and case; None if nothing is said."""
    told = "".join((mail.written or mail.text).casefold().split())
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest() if told else None


def references(mail: Mail) -> list[str]:
    """The ids of the thread, oldest first, for an answer to go on with: the first and the last ones."""
    ids = [storable(id, LONGEST_LINE) for id in dict.fromkeys((*mail.references, *mail.in_reply_to))]
    return ids if len(ids) <= MOST_REFERENCES else [ids[0], *ids[-(MOST_REFERENCES - 1) :]]


def storable(text: str, longest: int) -> str:
    """The text, cut, without what a database cannot hold."""
    return text[:longest].encode("utf-8", "replace").decode("utf-8").replace("\0", "").strip()
