"""What to do with an utterance. Pure: the same situation and matches always give the same decision.

``read`` says what has to be looked up, ``decide`` what to do once it has been. Both follow one ladder: a button
that was pressed, a call for a person, anger, small talk, then the knowledge base: sure → answer, plausible → ask
back (twice at most), anything else → a person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot import intent
from knowledgebase.model import Entry, Match, Thresholds
from tickets.contact_details import ContactDetails
from tickets.model import Reason

MOST_CANDIDATES = 3
MOST_ANSWERS = 3


class Action(StrEnum):
    """Buttons that we offer; a candidate's button is ENTRY followed by the entry's id."""

    HUMAN = "human"
    SOLVED = "solved"
    UNSOLVED = "unsolved"
    NONE = "none"
    ENTRY = "entry:"


class Remark(StrEnum):
    """Something said that neither answers, asks back nor hands over."""

    GREETING = "greeting"
    THANKS = "thanks"
    FAREWELL = "farewell"
    SOLVED = "solved"
    NOTED = "noted"
    CONTACT_SAVED = "contact_saved"
    CONTACT_REFUSED = "contact_refused"


@dataclass(frozen=True, slots=True)
class Given:
    """An answer given before: which entry, at which version, and the question it answers."""

    entry_id: str
    version: int
    question: str


@dataclass(frozen=True, slots=True)
class Situation:
    """An utterance and all that the decision about it may depend on, but for what is looked up.

    text is normalised; clarifications counts how often in a row we have asked back; given are the answers of
    our last answering message, newest question last; chosen is the entry behind a pressed candidate, if it is
    still published; details are set when the whole text is a phone number or mail address; waiting says that a
    ticket is open and no person has taken over yet.
    """

    text: str
    action: str | None = None
    clarifications: int = 0
    given: tuple[Given, ...] = ()
    chosen: Entry | None = None
    details: ContactDetails | None = None
    refuses_contact: bool = False
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    remark: Remark
    details: ContactDetails | None = None


@dataclass(frozen=True, slots=True)
class Clarify:
    """Ask back: which of these was meant, or, without candidates, to put it differently."""

    candidates: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferPerson:
    """An answer did not solve it: offer a person, and another try."""


@dataclass(frozen=True, slots=True)
class HandOff:
    """Open a ticket; candidates are the matches that were not sure enough."""

    reason: Reason
    candidates: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer from these entries, one after the other; rest is for what was asked beside them."""

    matches: tuple[Match, ...]
    rest: "Clarify | HandOff | None" = None


Decision = Answer | Clarify | HandOff | OfferPerson | Say


@dataclass(frozen=True, slots=True)
class Limits:
    """The thresholds in force, and how often in a row we may ask back."""

    thresholds: Thresholds
    clarifications: int = 2


def read(situation: Situation, limits: Limits) -> tuple[str, ...]:
    """The texts to look up in the knowledge base before deciding; none if the decision needs no look-up."""
    if _without_lookup(situation, limits) is not None:
        return ()
    text = intent.without_opening(situation.text)
    texts = [text]
    if situation.given and intent.is_follow_up(text):
        texts.append(intent.with_topic(situation.given[-1].question, text))
    parts = intent.questions(text)
    if len(parts) > 1:
        texts += parts
    return tuple(dict.fromkeys(texts))


def decide(situation: Situation, found: Mapping[str, Sequence[Match]], limits: Limits) -> Decision:
    """The decision. found holds the matches, best first, of each text that read() named."""
    early = _without_lookup(situation, limits)
    if early is not None:
        return early
    text = intent.without_opening(situation.text)
    if intent.complains(text) and not (intent.asks_how(text) and _sure(found[text], limits)):
        return HandOff(Reason.COMPLAINT, _plausible(found[text], limits))
    return _several(situation, text, found, limits) or _one(situation, _best(situation, text, found), limits)


def _without_lookup(situation: Situation, limits: Limits) -> Decision | None:
    """The decision where no look-up is needed, else None."""
    if situation.action is not None and (pressed := _pressed(situation, limits)) is not None:
        return pressed
    if situation.details is not None:
        return Say(Remark.CONTACT_SAVED, situation.details)
    if situation.refuses_contact:
        return Say(Remark.CONTACT_REFUSED)
    if intent.asks_for_person(situation.text):
        return Say(Remark.NOTED) if situation.waiting else HandOff(Reason.ASKED_FOR_PERSON)
    if intent.is_angry(situation.text):
        return Say(Remark.NOTED) if situation.waiting else HandOff(Reason.COMPLAINT)
    kind = intent.small_talk(situation.text)
    if kind is not None:
        return Say(Remark(kind.value))
    if not intent.has_content(situation.text):
        return _not_understood(situation, limits)
    return None


def _pressed(situation: Situation, limits: Limits) -> Decision | None:
    match situation.action:
        case Action.HUMAN:
            return Say(Remark.NOTED) if situation.waiting else HandOff(Reason.ASKED_FOR_PERSON)
        case Action.SOLVED:
            return Say(Remark.SOLVED)
        case Action.UNSOLVED:
            return Say(Remark.NOTED) if situation.waiting else OfferPerson()
        case Action.NONE:
            return _not_understood(situation, limits)
    if situation.chosen is not None:
        return Answer((_certain(situation.chosen),))
    return None


def _certain(entry: Entry) -> Match:
    """A match that the customer made by choosing it."""
    return Match(entry, score=1.0, confidence=1.0, wording=entry.question, why={"chosen": 1.0})


def _several(situation: Situation, text: str, found: Mapping[str, Sequence[Match]], limits: Limits) -> Answer | None:
    """An answer to two or more questions asked at once, or None when it is one question after all."""
    parts = intent.questions(text)
    if len(parts) < 2:
        return None
    sure = {part: found[part][0] for part in parts if _sure(found[part], limits)}
    answers = _distinct(sure.values())
    open_parts = [part for part in parts if part not in sure]
    if not answers or (len(answers) == 1 and not open_parts):
        return None
    if not open_parts:
        return Answer(answers[:MOST_ANSWERS])
    if len(answers) == 1 and _sure(found[text], limits) and found[text][0].entry.id == answers[0].entry.id:
        return None
    rest = _one(situation, found[open_parts[0]], limits)
    return Answer(answers[:MOST_ANSWERS], rest if isinstance(rest, Clarify | HandOff) else None)


def _distinct(matches: Iterable[Match]) -> tuple[Match, ...]:
    """One match of each entry, in the order asked."""
    return tuple({match.entry.id: match for match in matches}.values())


def _best(situation: Situation, text: str, found: Mapping[str, Sequence[Match]]) -> Sequence[Match]:
    """The matches of the reading that is surest: the text alone, with the topic before it, or a part of it.

    A follow-up never falls back to its own words alone: 「那多少钱」 has no topic of its own.
    """
    if situation.given and intent.is_follow_up(text):
        return found[intent.with_topic(situation.given[-1].question, text)]
    readings = [found[text], *(found[part] for part in intent.questions(text) if part in found)]
    return max(readings, key=lambda matches: matches[0].confidence if matches else 0.0)


def _one(situation: Situation, matches: Sequence[Match], limits: Limits) -> Decision:
    if _sure(matches, limits):
        return Answer((matches[0],))
    if situation.waiting:
        return Say(Remark.NOTED)
    candidates = _plausible(matches, limits)
    if candidates and situation.clarifications < limits.clarifications:
        return Clarify(candidates)
    return HandOff(Reason.NOT_UNDERSTOOD, tuple(matches[:MOST_CANDIDATES]))


def _not_understood(situation: Situation, limits: Limits) -> Decision:
    """Ask to put it differently, unless that has been tried often enough."""
    if situation.waiting:
        return Say(Remark.NOTED)
    if situation.clarifications < limits.clarifications:
        return Clarify()
    return HandOff(Reason.NOT_UNDERSTOOD)


def _sure(matches: Sequence[Match], limits: Limits) -> bool:
    return bool(matches) and matches[0].confidence >= limits.thresholds.answer


def _plausible(matches: Sequence[Match], limits: Limits) -> tuple[Match, ...]:
    """The candidates worth asking about: those of any weight, if the first is plausible at all."""
    if not matches or matches[0].confidence < limits.thresholds.clarify:
        return ()
    return tuple(matches[:MOST_CANDIDATES])
