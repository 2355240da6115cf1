"""What an utterance looks like to the matcher: one spelling for each way of writing the same thing.

Everything here is bounded: a text is cut to RAW_CHARS before anything looks at it.
"""

import re
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

import jieba
import opencc
from pypinyin import Style, lazy_pinyin

from knowledgebase.wording.english import in_chinese
from knowledgebase.wording.manners import without_manners
from knowledgebase.wording.quantities import canonical_numbers

RAW_CHARS = 2_000
UTTERANCE_CHARS = 240
DATA = Path(__file__).parent.parent / "data"
RAREST_WORD = 5
_SPACE = re.compile(r"[^\S\n]+")
_UNSPOKEN = re.compile(r"[^\w.%\n]+|_+|(?<!\d)\.|\.(?!\d)")
_VARIATION_SELECTORS = frozenset((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
_INVISIBLE = frozenset(("Cf", "Cs", "Co", "Cn", "Mn", "Me"))


def normalise(text: str) -> str:
    """The text in one spelling: NFKC, simplified characters, lower case, single spaces, nothing invisible.

    Control, zero-width and bidirectional characters, variation selectors, left-over combining marks and lone
    surrogates are dropped. At most UTTERANCE_CHARS characters; the rest of a longer text is left out.
    """
    return normalise_all((text,))[0]


def normalise_all(texts: Sequence[str]) -> list[str]:
    """The texts as normalise gives them; many at once take a third of the time."""
    return [line for part in portions(texts) for line in _normalised(part)]


def portions(texts: Sequence[str], characters: int = 50_000) -> Iterator[Sequence[str]]:
    """The texts in parts of about so many characters; between two of them other threads have the interpreter."""
    start = size = 0
    for at, text in enumerate(texts):
        size += len(text) + 1
        if size >= characters:
            yield texts[start : at + 1]
            start, size = at + 1, 0
            time.sleep(0)
    if start < len(texts):
        yield texts[start:]


def _normalised(texts: Sequence[str]) -> list[str]:
    lines = "\n".join([text[:RAW_CHARS].replace("\n", " ") for text in texts])
    visible = unicodedata.normalize("NFKC", lines.translate(_FOLDED)).translate(_VISIBLE)
    simplified = str(_to_simplified().convert(_SPACE.sub(" ", visible).lower()))
    return [line.strip()[:UTTERANCE_CHARS] for line in simplified.split("\n")]


def compact(text: str) -> str:
    """What is asked, in one spelling: normalised, without manners, spaces and punctuation, English words in Chinese,
    numbers in digits."""
    return compact_all((text,))[0]


def compact_all(texts: Sequence[str]) -> list[str]:
    """The texts as compact gives them; many at once take less time."""
    return [line for part in portions(texts) for line in _compacted(_normalised(part))]


def spoken(text: str) -> str:
    """What is asked, as somebody would write it: normalised, without manners, English words in Chinese."""
    return in_chinese(without_manners(normalise(text)))


def _compacted(normalised: Sequence[str]) -> list[str]:
    lines = [canonical_numbers(in_chinese(without_manners(text))) for text in normalised]
    return _UNSPOKEN.sub("", "\n".join(lines)).split("\n")


def tokens(text: str) -> list[str]:
    """The words of a text in order, stop words left out, each synonym as the first word of its line."""
    return shipped_vocabulary().tokens(compact(text))


def pinyin(text: str) -> list[str]:
    """One syllable without tone for each Chinese character; other characters stand for themselves."""
    return [_syllable(character) for character in text]


def is_traditional(text: str) -> bool:
    """Whether the text is written in traditional characters: more of them than simplified ones."""
    sample = text[:RAW_CHARS].encode("utf-8", "ignore").decode("utf-8")
    traditional = _differing(sample, str(_to_simplified().convert(sample)))
    return traditional > 0 and traditional > _differing(sample, to_traditional(sample))


def to_traditional(text: str) -> str:
    """The text in traditional characters as used in Taiwan; words are kept, only characters change."""
    return str(_to_traditional().convert(text))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A tokenizer with its user dictionary, the words that say nothing, and words that mean the same.

    background: everyday questions of no trade, by which the matcher knows how common a word is.
    """

    tokenizer: jieba.Tokenizer
    stop_words: frozenset[str]
    synonyms: dict[str, str]
    background: tuple[str, ...]

    def cut(self, compacted: str) -> list[str]:
        """The words of a compacted text as they are written, all of them."""
        return list(self.tokenizer.lcut(compacted, HMM=False))

    def tokens(self, compacted: str) -> list[str]:
        """The words of a compacted text; when all of them are stop words, all of them."""
        words = [self.synonyms.get(word, word) for word in self.cut(compacted)]
        return [word for word in words if word not in self.stop_words] or words


def load_vocabulary(folder: Path) -> Vocabulary:
    """Read user_dictionary.txt, stop_words.txt, synonyms.txt and background.txt of a folder.

    A line of synonyms is words that mean the same, the first standing for all. '#' starts a comment.
    """
    groups = [line.split() for line in read_lines(folder / "synonyms.txt")]
    own_words = [*read_lines(folder / "user_dictionary.txt"), *(word for group in groups for word in group)]
    return Vocabulary(
        tokenizer=tokenizer_of(own_words),
        stop_words=frozenset(read_lines(folder / "stop_words.txt")),
        synonyms={word: group[0] for group in groups for word in group},
        background=tuple(read_lines(folder / "background.txt")),
    )


@cache
def shipped_vocabulary() -> Vocabulary:
    """The vocabulary in knowledgebase/data, loaded at its first use (about 0.3 s and 25 MB)."""
    return load_vocabulary(DATA)


def read_lines(path: Path) -> list[str]:
    """The lines of a word list, comments and blank lines left out, spelled as normalise spells them."""
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [normalise(line) for line in lines if line]


def tokenizer_of(own_words: Iterable[str]) -> jieba.Tokenizer:
    """A tokenizer with jieba's dictionary but for its rarest words, and with our own.

    The prefix table is built here, not by jieba's initialize(): that would trust a cache file in the
    world-writable temporary folder. Words below RAREST_WORD are two thirds of the memory and change no ranking.
    """
    tokenizer = jieba.Tokenizer()
    with files("jieba").joinpath("dict.txt").open("rb") as lines:
        frequent = (line for line in map(bytes.split, lines) if int(line[1]) >= RAREST_WORD)
        tokenizer.FREQ, tokenizer.total = _prefix_table((word.decode(), int(count)) for word, count, _ in frequent)
    tokenizer.initialized = True
    for word in own_words:
        tokenizer.add_word(word)
    return tokenizer


def _prefix_table(counted: Iterable[tuple[str, int]]) -> tuple[dict[str, int], int]:
    table: dict[str, int] = {}
    total = 0
    for word, count in counted:
        table[word] = count
        total += count
        for end in range(1, len(word)):
            table.setdefault(word[:end], 0)
    return table, total


class _Folded(dict[int, str]):
    """NFKC of each character. What is left to do for a whole text is rare, and found out soon."""

    def __missing__(self, code: int) -> str:
        self[code] = unicodedata.normalize("NFKC", chr(code))
        return self[code]


class _Visible(dict[int, str]):
    """What to write for each character: itself, a space, or nothing; a line feed stands between two texts."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if category in ("Zs", "Zl", "Zp", "Cc"):
            self[code] = " " if character.isspace() else ""
        else:
            self[code] = "" if category in _INVISIBLE or code in _VARIATION_SELECTORS else character
        return self[code]


_FOLDED = _Folded()
_VISIBLE = _Visible({ord("\n"): "\n"})


def _differing(left: str, right: str) -> int:
    return sum(a != b for a, b in zip(left, right, strict=False))


@lru_cache(maxsize=20_000)
def _syllable(character: str) -> str:
    return str(lazy_pinyin(character, style=Style.NORMAL)[0])


@cache
def _to_simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@cache
def _to_traditional() -> opencc.OpenCC:
    return opencc.OpenCC("s2tw")
