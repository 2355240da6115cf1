"""Run every benchmark, print its figures and keep them in benchmarks/results.json."""

import json
import platform
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    answers,
    contrast,
    encoders,
    group_commit,
    idle,
    letters,
    mail,
    matching,
    robustness,
    speed,
    sweep,
    topics,
)

RESULTS = Path(__file__).parent / "results.json"
BENCHMARKS = {
    "idle": idle.run,
    "answers": answers.run,
    "group commit": group_commit.run,
    "mail": mail.run,
    "matching": matching.run,
    "encoders": encoders.run,
    "letters": letters.run,
    "speed": speed.run,
    "contrast": contrast.run,
    "robustness": robustness.run,
    "topics": topics.run,
    "sweep": sweep.run,
}


def main() -> None:
    results: dict[str, object] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    for name, run in BENCHMARKS.items():
        print(f"== {name}")
        results[name] = {figure: round(value, 4) for figure, value in run().items()}
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
