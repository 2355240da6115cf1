"""No pattern of the house takes long, whatever it is given (ReDoS)."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
# What ends it is processor time; a busy machine may be long in giving that.
@pytest.mark.timeout(600)
def test_every_pattern_of_the_house_is_quick_on_a_hundred_kilobytes_of_hostile_text() -> None:
    """In a process of its own with so much processor time, so that a bad one is ended and named, not waited for."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.security.patterns"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    tried = [line for line in run.stdout.splitlines() if line.startswith("trying ")]
    assert run.returncode != -signal.SIGXCPU, f"does not end: {tried[-1:]}"
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert len(tried) > 40, "the patterns were not found"
