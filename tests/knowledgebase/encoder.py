"""An encoder of the tests: knows characters only, and can be held up, broken and replaced."""

import threading
from collections.abc import Sequence

import numpy as np

from knowledgebase.encoders.encoder import Rows
from knowledgebase.errors import EncoderUnavailable


class LetterEncoder:
    """A row counts the characters of a text by their code; texts of the same characters are the same."""

    def __init__(self, name: str = "letters", dimensions: int = 16, turned: int = 0) -> None:
        self.name = name
        self.dimensions = dimensions
        self.texts_at_once = 4
        self.encoded: list[str] = []
        self.threads: set[str] = set()
        self._turned = turned
        self._failures: list[EncoderUnavailable] = []
        self._may_go_on = threading.Event()
        self._may_go_on.set()
        self.begun = threading.Event()

    def encode(self, texts: Sequence[str]) -> Rows:
        self.threads.add(threading.current_thread().name)
        self.begun.set()
        assert self._may_go_on.wait(20)
        if self._failures:
            raise self._failures.pop(0)
        self.encoded += texts
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for at, text in enumerate(texts):
            for character in text:
                rows[at, (ord(character) + self._turned) % self.dimensions] += 1
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)

    def hold(self) -> None:
        """Answer nothing until told to go on."""
        self._may_go_on.clear()
        self.begun.clear()

    def go_on(self) -> None:
        self._may_go_on.set()

    def fail(self, *failures: EncoderUnavailable) -> None:
        """Fail so, in turn, before going on."""
        self._failures += failures
