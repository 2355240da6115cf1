"""Large knowledge bases made from the demo's entries, and what customers would ask of them.

An entry is one of the demo's, told of other things: the rarer of its nouns and verbs are replaced, the same ones in
its questions and its answer, by nouns and verbs of jieba's dictionary, common ones more often than rare ones. So
sentences, their lengths, and the words that carry no subject are as people write them; the vocabulary grows with
the entries as it does in real ones; and every entry has as many neighbours of the same sentence with other subjects
as there are rounds through the demo, which is harder than real ones are. Of an entry's similar questions none to
four are kept, two on average; the others are what is asked. The same numbers give the same entries.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import jieba

from knowledgebase.judging.labelled import read_known
from knowledgebase.judging.trials import Question
from knowledgebase.model import Entry
from knowledgebase.wording import text
from knowledgebase.wording.text import shipped_vocabulary

DEMO = text.DATA / "demo.jsonl"
KEPT = (0, 1, 2, 3, 4)
# A word that is in more of the demo's entries belongs to the sentence, not to its subject.
COMMONEST_SUBJECT = 40
NOUN, VERB = "n", "v"
WORDS = 20_000


def entries(count: int, seed: int = 1) -> list[Entry]:
    """So many entries."""
    return [entry for entry, _ in _made(count, seed)]


def questions(count: int, of: int, seed: int = 1) -> list[Question]:
    """So many wordings that entries(of, seed) do not hold, evenly spread over them, with the entry that is right."""
    left_out = [(entry, wordings) for entry, wordings in _made(of, seed) if wordings]
    chosen = [left_out[at * len(left_out) // count] for at in range(count)]
    return [Question(wordings[0], frozenset((entry.id,))) for entry, wordings in chosen]


def _made(count: int, seed: int) -> Iterator[tuple[Entry, tuple[str, ...]]]:
    """Each entry with the wordings that were left out of it."""
    demo, words, chance = _told(), _listed(), random.Random(seed)
    for at in range(count):
        told, kept = demo[at % len(demo)], KEPT[(at // len(demo) + at) % len(KEPT)]
        others = {word: chance.choices(words[kind][0], cum_weights=words[kind][1])[0] for word, kind in told.subjects}
        answer, question, *similar = ("".join(others.get(word, word) for word in words) for words in told.texts)
        yield Entry(f"e{at:06}", question, answer, told.category, tuple(similar[:kept])), tuple(similar[kept:])


@dataclass(frozen=True, slots=True)
class _Told:
    """An entry of the demo. subjects: words with their kinds; texts: as words, the answer before the questions."""

    category: str
    subjects: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, ...], ...]


@cache
def _told() -> list[_Told]:
    cut = shipped_vocabulary().cut
    cuts = [[tuple(cut(text)) for text in (e.answer, e.question, *e.similar)] for e in read_known(DEMO)]
    holding = Counter(word for texts in cuts for word in {word for words in texts[1:] for word in words})
    kinds = {word: kind for kind, (words, _) in _listed().items() for word in words}
    subjects = {
        word: kinds.get(word, NOUN)
        for word, entries in holding.items()
        if entries <= COMMONEST_SUBJECT and len(word) > 1 and not word.isascii()
    }
    own = [sorted({word for words in texts for word in words} & subjects.keys()) for texts in cuts]
    return [
        _Told(entry.category, tuple((word, subjects[word]) for word in words), tuple(texts))
        for entry, words, texts in zip(read_known(DEMO), own, cuts, strict=True)
    ]


@cache
def _listed() -> dict[str, tuple[list[str], list[float]]]:
    """The commonest nouns and verbs of jieba's dictionary with weights that fall as 1 / rank, as words do."""
    with jieba.get_module_res("dict.txt") as lines:
        listed = [(int(count), word, kind) for word, count, kind in (line.decode().split() for line in lines)]
    found = {}
    for wanted in (NOUN, VERB):
        words = [word for _, word, kind in sorted(listed, reverse=True) if kind == wanted and 2 <= len(word) <= 4]
        found[wanted] = words[:WORDS], list(accumulate(1 / (rank + 20) for rank in range(len(words[:WORDS]))))
    return found
