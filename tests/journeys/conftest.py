"""What the journeys through trouble ask for; each is a skip where this user may not have it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.disks import unwritable


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        mount = ["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "none", str(place)]
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk is not permitted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def immutable(tmp_path: Path) -> None:
    """Files can be made unwritable under a program that has them open."""
    with (tmp_path / "probe").open("wb", buffering=0) as file:
        try:
            with unwritable(tmp_path / "probe"):
                file.write(b"refused")
        except PermissionError:
            return
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("chattr +i is not permitted here")
    pytest.skip("this file system lets an open file be written in spite of chattr +i")
