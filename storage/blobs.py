"""Bytes kept as files under the hash of their content: raw mails and attachments.

A file is written beside its place, brought to the disk and renamed, so under a hash stand whole bytes or nothing. Keep
the bytes first, then the row that names them: a crash in between leaves a file that nothing names, never the reverse.
"""

import hashlib
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from storage.database import new_id
from storage.errors import StorageUnavailable
from storage.folder import explained, give_to_owner_of, make_folder, sync_folder

BLOBS_NAME = "blobs"
_HASH = re.compile(r"[0-9a-f]{64}")


class BlobMissing(StorageUnavailable):
    """The bytes under a hash are not on the disk."""


class Blobs:
    """The kept bytes of one data folder. Every method blocks on the disk: call it in a thread."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / BLOBS_NAME
        self._renewing = threading.Lock()
        self._reached: set[Path] = set()

    def keep(self, content: bytes) -> str:
        """The hash (SHA-256, hexadecimal) under which these bytes lie on the disk, durably, when this returns.

        Raises StorageUnavailable.
        """
        name = hashlib.sha256(content).hexdigest()
        place = self.path(name)
        try:
            if not self._renewed(place):
                self._write(place, content)
            self._sync(place.parent)
        except OSError as error:
            raise StorageUnavailable(f"cannot keep a file: {explained(error, self._root.parent)}") from error
        return name

    def read(self, name: str) -> bytes:
        """The bytes of this hash. Raises BlobMissing, StorageUnavailable."""
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError as error:
            raise BlobMissing(f"the file {name} is not on the disk") from error
        except OSError as error:
            raise StorageUnavailable(f"cannot read the file {name}: {error.strerror}") from error

    def path(self, name: str) -> Path:
        """Where the bytes of this hash are, or would be. Raises ValueError for what is no hash."""
        if not _HASH.fullmatch(name):
            raise ValueError("not a hash")
        return self._root / name[:2] / name

    def older_than(self, age_ms: int, at_once: int) -> Iterator[list[str]]:
        """The hashes of files that were kept longer ago, in their order, some at a time.

        What a crash left half written goes on the way.
        """
        until, found = time.time() - age_ms / 1000, list[str]()
        for path in self._files():
            if not _was_kept_before(path, until):
                continue
            if _HASH.fullmatch(path.name):
                found.append(path.name)
            elif path.suffix == ".new":
                path.unlink(missing_ok=True)
            if len(found) == at_once:
                yield found
                found = []
        if found:
            yield found

    def drop(self, name: str, age_ms: int) -> bool:
        """Remove the file of this hash, unless it was kept again meanwhile."""
        place, until = self.path(name), time.time() - age_ms / 1000
        with self._renewing:
            if not _was_kept_before(place, until):
                return False
            place.unlink(missing_ok=True)
        return True

    def _files(self) -> Iterator[Path]:
        """Every file in the order of its name, the names of one folder at a time in memory."""
        for folder in sorted(self._root.glob("*")):
            yield from sorted(folder.glob("*"))

    def _renewed(self, place: Path) -> bool:
        """Whether these bytes are there already; they count as kept now, so that no sweep takes them."""
        try:
            with self._renewing:
                os.utime(place)
        except FileNotFoundError:
            return False
        return True

    def _write(self, place: Path, content: bytes) -> None:
        make_folder(self._root)
        make_folder(place.parent)
        beside = place.with_name(f"{new_id()}.new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            give_to_owner_of(place.parent, beside)
            beside.rename(place)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise

    def _sync(self, folder: Path) -> None:
        """Bring the names to the disk, also those that a killed process had no time for.

        The way to the folder is synced once in a life: it stays.
        """
        sync_folder(folder)
        if folder not in self._reached:
            sync_folder(self._root)
            sync_folder(self._root.parent)
            self._reached.add(folder)


def _was_kept_before(path: Path, until: float) -> bool:
    """Whether the file was kept before this time; one that is gone was not."""
    try:
        return path.stat().st_mtime < until
    except FileNotFoundError:
        return False
