"""How alike questions are to one another, and which of them belong together. Pure.

Alike are questions that share rare characters and pairs of characters, that share words (synonyms count as one),
that are near the same entries, and, where vectors are at hand, that lie in the same direction from the middle of the
knowledge base. The weights and cuts were chosen on the demo's development questions, with the entries that answer
them taken out; benchmarks/topics.py measures them on others.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledgebase.encoders.encoder import Rows
from knowledgebase.matching.terms import grams
from knowledgebase.model import Match
from knowledgebase.wording.text import Vocabulary, compact

Floats = NDArray[np.float64]
CHARACTERS, WORDS, ENTRIES = 0.425, 0.425, 0.15
CUT = 0.2
# With vectors what belongs together is more alike.
MEANING, CUT_BY_MEANING = 0.4, 0.26


@dataclass(frozen=True, slots=True)
class Meaning:
    """The vectors of texts, by text, and the mean vector of the knowledge base's own wordings."""

    rows: Mapping[str, Rows]
    middle: Rows


def likeness(
    texts: Sequence[str],
    found: Sequence[Sequence[Match]],
    known: Sequence[str],
    vocabulary: Vocabulary,
    meaning: Meaning | None = None,
) -> Floats:
    """For each two texts a number up to 1. found: what a search finds for each; known: texts that show which words
    are common."""
    compacted, elsewhere = [compact(text) for text in texts], [compact(text) for text in known]
    characters = _weighted([grams(text) for text in compacted], [grams(text) for text in elsewhere])
    words = _weighted([vocabulary.tokens(text) for text in compacted], [vocabulary.tokens(text) for text in elsewhere])
    entries = _neighbourhoods(found)
    alike: Floats = CHARACTERS * (characters @ characters.T) + WORDS * (words @ words.T)
    alike += ENTRIES * (entries @ entries.T)
    if meaning is None or not texts:
        return alike
    directions = _of_length_one(np.stack([meaning.rows[text] for text in texts]).astype(float) - meaning.middle)
    return (1 - MEANING) * alike + MEANING * (directions @ directions.T)


def together(alike: Floats, cut: float = CUT) -> list[list[int]]:
    """The places that belong together: those are joined, again and again, that are most alike on average, until no
    two groups are as alike as the cut. Groups and their places stand in order of their first place.
    """
    means = alike.astype(float)
    np.fill_diagonal(means, -np.inf)
    groups: list[list[int]] = [[place] for place in range(len(means))]
    while (pair := _most_alike(means, cut)) is not None:
        left, right = pair
        ours, theirs = len(groups[left]), len(groups[right])
        means[left] = means[:, left] = (means[left] * ours + means[right] * theirs) / (ours + theirs)
        means[right] = means[:, right] = means[left, left] = -np.inf
        groups[left] += groups[right]
        groups[right] = []
    return [sorted(group) for group in groups if group]


def _most_alike(means: Floats, cut: float) -> tuple[int, int] | None:
    """The two groups that are most alike, the first of several; None if none are as alike as the cut."""
    if not means.size:
        return None
    left, right = sorted(divmod(int(np.argmax(means)), len(means)))
    return (left, right) if means[left, right] >= cut else None


def _weighted(bags: Sequence[Sequence[str]], elsewhere: Sequence[Sequence[str]]) -> Floats:
    """A row of length 1 for each bag of terms: its terms, the rarer the heavier (tf-idf)."""
    holding = Counter(term for bag in (*bags, *elsewhere) for term in set(bag))
    places = {term: place for place, term in enumerate(dict.fromkeys(term for bag in bags for term in bag))}
    rows = np.zeros((len(bags), len(places)))
    together = len(bags) + len(elsewhere)
    for row, bag in zip(rows, bags, strict=True):
        for term, count in Counter(bag).items():
            row[places[term]] = (1 + np.log(count)) * np.log((together + 1) / (holding[term] + 0.5))
    return _of_length_one(rows)


def _neighbourhoods(found: Sequence[Sequence[Match]]) -> Floats:
    """A row for each search: how its matches share what is found, as the roots of shares that add up to 1."""
    places = {entry: place for place, entry in enumerate(sorted({one.entry.id for each in found for one in each}))}
    rows = np.zeros((len(found), len(places)))
    for row, matches in zip(rows, found, strict=True):
        for match in matches:
            row[places[match.entry.id]] = np.exp((match.score - matches[0].score) / 2)
    return _of_length_one(rows)


def _of_length_one(rows: Floats) -> Floats:
    scaled: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return scaled
