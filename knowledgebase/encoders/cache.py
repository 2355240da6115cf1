"""Vectors in the database, so that nothing is encoded twice."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

import numpy as np

from knowledgebase.encoders.vectors import Halves
from storage.database import Transaction

STORED = np.dtype("<f2")


def text_hash(text: str) -> str:
    """What a text is kept under."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_rows(tx: Transaction, encoder: str, texts: Iterable[str]) -> dict[str, Halves]:
    """The rows of this encoder for those of the texts that have one."""
    found = tx.execute("SELECT text_hash, numbers FROM vector WHERE encoder = :encoder", {"encoder": encoder})
    kept = {row["text_hash"]: row["numbers"] for row in found}
    return {text: np.frombuffer(kept[key], STORED) for text in texts if (key := text_hash(text)) in kept}


def count_rows(tx: Transaction, encoder: str) -> int:
    """How many rows of this encoder there are."""
    found = tx.execute("SELECT count(*) AS held FROM vector WHERE encoder = :encoder", {"encoder": encoder})
    return int(found[0]["held"])


def write_rows(tx: Transaction, encoder: str, rows: Mapping[str, Halves]) -> None:
    """Keep the rows of these texts; a row that is there already gives way."""
    for text, row in rows.items():
        tx.change(
            "INSERT INTO vector (encoder, text_hash, numbers) VALUES (:encoder, :text_hash, :numbers)"
            " ON CONFLICT (encoder, text_hash) DO UPDATE SET numbers = excluded.numbers",
            {"encoder": encoder, "text_hash": text_hash(text), "numbers": row.astype(STORED).tobytes()},
        )


def unused_hashes(tx: Transaction, encoder: str, texts: Iterable[str]) -> list[str]:
    """The text hashes of this encoder's rows that are of none of these texts."""
    used = {text_hash(text) for text in texts}
    found = tx.execute("SELECT text_hash FROM vector WHERE encoder = :encoder", {"encoder": encoder})
    return [row["text_hash"] for row in found if row["text_hash"] not in used]


def forget(tx: Transaction, encoder: str, hashes: Iterable[str]) -> int:
    """Delete these rows of this encoder, and all of every other; returns how many went."""
    gone = tx.change("DELETE FROM vector WHERE encoder <> :encoder", {"encoder": encoder})
    for key in hashes:
        gone += tx.change(
            "DELETE FROM vector WHERE encoder = :encoder AND text_hash = :text_hash",
            {"encoder": encoder, "text_hash": key},
        )
    return gone
