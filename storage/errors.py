"""What can go wrong with storage, in an operator's words."""


class StorageError(Exception):
    """Base of everything that storage raises."""


class StorageUnavailable(StorageError):
    """The database cannot be read or written just now (locked, full, read-only, gone, I/O); try again later."""


class StatementRefused(StorageError):
    """The database refused a statement or a value: a constraint, a type, text that is no Unicode.

    Trying again would fail again; a program that checks its input never sees this.
    """


class DataFolderInUse(StorageError):
    """Another process already writes to this data folder."""


class MigrationFailed(StorageError):
    """A migration could not be applied, or the database is newer than this program."""


class BackupFailed(StorageError):
    """No sound copy of the database could be made; what stood at the target before is untouched."""


class RestoreRefused(StorageError):
    """The file is not a sound database of this program; the data folder is untouched."""
