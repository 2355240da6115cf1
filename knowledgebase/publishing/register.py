"""The register of publications: each as it stands, which are to be replayed next, and what was accepted last."""

import contextlib
import json
from collections.abc import Iterable

from knowledgebase.errors import PublicationNotFound
from knowledgebase.judging.replay import Outcome, Replayed
from knowledgebase.publishing import flips
from knowledgebase.publishing.model import ChangeSet, Failure, Origin, Publication, PublicationState, summary_from
from storage.database import Row, Transaction, first


def get(tx: Transaction, publication_id: str) -> Publication:
    """The publication. Raises PublicationNotFound."""
    row = first(
        tx.execute(
            "SELECT id, origin, state, changes_json, requested_by, requested_at, base, runs, summary_json,"
            " failure_json, accepted_by, accepted_at, finished_by, finished_at FROM publication WHERE id = :id",
            {"id": publication_id},
        )
    )
    if row is None:
        raise PublicationNotFound(f"no publication {publication_id}")
    return _publication(row)


def newest(tx: Transaction, limit: int = 50, before: str = "") -> list[Publication]:
    """The newest publications, newest first, those older than the id before."""
    rows = tx.execute(
        "SELECT id, origin, state, changes_json, requested_by, requested_at, base, runs, summary_json,"
        " failure_json, accepted_by, accepted_at, finished_by, finished_at FROM publication"
        " WHERE (:before = '' OR id < :before) ORDER BY id DESC LIMIT :limit",
        {"before": before, "limit": limit},
    )
    return [_publication(row) for row in rows]


def live(tx: Transaction) -> list[Publication]:
    """The publications that can still go into force, oldest first."""
    rows = tx.execute(
        "SELECT id, origin, state, changes_json, requested_by, requested_at, base, runs, summary_json,"
        " failure_json, accepted_by, accepted_at, finished_by, finished_at FROM publication"
        " WHERE state IN ('running', 'ready', 'accepted', 'stale') ORDER BY id"
    )
    return [_publication(row) for row in rows]


def told_of(tx: Transaction, publication_ids: Iterable[str]) -> dict[str, Publication]:
    """Those of these few publications that there are, by id."""
    found = {}
    for publication_id in dict.fromkeys(publication_ids):
        with contextlib.suppress(PublicationNotFound):
            found[publication_id] = get(tx, publication_id)
    return found


def next_waiting(tx: Transaction) -> str | None:
    """The id of the publication to replay next."""
    row = first(
        tx.execute("SELECT id FROM publication WHERE state IN ('running', 'stale') ORDER BY requested_at, id LIMIT 1")
    )
    return row["id"] if row else None


def accepted_outcomes(tx: Transaction) -> list[tuple[Replayed, Outcome]] | None:
    """What became of each question with what was published last; None if nothing has been yet."""
    row = first(
        tx.execute("SELECT id FROM publication WHERE state = 'published' ORDER BY finished_at DESC, id DESC LIMIT 1")
    )
    return flips.outcomes(tx, row["id"]) if row else None


def _publication(row: Row) -> Publication:
    failure = json.loads(row["failure_json"]) if row["failure_json"] else {}
    return Publication(
        id=row["id"],
        origin=Origin(row["origin"]),
        state=PublicationState(row["state"]),
        changes=ChangeSet.from_text(row["changes_json"]),
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
        base=row["base"],
        runs=row["runs"],
        summary=summary_from(row["summary_json"]) if row["summary_json"] else None,
        failure=Failure(failure["failure"]) if failure else None,
        about=failure.get("about", ""),
        accepted_by=row["accepted_by"],
        accepted_at=row["accepted_at"],
        finished_by=row["finished_by"],
        finished_at=row["finished_at"],
    )
