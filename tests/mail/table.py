"""The mails of tests/mail/corpus/: each a file CLIENT-KIND.eml beside a CLIENT-KIND.json that says how it is read.

The JSON is the neutral form that `main.py parse-mail` prints, without `file`. Each key that stands there has to come
out exactly so; `charset`, `doubtful`, `report_type`, `failures` and `original_id` are compared with the Mail. `about`
says what is special about this mail. The raw bytes are those that the client named sends; people and addresses are
invented.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True, slots=True)
class Case:
    """One mail of the corpus. client is what wrote it, kind what is special about it, as the file is named."""

    client: str
    kind: str
    path: Path
    expected: Mapping[str, Any]

    @property
    def raw(self) -> bytes:
        """The mail as it came."""
        return self.path.read_bytes()

    def __str__(self) -> str:
        return f"{self.client}: {self.kind}"


def cases() -> list[Case]:
    """Every mail of the corpus, by name."""
    return [_case(path) for path in sorted(CORPUS.glob("*.eml"))]


def count_by_client() -> Counter[str]:
    """How many mails of the corpus each client wrote."""
    return Counter(case.client for case in cases())


def _case(path: Path) -> Case:
    client, _, kind = path.stem.partition("-")
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    return Case(client, kind.replace("-", " "), path, expected)
