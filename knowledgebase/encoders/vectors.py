"""The vectors of a set of texts, by one encoder."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledgebase.encoders.encoder import Encoder, Rows
from knowledgebase.encoders.patience import encode_patiently
from knowledgebase.model import Entry

Halves = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Vectors:
    """Rows of length 1 (or zeros) in half precision, found by their text. Never changes.

    encoder: the name of the encoder that made them; a question's vector must be of the same.
    """

    encoder: str
    places: Mapping[str, int]
    rows: Halves

    @property
    def dimensions(self) -> int:
        """How long a row is."""
        return int(self.rows.shape[1])

    def of(self, texts: Sequence[str]) -> Rows:
        """One row for each text. Raises KeyError for a text that is not among them."""
        return self.rows[[self.places[text] for text in texts]].astype(np.float32)

    def __contains__(self, text: str) -> bool:
        return text in self.places

    def __len__(self) -> int:
        return len(self.places)


def texts_of(entries: Iterable[Entry], others: Iterable[str] = ()) -> list[str]:
    """Every wording of the entries and the other texts, each once."""
    wordings = (text for entry in entries for text in (entry.question, *entry.similar))
    return list(dict.fromkeys((*wordings, *others)))


def encode_each(encoder: Encoder, texts: Sequence[str]) -> dict[str, Halves]:
    """The row of each text, for a command that can wait. Raises EncoderUnavailable."""
    step = encoder.texts_at_once
    portions = [texts[at : at + step] for at in range(0, len(texts), step)]
    rows = (row for portion in portions for row in encode_patiently(encoder, portion).astype(np.float16))
    return dict(zip(texts, rows, strict=True))


def stacked(encoder: str, rows: Mapping[str, Halves]) -> Vectors:
    """Single rows put together; at least one."""
    return Vectors(encoder, {text: place for place, text in enumerate(rows)}, np.stack(list(rows.values())))
