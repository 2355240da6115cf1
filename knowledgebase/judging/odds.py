"""Chances and their log-odds. Pure."""

import math


def log_odds(chance: float) -> float:
    """The log-odds of a chance; those of 0 and 1 are bounded."""
    bounded = min(max(chance, 1e-9), 1 - 1e-9)
    return math.log(bounded / (1 - bounded))


def chance_of(odds: float) -> float:
    """The chance of which these are the log-odds."""
    return 1 / (1 + math.exp(-min(max(odds, -30.0), 30.0)))
