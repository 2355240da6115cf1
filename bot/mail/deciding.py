"""What to do with a mail. Pure, as bot.decide is, whose ladder it follows with a letter's manners.

Nothing is asked back and nothing is said for politeness' sake: each mail of ours is an answer, or says that a person
will answer. Whoever replies to us gets a person; while one is awaited, nothing more is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.decide import MOST_CANDIDATES, Answer, Decision, Found, HandOff, Limits, Silence, sure
from bot.intent import Wish
from bot.mail.asking import MailAsked, Question
from knowledgebase.model import Match
from tickets.model import Reason

# Anything else than thanks, after a word of ours, is for a person.
LEAVE = frozenset({Wish.THANKS, Wish.ACKNOWLEDGEMENT, Wish.FAREWELL})
_AT_ONCE: dict[Wish | None, Reason] = {
    Wish.DANGER: Reason.DANGER,
    Wish.ANGER: Reason.COMPLAINT,
    Wish.COMPLAINT: Reason.COMPLAINT,
    Wish.PERSON: Reason.ASKED_FOR_PERSON,
    Wish.IDENTITY: Reason.ASKED_FOR_PERSON,
}


@dataclass(frozen=True, slots=True)
class MailSituation:
    """A mail and all that the decision about it may depend on, but for what is looked up.

    wish: what is wanted beside information. solved: it says that our answer helped. replied: we have said something
    in this conversation before. waiting: a person is awaited and has not taken over. unsolved: the entries that did
    not help. now: when it is decided.
    """

    asked: MailAsked
    wish: Wish | None = None
    solved: bool = False
    replied: bool = False
    waiting: bool = False
    unsolved: frozenset[str] = frozenset()
    now: int = 0

    @property
    def content(self) -> bool:
        """Whether it says anything that needs an answer, after a word of ours: no thanks, no 解决了."""
        if self.solved or self.wish in LEAVE:
            return False
        return bool(self.asked.said) or not self.asked.polite


def read_mail_for(situation: MailSituation) -> tuple[str, ...]:
    """The texts to look up before deciding; none if the decision needs no look-up."""
    if _without_lookup(situation) is not None:
        return ()
    return situation.asked.texts


def decide_mail(situation: MailSituation, found: Found, limits: Limits) -> Decision:
    """The decision. found holds the matches, best first, of each text that read_mail_for() named."""
    settled = _without_lookup(situation)
    if settled is not None:
        return settled
    asked = situation.asked
    read = [(one, _read(one, found, situation, limits)) for one in asked.questions]
    candidates = _candidates(found)
    if asked.story or not any(matches for _, matches in read):
        return HandOff(Reason.NOT_UNDERSTOOD, candidates, _named(asked))
    answers = {match.entry.id: match for _, matches in read for match in matches}
    left = (*(one.wording for one, matches in read if not matches), *asked.beyond)
    rest = HandOff(Reason.NOT_UNDERSTOOD, _candidates(found, frozenset(answers)), left) if left else None
    return Answer(tuple(answers.values()), rest)


def unspoken(decision: Decision) -> Decision:
    """The same where nothing may be said: whatever would have been answered is for a person."""
    match decision:
        case Answer(matches, HandOff(reason=reason, candidates=others)):
            return HandOff(reason, (*matches, *others)[:MOST_CANDIDATES])
        case Answer(matches):
            return HandOff(Reason.NOT_UNDERSTOOD, matches[:MOST_CANDIDATES])
    return decision


def _without_lookup(situation: MailSituation) -> Decision | None:
    """The decision where no look-up is needed, else None."""
    if situation.wish is Wish.DANGER:
        return HandOff(Reason.DANGER)
    if situation.waiting:
        return Silence()
    if situation.replied:
        return HandOff(_AT_ONCE.get(situation.wish, Reason.NOT_SOLVED)) if situation.content else Silence()
    if situation.wish in _AT_ONCE:
        return HandOff(_AT_ONCE[situation.wish])
    return None if situation.asked.questions else HandOff(Reason.NOT_UNDERSTOOD)


def _read(question: Question, found: Found, situation: MailSituation, limits: Limits) -> tuple[Match, ...]:
    """The matches that answer this question for sure; none if it is left open."""
    lists = [found.get(text, ()) for text in question.readings]
    whole = max(lists, key=_confidence, default=())
    loose = [found.get(text, ()) for text in question.loose]
    if loose and all(
        sure(one, limits, situation.unsolved, situation.now) and _confidence(one) > _confidence(whole) for one in loose
    ):
        return tuple(one[0] for one in loose)
    if any(one and _contradicts(one, whole, limits) for one in lists):
        return ()
    return (whole[0],) if sure(whole, limits, situation.unsolved, situation.now) else ()


def _contradicts(reading: Sequence[Match], whole: Sequence[Match], limits: Limits) -> bool:
    """Whether another way to read the question may well mean another entry."""
    return reading[0].entry.id != whole[0].entry.id and reading[0].confidence >= limits.thresholds.answer / 2


def _confidence(matches: Sequence[Match]) -> float:
    return matches[0].confidence if matches else 0.0


def _candidates(found: Found, without: frozenset[str] = frozenset()) -> tuple[Match, ...]:
    """The surest matches of all that was looked up, one of each entry."""
    best: dict[str, Match] = {}
    for match in sorted((one for matches in found.values() for one in matches), key=lambda one: -one.confidence):
        if match.entry.id not in without:
            best.setdefault(match.entry.id, match)
    return tuple(best.values())[:MOST_CANDIDATES]


def _named(asked: MailAsked) -> tuple[str, ...]:
    """What is left open where nothing could be answered: of one question no list is made."""
    wordings = (*(one.wording for one in asked.questions), *asked.beyond)
    return wordings if len(wordings) > 1 else ()
