"""Questions that customers asked in vain, gathered into topics, each with what an editor might do about it. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from knowledgebase.learning.asked import AskedQuestion, Decided, given_entry
from knowledgebase.learning.likeness import CUT, CUT_BY_MEANING, Floats, Meaning, likeness, together
from knowledgebase.model import Match
from knowledgebase.wording.text import Vocabulary, compact

WEEK_MS = 7 * 24 * 60 * 60 * 1000
# So far back questions are looked at, and at most so many of them, the newest.
WINDOW_MS = 4 * WEEK_MS
MOST_QUESTIONS = 1_000
# So many texts of the knowledge base show which words are common.
MOST_KNOWN = 4_000
MOST_NEAR = 5
# So long a customer who was asked back may still choose.
OPEN_MS = 10 * 60 * 1000
# An entry that answers a topic more likely than not wants its wordings. On the demo, with and without the entries
# that answer the development questions, this tells both apart in four of five topics.
LIKELY = 0.5


class Suggestion(StrEnum):
    """What might be done about a topic: write an entry, teach one this wording, or rewrite an answer."""

    NEW_ENTRY = "new_entry"
    ADD_WORDING = "add_wording"
    REWRITE = "rewrite"


@dataclass(frozen=True, slots=True)
class Search:
    """What the knowledge base in force has for the questions: for each text the matches, best first.

    known: its own wordings. answer: the least confidence for an answer. meaning: the vectors of the texts, None
    where there are none.
    """

    found: Mapping[str, Sequence[Match]]
    known: Sequence[str]
    vocabulary: Vocabulary
    answer: float
    meaning: Meaning | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """Questions that mean the same, newest first.

    wordings: each way in which it was asked, the most typical first. this_week counts the last seven days,
    week_before the seven before them. near: the published entries that are nearest to all of them together, each
    with its mean confidence, best first, at most MOST_NEAR. target_id: the entry that the suggestion is about, None
    for a new one.
    """

    questions: tuple[AskedQuestion, ...]
    wordings: tuple[str, ...]
    this_week: int
    week_before: int
    near: tuple[tuple[Match, float], ...]
    suggestion: Suggestion
    target_id: str | None

    @property
    def key(self) -> str:
        """The message that asked first: it names the topic as long as it waits."""
        return min(question.message_id for question in self.questions)

    @property
    def nearest(self) -> tuple[Match, float] | None:
        """The nearest published entry with its mean confidence."""
        return self.near[0] if self.near else None

    @property
    def answered_by_agents(self) -> bool:
        """Whether a ticket with one of these questions has been resolved."""
        return any(question.ticket_id is not None for question in self.questions)

    @property
    def title(self) -> str:
        """The most typical wording."""
        return self.wordings[0]


def waits(question: AskedQuestion) -> bool:
    """Whether the question was asked in vain and nobody has dealt with it: not understood, asked back about and
    nothing chosen, handed over, or answered and 没解决."""
    if question.act_id is not None or question.corrected_entry_id is not None or question.solved is True:
        return False
    return question.solved is False or (given_entry(question) is None and not _answered_by_several(question))


def topics(questions: Iterable[AskedQuestion], search: Search, now: int) -> list[Topic]:
    """The topics of those that wait, the most frequent first. What the knowledge base answers by now is left out."""
    waiting = [one for one in questions if waits(one) and not _is_open(one, now) and not _is_answered_now(one, search)]
    by_text: dict[str, list[AskedQuestion]] = {}
    for question in waiting:
        by_text.setdefault(compact(question.text), []).append(question)
    texts = [asked[0].text for asked in by_text.values()]
    asked = list(by_text.values())
    found = [search.found.get(text, ()) for text in texts]
    alike = likeness(texts, found, search.known, search.vocabulary, search.meaning)
    groups = together(alike, CUT if search.meaning is None else CUT_BY_MEANING)
    gathered = [_topic([asked[place] for place in group], alike[np.ix_(group, group)], search, now) for group in groups]
    return sorted(gathered, key=lambda topic: (-len(topic.questions), -topic.questions[0].asked_at, topic.key))


def _answered_by_several(question: AskedQuestion) -> bool:
    return question.decision is Decided.ANSWER and question.entry_id is None


def _is_open(question: AskedQuestion, now: int) -> bool:
    """Whether we have just asked back, and the customer may still choose."""
    return question.decision is Decided.CLARIFY and question.asked_at > now - OPEN_MS


def _is_answered_now(question: AskedQuestion, search: Search) -> bool:
    """Whether an answer that the customer did not have yet would be given today."""
    matches = search.found.get(question.text, ())
    if not matches or matches[0].confidence < search.answer:
        return False
    best = matches[0].entry
    return question.solved is not False or (best.id, best.version) != (given_entry(question), question.entry_version)


def _topic(asked: Sequence[Sequence[AskedQuestion]], alike: Floats, search: Search, now: int) -> Topic:
    times = [len(each) for each in asked]
    questions = sorted((one for each in asked for one in each), key=lambda one: (-one.asked_at, one.message_id))
    near = _near([search.found.get(each[0].text, ()) for each in asked], times)
    suggestion, target = _suggestion(questions, near)
    return Topic(
        questions=tuple(questions),
        wordings=tuple(asked[place][0].text for place in _typical(asked, alike, times)),
        this_week=sum(one.asked_at > now - WEEK_MS for one in questions),
        week_before=sum(now - 2 * WEEK_MS < one.asked_at <= now - WEEK_MS for one in questions),
        near=near,
        suggestion=suggestion,
        target_id=target,
    )


def _typical(asked: Sequence[Sequence[AskedQuestion]], alike: Floats, times: Sequence[int]) -> list[int]:
    """The places of the wordings, those before that are most like all that was asked, the shorter of equals."""
    likeness_to_all = np.round(alike @ np.array(times, float), 6)
    return sorted(range(len(asked)), key=lambda place: (-likeness_to_all[place], len(asked[place][0].text), place))


def _near(found: Sequence[Sequence[Match]], times: Sequence[int]) -> tuple[tuple[Match, float], ...]:
    """The entries with the highest mean confidence over all that was asked, and that mean."""
    sums: dict[str, float] = defaultdict(float)
    best: dict[str, Match] = {}
    for matches, count in zip(found, times, strict=True):
        for match in matches:
            sums[match.entry.id] += match.confidence * count
            if match.entry.id not in best or match.confidence > best[match.entry.id].confidence:
                best[match.entry.id] = match
    nearest_first = sorted(sums, key=lambda one: (-sums[one], one))[:MOST_NEAR]
    return tuple((best[entry_id], sums[entry_id] / sum(times)) for entry_id in nearest_first)


def _suggestion(
    questions: Sequence[AskedQuestion], near: Sequence[tuple[Match, float]]
) -> tuple[Suggestion, str | None]:
    disputed = Counter(given_entry(one) for one in questions if one.solved is False)
    entry_id, count = disputed.most_common(1)[0] if disputed else (None, 0)
    if entry_id is not None and 2 * count > len(questions):
        return Suggestion.REWRITE, entry_id
    if near and near[0][1] >= LIKELY:
        return Suggestion.ADD_WORDING, near[0][0].entry.id
    return Suggestion.NEW_ENTRY, None
