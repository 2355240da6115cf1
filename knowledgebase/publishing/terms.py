"""What is in force beside the entries: the word lists and the precision wanted; and a fingerprint of all of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from knowledgebase.authoring import entries
from knowledgebase.model import Entry
from knowledgebase.publishing import words
from knowledgebase.wording.word_lists import Lists
from storage.database import Transaction

ALL_CHANNELS = "all"


@dataclass(frozen=True, slots=True)
class InForce:
    """What customers get answers from: the published entries, the word lists, the precision wanted by channel."""

    entries: list[Entry]
    lists: Lists
    precision: Mapping[str, float]
    fingerprint: str


def in_force(tx: Transaction) -> InForce:
    """All of it, in one view."""
    return InForce(entries.published(tx), words.in_force(tx), precision(tx), fingerprint(tx))


def precision(tx: Transaction) -> dict[str, float]:
    """The precision wanted by channel, 'all' for the others; empty where the settings say it."""
    rows = tx.execute("SELECT channel, wanted FROM precision_wanted ORDER BY channel")
    return {row["channel"]: row["wanted"] for row in rows}


def wanted_on(channel: str, published: Mapping[str, float], general: float, least: Mapping[str, float]) -> float:
    """The precision wanted on a channel: what was published for it; else what was published for all, or general,
    but no less than the settings ask for there."""
    if channel in published:
        return published[channel]
    return max(published.get(ALL_CHANNELS, general), least.get(channel, 0.0))


def set_precision(tx: Transaction, wanted: Mapping[str, float], publication_id: str) -> None:
    """Put these in force, and no other."""
    tx.change("DELETE FROM precision_wanted")
    for channel, share in wanted.items():
        tx.change(
            "INSERT INTO precision_wanted (channel, wanted, publication_id) VALUES (:channel, :wanted, :publication)",
            {"channel": channel, "wanted": share, "publication": publication_id},
        )


def fingerprint(tx: Transaction) -> str:
    """Two equal ones mean that customers get the same answers, as far as the database has a say."""
    rows = tx.execute(
        "SELECT id, published_version FROM entry WHERE published_version IS NOT NULL ORDER BY category, id"
    )
    published = [[row["id"], row["published_version"]] for row in rows]
    plain = [sorted(published), sorted(words.published_versions(tx).items()), sorted(precision(tx).items())]
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()[:32]
