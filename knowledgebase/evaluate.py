"""Labelled questions against a knowledge base: how often the first match is right, and whether it knows."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Question:
    """An utterance and the ids that are right for it; none when nothing in the knowledge base answers it."""

    utterance: str
    expected: frozenset[str]


@dataclass(frozen=True, slots=True)
class Report:
    """What an evaluation found. Shares are of 1."""

    in_scope: int
    out_of_scope: int
    right_first: int
    answered: int
    answered_wrong: int
    out_of_scope_answered: int
    coverage_at_95: float
    coverage_at_97: float
    calibration_error: float
    latency_p50_ms: float
    latency_p95_ms: float


def evaluate_files(entries: Path, queries: Path, predictions: Path | None) -> Report:
    """Evaluate with a knowledge base built from the file alone; write each prediction if asked to."""
    raise NotImplementedError


def render(report: Report) -> str:
    """The report for a terminal."""
    return str(report)
