"""The data folder on disk: its files, who holds it, and how a change of its names is made durable."""

import contextlib
import errno
import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from storage.errors import DataFolderInUse, StorageUnavailable

DATABASE_NAME = "yingsheng.db"
LOCK_NAME = "lock"


@dataclass(slots=True)
class FolderLock:
    """The right to write to a folder. Held until release() or the end of the process, however that comes."""

    folder: Path
    descriptor: int

    def renew(self) -> None:
        """Make sure that we still hold the folder which now stands at this path.

        A folder that was moved away and replaced has another lock file. Raises DataFolderInUse when somebody
        else holds that one, StorageUnavailable when there is none.
        """
        try:
            if os.path.samestat(os.fstat(self.descriptor), os.stat(self.folder / LOCK_NAME)):
                return
        except FileNotFoundError as error:
            if not (self.folder / DATABASE_NAME).exists():
                raise StorageUnavailable(f"{self.folder} is gone") from error
        fresh = lock_folder(self.folder)
        self.release()
        self.descriptor = fresh.descriptor

    def release(self) -> None:
        """Let go."""
        os.close(self.descriptor)


def lock_folder(folder: Path) -> FolderLock:
    """Take the folder, which exists. Raises DataFolderInUse or StorageUnavailable."""
    path = folder / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageUnavailable(f"cannot open {path}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        give_to_owner_of(folder, path)
        _sign(descriptor)
    except OSError as error:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        os.close(descriptor)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            by = f" (process {holder})" if holder else ""
            raise DataFolderInUse(f"another Yingsheng process{by} is using {folder}") from error
        raise StorageUnavailable(f"cannot lock {path}: {error.strerror}") from error
    return FolderLock(folder, descriptor)


def _sign(descriptor: int) -> None:
    """Leave our process number for whoever is refused. A full disk must not keep us from starting."""
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def make_folder(folder: Path) -> None:
    """Make the folder if need be, for its owner's eyes only. Raises StorageUnavailable."""
    if folder.exists() and not folder.is_dir():
        raise StorageUnavailable(f"{folder} is not a folder")
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            sync_folder(folder.parent)
    except OSError as error:
        raise StorageUnavailable(f"cannot make {folder}: {error.strerror}") from error


def explained(error: Exception, folder: Path) -> str:
    """The error's words; where the disk of this folder is full they say so, also when it only speaks of I/O."""
    words = str(error)
    with contextlib.suppress(OSError):
        if "full" not in words and shutil.disk_usage(folder).free == 0:
            return f"{words} (the disk is full)"
    return words


def make_file(path: Path) -> None:
    """Make an empty file for its owner's eyes only, durably; an existing one stays as it is."""
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        give_to_owner_of(path.parent, path)
        sync_folder(path.parent)


def give_to_owner_of(folder: Path, path: Path) -> None:
    """A file that root makes belongs to the folder's owner, or the server could not open it later."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def sync_folder(folder: Path) -> None:
    """Return when the names in this folder have reached the disk."""
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def sync_file(path: Path) -> None:
    """Return when the content of this file has reached the disk. Never for a database that is open."""
    _sync(path, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
