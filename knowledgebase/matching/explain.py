"""Why an utterance was matched as it was: what was read, what joined it to an entry, and what was decided.

Works from the same search that answers customers, so that an explanation is never about anything else. Words for
people stand in templates/explain/; here are only facts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate, pairwise

from knowledgebase.encoders.encoder import Rows
from knowledgebase.judging.evaluate import decide
from knowledgebase.matching.match import FEATURES, Matcher
from knowledgebase.model import Match, Thresholds
from knowledgebase.search import VERBATIM, KnowledgeBase
from knowledgebase.wording.contrasts import Contrast, Topic, compare
from knowledgebase.wording.text import Vocabulary, compact, normalise, pinyin


class Link(StrEnum):
    """What joins a word of the question to a wording.

    SOUND: it sounds like what stands there. TYPO: one character is another, between the same neighbours, and no
    entry has it between them. PART: only some of its characters stand there.
    """

    SAME = "same"
    SYNONYM = "synonym"
    SOUND = "sound"
    TYPO = "typo"
    PART = "part"
    MISSING = "missing"


class Group(StrEnum):
    """Features by what they look at."""

    WORDS = "words"
    SOUND = "sound"
    THEME = "theme"
    MEANING = "meaning"
    ANSWER = "answer"
    AGREEMENTS = "agreements"
    CONTRADICTIONS = "contradictions"


class Ground(StrEnum):
    """Why a decision is what it is."""

    EMPTY = "empty"
    NOTHING_SHARED = "nothing_shared"
    VERBATIM = "verbatim"
    SURE = "sure"
    PLAUSIBLE = "plausible"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it was read. meaning: the word that stands for its synonyms.

    counts: it is no filler. known: some entry has a wording with this meaning.
    """

    said: str
    meaning: str
    counts: bool
    known: bool


@dataclass(frozen=True, slots=True)
class Joint:
    """A word of the question, and what stands for it in the wording ('' if nothing does).

    sound: for Link.SOUND the syllables of the characters that were taken for others.
    """

    said: str
    link: Link
    there: str
    sound: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What a group of features adds to the score of a match; share: of all that speaks for it."""

    group: Group
    points: float
    share: float


@dataclass(frozen=True, slots=True)
class MatchExplained:
    """Why an entry is where it is among the matches.

    wording: the question of the entry that was nearest. shared: the characters of the question that stand in it,
    in the question's order.
    """

    entry_id: str
    version: int
    question: str
    wording: str
    score: float
    confidence: float
    joints: tuple[Joint, ...]
    shared: str
    contrasts: tuple[Contrast, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """An utterance explained.

    normalised: the text in one spelling; read: the same as it is compared, without spaces and punctuation.
    unseen: characters that no entry has ever said. margin: how much surer the first match is than the second.
    """

    normalised: str
    read: str
    words: tuple[Word, ...]
    unseen: str
    matches: tuple[MatchExplained, ...]
    margin: float | None
    thresholds: Thresholds
    decision: str
    ground: Ground


def explain(
    knowledge_base: KnowledgeBase,
    utterance: str,
    limit: int = 3,
    thresholds: Thresholds | None = None,
    vector: Rows | None = None,
) -> Explanation:
    """Why the knowledge base matches an utterance as it does: at most limit matches, best first.

    The decision is that of these thresholds, by default those of the knowledge base, on the matching alone.
    vector: the utterance's, if the knowledge base has vectors.
    """
    in_force = thresholds or knowledge_base.thresholds
    matcher, asked = knowledge_base.matcher, compact(utterance)
    words = tuple(_words(matcher, asked))
    matches = knowledge_base.search(utterance, max(limit, 2), vector)
    return Explanation(
        normalised=normalise(utterance),
        read=asked,
        words=words,
        unseen="".join(dict.fromkeys(one for one in asked if not matcher.holds_characters(one))),
        matches=tuple(_explained(knowledge_base, asked, words, match) for match in matches[:limit]),
        margin=matches[0].confidence - matches[1].confidence if len(matches) > 1 else None,
        thresholds=in_force,
        decision=decide(matches[0].confidence if matches else 0.0, in_force),
        ground=_ground(asked, matches, in_force),
    )


def _words(matcher: Matcher, asked: str) -> Iterator[Word]:
    vocabulary = matcher.vocabulary
    counted = set(vocabulary.tokens(asked))
    for said in vocabulary.cut(asked):
        meaning = vocabulary.synonyms.get(said, said)
        yield Word(said, meaning, meaning in counted, matcher.holds_word(meaning))


def _ground(asked: str, matches: Sequence[Match], thresholds: Thresholds) -> Ground:
    if not asked:
        return Ground.EMPTY
    if not matches:
        return Ground.NOTHING_SHARED
    first = matches[0]
    if first.confidence < thresholds.clarify:
        return Ground.UNSURE
    if first.confidence < thresholds.answer:
        return Ground.PLAUSIBLE
    verbatim = first.confidence >= VERBATIM and compact(first.wording) == asked
    return Ground.VERBATIM if verbatim else Ground.SURE


def _explained(knowledge_base: KnowledgeBase, asked: str, words: Sequence[Word], match: Match) -> MatchExplained:
    wording = compact(match.wording)
    return MatchExplained(
        entry_id=match.entry.id,
        version=match.entry.version,
        question=match.entry.question,
        wording=match.wording,
        score=match.score,
        confidence=match.confidence,
        joints=tuple(_joints(knowledge_base.matcher, asked, words, wording)),
        shared="".join(one for one in asked if one in wording),
        contrasts=(*compare(asked, wording), *_against_question(asked, wording, compact(match.entry.question))),
        parts=_parts(match.why, dict(zip(FEATURES, knowledge_base.weights.ranking.tolist(), strict=True))),
    )


def _against_question(asked: str, wording: str, question: str) -> Iterator[Contrast]:
    """That one of the utterance and the entry's own question denies, where another wording is nearer."""
    if question != wording:
        for contrast in compare(asked, question):
            if contrast.topic is Topic.DENIAL:
                yield replace(contrast, topic=Topic.QUESTION_DENIAL)


# --- What joins the words ---------------------------------------------------------------------------------------


def _joints(matcher: Matcher, asked: str, words: Sequence[Word], wording: str) -> Iterator[Joint]:
    """Each word that counts, with the strongest link that it has to the wording."""
    meanings = _meanings(matcher.vocabulary, wording)
    heard, mistyped = _heard(asked, wording), _mistyped(matcher, asked, wording)
    starts = accumulate((len(word.said) for word in words), initial=0)
    for word, start in zip(words, starts, strict=False):
        if not word.counts:
            continue
        yield (
            _same(word, wording, meanings)
            or _repaired(word.said, start, heard, Link.SOUND, wording)
            or _repaired(word.said, start, mistyped, Link.TYPO, wording)
            or _partly(word.said, wording)
        )


def _meanings(vocabulary: Vocabulary, wording: str) -> dict[str, str]:
    """The first word of the wording for each meaning."""
    meanings: dict[str, str] = {}
    for said in vocabulary.cut(wording):
        meanings.setdefault(vocabulary.synonyms.get(said, said), said)
    return meanings


def _same(word: Word, wording: str, meanings: dict[str, str]) -> Joint | None:
    """The word itself, or another one of the same meaning."""
    if word.said in wording:
        return Joint(word.said, Link.SAME, word.said)
    if word.meaning in meanings:
        return Joint(word.said, Link.SYNONYM, meanings[word.meaning])
    return Joint(word.said, Link.SYNONYM, word.meaning) if word.meaning in wording else None


def _heard(asked: str, wording: str) -> dict[int, str]:
    """By place in the question: the character of the wording that sounds the same, beside a same-sounding one."""
    here, there = pinyin(asked), pinyin(wording)
    places: dict[tuple[str, str], list[int]] = {}
    for at, pair in enumerate(pairwise(here)):
        places.setdefault(pair, []).append(at)
    heard: dict[int, str] = {}
    for at, pair in enumerate(pairwise(there)):
        for place in places.get(pair, ()):
            heard.setdefault(place, wording[at])
            heard.setdefault(place + 1, wording[at + 1])
    return {place: character for place, character in heard.items() if asked[place] != character}


def _mistyped(matcher: Matcher, asked: str, wording: str) -> dict[int, str]:
    """By place in the question: the character of the wording between the same neighbours, if ours is never there."""
    mistyped: dict[int, str] = {}
    between = {(wording[at - 1], wording[at + 1]): wording[at] for at in range(len(wording) - 2, 0, -1)}
    for at in range(1, len(asked) - 1):
        meant = between.get((asked[at - 1], asked[at + 1]), asked[at])
        pairs = (asked[at - 1 : at + 1], asked[at : at + 2])
        if meant != asked[at] and not meant.isascii() and not any(map(matcher.holds_characters, pairs)):
            mistyped[at] = meant
    return mistyped


def _repaired(said: str, start: int, repairs: dict[int, str], link: Link, wording: str) -> Joint | None:
    """The word as it stands in the wording once its mistaken characters are put right."""
    meant = "".join(repairs.get(start + at, character) for at, character in enumerate(said))
    if meant == said or meant not in wording:
        return None
    mistaken = [at for at in range(len(said)) if start + at in repairs]
    sound = " ".join(pinyin(said)[at] for at in mistaken) if link is Link.SOUND else ""
    return Joint(said, link, meant, sound)


def _partly(said: str, wording: str) -> Joint:
    there = "".join(dict.fromkeys(one for one in said if one in wording and not one.isascii()))
    return Joint(said, Link.PART if there else Link.MISSING, there)


# --- What the score is made of ----------------------------------------------------------------------------------


def _parts(why: dict[str, float], weights: dict[str, float]) -> tuple[Part, ...]:
    """What each group of features adds to the score, leaving out those that add nothing."""
    points = dict.fromkeys(Group, 0.0)
    for name, value in why.items():
        points[GROUPS[name]] += weights[name] * value
    speaking_for = sum(each for each in points.values() if each > 0)
    return tuple(Part(group, each, each / (speaking_for or 1.0)) for group, each in points.items() if each)


GROUPS = {
    **dict.fromkeys(
        (
            "characters",
            "characters_of_query",
            "characters_of_wording",
            "words",
            "words_of_query",
            "words_of_wording",
            "ratio",
            "partial_ratio",
            "entry_characters",
            "entry_words",
            "entry_characters_of_query",
            "entry_words_of_query",
        ),
        Group.WORDS,
    ),
    **dict.fromkeys(("sounds", "sound_ratio"), Group.SOUND),
    **dict.fromkeys(("theme_broad", "theme_middle", "theme_fine"), Group.THEME),
    **dict.fromkeys(
        (f"{by}{of}" for by in ("pieces", "meaning") for of in ("", "_of_two", "_of_entry")), Group.MEANING
    ),
    "answer_words": Group.ANSWER,
    **dict.fromkeys(("amount_same", "code_same", "kind_same"), Group.AGREEMENTS),
    **dict.fromkeys(
        (
            "amount_conflict",
            "code_conflict",
            "code_only_here",
            "denial_conflict",
            "denial_of_question",
            "opposite",
            "kind_conflict",
            "length",
        ),
        Group.CONTRADICTIONS,
    ),
}
