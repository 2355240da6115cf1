"""Bytes kept as files under the hash of their content: raw mails and attachments.

A file is written beside its place, brought to the disk and renamed, so under a hash stand whole bytes or nothing. Keep
the bytes first, then the row that names them: a crash in between leaves a file that nothing names, never the reverse.
"""

import hashlib
import os
import re
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

    def keep(self, content: bytes) -> str:
        """The hash (SHA-256, hexadecimal) under which these bytes lie on the disk, durably, when this returns.

        Raises StorageUnavailable.
        """
        name = hashlib.sha256(content).hexdigest()
        place = self.path(name)
        try:
            if not place.exists():
                self._write(place, content)
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
        sync_folder(place.parent)
