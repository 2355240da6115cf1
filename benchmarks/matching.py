"""A question among the demo's wordings: our search, against rapidfuzz alone over the same wordings."""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rapidfuzz import fuzz, process

from knowledgebase.judging.labelled import read_known, read_questions
from knowledgebase.judging.trials import Question
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording import text

DEMO = text.DATA / "demo.jsonl"
QUESTIONS = text.DATA / "questions-dev.jsonl"
KILOBYTES_A_MB = 1_024


def run() -> dict[str, float]:
    """Time building and searching, and count how often each finds the right entry first; print both."""
    entries, questions = read_known(DEMO), read_questions(QUESTIONS)
    memory = resident_mb()
    words_s = _seconds(text.shipped_vocabulary)
    built = time.perf_counter()
    base = KnowledgeBase.build(entries)
    built_s = time.perf_counter() - built
    memory = resident_mb() - memory
    wordings = [(entry.id, wording) for entry in entries for wording in (entry.question, *entry.similar)]
    ours_ms, ours_right = _ask(questions, lambda utterance: _first(base, utterance))
    peer_ms, peer_right = _ask(questions, _peer(wordings))
    print(f"words loaded      {words_s * 1_000:8.0f} ms")
    print(f"built             {built_s * 1_000:8.0f} ms for {len(entries)} entries, {len(wordings)} wordings")
    print(f"memory            {memory:8.0f} MB for words and index")
    print(f"search            {ours_ms:8.2f} ms, right first {ours_right:.1%}")
    print(f"rapidfuzz.extract {peer_ms:8.2f} ms, right first {peer_right:.1%}")
    print(f"ratio             {ours_ms / peer_ms:8.2f} times the time of rapidfuzz.extract")
    return {
        "words loaded ms": words_s * 1_000,
        "built ms": built_s * 1_000,
        "memory MB": memory,
        "search ms": ours_ms,
        "right first": ours_right,
        "rapidfuzz ms": peer_ms,
        "rapidfuzz right first": peer_right,
        "time ratio": ours_ms / peer_ms,
    }


def _first(base: KnowledgeBase, utterance: str) -> str | None:
    matches = base.search(utterance)
    return matches[0].entry.id if matches else None


def _peer(wordings: Sequence[tuple[str, str]]) -> Callable[[str], str | None]:
    """The nearest wording by rapidfuzz's ratio of normalised texts, five asked for as a bot would."""
    normalised = [text.normalise(wording) for _, wording in wordings]

    def nearest(utterance: str) -> str | None:
        found = process.extract(text.normalise(utterance), normalised, scorer=fuzz.ratio, limit=5)
        return wordings[found[0][2]][0] if found else None

    return nearest


def _ask(questions: Sequence[Question], find: Callable[[str], str | None]) -> tuple[float, float]:
    """The median of processor milliseconds a question, and the share of those in scope that were right."""
    times, right = [], []
    for question in questions:
        begun = time.thread_time_ns()
        found = find(question.utterance)
        times.append((time.thread_time_ns() - begun) / 1e6)
        if question.expected:
            right.append(found in question.expected)
    return statistics.median(times), statistics.fmean(right)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def resident_mb() -> float:
    """The memory of this process that is really there."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / KILOBYTES_A_MB
    return 0.0
