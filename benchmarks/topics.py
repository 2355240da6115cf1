"""How well questions that nobody answers are gathered into topics.

A third of the demo's entries is taken out, the test questions that they answer, kept apart from all tuning, are asked
in vain, and the topics are compared with the entries; three times, each third once. The peer joins what rapidfuzz's
ratio finds alike, in the same way and with the cut that is best for it.

purity: the share of questions whose topic is mostly about their entry. ARI: the adjusted Rand index (Hubert and
Arabie, 1985), 0 for chance. B3: each question's topic against its entry, precision and recall as one number (Bagga
and Baldwin, 1998).
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from math import comb

import numpy as np
from rapidfuzz import fuzz, process

from knowledgebase.encoders.distilled import shipped_encoder
from knowledgebase.encoders.encoder import Encoder
from knowledgebase.encoders.patience import encode_patiently
from knowledgebase.judging.labelled import read_known, read_questions
from knowledgebase.learning.likeness import CUT, CUT_BY_MEANING, Floats, Meaning, likeness, together
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.text import DATA, compact

SEED = 20261126
PARTS = 3
PEER_CUTS = tuple(cut / 100 for cut in range(20, 80, 4))


@dataclass(frozen=True, slots=True)
class Quality:
    """How topics agree with entries. share: topics for each entry."""

    ari: float
    purity: float
    b3: float
    share: float


@dataclass(frozen=True, slots=True)
class Part:
    """Questions asked in vain: the entries that would answer them, how alike they are to us and to the peer."""

    expected: tuple[str, ...]
    ours: Floats
    peers: Floats


def run() -> dict[str, float]:
    """Gather the questions of each part, with the shipped vectors and without; print how well they agree with the
    entries."""
    plain, by_meaning = list(parts()), list(parts(shipped_encoder()))
    found = {
        "topics": _of_ours(by_meaning, CUT_BY_MEANING),
        "without vectors": _of_ours(plain, CUT),
        "rapidfuzz": max((_of_peer(plain, cut) for cut in PEER_CUTS), key=lambda one: one.ari),
    }
    print(f"{sum(len(part.expected) for part in plain)} questions in {PARTS} parts")
    for name, one in found.items():
        print(f"{name:<16} ARI {one.ari:.3f}  purity {one.purity:.3f}  B3 {one.b3:.3f}  per entry {one.share:.2f}")
    figures = {"ARI": "ari", "purity": "purity", "B3": "b3", "per entry": "share"}
    return {f"{name} {figure}": getattr(one, field) for name, one in found.items() for figure, field in figures.items()}


def quality(groups: Sequence[Sequence[int]], expected: Sequence[str]) -> Quality:
    """How groups of places agree with what is expected at these places."""
    inside = [Counter(expected[place] for place in group) for group in groups]
    sizes = Counter(expected)
    count = len(expected)
    precision = sum(n * n / counted.total() for counted in inside for n in counted.values()) / count
    recall = sum(n * n / sizes[entry] for counted in inside for entry, n in counted.items()) / count
    return Quality(
        ari=_adjusted_rand(inside, sizes, count),
        purity=sum(max(counted.values()) for counted in inside) / count,
        b3=2 * precision * recall / (precision + recall),
        share=len(groups) / len(sizes),
    )


def _adjusted_rand(inside: Sequence[Counter[str]], sizes: Counter[str], count: int) -> float:
    both = sum(comb(n, 2) for counted in inside for n in counted.values())
    ours = sum(comb(counted.total(), 2) for counted in inside)
    theirs = sum(comb(n, 2) for n in sizes.values())
    chance = ours * theirs / comb(count, 2)
    return (both - chance) / ((ours + theirs) / 2 - chance)


def parts(encoder: Encoder | None = None) -> Iterator[Part]:
    """The questions asked in vain, part after part; encoder: whose vectors count."""
    entries = read_known(DATA / "demo.jsonl")
    asked: dict[str, list[str]] = defaultdict(list)
    for question in read_questions(DATA / "questions-test.jsonl"):
        for entry in sorted(question.expected)[:1]:
            asked[entry].append(question.utterance)
    ids = sorted(entry.id for entry in entries)
    random.Random(SEED).shuffle(ids)
    for part in range(PARTS):
        out = set(ids[part::PARTS])
        base = KnowledgeBase.build([entry for entry in entries if entry.id not in out])
        texts, expected = zip(*((text, entry) for entry in sorted(out) for text in asked[entry]), strict=True)
        yield Part(expected, _likeness(base, texts, encoder), _ratios(texts))


def _likeness(base: KnowledgeBase, texts: Sequence[str], encoder: Encoder | None) -> Floats:
    known = [text for entry in base.entries for text in (entry.question, *entry.similar)]
    meaning = None if encoder is None else _meaning(encoder, texts, [entry.question for entry in base.entries])
    return likeness(texts, [base.search(text) for text in texts], known, base.matcher.vocabulary, meaning)


def _meaning(encoder: Encoder, texts: Sequence[str], known: Sequence[str]) -> Meaning:
    rows = dict(zip(texts, encode_patiently(encoder, texts), strict=True))
    return Meaning(rows, encode_patiently(encoder, known).mean(axis=0))


def _ratios(texts: Sequence[str]) -> Floats:
    compacted = [compact(text) for text in texts]
    return np.asarray(process.cdist(compacted, compacted, scorer=fuzz.ratio), float) / 100


def _of_ours(asked: Sequence[Part], cut: float) -> Quality:
    return _mean([quality(together(part.ours, cut), part.expected) for part in asked])


def _of_peer(asked: Sequence[Part], cut: float) -> Quality:
    return _mean([quality(together(part.peers, cut), part.expected) for part in asked])


def _mean(qualities: Sequence[Quality]) -> Quality:
    return Quality(*(float(value) for value in np.mean([astuple(one) for one in qualities], axis=0)))


if __name__ == "__main__":
    run()
