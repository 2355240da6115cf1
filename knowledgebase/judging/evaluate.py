"""Labelled questions against a knowledge base: how often the first match is right, and whether it knows."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledgebase.encoders.encoder import Encoder
from knowledgebase.encoders.patience import encode_patiently
from knowledgebase.encoders.vectors import encode_each, stacked
from knowledgebase.judging.baselines import baselines
from knowledgebase.judging.calibration import PRECISION, Calibration
from knowledgebase.judging.labelled import read_known, read_questions
from knowledgebase.judging.trials import Question
from knowledgebase.model import Entry, Match, Thresholds
from knowledgebase.search import KnowledgeBase

SHOWN = 5
BINS = 10


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the knowledge base made of one question; cpu_us is processor time in microseconds."""

    question: Question
    matches: tuple[Match, ...]
    decision: str
    cpu_us: float

    @property
    def confidence(self) -> float:
        """How sure it was of its first match; 0 without one."""
        return self.matches[0].confidence if self.matches else 0.0

    @property
    def right(self) -> bool:
        """Whether the first match is one of those expected."""
        return bool(self.matches) and self.matches[0].entry.id in self.question.expected


@dataclass(frozen=True, slots=True)
class Peer:
    """What a method without any learning gets on the same questions, in shares of 1, as in Report."""

    name: str
    accuracy: float
    coverage_at_95: float


@dataclass(frozen=True, slots=True)
class Report:
    """What an evaluation found, in numbers of questions and in shares of 1.

    accuracy: the share of the questions in scope whose first match is right. wrong_share: the share of the
    automatic answers that are wrong, those to questions out of scope among them.
    coverage_at_N: the share of all questions that can be answered when N % of the answers must be right, by the
    best threshold for these very questions. calibration_error: expected difference between confidence and the
    share of right first matches, in ten equal bins. Latency is processor time.
    """

    entries: int
    questions: int
    in_scope: int
    right_first: int
    accuracy: float
    right_in_three: int
    answered: int
    answered_wrong: int
    wrong_share: float
    out_of_scope: int
    out_of_scope_answered: int
    clarified: int
    clarified_helpful: int
    coverage_at_95: float
    coverage_at_97: float
    calibration_error: float
    latency_p50_ms: float
    latency_p95_ms: float
    thresholds: Thresholds
    calibration: Calibration
    encoder: str = "distilled"
    baselines: tuple[Peer, ...] = ()


def evaluate_files(
    entries: Path,
    queries: Path,
    predictions: Path | None,
    precision: float = PRECISION,
    encoder: Encoder | None = None,
) -> Report:
    """Evaluate a knowledge base built from the file alone and calibrated to itself; write predictions if asked to.

    encoder: by whose vectors it finds; by default the shipped ones. Raises FileUnreadable when either file is not
    what contracts say, naming the first bad line, and EncoderUnavailable.
    """
    known, questions = read_known(entries), read_questions(queries)
    base = KnowledgeBase.build(known)
    if encoder is not None:
        base = base.with_vectors(stacked(encoder.name, encode_each(encoder, base.texts_needed())))
    base = base.calibrated(precision)
    made = predict(base, questions, encoder)
    if predictions is not None:
        lines = (json.dumps(_as_row(each), ensure_ascii=False) + "\n" for each in made)
        predictions.write_text("".join(lines), encoding="utf-8")
    report = summarise(made, base.size, base.calibration)
    name = "distilled" if encoder is None else encoder.name
    return replace(report, encoder=name, baselines=_peers(known, questions))


def predict(base: KnowledgeBase, questions: Iterable[Question], encoder: Encoder | None = None) -> list[Prediction]:
    """Ask every question, in order; encoder: of the knowledge base's vectors, if it has any."""
    return [_predict(base, question, encoder) for question in questions]


def decide(confidence: float, thresholds: Thresholds) -> str:
    """What these thresholds alone would do: answer, clarify or handoff."""
    if confidence >= thresholds.answer:
        return "answer"
    return "clarify" if confidence >= thresholds.clarify else "handoff"


def summarise(made: Sequence[Prediction], entries: int, calibration: Calibration) -> Report:
    """Count what was right and wrong."""
    in_scope = [each for each in made if each.question.expected]
    answered = [each for each in made if each.decision == "answer"]
    clarified = [each for each in made if each.decision == "clarify"]
    sure = np.array([each.confidence for each in made])
    right = np.array([float(each.right) for each in made])
    right_first = sum(each.right for each in in_scope)
    answered_wrong = sum(not each.right for each in answered)
    times = np.array([each.cpu_us for each in made]) / 1_000
    return Report(
        entries=entries,
        questions=len(made),
        in_scope=len(in_scope),
        right_first=right_first,
        accuracy=right_first / max(len(in_scope), 1),
        right_in_three=sum(_in_three(each) for each in in_scope),
        answered=len(answered),
        answered_wrong=answered_wrong,
        wrong_share=answered_wrong / max(len(answered), 1),
        out_of_scope=len(made) - len(in_scope),
        out_of_scope_answered=sum(not each.question.expected for each in answered),
        clarified=len(clarified),
        clarified_helpful=sum(_in_three(each) for each in clarified),
        coverage_at_95=coverage(sure, right, 0.95),
        coverage_at_97=coverage(sure, right, 0.97),
        calibration_error=calibration_error(sure, right),
        latency_p50_ms=float(np.percentile(times, 50)) if len(times) else 0.0,
        latency_p95_ms=float(np.percentile(times, 95)) if len(times) else 0.0,
        thresholds=calibration.thresholds,
        calibration=calibration,
    )


def coverage(sure: NDArray[np.float64], right: NDArray[np.float64], precision: float) -> float:
    """The largest share of questions, surest first, of which at least this share is right."""
    order = np.argsort(-sure, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(shares >= precision)
    return float(good[-1] + 1) / len(order) if len(good) else 0.0


def calibration_error(sure: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Expected calibration error over ten bins of equal width (Naeini et al., 2015)."""
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [abs(float(np.sum(sure[bins == each] - right[bins == each]))) for each in range(BINS)]
    return sum(gaps) / max(len(sure), 1)


def render(report: Report) -> str:
    """The report for a terminal."""
    answered = f"{_share(report.answered, report.questions)} at confidence {report.thresholds.answer}"
    asked_back = f"{_share(report.clarified, report.questions)} from confidence {report.thresholds.clarify}"
    return "\n".join(
        (
            f"entries                {report.entries}",
            f"calibrated for         {_calibration(report.calibration)}",
            f"questions              {report.questions} ({report.out_of_scope} that nothing answers)",
            f"first match right      {_share(report.right_first, report.in_scope)}",
            f"right among three      {_share(report.right_in_three, report.in_scope)}",
            f"answered               {answered}",
            f"wrong among answered   {_share(report.answered_wrong, report.answered)}",
            f"out of scope answered  {_share(report.out_of_scope_answered, report.out_of_scope)}",
            f"asked back             {asked_back}",
            f"right one offered      {_share(report.clarified_helpful, report.clarified)} of those asked back",
            f"coverage at 95 %       {report.coverage_at_95:.1%}",
            f"coverage at 97 %       {report.coverage_at_97:.1%}",
            f"calibration error      {report.calibration_error:.3f}",
            *(
                f"{peer.name:22} first match right {peer.accuracy:.1%}, coverage at 95 % {peer.coverage_at_95:.1%}"
                for peer in report.baselines
            ),
            f"encoder                {report.encoder}",
            f"latency                p50 {report.latency_p50_ms:.2f} ms, p95 {report.latency_p95_ms:.2f} ms",
        )
    )


def _calibration(found: Calibration) -> str:
    known = found.evidence
    evidence = f"{known.left_out} left out, {known.taken_out} taken out, {known.familiar:.0%} familiar"
    return f"{found.precision_wanted:.1%} right; {'enough' if found.enough else 'too little'} evidence ({evidence})"


def _share(part: int, whole: int) -> str:
    return f"{part / max(whole, 1):.1%} ({part} of {whole})"


def _peers(entries: Sequence[Entry], questions: Sequence[Question]) -> tuple[Peer, ...]:
    return tuple(
        Peer(name, found.accuracy, coverage(found.sure, found.right, 0.95))
        for name, found in baselines(entries, questions).items()
    )


def _predict(base: KnowledgeBase, question: Question, encoder: Encoder | None) -> Prediction:
    started = time.thread_time_ns()
    vector = None if encoder is None else encode_patiently(encoder, [question.utterance])[0]
    matches = tuple(base.search(question.utterance, SHOWN, vector))
    spent = (time.thread_time_ns() - started) / 1_000
    sure = matches[0].confidence if matches else 0.0
    return Prediction(question, matches, decide(sure, base.thresholds), spent)


def _in_three(prediction: Prediction) -> bool:
    return any(match.entry.id in prediction.question.expected for match in prediction.matches[:3])


def _as_row(prediction: Prediction) -> dict[str, Any]:
    return {
        "query": prediction.question.utterance,
        "expected": _expected(prediction),
        "decision": prediction.decision,
        "confidence": round(prediction.confidence, 6),
        "matches": [
            {"id": match.entry.id, "score": round(match.score, 6), "confidence": round(match.confidence, 6)}
            for match in prediction.matches
        ],
        "cpu_us": round(prediction.cpu_us, 1),
    }


def _expected(prediction: Prediction) -> str | None:
    """The id that is right; of several, the one that was found."""
    if prediction.right:
        return prediction.matches[0].entry.id
    return min(prediction.question.expected, default=None)
