"""Publications: changes that are replayed against what is in force, accepted, and put in force in one transaction.

base is compared and set: what was replayed against another state than the one in force is replayed anew, and only
then can be published. Nothing of a publication is ever in force alone.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from knowledgebase.authoring import entries, lifecycle
from knowledgebase.authoring.lifecycle import Action
from knowledgebase.errors import ActionNotAllowed, EntryNotFound, PublicationRefused
from knowledgebase.judging.replay import FlipKind, Outcome, Replay, Replayed, Source, flip_kind
from knowledgebase.model import EntryStatus
from knowledgebase.publishing import flips, questions, register, terms, words
from knowledgebase.publishing.flips import Accepted
from knowledgebase.publishing.model import (
    ChangeSet,
    Failure,
    Origin,
    Publication,
    PublicationState,
    summarise,
)
from knowledgebase.publishing.terms import InForce
from storage.database import Transaction, new_id

MOST_RUNS = 3
# Who asks for a comparison after a calibration, or with another model: nobody.
NOBODY = ""


@dataclass(frozen=True, slots=True)
class Work:
    """What a replay needs: what is in force, what is proposed, the questions, and the outcomes accepted last.

    accepted is None unless nothing is proposed; then it stands in the place of what is in force.
    """

    publication: Publication
    before: InForce
    after: InForce
    questions: list[Replayed]
    accepted: list[tuple[Replayed, Outcome]] | None


# --- The life of a publication ----------------------------------------------------------------------------------


def begin(tx: Transaction, changes: ChangeSet, by: str, now: int, origin: Origin = Origin.CONSOLE) -> Publication:
    """Ask for these changes to be replayed. Asking again while that is under way gives the same publication.

    Raises PublicationRefused when something of it has moved on or cannot be published as it stands.
    """
    if (problem := misfit(tx, changes)) is not None:
        raise PublicationRefused(f"{problem} has moved on, or cannot be published as it stands", problem)
    for other in register.live(tx):
        if (other.changes, other.origin) == (changes, origin) and other.requested_by != NOBODY:
            return other
    publication_id = new_id()
    tx.change(
        "INSERT INTO publication (id, origin, state, changes_json, requested_by, requested_at, base, runs)"
        " VALUES (:id, :origin, 'running', :changes, :by, :now, '', 0)",
        {"id": publication_id, "origin": origin.value, "changes": changes.as_text(), "by": by, "now": now},
    )
    tx.notify("publications", publication_id)
    return register.get(tx, publication_id)


def recheck(tx: Transaction, now: int) -> None:
    """Have what is in force compared with what was accepted last: a calibration or a model may have changed it.

    The comparison is forgotten if it finds nothing. Without anything accepted there is nothing to compare with.
    """
    if not register.accepted_outcomes(tx):
        return
    for other in register.live(tx):
        if other.changes.is_empty and other.requested_by == NOBODY:
            if other.state is not PublicationState.RUNNING:
                _move(tx, other.id, PublicationState.STALE)
            return
    begin(tx, ChangeSet(), NOBODY, now)


def misfit(tx: Transaction, changes: ChangeSet) -> str | None:
    """Which entry or list has moved on since, or cannot be changed so; None if all can go into force."""
    acts = [(Action.PUBLISH, changes.publish), (Action.ARCHIVE, changes.archive)]
    for action, seen in acts:
        for entry_id, version in seen.items():
            if not _fits(tx, entry_id, version, action):
                return entry_id
    for which, version in changes.words.items():
        if words.standing(tx, which).newest != version:
            return which.value
    return None


def start(tx: Transaction, publication_id: str, real: int, now: int) -> Work | None:
    """Begin a replay: what it needs to know. None if it has failed instead, or needs none any more.

    real: how many of the last questions of customers are asked again.
    """
    publication = register.get(tx, publication_id)
    if publication.state not in (PublicationState.RUNNING, PublicationState.STALE):
        return None
    if publication.runs >= MOST_RUNS:
        fail(tx, publication_id, Failure.INTERRUPTED, "", now)
        return None
    if (problem := misfit(tx, publication.changes)) is not None:
        fail(tx, publication_id, Failure.MOVED_ON, problem, now)
        return None
    tx.change(
        "UPDATE publication SET state = 'running', runs = runs + 1 WHERE id = :id",
        {"id": publication_id},
    )
    before = terms.in_force(tx)
    accepted = (register.accepted_outcomes(tx) or []) if publication.changes.is_empty else None
    asked = distinct([*questions.labelled(tx), *questions.real(tx, real)])
    return Work(publication, before, proposed(tx, before, publication.changes), asked, accepted)


def proposed(tx: Transaction, before: InForce, changes: ChangeSet) -> InForce:
    """What would be in force with these changes."""
    kept = {entry.id: entry for entry in before.entries if entry.id not in changes.archive}
    for entry_id in changes.publish:
        head = entries.get_entry(tx, entry_id)
        kept[entry_id] = replace(head, status=EntryStatus.PUBLISHED, version=head.version + 1)
    return replace(
        before,
        entries=sorted(kept.values(), key=lambda entry: (entry.category, entry.id)),
        lists={**before.lists, **{which: words.at(tx, {which: at})[which] for which, at in changes.words.items()}},
        precision=before.precision if changes.precision is None else changes.precision,
    )


def distinct(asked: Sequence[Replayed]) -> list[Replayed]:
    """Each utterance once for its channel; of the same one the first stays, so a label goes before none."""
    labelled = {question.utterance for question in asked if question.source is Source.LABELLED}
    kept: dict[tuple[str, str], Replayed] = {}
    for question in asked:
        if question.source is Source.LABELLED or question.utterance not in labelled:
            kept.setdefault((question.utterance, question.channel), question)
    return list(kept.values())


def finish(
    tx: Transaction,
    publication_id: str,
    base: str,
    model: str,
    found: Replay,
    outcomes: Sequence[tuple[Replayed, Outcome]],
    now: int,
) -> PublicationState:
    """Keep what a replay against this base found; flips that were accepted before stay accepted.

    Something else in force by now makes it stale. One that was withdrawn meanwhile stays so.
    """
    publication = register.get(tx, publication_id)
    if publication.state is not PublicationState.RUNNING:
        return publication.state
    if base != base_of(tx, model):
        return _move(tx, publication_id, PublicationState.STALE)
    if publication.changes.is_empty and publication.requested_by == NOBODY and not found.flips:
        return _forget(tx, publication_id)
    known = _accepted_already(tx, publication_id, base)
    flips.keep(tx, publication_id, [(flip, known.get(flips.key(flip))) for flip in found.flips], outcomes)
    tx.change(
        "UPDATE publication SET base = :base, runs = 0, summary_json = :summary WHERE id = :id",
        {"id": publication_id, "base": base, "summary": json.dumps(asdict(summarise(found)))},
    )
    return _move(tx, publication_id, _after_acceptance(tx, publication_id))


def base_of(tx: Transaction, model: str) -> str:
    """The fingerprint of what is in force; model names the weights, the encoder and the settings it runs with."""
    return f"{terms.fingerprint(tx)}:{model}"


def accept(
    tx: Transaction, publication_id: str, base: str, number: int | None, kind: FlipKind | None, by: str, now: int
) -> int:
    """Take somebody's word that one flip, all of a kind, or all are wanted; returns how many were not yet accepted.

    Raises PublicationRefused when it has been replayed against another base than the one that was shown.
    """
    publication = register.get(tx, publication_id)
    if publication.state is not PublicationState.READY or publication.base != base:
        raise PublicationRefused(f"publication {publication_id} is {publication.state}")
    accepted = flips.accept(tx, publication_id, number, kind, Accepted(by, now))
    state = _after_acceptance(tx, publication_id)
    if accepted and state is PublicationState.ACCEPTED:
        tx.change(
            "UPDATE publication SET accepted_by = :by, accepted_at = :now WHERE id = :id",
            {"id": publication_id, "by": by, "now": now},
        )
        _move(tx, publication_id, state)
    return accepted


def publish(tx: Transaction, publication_id: str, model: str, by: str, now: int) -> PublicationState:
    """Put all of it in force, or say why not: stale is being replayed anew, failed cannot be any more.

    Raises PublicationRefused unless every flip is accepted. Every other publication that waits becomes stale.
    """
    publication = register.get(tx, publication_id)
    if publication.state is not PublicationState.ACCEPTED or publication.is_acceptance:
        raise PublicationRefused(f"publication {publication_id} is {publication.state}")
    if (problem := misfit(tx, publication.changes)) is not None:
        return fail(tx, publication_id, Failure.MOVED_ON, problem, now)
    if publication.base != base_of(tx, model):
        return _move(tx, publication_id, PublicationState.STALE)
    _apply(tx, publication, by, now)
    _keep_what_nobody_accepted(tx, publication_id)
    _end(tx, publication_id, PublicationState.PUBLISHED, by, now)
    _forget_others(tx, publication_id)
    _unsettle_others(tx, publication.changes, now)
    if not publication.changes.is_empty:
        tx.notify("entries")
    return PublicationState.PUBLISHED


def withdraw(tx: Transaction, publication_id: str, by: str, now: int) -> None:
    """Give it up; the drafts stay. Raises PublicationRefused for one that is over."""
    publication = register.get(tx, publication_id)
    if not publication.is_live:
        raise PublicationRefused(f"publication {publication_id} is {publication.state}")
    _end(tx, publication_id, PublicationState.WITHDRAWN, by, now)
    flips.forget_outcomes(tx, publication_id)


def withdraw_forgotten(tx: Transaction, before: int, now: int) -> int:
    """Give up those that were asked for before this time and have waited since; returns how many."""
    forgotten = [one for one in register.live(tx) if one.requested_at < before]
    for one in forgotten:
        withdraw(tx, one.id, NOBODY, now)
    return len(forgotten)


def fail(tx: Transaction, publication_id: str, failure: Failure, about: str, now: int) -> PublicationState:
    """End it for this reason; about names what it is about, such as an entry."""
    tx.change(
        "UPDATE publication SET failure_json = :failure WHERE id = :id",
        {"id": publication_id, "failure": json.dumps({"failure": failure.value, "about": about}, ensure_ascii=False)},
    )
    flips.forget_outcomes(tx, publication_id)
    return _end(tx, publication_id, PublicationState.FAILED, None, now)


def accepted_on_command_line(tx: Transaction, base: str) -> dict[flips.Key, Accepted]:
    """The flips that were accepted from the command line for this base."""
    told = [one for one in register.live(tx) if one.is_acceptance and one.base == base]
    kept = (one for acceptance in told for one in flips.of(tx, acceptance.id))
    return {flips.key(one.flip): one.accepted for one in kept if one.accepted is not None}


def record_accepted(
    tx: Transaction,
    base: str,
    found: Replay,
    outcomes: Sequence[tuple[Replayed, Outcome]],
    by: str,
    now: int,
    proposed: bool,
) -> str:
    """Keep that every flip of a replay made elsewhere is accepted; returns the publication that says so.

    proposed: they are those of a change that is not in force yet; otherwise the outcomes are what holds from now on.
    Raises PublicationRefused when the replay was made against something else than what is in force.
    """
    if base.partition(":")[0] != terms.fingerprint(tx):
        raise PublicationRefused("something else has gone into force since the replay")
    publication_id = new_id()
    tx.change(
        "INSERT INTO publication (id, origin, state, changes_json, requested_by, requested_at, base, runs,"
        " summary_json, accepted_by, accepted_at)"
        " VALUES (:id, 'command_line', 'accepted', :changes, :by, :now, :base, 0, :summary, :by, :now)",
        {
            "id": publication_id,
            "changes": ChangeSet().as_text(),
            "by": by,
            "now": now,
            "base": base,
            "summary": json.dumps(asdict(summarise(found))),
        },
    )
    flips.keep(tx, publication_id, [(flip, Accepted(by, now)) for flip in found.flips], [] if proposed else outcomes)
    if not proposed:
        _end(tx, publication_id, PublicationState.PUBLISHED, by, now)
        _forget_others(tx, publication_id)
    return publication_id


# --- Inside -----------------------------------------------------------------------------------------------------


def _fits(tx: Transaction, entry_id: str, version: int, action: Action) -> bool:
    try:
        head = entries.get_head(tx, entry_id)
        lifecycle.after(head.entry.status, action)
    except (EntryNotFound, ActionNotAllowed):
        return False
    return head.entry.version == version


def _accepted_already(tx: Transaction, publication_id: str, base: str) -> dict[flips.Key, Accepted]:
    """The flips accepted in the replay before this one, or from the command line for the same base."""
    kept = flips.of(tx, publication_id)
    before = {flips.key(one.flip): one.accepted for one in kept if one.accepted is not None}
    return {**accepted_on_command_line(tx, base), **before}


def _after_acceptance(tx: Transaction, publication_id: str) -> PublicationState:
    return PublicationState.READY if flips.unaccepted(tx, publication_id) else PublicationState.ACCEPTED


def _apply(tx: Transaction, publication: Publication, by: str, now: int) -> None:
    changes = publication.changes
    for entry_id, version in changes.publish.items():
        entries.publish(tx, entry_id, version, publication.id, by, now)
    for entry_id, version in changes.archive.items():
        entries.archive(tx, entry_id, version, publication.id, by, now)
    for which, version in changes.words.items():
        words.publish(tx, which, version, publication.id)
    if changes.precision is not None:
        terms.set_precision(tx, changes.precision, publication.id)


def _keep_what_nobody_accepted(tx: Transaction, publication_id: str) -> None:
    """Answers that had changed by themselves before are still to be accepted, whatever else is published."""
    flipped = {flips.key(one.flip)[:2] for one in flips.of(tx, publication_id)}
    before = {
        (question.utterance, question.channel): outcome for question, outcome in register.accepted_outcomes(tx) or ()
    }
    for question, outcome in flips.outcomes(tx, publication_id):
        place = (question.utterance, question.channel)
        old = before.get(place)
        if old is not None and place not in flipped and flip_kind(old, outcome) is not None:
            flips.replace_outcome(tx, publication_id, question, old)


def _unsettle_others(tx: Transaction, changes: ChangeSet, now: int) -> None:
    """Whatever else waits was replayed against what is no longer in force; what a command accepted ends with it.

    Without changes only what is compared with the outcomes accepted last is concerned.
    """
    for other in register.live(tx):
        if changes.is_empty and (other.is_acceptance or not other.changes.is_empty):
            continue
        if other.is_acceptance:
            _end(tx, other.id, PublicationState.WITHDRAWN, NOBODY, now)
        elif (problem := misfit(tx, other.changes)) is not None:
            fail(tx, other.id, Failure.MOVED_ON, problem, now)
        elif other.state is not PublicationState.RUNNING:
            _move(tx, other.id, PublicationState.STALE)


def _forget_others(tx: Transaction, publication_id: str) -> None:
    """Only the outcomes of what is in force are compared with later."""
    tx.change(
        "DELETE FROM replay_outcome WHERE publication_id IN"
        " (SELECT id FROM publication WHERE state = 'published' AND id <> :id)",
        {"id": publication_id},
    )


def _forget(tx: Transaction, publication_id: str) -> PublicationState:
    """Forget a publication as if it had never been asked for."""
    flips.keep(tx, publication_id, [], [])
    tx.change("DELETE FROM publication WHERE id = :id", {"id": publication_id})
    return PublicationState.WITHDRAWN


def _move(tx: Transaction, publication_id: str, state: PublicationState) -> PublicationState:
    tx.change("UPDATE publication SET state = :state WHERE id = :id", {"id": publication_id, "state": state.value})
    if state is PublicationState.STALE:
        tx.notify("publications", publication_id)
    return state


def _end(tx: Transaction, publication_id: str, state: PublicationState, by: str | None, now: int) -> PublicationState:
    tx.change(
        "UPDATE publication SET finished_by = :by, finished_at = :now WHERE id = :id",
        {"id": publication_id, "by": by, "now": now},
    )
    return _move(tx, publication_id, state)
