"""The demo's test questions with what typing does to them: how much is lost, beside the same with rapidfuzz."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from random import Random

from rapidfuzz import fuzz, process

from benchmarks.perturbations import PERTURBATIONS, perturb
from knowledgebase.judging.evaluate import Prediction, predict, summarise
from knowledgebase.judging.labelled import read_known, read_questions
from knowledgebase.judging.trials import Question
from knowledgebase.model import Entry
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording import text

DEMO = text.DATA / "demo.jsonl"
QUESTIONS = text.DATA / "questions-test.jsonl"
SEED = 20_261_121
MOST_LOST = 0.05
PAIRS_OF_A_QUESTION = 6
PAIRS = tuple(combinations(PERTURBATIONS, 2))
TOGETHER = "two together"
ALONE = "all alone"


@dataclass(frozen=True, slots=True)
class Changed:
    """A question, and the same after a perturbation or two."""

    clean: Question
    question: Question


@dataclass(frozen=True, slots=True)
class Loss:
    """Shares of 1 for one kind of change: first match right of the questions in scope, before and after, here
    and with rapidfuzz; answered of all, and wrong of those answered, before and after."""

    questions: int
    clean: float
    after: float
    peer_clean: float
    peer_after: float
    answered_clean: float
    answered: float
    wrong_clean: float
    wrong: float


def run(questions: Path = QUESTIONS) -> dict[str, float]:
    """Ask every question clean and changed, print what is lost by each kind of change."""
    entries = read_known(DEMO)
    losses = measure(entries, generate(read_questions(questions)))
    for name, loss in losses.items():
        _print(name, loss)
    return _figures(losses)


def generate(questions: Sequence[Question], seed: int = SEED) -> dict[str, list[Changed]]:
    """By kind of change, each question that it changes. Of two together each question gets a few pairs only."""
    made = {name: _changed(((each, (name,)) for each in questions), seed) for name in PERTURBATIONS}
    made[ALONE] = [each for changed in made.values() for each in changed]
    made[TOGETHER] = _changed(
        ((each, names) for each in questions for names in _some_pairs(each.utterance, seed)), seed
    )
    return made


def measure(entries: Sequence[Entry], made: Mapping[str, Sequence[Changed]]) -> dict[str, Loss]:
    """What each kind of change costs. Every text is asked once, however many kinds it takes part in."""
    texts = {each for changed in made.values() for one in changed for each in (one.clean, one.question)}
    base = KnowledgeBase.build(entries)
    found = dict(zip(texts, predict(base, texts), strict=True))
    nearest = _peer(entries)
    peer = {each: nearest(each.utterance) in each.expected for each in texts}
    return {name: _loss(changed, found, peer, base) for name, changed in made.items() if changed}


def _changed(wanted: Iterable[tuple[Question, tuple[str, ...]]], seed: int) -> list[Changed]:
    made = ((question, perturb(question.utterance, names, seed)) for question, names in wanted)
    return [
        Changed(question, Question(changed, question.expected))
        for question, changed in made
        if changed != question.utterance
    ]


def _some_pairs(utterance: str, seed: int) -> list[tuple[str, ...]]:
    return list(Random(f"{seed}:{utterance}").sample(PAIRS, PAIRS_OF_A_QUESTION))


def _loss(
    changed: Sequence[Changed],
    found: Mapping[Question, Prediction],
    peer: Mapping[Question, bool],
    base: KnowledgeBase,
) -> Loss:
    before = summarise([found[each.clean] for each in changed], base.size, base.calibration)
    after = summarise([found[each.question] for each in changed], base.size, base.calibration)
    in_scope = [each for each in changed if each.clean.expected]
    return Loss(
        questions=len(changed),
        clean=before.accuracy,
        after=after.accuracy,
        peer_clean=sum(peer[each.clean] for each in in_scope) / max(len(in_scope), 1),
        peer_after=sum(peer[each.question] for each in in_scope) / max(len(in_scope), 1),
        answered_clean=before.answered / len(changed),
        answered=after.answered / len(changed),
        wrong_clean=before.wrong_share,
        wrong=after.wrong_share,
    )


def _peer(entries: Sequence[Entry]) -> Callable[[str], str]:
    """The entry of the nearest wording by rapidfuzz's ratio of normalised texts."""
    wordings = [(entry.id, wording) for entry in entries for wording in (entry.question, *entry.similar)]
    normalised = [text.normalise(wording) for _, wording in wordings]

    def nearest(utterance: str) -> str:
        return wordings[process.extract(text.normalise(utterance), normalised, scorer=fuzz.ratio, limit=1)[0][2]][0]

    return nearest


def _figures(losses: Mapping[str, Loss]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, loss in losses.items():
        figures |= {
            f"{name}: right first": loss.after,
            f"{name}: lost": loss.clean - loss.after,
            f"{name}: answered": loss.answered,
            f"{name}: wrong among answered": loss.wrong,
            f"{name}: rapidfuzz right first": loss.peer_after,
            f"{name}: rapidfuzz lost": loss.peer_clean - loss.peer_after,
        }
    return figures


def _print(name: str, loss: Loss) -> None:
    lost = loss.clean - loss.after
    print(
        f"{name:14} {loss.questions:5} changed: right first {loss.clean:.1%} → {loss.after:.1%}, "
        f"lost {100 * lost:4.1f} points{'' if lost <= MOST_LOST else f', over the {100 * MOST_LOST:.0f} wanted'}; "
        f"answered {loss.answered_clean:.1%} → {loss.answered:.1%}, wrong of it {loss.wrong_clean:.1%} → "
        f"{loss.wrong:.1%}; rapidfuzz {loss.peer_clean:.1%} → {loss.peer_after:.1%}, "
        f"lost {100 * (loss.peer_clean - loss.peer_after):.1f}"
    )
