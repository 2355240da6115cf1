"""A confidence of one calibration told in the terms of another."""

import numpy as np

from knowledgebase.judging.calibration import Calibration
from knowledgebase.judging.odds import chance_of, log_odds


def carried_over(sure: float, own: Calibration, other: Calibration) -> float:
    """The confidence by which the other's thresholds do what its own would do, for every precision wanted.

    Between two thresholds it keeps its place in log-odds.
    """
    wanted = sorted({own.precision_wanted, *(choice.precision for choice in own.choices)})
    here, there = _rising(own, wanted), _rising(other, wanted)
    return chance_of(float(np.interp(log_odds(sure), here, there)))


def _rising(calibration: Calibration, wanted: list[float]) -> list[float]:
    answers = [calibration.thresholds_for(precision).answer for precision in wanted]
    knots = [log_odds(place) for place in (0, calibration.thresholds.clarify, *answers, 1)]
    return list(np.maximum.accumulate(knots))
