"""Large knowledge bases: time to search, build and change one, and memory, beside rapidfuzz over the same wordings.

Each size has a process of its own, so that memory is that of one alone, on one thread, so that processor time is
all there is. The entries are those of benchmarks/large.py; the peer is rapidfuzz.process.extract with its default
scorer and no preprocessing, five asked for, over all wordings, asked the same questions.
"""

import asyncio
import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from rapidfuzz import process

from benchmarks import large
from knowledgebase.model import Entry
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.text import shipped_vocabulary

WARM_UP = 50
ASKED = 300
ASKED_OF_PEER = 60
EDITS = 7
BEAT_S = 0.001
KIB_A_MIB = 1_024


@dataclass(frozen=True, slots=True)
class Limits:
    """What is wanted of a size. search_ms: median processor time; times: how many times as fast as the peer."""

    search_ms: float
    times: float
    edit_ms: float | None = None
    build_s: float | None = None


SIZES = {10_000: Limits(1.5, 10, edit_ms=100), 100_000: Limits(5.0, 25, build_s=15)}
LONGEST_PAUSE_MS = 100.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of processor time for a search, ours and the peer's (median, 95th percentile), and for an edit.

    build_s: processor time; question_build_s: the same of the entries without their similar questions; build_wall_s,
    edit_wall_ms: by the clock; pause_ms: the longest that the event loop waited while another thread built. Memory in
    MiB: what the process grew by, its peak, and all arrays together.
    """

    wordings: int
    build_s: float
    question_build_s: float
    build_wall_s: float
    pause_ms: float
    search_ms: tuple[float, float]
    peer_ms: tuple[float, float]
    edit_ms: float
    edit_wall_ms: float
    grown_mib: float
    peak_mib: float
    arrays_mib: float


def run() -> dict[str, float]:
    """Measure each size and print what came of each limit."""
    os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    figures: dict[str, float] = {}
    for size, limits in SIZES.items():
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            cost = alone.submit(measure, size).result()
        _tell(size, cost, limits)
        figures |= {f"{size}: {name}": value for name, value in _figures(cost).items()}
    return figures


def measure(size: int) -> Cost:
    """What a knowledge base of so many entries costs."""
    entries, questions = large.entries(size), [each.utterance for each in large.questions(ASKED, size)]
    shipped_vocabulary()
    before = _resident_mib()
    base, build_s, wall_s, pause_s = asyncio.run(_build(entries))
    grown = _resident_mib() - before
    for question in questions[:WARM_UP]:
        base.search(question)
    search = [_cpu_ms(base.search, question) for question in questions]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_A_MIB
    wordings = [text for entry in entries for text in (entry.question, *entry.similar)]
    peer = [_cpu_ms(process.extract, question, wordings) for question in questions[:: ASKED // ASKED_OF_PEER]]
    edits = [_edit(base, entries, number) for number in range(EDITS)]
    _, question_build_s, _, _ = asyncio.run(_build([replace(entry, similar=()) for entry in entries]))
    return Cost(
        wordings=len(wordings),
        build_s=build_s,
        question_build_s=question_build_s,
        build_wall_s=wall_s,
        pause_ms=pause_s * 1_000,
        search_ms=_percentiles(search),
        peer_ms=_percentiles(peer),
        edit_ms=float(np.median([cpu for cpu, _ in edits])),
        edit_wall_ms=float(np.median([wall for _, wall in edits])),
        grown_mib=grown,
        peak_mib=peak,
        arrays_mib=sum(array.nbytes for array in _arrays(base.matcher, set())) / KIB_A_MIB**2,
    )


async def _build(entries: Sequence[Entry]) -> tuple[KnowledgeBase, float, float, float]:
    """Built in a thread: processor time, time by the clock, and the longest that the loop was late meanwhile."""

    def build() -> tuple[KnowledgeBase, float]:
        begun = time.thread_time()
        base = KnowledgeBase.build(entries)
        return base, time.thread_time() - begun

    late = 0.0
    begun = time.perf_counter()
    building = asyncio.create_task(asyncio.to_thread(build))
    while not building.done():
        asked = time.perf_counter()
        await asyncio.sleep(BEAT_S)
        late = max(late, time.perf_counter() - asked - BEAT_S)
    base, cpu_s = await building
    return base, cpu_s, time.perf_counter() - begun, late


def _edit(base: KnowledgeBase, entries: list[Entry], number: int) -> tuple[float, float]:
    """Processor and clock milliseconds until there is a knowledge base with one more similar question."""
    at = (number + 1) * len(entries) // (EDITS + 1)
    changed = [replace(entry) for entry in entries]
    changed[at] = replace(changed[at], similar=(*changed[at].similar, f"第{number}个新的问法怎么说"))
    begun, cpu = time.perf_counter(), time.thread_time()
    base.edited(changed)
    return (time.thread_time() - cpu) * 1_000, (time.perf_counter() - begun) * 1_000


def _cpu_ms(ask: Callable[..., object], *arguments: object) -> float:
    begun = time.thread_time_ns()
    ask(*arguments)
    return (time.thread_time_ns() - begun) / 1e6


def _percentiles(times: Sequence[float]) -> tuple[float, float]:
    return float(np.percentile(times, 50)), float(np.percentile(times, 95))


def _arrays(held: object, seen: set[int]) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    """Every array that an object of ours holds, each once."""
    if id(held) in seen:
        return
    seen.add(id(held))
    if isinstance(held, np.ndarray):
        yield held
    elif type(held).__module__.startswith("knowledgebase"):
        names = [*getattr(held, "__dict__", ()), *getattr(type(held), "__slots__", ())]
        for name in names:
            yield from _arrays(getattr(held, name, None), seen)


def _resident_mib() -> float:
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / KIB_A_MIB


def _tell(size: int, cost: Cost, limits: Limits) -> None:
    ratio = cost.peer_ms[0] / cost.search_ms[0]
    print(f"{size} entries, {cost.wordings} wordings")
    print(f"  search            {cost.search_ms[0]:9.2f} ms, 95th percentile {cost.search_ms[1]:.2f} ms", end="")
    print(_limit(cost.search_ms[0] <= limits.search_ms, f"at most {limits.search_ms} ms"))
    print(f"  rapidfuzz.extract {cost.peer_ms[0]:9.2f} ms, 95th percentile {cost.peer_ms[1]:.2f} ms: ", end="")
    print(f"{ratio:.1f} times as long{_limit(ratio >= limits.times, f'at least {limits.times:.0f}')}")
    print(f"  built in          {cost.build_s:9.2f} s of one core, {cost.build_wall_s:.2f} s by the clock", end="")
    print(_limit(cost.build_s <= limits.build_s, f"at most {limits.build_s:.0f} s") if limits.build_s else "")
    print(f"  … without similar {cost.question_build_s:9.2f} s of one core", end="")
    print(_limit(cost.question_build_s <= limits.build_s, f"at most {limits.build_s:.0f} s") if limits.build_s else "")
    print(f"  longest pause     {cost.pause_ms:9.1f} ms of the event loop meanwhile", end="")
    print(_limit(cost.pause_ms <= LONGEST_PAUSE_MS, f"at most {LONGEST_PAUSE_MS:.0f} ms"))
    print(f"  one entry edited  {cost.edit_ms:9.1f} ms of one core, {cost.edit_wall_ms:.1f} ms by the clock", end="")
    print(_limit(cost.edit_ms <= limits.edit_ms, f"at most {limits.edit_ms:.0f} ms") if limits.edit_ms else "")
    print(f"  memory            {cost.grown_mib:9.0f} MiB, of which arrays {cost.arrays_mib:.0f}", end="")
    print(f"; peak of the process {cost.peak_mib:.0f}, entries among it")


def _limit(kept: bool, wanted: str) -> str:
    return f" ({'ok' if kept else 'MISSED'}: {wanted})"


def _figures(cost: Cost) -> dict[str, float]:
    return {
        "wordings": cost.wordings,
        "search ms": cost.search_ms[0],
        "search ms 95th": cost.search_ms[1],
        "rapidfuzz ms": cost.peer_ms[0],
        "ratio rapidfuzz to search": cost.peer_ms[0] / cost.search_ms[0],
        "built s": cost.build_s,
        "built without similar questions s": cost.question_build_s,
        "built s by the clock": cost.build_wall_s,
        "longest pause ms": cost.pause_ms,
        "edited ms": cost.edit_ms,
        "edited ms by the clock": cost.edit_wall_ms,
        "memory MiB": cost.grown_mib,
        "arrays MiB": cost.arrays_mib,
        "peak MiB": cost.peak_mib,
    }


if __name__ == "__main__":
    run()
