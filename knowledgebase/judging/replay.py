"""What a change does to the answers: the same questions asked of two knowledge bases, and where they part.

``ask`` looks up, ``outcomes`` decides by the thresholds of each question's channel, ``compare`` names the flips.
Kept apart, so that outcomes that were accepted earlier can stand in the place of a knowledge base.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from knowledgebase.errors import ReplayAbandoned
from knowledgebase.judging.evaluate import decide
from knowledgebase.model import Entry, Match, Thresholds

Search = Callable[[str], Sequence[Match]]
ANSWER, CLARIFY, HANDOFF = "answer", "clarify", "handoff"


class Source(StrEnum):
    """Where a replayed question comes from."""

    LABELLED = "labelled"
    REAL = "real"


class FlipKind(StrEnum):
    """flipped: another entry is answered or offered first; appeared: answered now and not before; vanished: the
    other way round."""

    FLIPPED = "flipped"
    APPEARED = "appeared"
    VANISHED = "vanished"


class Mark(StrEnum):
    """What a flip does to a question whose right answer is known."""

    BETTER = "better"
    WORSE = "worse"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Replayed:
    """A question to replay; expected is None where nobody has said what is right, empty where nothing is.

    conversation_id: whose words these are, so that they can be deleted with them.
    """

    utterance: str
    source: Source
    channel: str = "chat"
    expected: frozenset[str] | None = None
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a question: the decision, and the entry that is answered from or offered first.

    answer is a fingerprint of the text that the customer gets, empty unless the decision is to answer.
    """

    decision: str
    entry_id: str | None = None
    version: int = 0
    question: str = ""
    answer: str = ""
    confidence: float = 0.0

    @property
    def same_thing(self) -> tuple[str, str | None]:
        """What two outcomes have in common that need no second acceptance."""
        return self.decision, self.entry_id


@dataclass(frozen=True, slots=True)
class Flip:
    """A question that is answered otherwise; mark is None where nobody has said what is right."""

    kind: FlipKind
    question: Replayed
    before: Outcome
    after: Outcome
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a replay in numbers of questions; right counts among labelled_answered."""

    answered: int = 0
    clarified: int = 0
    labelled_answered: int = 0
    right: int = 0

    @property
    def precision(self) -> float | None:
        """The share of labelled answers that are right; None without any."""
        return self.right / self.labelled_answered if self.labelled_answered else None


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay found. reworded: same entry answered with another text; asked_back: answered on neither side,
    but asked back on one of them."""

    questions: int
    labelled: int
    flips: tuple[Flip, ...]
    reworded: int
    asked_back: int
    before: Side
    after: Side

    def count(self, kind: FlipKind) -> int:
        """How many flips of this kind there are."""
        return sum(flip.kind is kind for flip in self.flips)


def _everyone(_entry: Entry) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class State:
    """A knowledge base as it is asked, with its thresholds by channel; told says which entries customers are told.

    search gives the matches of a text, best first; that of the same knowledge base is the same one.
    """

    search: Search
    thresholds: Mapping[str, Thresholds]
    told: Callable[[Entry], bool] = field(default=_everyone)


def spread(questions: Sequence[Replayed], before: State | None, after: State) -> list[Replayed]:
    """The questions, each labelled one once for every channel in which it may fare differently."""
    standing: dict[tuple[Thresholds | None, Thresholds], str] = {}
    for channel, thresholds in after.thresholds.items():
        standing.setdefault((before.thresholds.get(channel) if before else None, thresholds), channel)
    return [
        replace(question, channel=channel)
        for question in questions
        for channel in (standing.values() if question.source is Source.LABELLED else (question.channel,))
    ]


def replay(
    before: State,
    after: State,
    questions: Sequence[Replayed],
    progress: Callable[[int, int], None] = lambda done, total: None,
    abandoned: Callable[[], bool] = lambda: False,
) -> tuple[Replay, list[Outcome]]:
    """Ask all questions of both sides; returns what differs, and the outcomes after. The same arguments give the
    same result.

    progress gets how many look-ups are done, and of how many. Raises ReplayAbandoned soon after abandoned says so.
    """
    texts = list(dict.fromkeys(question.utterance for question in questions))
    total = len(texts) * (1 if before.search is after.search else 2)
    found = ask(before.search, texts, lambda done: progress(done, total), abandoned)
    found_after = found
    if before.search is not after.search:
        found_after = ask(after.search, texts, lambda done: progress(len(texts) + done, total), abandoned)
    then = outcomes(before, questions, found)
    now = outcomes(after, questions, found_after)
    return compare(questions, then, now), now


def replay_accepted(
    accepted: Sequence[tuple[Replayed, Outcome]],
    now: State,
    questions: Sequence[Replayed],
    progress: Callable[[int, int], None] = lambda done, total: None,
    abandoned: Callable[[], bool] = lambda: False,
) -> tuple[Replay, list[tuple[Replayed, Outcome]]]:
    """What has changed by itself since outcomes were accepted: by a model, a calibration, the settings, the time.

    Of questions that were not asked then only the outcome now is told.
    """
    known = {(question.utterance, question.channel) for question, _ in accepted}
    fresh = [each for each in spread(questions, None, now) if (each.utterance, each.channel) not in known]
    asked = [question for question, _ in accepted if question.channel in now.thresholds] + fresh
    texts = list(dict.fromkeys(question.utterance for question in asked))
    found = ask(now.search, texts, lambda done: progress(done, len(texts)), abandoned)
    today = outcomes(now, asked, found)
    then = [outcome for question, outcome in accepted if question.channel in now.thresholds]
    return compare(asked, [*then, *today[len(then) :]], today), list(zip(asked, today, strict=True))


def ask(
    search: Search,
    texts: Sequence[str],
    progress: Callable[[int], None] = lambda done: None,
    abandoned: Callable[[], bool] = lambda: False,
) -> dict[str, Match | None]:
    """The first match of each text, or None. Raises ReplayAbandoned soon after abandoned says so."""
    found: dict[str, Match | None] = {}
    for done, text in enumerate(texts, 1):
        if abandoned():
            raise ReplayAbandoned(f"given up after {done - 1} of {len(texts)} questions")
        found[text] = next(iter(search(text)), None)
        progress(done)
    return found


def outcomes(state: State, questions: Sequence[Replayed], found: Mapping[str, Match | None]) -> list[Outcome]:
    """What becomes of each question on the terms of its channel."""
    return [_outcome(state, question.channel, found[question.utterance]) for question in questions]


def compare(questions: Sequence[Replayed], before: Sequence[Outcome], after: Sequence[Outcome]) -> Replay:
    """Where two rows of outcomes part, in the order of the questions."""
    flips, reworded, asked_back = [], 0, 0
    for question, then, now in zip(questions, before, after, strict=True):
        if (kind := flip_kind(then, now)) is not None:
            flips.append(Flip(kind, question, then, now, mark(question.expected, then, now)))
        elif then.decision != now.decision:
            asked_back += 1
        elif then.answer != now.answer:
            reworded += 1
    labelled = sum(question.expected is not None for question in questions)
    sides = (_side(questions, before), _side(questions, after))
    return Replay(len(questions), labelled, tuple(flips), reworded, asked_back, *sides)


def flip_kind(before: Outcome, after: Outcome) -> FlipKind | None:
    """What kind of flip these two outcomes of a question are; None if they are none."""
    if before.decision == ANSWER != after.decision:
        return FlipKind.VANISHED
    if after.decision == ANSWER != before.decision:
        return FlipKind.APPEARED
    if before.decision == after.decision and before.entry_id != after.entry_id:
        return FlipKind.FLIPPED
    return None


def mark(expected: frozenset[str] | None, before: Outcome, after: Outcome) -> Mark | None:
    """Whether the change is one for the better, as far as anybody has said what is right."""
    if expected is None:
        return None
    gain = _worth(expected, after) - _worth(expected, before)
    return Mark.NEITHER if gain == 0 else Mark.BETTER if gain > 0 else Mark.WORSE


def is_right(expected: frozenset[str] | None, outcome: Outcome) -> bool | None:
    """Whether this is what should be done; None where nobody has said so, or where asking back decides nothing."""
    if expected is None or outcome.decision == CLARIFY:
        return None
    if outcome.decision == HANDOFF:
        return True if not expected else None
    return outcome.entry_id in expected


def _outcome(state: State, channel: str, match: Match | None) -> Outcome:
    if match is None:
        return Outcome(HANDOFF)
    entry = match.entry
    decision = decide(match.confidence, state.thresholds[channel])
    if decision == HANDOFF or not state.told(entry):
        return Outcome(HANDOFF, confidence=round(match.confidence, 6))
    answer = _fingerprint(entry.answer_for(channel)) if decision == ANSWER else ""
    return Outcome(decision, entry.id, entry.version, entry.question, answer, round(match.confidence, 6))


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _worth(expected: frozenset[str], outcome: Outcome) -> int:
    """A wrong answer costs more than a ticket; the right one offered is worth less than given."""
    if outcome.decision == ANSWER:
        return 2 if outcome.entry_id in expected else -2
    if outcome.decision == CLARIFY:
        return int(outcome.entry_id in expected)
    return int(not expected)


def _side(questions: Sequence[Replayed], those: Sequence[Outcome]) -> Side:
    answered = [(question, outcome) for question, outcome in zip(questions, those, strict=True) if outcome.answer]
    known = [question.expected for question, _ in answered if question.expected is not None]
    right = sum(
        outcome.entry_id in question.expected for question, outcome in answered if question.expected is not None
    )
    return Side(len(answered), sum(outcome.decision == CLARIFY for outcome in those), len(known), right)
