"""`main.py replay`: what a proposed change does to the answers, for a pipeline to stop at.

Both sides are calibrated as the server calibrates what is in force.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bot.commands import replay_as_plain
from bot.encoding import Meaning
from bot.errors import BotError
from bot.replaying import Settings, model_of, state_of
from knowledgebase.authoring.transfer import RowError, read_entries
from knowledgebase.encoders.encoder import Rows
from knowledgebase.judging.heeding import heed, told_by
from knowledgebase.judging.labelled import read_questions
from knowledgebase.judging.replay import (
    CLARIFY,
    HANDOFF,
    Flip,
    Outcome,
    Replay,
    Replayed,
    Source,
    replay,
    replay_accepted,
    spread,
)
from knowledgebase.learning import asked
from knowledgebase.library import MOST_HEEDED
from knowledgebase.model import Entry, EntryStatus
from knowledgebase.publishing import flips, publications, questions, register, terms
from knowledgebase.publishing.terms import ALL_CHANNELS, InForce
from knowledgebase.search import KnowledgeBase
from knowledgebase.wording.text import compact, read_lines
from knowledgebase.wording.word_lists import Changes, WordList, problems, shipped, vocabulary_of
from storage.database import Transaction

Accepted = list[tuple[Replayed, Outcome]]
Tell = Callable[[str, int, int], None]


class BadProposal(BotError):
    """A file that was given cannot be proposed; lines says why, one line each."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed: files as they were named, and the precision for all channels. All None: nothing."""

    entries: Path | None = None
    vocabulary: Path | None = None
    precision: float | None = None
    questions: Path | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is proposed, so that what is in force is compared with what was accepted last."""
        return self.entries is None and self.vocabulary is None and self.precision is None


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the data folder knows: what is in force, what to ask, the outcomes that were accepted last, and what
    customers and agents said of answers."""

    before: InForce
    labelled: list[Replayed]
    real: list[Replayed]
    accepted: Accepted | None
    said: list[asked.Outcome]


@dataclass(frozen=True, slots=True)
class Result:
    """What the command found. accepted: the flips that were accepted earlier, by their keys."""

    found: Replay
    outcomes: Accepted
    base: str
    proposed: bool
    accepted: frozenset[flips.Key]
    compared: bool

    @property
    def unaccepted(self) -> int:
        """How many flips nobody has accepted."""
        return sum(flips.key(flip) not in self.accepted for flip in self.found.flips)


def gather(tx: Transaction, real: int) -> Gathered:
    """What the data folder knows, in one view."""
    return Gathered(
        terms.in_force(tx),
        questions.labelled(tx),
        questions.real(tx, real),
        register.accepted_outcomes(tx),
        asked.outcomes(tx, MOST_HEEDED),
    )


def carry_out(
    known: Gathered, proposal: Proposal, settings: Settings, meaning: Meaning, now: int, tell: Tell
) -> Result:
    """Replay; tell gets what is being done, how much of it is done, and of how much (0: unknown).

    Raises BadProposal or FileUnreadable for a file that cannot be proposed, EncoderUnavailable.
    """
    labelled = known.labelled if proposal.questions is None else _questions(proposal.questions)
    wanted = publications.distinct([*labelled, *known.real])
    after = _proposed(known.before, proposal)
    texts = [one.utterance for one in (*wanted, *(old for old, _ in known.accepted or ()))]
    vectors = meaning.vectors([*texts, *(one.utterance for one in known.said)])
    tell("calibrating what is in force", 0, 0)
    base = _calibrated(known.before, settings, meaning, known.said, vectors)
    state = state_of(base, _first(base, vectors), known.before.precision, settings, now)

    def replaying(done: int, total: int) -> None:
        tell("replaying", done, total)

    name = f"{known.before.fingerprint}:{model_of(base, settings)}"
    if proposal.is_empty:
        found, pairs = replay_accepted(known.accepted or [], state, wanted, replaying)
        return Result(found, pairs, name, False, frozenset(), bool(known.accepted))
    other = base
    if (after.entries, after.lists) != (known.before.entries, known.before.lists):
        tell("calibrating what is proposed", 0, 0)
        other = _calibrated(after, settings, meaning, known.said, vectors)
    search = state.search if other is base else _first(other, vectors)
    proposed = state_of(other, search, after.precision, settings, now)
    spreaded = spread(wanted, state, proposed)
    found, outcomes = replay(state, proposed, spreaded, replaying)
    return Result(found, list(zip(spreaded, outcomes, strict=True)), name, True, frozenset(), True)


def with_accepted(tx: Transaction, result: Result) -> Result:
    """The result, with the flips that were accepted earlier for the same base."""
    if not result.proposed:
        return result
    return replace(result, accepted=frozenset(publications.accepted_on_command_line(tx, result.base)))


def acceptance(result: Result, by: str) -> dict[str, Any]:
    """The arguments of the command that records that all flips are accepted."""
    return {
        "base": result.base,
        "proposed": result.proposed,
        "by": by,
        "replay": replay_as_plain(result.found, result.outcomes),
    }


def render(result: Result) -> str:
    """The result for a terminal."""
    found = result.found
    lines = [
        f"questions  {found.questions} ({found.labelled} labelled)",
        f"answered   {_share(found.before.answered, found.questions)} -> "
        f"{_share(found.after.answered, found.questions)}",
        f"right      {_right(found.before.right, found.before.labelled_answered)} -> "
        f"{_right(found.after.right, found.after.labelled_answered)} of the labelled answers",
        f"flips      {len(found.flips)}, {result.unaccepted} not accepted; "
        f"{found.reworded} reworded, {found.asked_back} asked back or no longer",
    ]
    return "\n".join((*lines, *(_line(flip, result) for flip in found.flips)))


def as_plain(result: Result) -> dict[str, Any]:
    """The result as JSON."""
    found = result.found
    return {
        "compared_with": ("in_force" if result.proposed else "accepted") if result.compared else None,
        "questions": found.questions,
        "labelled": found.labelled,
        "before": {**asdict(found.before), "precision": found.before.precision},
        "after": {**asdict(found.after), "precision": found.after.precision},
        "reworded": found.reworded,
        "asked_back": found.asked_back,
        "unaccepted": result.unaccepted,
        "flips": [
            {
                "kind": flip.kind.value,
                "query": flip.question.utterance,
                "source": flip.question.source.value,
                "channel": flip.question.channel,
                "expected": None if flip.question.expected is None else sorted(flip.question.expected),
                "before": _outcome(flip.before),
                "after": _outcome(flip.after),
                "mark": flip.mark.value if flip.mark else None,
                "accepted": flips.key(flip) in result.accepted,
            }
            for flip in found.flips
        ],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {"decision": outcome.decision, "id": outcome.entry_id, "confidence": outcome.confidence}


def _line(flip: Flip, result: Result) -> str:
    known = [flip.mark.value] if flip.mark else []
    known += ["accepted"] if flips.key(flip) in result.accepted else []
    asked = f"[{flip.question.source.value}, {flip.question.channel}] {flip.question.utterance}"
    told = f"{_told(flip.before)} -> {_told(flip.after)}"
    return f"{flip.kind.value:<9}  {asked}: {told}" + (f" ({', '.join(known)})" if known else "")


def _told(outcome: Outcome) -> str:
    if outcome.decision == HANDOFF:
        return "a person"
    return f"ask back {outcome.entry_id}" if outcome.decision == CLARIFY else f"answer {outcome.entry_id}"


def _share(part: int, whole: int) -> str:
    return f"{part / max(whole, 1):.1%}"


def _right(right: int, answered: int) -> str:
    return f"{right / answered:.1%}" if answered else "none"


def _first(base: KnowledgeBase, vectors: Mapping[str, Rows]) -> Callable[[str], Any]:
    return lambda text: base.search(text, 1, vectors.get(text))


def _calibrated(
    found: InForce,
    settings: Settings,
    meaning: Meaning,
    said: Sequence[asked.Outcome],
    vectors: Mapping[str, Rows],
) -> KnowledgeBase:
    """The knowledge base of this, calibrated to itself and to what was said of answers, as the server calibrates."""
    built = KnowledgeBase.build(found.entries, vocabulary_of(found.lists))
    base = meaning.given(built).calibrated(settings.precision)
    return base.under(heed(base.calibration, told_by(said, _first(base, vectors))))


def _questions(path: Path) -> list[Replayed]:
    return [Replayed(one.utterance, Source.LABELLED, expected=one.expected) for one in read_questions(path)]


def _proposed(before: InForce, proposal: Proposal) -> InForce:
    found = before
    if proposal.entries is not None:
        found = replace(found, entries=_with_entries(before.entries, proposal.entries))
    if proposal.vocabulary is not None:
        found = replace(found, lists={**before.lists, **_with_lists(before, proposal.vocabulary)})
    if proposal.precision is not None:
        found = replace(found, precision={ALL_CHANNELS: proposal.precision})
    return found


def _with_entries(before: Sequence[Entry], path: Path) -> list[Entry]:
    """What would be published if this file were imported."""
    entries, refused = read_entries(path)
    if refused:
        raise BadProposal([_refusal(path, error) for error in refused])
    kept = {entry.id: entry for entry in before}
    for entry in entries:
        if entry.status is EntryStatus.PUBLISHED:
            known = kept.get(entry.id)
            same = known is not None and replace(entry, version=known.version) == known
            kept[entry.id] = known if known is not None and same else replace(entry, version=_next_version(known))
        elif entry.status is EntryStatus.ARCHIVED:
            kept.pop(entry.id, None)
    return sorted(kept.values(), key=lambda entry: (entry.category, entry.id))


def _next_version(known: Entry | None) -> int:
    return known.version + 1 if known else 1


def _refusal(path: Path, error: RowError) -> str:
    return f"{path.name}:{error.line}: {error.reason}"


def _with_lists(before: InForce, folder: Path) -> dict[WordList, Changes]:
    """The lists of which this folder holds a file, as changes of the shipped ones."""
    lines = {each: read_lines(folder / f"{each}.txt") for each in WordList if (folder / f"{each}.txt").is_file()}
    if not lines:
        raise BadProposal([f"{folder}: holds none of {', '.join(f'{each}.txt' for each in WordList)}"])
    changes = {each: _changes(each, own) for each, own in lines.items()}
    asked = {compact(entry.question): entry.question for entry in before.entries}
    lists = {**before.lists, **changes}
    found = [one for each in changes for one in problems(each, lists, lambda line: asked.get(compact(line)))]
    if found:
        raise BadProposal([f"{folder.name}: {one.line}: {one.flaw} {one.word} {one.other}".rstrip() for one in found])
    return changes


def _changes(which: WordList, lines: Sequence[str]) -> Changes:
    known, own = frozenset(shipped(which)), frozenset(lines)
    added = tuple(dict.fromkeys(line for line in lines if line not in known))
    return Changes(added, tuple(line for line in shipped(which) if line not in own))
