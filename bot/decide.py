"""What to do with an utterance. Pure: the same situation and matches always give the same decision.

``read`` says what has to be looked up, ``decide`` what to do once it has been. Both follow one ladder: a button
that was pressed, what the customer wants beside information, then the knowledge base: sure → answer, plausible →
ask back (twice at most), anything else → a person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.intent import Wish, asks, wish
from bot.questions import Asked, asked
from knowledgebase.model import Entry, Match, Thresholds
from tickets.contact_details import ContactDetails
from tickets.model import Reason

MOST_CANDIDATES = 3


class Action(StrEnum):
    """Buttons that we offer; a candidate's button is ENTRY followed by the entry's id, that of a question which may
    come next RELATED followed by it."""

    HUMAN = "human"
    SOLVED = "solved"
    UNSOLVED = "unsolved"
    NONE = "none"
    CONTACT_REFUSED = "contact_refused"
    ENTRY = "entry:"
    RELATED = "related:"


class Remark(StrEnum):
    """Something said that neither answers, asks back nor hands over."""

    GREETING = "greeting"
    IDENTITY = "identity"
    THANKS = "thanks"
    ACKNOWLEDGEMENT = "acknowledgement"
    FAREWELL = "farewell"
    SOLVED = "solved"
    NOTED = "noted"
    REGRET = "regret"
    WAITING = "waiting"
    CONTACT_SAVED = "contact_saved"
    CONTACT_REFUSED = "contact_refused"


# Said while a person is awaited; the customer is told that nothing is lost, and when the answer comes.
WHILE_WAITING = frozenset({Remark.NOTED, Remark.REGRET, Remark.WAITING})


@dataclass(frozen=True, slots=True)
class Situation:
    """An utterance and all that the decision about it may depend on, but for what is looked up.

    text: what was said, as intent.plain makes it. action: the button that was pressed or typed. chosen: the entry
    behind a candidate's button, if customers may still see it. now: when it is decided.
    details: the phone number or mail address that the text gives.
    before: the question that was answered last. unsolved: the entries that did not help.
    clarifications: how often in a row we have asked back. talked: our last message was small talk.
    waiting: a ticket is open and no person has taken over yet. assured: our last word, a short while ago, was
    that a person will answer.
    """

    text: str
    action: str | None = None
    chosen: Entry | None = None
    details: ContactDetails | None = None
    before: str | None = None
    unsolved: frozenset[str] = frozenset()
    clarifications: int = 0
    talked: bool = False
    waiting: bool = False
    assured: bool = False
    now: int = 0


@dataclass(frozen=True, slots=True)
class Silence:
    """Say nothing: nothing was asked, or all has been said."""


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
    """Open a ticket; candidates are the matches that were not sure enough. left_open: the questions, in the
    customer's words, that a person will answer; empty where the whole message is handed over."""

    reason: Reason
    candidates: tuple[Match, ...] = ()
    left_open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer from these entries, one after the other; rest is for what was said beside them."""

    matches: tuple[Match, ...]
    rest: Clarify | HandOff | Say | None = None


Decision = Answer | Clarify | HandOff | OfferPerson | Say | Silence
Found = Mapping[str, Sequence[Match]]


@dataclass(frozen=True, slots=True)
class Limits:
    """The thresholds in force, and how often in a row we may ask back."""

    thresholds: Thresholds
    clarifications: int = 2


def read(situation: Situation, limits: Limits) -> tuple[str, ...]:
    """The texts to look up in the knowledge base before deciding; none if the decision needs no look-up."""
    if _without_lookup(situation, limits) is not None:
        return ()
    return asked(situation.text, situation.before).texts


def decide(situation: Situation, found: Found, limits: Limits) -> Decision:
    """The decision. found holds the matches, best first, of each text that read() named."""
    settled = _without_lookup(situation, limits)
    if settled is not None:
        return settled
    asking = asked(situation.text, situation.before)
    wanted = wish(situation.text)
    if wanted in (Wish.DANGER, Wish.COMPLAINT):
        return _person_at_once(situation, wanted, asking, found, limits)
    return _several(situation, asking, found, limits) or _one(situation, _best(asking, found), limits)


# --- Without looking anything up --------------------------------------------------------------------------------


def _without_lookup(situation: Situation, limits: Limits) -> Decision | None:
    """The decision where no look-up is needed, else None."""
    pressed = _pressed(situation, limits)
    if pressed is not None:
        return pressed
    if situation.details is not None:
        return Say(Remark.CONTACT_SAVED, situation.details)
    if not situation.text and situation.chosen is None:
        return _reassure(situation, Remark.NOTED) if situation.waiting else HandOff(Reason.FILE)
    return _wished(situation, limits)


def _pressed(situation: Situation, limits: Limits) -> Decision | None:
    match situation.action:
        case Action.HUMAN:
            return _call_person(situation)
        case Action.SOLVED:
            return Say(Remark.SOLVED)
        case Action.UNSOLVED if situation.waiting or situation.unsolved:
            return _call_person(situation)
        case Action.UNSOLVED:
            return OfferPerson()
        case Action.NONE:
            return _not_understood(situation, limits)
        case Action.CONTACT_REFUSED:
            return Say(Remark.CONTACT_REFUSED)
    return None if situation.chosen is None else Answer((_certain(situation.chosen),))


def _certain(entry: Entry) -> Match:
    """A match that the customer made by choosing it."""
    return Match(entry, score=1.0, confidence=1.0, wording=entry.question, why={"chosen": 1.0})


def _wished(situation: Situation, limits: Limits) -> Decision | None:
    """What follows from a wish alone; None if the knowledge base has to be asked."""
    match wish(situation.text):
        case Wish.PERSON:
            return _call_person(situation)
        case Wish.ANGER:
            return _reassure(situation, Remark.REGRET) if situation.waiting else HandOff(Reason.COMPLAINT)
        case Wish.COMPLAINT if not asks(situation.text):
            return _reassure(situation, Remark.REGRET) if situation.waiting else HandOff(Reason.COMPLAINT)
        case Wish.NOTHING:
            return _not_understood(situation, limits)
        case Wish.GREETING if situation.waiting:
            return Say(Remark.WAITING)
        case Wish.ACKNOWLEDGEMENT if situation.waiting or situation.talked or situation.clarifications:
            return Silence()
        case Wish.GREETING | Wish.IDENTITY | Wish.THANKS | Wish.ACKNOWLEDGEMENT | Wish.FAREWELL as polite:
            return Say(Remark(polite.value))
    if asked(situation.text, situation.before).bare:
        return _not_understood(situation, limits)
    return None


def _call_person(situation: Situation) -> Decision:
    """A person, as asked for; somebody whom an answer did not help is not asked why."""
    if situation.waiting:
        return Say(Remark.WAITING)
    return HandOff(Reason.NOT_SOLVED if situation.unsolved else Reason.ASKED_FOR_PERSON)


def _reassure(situation: Situation, remark: Remark) -> Say | Silence:
    """Say that a person will answer, but not after every line."""
    return Silence() if situation.assured else Say(remark)


def _not_understood(situation: Situation, limits: Limits) -> Decision:
    """Ask to put it differently, unless that has been tried often enough."""
    if situation.waiting:
        return _reassure(situation, Remark.NOTED)
    if situation.clarifications < limits.clarifications:
        return Clarify()
    return HandOff(Reason.NOT_UNDERSTOOD)


# --- With what was looked up ------------------------------------------------------------------------------------


def _person_at_once(situation: Situation, wanted: Wish, asking: Asked, found: Found, limits: Limits) -> Decision:
    """A person without delay, and beside that whatever we can answer with certainty."""
    best = _best(asking, found)
    if situation.waiting and wanted is not Wish.DANGER:
        rest: HandOff | Say = Say(Remark.REGRET)
    else:
        reason = Reason.DANGER if wanted is Wish.DANGER else Reason.COMPLAINT
        rest = HandOff(reason, tuple(best[:MOST_CANDIDATES]))
    return Answer((best[0],), rest) if _sure(situation, best, limits) else rest


def _several(situation: Situation, asking: Asked, found: Found, limits: Limits) -> Answer | None:
    """An answer to two or more questions asked at once, or None when it is one question after all."""
    whole = _best_of(asking.whole, found)
    if asking.loose:
        answers = _answers(situation, asking.loose, found, limits)
        each_surer = all(one.confidence > _confidence(whole) for one in answers)
        return Answer(answers) if len(answers) == len(asking.loose) and each_surer else None
    answers = _answers(situation, asking.parts, found, limits)
    unsure = [part for part in asking.parts if not _sure(situation, found.get(part, ()), limits)]
    if not answers or (len(answers) == 1 and (not unsure or _sure(situation, whole, limits))):
        return None
    return Answer(answers, _beside(_one(situation, found.get(unsure[0], ()), limits)) if unsure else None)


def _beside(decision: Decision) -> Clarify | HandOff | Say | None:
    """What may stand beside an answer."""
    return decision if isinstance(decision, Clarify | HandOff | Say) else None


def _answers(situation: Situation, parts: Iterable[str], found: Found, limits: Limits) -> tuple[Match, ...]:
    """The sure matches of these questions, one of each entry, in the order asked."""
    lists = [found.get(part, ()) for part in parts]
    sure = [matches[0] for matches in lists if _sure(situation, matches, limits)]
    return tuple({match.entry.id: match for match in sure}.values())


def _best(asking: Asked, found: Found) -> Sequence[Match]:
    """The matches of the surest reading: the message as one question, or one of its questions."""
    return _best_of((*asking.whole, *asking.parts), found)


def _best_of(texts: Iterable[str], found: Found) -> Sequence[Match]:
    return max((found.get(text, ()) for text in texts), key=_confidence, default=())


def _confidence(matches: Sequence[Match]) -> float:
    return matches[0].confidence if matches else 0.0


def _one(situation: Situation, matches: Sequence[Match], limits: Limits) -> Decision:
    if _sure(situation, matches, limits):
        return Answer((matches[0],))
    if situation.waiting:
        return _reassure(situation, Remark.NOTED)
    best = tuple(matches[:MOST_CANDIDATES])
    if best and best[0].entry.id in situation.unsolved:
        return HandOff(Reason.NOT_SOLVED, best)
    plausible = _confidence(matches) >= limits.thresholds.clarify
    open_to_customer = [match for match in matches if match.entry.is_for_customers(situation.now)]
    if best and best[0] in open_to_customer[:1] and plausible and situation.clarifications < limits.clarifications:
        return Clarify(tuple(open_to_customer[:MOST_CANDIDATES]))
    return HandOff(Reason.NOT_UNDERSTOOD, best)


def _sure(situation: Situation, matches: Sequence[Match], limits: Limits) -> bool:
    return sure(matches, limits, situation.unsolved, situation.now)


def sure(matches: Sequence[Match], limits: Limits, unsolved: frozenset[str], now: int) -> bool:
    """Whether the first match may be given as the answer; never one that has just failed to help.

    A match that customers may not read stands in the way of those behind it: they would be the wrong answer.
    """
    if not matches or matches[0].entry.id in unsolved:
        return False
    if not matches[0].entry.is_for_customers(now):
        return False
    return matches[0].confidence >= limits.thresholds.answer
