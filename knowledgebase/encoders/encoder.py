"""What every encoder promises."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into vectors that lie near each other when the texts mean the same.

    Called from any thread but the event loop's; one call at a time is enough.
    """

    @property
    def name(self) -> str:
        """Whose vectors these are: the same name always gives the same vectors for a text."""

    @property
    def dimensions(self) -> int:
        """How long a vector is."""

    @property
    def texts_at_once(self) -> int:
        """How many texts in one call suit it, if others wait for their turn meanwhile."""

    def encode(self, texts: Sequence[str]) -> Rows:
        """One row of length 1 for each text; zeros for a text of which nothing is known.

        Blocks until the rows are there. Raises EncoderUnavailable when there will be none.
        """
