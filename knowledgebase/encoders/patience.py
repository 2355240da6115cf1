"""When to ask an encoder again that has failed: later and later, never sooner than it asked for."""

import random
import time
from collections.abc import Callable, Sequence

from knowledgebase.encoders.encoder import Encoder, Rows
from knowledgebase.errors import EncoderUnavailable

FIRST_PAUSE_MS = 1_000
LONGEST_PAUSE_MS = 60_000
LONGEST_ASKED_MS = 3_600_000


def pause_ms(failure: EncoderUnavailable, failures: int, chance: float) -> int | None:
    """How long to wait after so many failures in a row (the first is 1); None when asking again is of no use.

    chance: 0 to 1, so that many who failed together do not come back together.
    """
    if failure.permanent:
        return None
    longest = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1))
    asked = min(failure.retry_after_ms or 0, LONGEST_ASKED_MS)
    return asked + int(longest * (0.5 + chance / 2))


def encode_patiently(
    encoder: Encoder, texts: Sequence[str], tries: int = 5, sleep: Callable[[float], None] = time.sleep
) -> Rows:
    """The rows of the texts, for a command that can wait. Raises EncoderUnavailable after the last try."""
    for failures in range(1, tries):
        try:
            return encoder.encode(texts)
        except EncoderUnavailable as failure:
            pause = pause_ms(failure, failures, random.random())  # noqa: S311
            if pause is None:
                raise
            sleep(pause / 1000)
    return encoder.encode(texts)
