"""What can go wrong with storage, in an operator's words."""


class StorageError(Exception):
    """Base of everything that storage raises."""


class StorageUnavailable(StorageError):
    """The database cannot be read or written just now (locked, full, read-only, I/O); nothing was kept."""


class DataFolderInUse(StorageError):
    """Another process already writes to this data folder."""


class MigrationFailed(StorageError):
    """A migration could not be applied, or the database is newer than this program."""
