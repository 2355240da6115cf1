"""Pairs of entries that differ in one number, negation, opposite, model or party: is the right one answered?

Each line of contrast.jsonl is two entries, two customers' wordings for each, what the entries differ in, and a
trade. All pairs of a trade make one knowledge base, so a pair's neighbours compete with it.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from knowledgebase.judging.evaluate import decide
from knowledgebase.model import Entry
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.text import normalise

PAIRS = Path(__file__).parent / "contrast.jsonl"
KINDS = ("number", "negation", "opposite", "model", "party")
MOST_OF_THE_OTHER = 0.03
OFFERED = 3


class Outcome(StrEnum):
    """What came of a question. OTHER is an answer with the pair's other entry, STRAY with one of neither."""

    RIGHT = "answered right"
    BOTH_OFFERED = "asked back, both offered"
    OFFERED = "asked back, not both"
    HANDED_OVER = "handed over"
    OTHER = "answered the other's"
    STRAY = "answered a third's"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entries that differ in one thing, and what customers ask who mean the one or the other."""

    a: Entry
    b: Entry
    asks_a: tuple[str, ...]
    asks_b: tuple[str, ...]
    kind: str
    trade: str

    def questions(self) -> Iterator[tuple[str, Entry, Entry]]:
        """Each wording with the entry that is meant and the one that is not."""
        yield from ((asked, self.a, self.b) for asked in self.asks_a)
        yield from ((asked, self.b, self.a) for asked in self.asks_b)


@dataclass(frozen=True, slots=True)
class Result:
    """What was made of one wording, and whether the entry meant stood first, here and with the peer."""

    asked: str
    pair: Pair
    outcome: Outcome
    first: bool
    peer_first: bool
    peer_other: bool


def run() -> dict[str, float]:
    """Ask every wording, print what came of it by kind, beside the nearest wording by rapidfuzz."""
    results = ask(read_pairs())
    for kind in KINDS:
        _print(kind, [each for each in results if each.pair.kind == kind])
    _print("all", results)
    figures = summary(results)
    print(
        f"the other's answer {figures[Outcome.OTHER]:.1%} of all asked, at most {MOST_OF_THE_OTHER:.0%} wanted; "
        f"wrong among answered {figures['wrong among answered']:.1%}"
    )
    return figures


def read_pairs(path: Path = PAIRS) -> list[Pair]:
    """The pairs of a file, in its order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_pair(number, json.loads(line)) for number, line in enumerate(lines, 1)]


def ask(pairs: Sequence[Pair]) -> list[Result]:
    """Ask each wording of the knowledge base of its trade, with the shipped weights and thresholds."""
    by_trade = groupby(sorted(pairs, key=lambda pair: pair.trade), key=lambda pair: pair.trade)
    return [result for _, of_trade in by_trade for result in _ask_trade(tuple(of_trade))]


def summary(results: Sequence[Result]) -> dict[str, float]:
    """Shares of all wordings asked; of each kind, the share answered with the other's answer."""
    figures = {outcome.value: _share(results, outcome) for outcome in Outcome}
    figures |= {
        f"{kind}: {Outcome.OTHER}": _share([each for each in results if each.pair.kind == kind], Outcome.OTHER)
        for kind in KINDS
    }
    answered = [each for each in results if each.outcome in (Outcome.RIGHT, Outcome.OTHER, Outcome.STRAY)]
    figures["wrong among answered"] = 1 - _share(answered, Outcome.RIGHT) if answered else 0.0
    figures["right first"] = sum(each.first for each in results) / len(results)
    figures["rapidfuzz right first"] = sum(each.peer_first for each in results) / len(results)
    figures["rapidfuzz the other first"] = sum(each.peer_other for each in results) / len(results)
    return figures


def _pair(number: int, row: dict[str, Any]) -> Pair:
    return Pair(
        a=_entry(f"{number}-a", row["a"], row["trade"]),
        b=_entry(f"{number}-b", row["b"], row["trade"]),
        asks_a=tuple(row["asks_a"]),
        asks_b=tuple(row["asks_b"]),
        kind=row["kind"],
        trade=row["trade"],
    )


def _entry(entry_id: str, row: dict[str, Any], trade: str) -> Entry:
    return Entry(entry_id, row["question"], row["answer"], trade, tuple(row["similar"]))


def _ask_trade(pairs: Sequence[Pair]) -> Iterator[Result]:
    entries = [entry for pair in pairs for entry in (pair.a, pair.b)]
    base = KnowledgeBase.build(entries)
    peer = _peer(entries)
    for pair in pairs:
        for asked, meant, other in pair.questions():
            outcome, first = _outcome(base, asked, meant, other)
            nearest = peer(asked)
            yield Result(asked, pair, outcome, first, nearest == meant.id, nearest == other.id)


def _outcome(base: KnowledgeBase, asked: str, meant: Entry, other: Entry) -> tuple[Outcome, bool]:
    found = base.search(asked)
    ids = [match.entry.id for match in found]
    first = bool(ids) and ids[0] == meant.id
    match decide(found[0].confidence if found else 0.0, base.thresholds):
        case "answer":
            return _answered(ids[0], meant, other), first
        case "clarify":
            both = {meant.id, other.id} <= set(ids[:OFFERED])
            return (Outcome.BOTH_OFFERED if both else Outcome.OFFERED), first
        case _:
            return Outcome.HANDED_OVER, first


def _answered(entry_id: str, meant: Entry, other: Entry) -> Outcome:
    return {meant.id: Outcome.RIGHT, other.id: Outcome.OTHER}.get(entry_id, Outcome.STRAY)


def _peer(entries: Sequence[Entry]) -> Callable[[str], str]:
    """The entry of the nearest wording by rapidfuzz's ratio of normalised texts."""
    wordings = [(entry.id, normalise(text)) for entry in entries for text in (entry.question, *entry.similar)]
    texts = [text for _, text in wordings]

    def nearest(asked: str) -> str:
        return wordings[process.extract(normalise(asked), texts, scorer=fuzz.ratio, limit=1)[0][2]][0]

    return nearest


def _print(name: str, results: Sequence[Result]) -> None:
    counted = Counter(each.outcome for each in results)
    shares = ", ".join(f"{outcome} {counted[outcome] / len(results):.1%}" for outcome in Outcome)
    figures = summary(results)
    print(f"{name:9} {len(results):5} asked: {shares}")
    print(
        f"{'':9} right first {figures['right first']:.1%}; rapidfuzz {figures['rapidfuzz right first']:.1%}, "
        f"the other first {figures['rapidfuzz the other first']:.1%}"
    )


def _share(results: Sequence[Result], outcome: Outcome) -> float:
    return sum(each.outcome is outcome for each in results) / max(len(results), 1)
