"""The time zone of the process changes nothing."""

import os
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT

ZONES = ("UTC", "Asia/Shanghai", "America/New_York")


def test_the_same_is_due_whatever_the_time_zone_of_the_process(request: pytest.FixtureRequest) -> None:
    drawn = [str(request.config.getoption(name)) for name in ("--seed", "--deadlines")]
    command = [sys.executable, "-m", "tests.tickets.business_time.digest", *drawn]
    running = [
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, "TZ": zone}, stdout=subprocess.PIPE, text=True)
        for zone in ZONES
    ]
    told = [process.communicate()[0].split() for process in running]
    print(told)
    assert [process.returncode for process in running] == [0, 0, 0]
    assert [name for name, _ in told] == ["UTC", "CST", "EST"]
    assert len({digest for _, digest in told}) == 1
