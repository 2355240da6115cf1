"""What one gets without any of this: the nearest wording by BM25 or by rapidfuzz, on the same questions."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from knowledgebase.judging.trials import Question
from knowledgebase.matching.terms import grams
from knowledgebase.model import Entry
from knowledgebase.wording.text import normalise

K1, B = 1.2, 0.75
_MARKS = re.compile(r"[^\w]+")
# For a question how near each wording is.
Scorer = Callable[[str], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a method gets: shares of 1. accuracy: of the questions in scope those whose first match is right.

    sure and right: for each question the score of its first match, and whether that is right.
    """

    accuracy: float
    sure: NDArray[np.float64]
    right: NDArray[np.float64]


def baselines(entries: Sequence[Entry], questions: Sequence[Question]) -> dict[str, Baseline]:
    """Both methods on these questions, by their names."""
    wordings = [(entry.id, _bare(text)) for entry in entries for text in (entry.question, *entry.similar)]
    texts = [text for _, text in wordings]
    owners = [owner for owner, _ in wordings]
    return {
        "BM25, characters and pairs": _asked(owners, questions, bm25(texts)),
        "rapidfuzz ratio": _asked(owners, questions, lambda asked: process.cdist([asked], texts, scorer=fuzz.ratio)[0]),
    }


def bm25(texts: Sequence[str]) -> Scorer:
    """BM25 over characters and pairs of them (Robertson and Zaragoza, 2009), exact."""
    bags = [Counter(grams(text)) for text in texts]
    lengths = np.array([bag.total() for bag in bags], float)
    saturation = K1 * (1 - B + B * lengths / max(float(lengths.mean()), 1.0)) if bags else lengths
    postings: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, bag in enumerate(bags):
        for term, count in bag.items():
            postings[term].append((place, count))
    worth = {}
    for term, holders in postings.items():
        places, counts = np.array(holders).T
        rarity = np.log1p((len(texts) - len(holders) + 0.5) / (len(holders) + 0.5))
        worth[term] = places, rarity * counts * (K1 + 1) / (counts + saturation[places])

    def score(asked: str) -> NDArray[np.float64]:
        scores = np.zeros(len(texts))
        for term in set(grams(asked)) & worth.keys():
            places, added = worth[term]
            scores[places] += added
        return scores

    return score


def _asked(owners: Sequence[str], questions: Sequence[Question], score: Scorer) -> Baseline:
    sure, right = np.zeros(len(questions)), np.zeros(len(questions))
    for at, question in enumerate(questions if owners else ()):
        scores = score(_bare(question.utterance))
        nearest = int(np.argmax(scores))
        sure[at], right[at] = scores[nearest], scores[nearest] > 0 and owners[nearest] in question.expected
    in_scope = np.array([bool(question.expected) for question in questions], bool)
    return Baseline(float(right[in_scope].mean()) if in_scope.any() else 0.0, sure, right)


def _bare(text: str) -> str:
    return _MARKS.sub("", normalise(text))
