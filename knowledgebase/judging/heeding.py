"""Corrects a calibration by what customers and agents have said: 解决了, 没解决, a choice, an agent's word. Pure.

Only the shift of the log-odds follows, held to what the trials found by a penalty that counts like HELD of them, and
never by more than FARTHEST: who presses a button is no fair sample of who asks, and an answer can be the right one
and still not help. The thresholds stay, so where answers turned out wrong fewer are given.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from knowledgebase.judging.calibration import Calibration
from knowledgebase.judging.odds import chance_of, log_odds
from knowledgebase.learning.asked import Outcome
from knowledgebase.model import Match

HELD = 10.0
FARTHEST = (-1.5, 0.5)
# As sure as this only a known wording is, and that is sure by itself.
VERBATIM = 0.99
STEPS = 50

Told = tuple[float, bool]


def told_by(
    outcomes: Iterable[Outcome], search: Callable[[str], Sequence[Match]], pause: Callable[[], object] = lambda: None
) -> list[Told]:
    """For each utterance of which somebody has told what answers it: how sure the first match of today is, and
    whether it is right. One that nobody has judged with this entry is left out. pause is called before each search.
    """
    words: dict[str, dict[str, bool]] = {}
    for outcome in outcomes:
        words.setdefault(outcome.utterance, {}).setdefault(outcome.entry_id, outcome.right)
    told: list[Told] = []
    for utterance, word in words.items():
        pause()
        first = next(iter(search(utterance)), None)
        if first is None or first.confidence >= VERBATIM:
            continue
        if first.entry.id in word or any(word.values()):
            told.append((first.confidence, word.get(first.entry.id, False)))
    return told


def heed(calibration: Calibration, told: Sequence[Told]) -> Calibration:
    """The calibration with its shift moved to where what was told is likeliest; the same one if nothing was told."""
    if not told:
        return calibration
    odds = [log_odds(sure) for sure, _ in told]
    moved = 0.0
    for _ in range(STEPS):
        chances = [chance_of(each + moved) for each in odds]
        slope = sum(right - chance for chance, (_, right) in zip(chances, told, strict=True)) - HELD * moved
        step = slope / (sum(chance * (1 - chance) for chance in chances) + HELD)
        moved = min(max(moved + step, FARTHEST[0]), FARTHEST[1])
        if abs(step) < 1e-6:
            break
    return replace(calibration, shift=calibration.shift + moved)
