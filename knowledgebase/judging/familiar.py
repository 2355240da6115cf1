"""How much of one set of entries is in another, told from a short sketch of each.

A sketch is the smallest hashes of the wordings: of two sketches together, the share of the smallest that are in
both estimates the share of all wordings that are in both. Broder, "On the resemblance and containment of
documents" (1997).
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from knowledgebase.model import Entry
from knowledgebase.wording.text import compact

SIZE = 64


def sketch(entries: Iterable[Entry]) -> list[int]:
    """The SIZE smallest hashes of the entries' wordings, rising; wordings that differ only in marks are one."""
    wordings = {compact(wording) for entry in entries for wording in (entry.question, *entry.similar)}
    return sorted({_hash(wording) for wording in wordings})[:SIZE]


def likeness(left: Sequence[int], right: Sequence[int]) -> float:
    """The estimated share of wordings that both have, of all that either has; 0 without any."""
    together = sorted({*left, *right})[:SIZE]
    common = set(left) & set(right)
    return sum(each in common for each in together) / max(len(together), 1)


def _hash(wording: str) -> int:
    return int.from_bytes(blake2b(wording.encode("utf-8", "surrogatepass"), digest_size=4).digest())
