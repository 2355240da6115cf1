"""Vectors from a server that speaks OpenAI's embeddings API (``POST .../v1/embeddings``), ours or somebody's.

The request is ``{"model", "input": [text, ...], "encoding_format": "float"}``, with ``"dimensions"`` when they are
asked for; the answer ``{"data": [{"index", "embedding": [number, ...]}, ...]}``, in any order. Nothing in an
answer is believed: number of rows, places, lengths and numbers are checked.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from knowledgebase.encoders.encoder import Rows
from knowledgebase.errors import EncoderUnavailable
from knowledgebase.wording.text import spoken

MOST_DIMENSIONS = 8_192
TEMPORARY = (408, 425, 429)
REASONS = {
    400: "refuses the request; is the model's name right?",
    401: "refuses the key",
    403: "refuses the key",
    404: "knows no such address or model",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered. retry_after_ms: how long it asked us to wait, if it did."""

    status: int
    body: bytes
    retry_after_ms: int | None = None


# Sends a body and returns what came back; raises EncoderUnavailable when nothing did.
Post = Callable[[bytes], Reply]


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """What to ask for. dimensions: shorter vectors than the model's own. prefix: what the model was taught to see
    before a question. texts_at_once: in one request."""

    url: str
    model: str
    dimensions: int | None = None
    prefix: str = ""
    texts_at_once: int = 32


class EndpointEncoder:
    """Asks once for each portion of texts; whoever can wait asks again (see patience.py)."""

    def __init__(self, settings: EndpointSettings, post: Post) -> None:
        self._settings = settings
        self._post = post
        self._dimensions = settings.dimensions or 0

    @property
    def name(self) -> str:
        """Address, model and, if there are any, dimensions asked for and prefix."""
        asked = f" {self._settings.dimensions}" if self._settings.dimensions else ""
        prefix = f" {self._settings.prefix!r}" if self._settings.prefix else ""
        return f"{self._settings.url} {self._settings.model}{asked}{prefix}"

    @property
    def dimensions(self) -> int:
        """How long a vector is; 0 as long as neither settings nor server have said."""
        return self._dimensions

    @property
    def texts_at_once(self) -> int:
        """As many as go into one request."""
        return self._settings.texts_at_once

    def encode(self, texts: Sequence[str]) -> Rows:
        """One row of length 1 for each text; zeros for a text of nothing but spaces."""
        spelt = [spoken(text) for text in texts]
        asked = [at for at, text in enumerate(spelt) if text]
        step = self._settings.texts_at_once
        portions = [asked[start : start + step] for start in range(0, len(asked), step)]
        found = [self._ask([spelt[at] for at in portion]) for portion in portions]
        if not self._dimensions:
            raise EncoderUnavailable("nothing was asked yet that would tell how long a vector is")
        rows = np.zeros((len(spelt), self._dimensions), np.float32)
        for portion, answered in zip(portions, found, strict=True):
            rows[portion] = answered
        return rows

    def _ask(self, texts: list[str]) -> Rows:
        prefixed = [self._settings.prefix + text for text in texts]
        wanted: dict[str, Any] = {"model": self._settings.model, "input": prefixed, "encoding_format": "float"}
        if self._settings.dimensions:
            wanted["dimensions"] = self._settings.dimensions
        reply = self._post(json.dumps(wanted, ensure_ascii=False).encode())
        if not 200 <= reply.status <= 299:
            raise _refusal(reply)
        rows = _rows(reply.body, len(texts))
        if self._dimensions not in (0, rows.shape[1]):
            reason = f"the endpoint gave vectors of {rows.shape[1]} numbers, not of {self._dimensions}"
            raise EncoderUnavailable(reason, permanent=True)
        self._dimensions = rows.shape[1]
        return rows


def _refusal(reply: Reply) -> EncoderUnavailable:
    temporary = reply.status in TEMPORARY or reply.status >= 500
    told = REASONS.get(reply.status, "does not answer as an embeddings API does")
    sentence = f"the endpoint answered {reply.status}" if temporary else f"the endpoint {told} ({reply.status})"
    return EncoderUnavailable(sentence, permanent=not temporary, retry_after_ms=reply.retry_after_ms)


def _rows(body: bytes, count: int) -> Rows:
    """The rows in the order of the texts. Raises EncoderUnavailable for anything but that."""
    try:
        data = json.loads(body)["data"]
        by_place = {item["index"]: item["embedding"] for item in data}
        rows = np.array([by_place[place] for place in range(count)])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise EncoderUnavailable("the endpoint's answer cannot be read as vectors") from error
    if len(data) != count or rows.ndim != 2 or rows.dtype.kind not in "fi" or not 0 < rows.shape[1] <= MOST_DIMENSIONS:
        raise EncoderUnavailable("the endpoint's answer is not one vector of numbers for each text")
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not (lengths > 0).all():
        raise EncoderUnavailable("the endpoint gave a vector that has no direction")
    return np.asarray(rows / lengths, np.float32)
