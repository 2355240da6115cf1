"""Bytes under their hash: durable when they are said to be, whatever was cut short before."""

import hashlib
import os
from pathlib import Path

import pytest

from storage import blobs as blobs_module
from storage.blobs import Blobs
from storage.folder import sync_folder


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders whose names were brought to the disk, in order."""
    folders: list[Path] = []

    def sync(folder: Path) -> None:
        sync_folder(folder)
        folders.append(folder)

    monkeypatch.setattr(blobs_module, "sync_folder", sync)
    return folders


def test_bytes_that_are_there_already_are_only_told_after_their_name_has_reached_the_disk(
    tmp_path: Path, synced: list[Path]
) -> None:
    name = hashlib.sha256(b"renamed, then killed").hexdigest()
    folder = tmp_path / "blobs" / name[:2]
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"renamed, then killed")
    assert Blobs(tmp_path).keep(b"renamed, then killed") == name
    assert synced == [folder, tmp_path / "blobs", tmp_path]


def test_the_way_to_a_folder_is_brought_to_the_disk_once(tmp_path: Path, synced: list[Path]) -> None:
    blobs = Blobs(tmp_path)
    name = blobs.keep(b"one")
    blobs.keep(b"one")
    assert synced == [tmp_path / "blobs" / name[:2], tmp_path / "blobs", tmp_path, tmp_path / "blobs" / name[:2]]


def test_old_files_are_told_in_their_order_some_at_a_time_and_young_ones_are_not(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    old = sorted(blobs.keep(bytes([number])) for number in range(7))
    for name in old:
        os.utime(blobs.path(name), (1, 1))
    blobs.keep(b"young")
    assert list(blobs.older_than(1_000, 3)) == [old[:3], old[3:6], old[6:]]
    assert list(Blobs(tmp_path / "empty").older_than(1_000, 3)) == []


def test_a_file_is_dropped_once_and_only_while_it_is_old(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    name = blobs.keep(b"x")
    assert not blobs.drop(name, 1_000)
    os.utime(blobs.path(name), (1, 1))
    assert blobs.drop(name, 1_000)
    assert not blobs.drop(name, 1_000)
