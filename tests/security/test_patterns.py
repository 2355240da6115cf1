"""No pattern of the house takes long, whatever it is given (ReDoS)."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WITHIN_S = 80


def test_every_pattern_of_the_house_is_quick_on_a_hundred_kilobytes_of_hostile_text() -> None:
    """In a process of its own, so that a bad one is ended and named instead of waited for."""
    try:
        run = subprocess.run(
            [sys.executable, "-m", "tests.security.patterns"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        tried = (late.stdout or b"").decode().splitlines()
        raise AssertionError(f"does not end: {tried[-1:]}") from late
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    tried = [line for line in run.stdout.splitlines() if line.startswith("trying ")]
    assert len(tried) > 40, "the patterns were not found"
