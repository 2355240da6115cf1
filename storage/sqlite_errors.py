"""What SQLite's own errors mean in this house's words."""

import sqlite3

from storage.errors import StatementRefused, StorageError, StorageUnavailable

# The primary result codes (https://sqlite.org/rescode.html) that are the fault of disk, locks or memory, not of
# the statement. After any of them SQLite may have undone the whole transaction by itself.
_TROUBLE = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
_PRIMARY = 0xFF

# What a statement or its values can raise: text with a lone surrogate, an integer above 64 bits.
REFUSALS = (sqlite3.Error, sqlite3.Warning, UnicodeEncodeError, OverflowError)


def is_trouble(error: BaseException) -> bool:
    """Whether the storage failed, and not the statement."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, MemoryError) or (code is not None and code & _PRIMARY in _TROUBLE)


def in_house_words(error: BaseException) -> StorageError:
    """The same error as the other rooms know it; holds no value of any row."""
    if is_trouble(error):
        name = getattr(error, "sqlite_errorname", "out of memory")
        return StorageUnavailable(f"{error} ({name})")
    if isinstance(error, UnicodeEncodeError):
        return StatementRefused("a text holds a lone surrogate, which is no Unicode")
    return StatementRefused(f"{error}")


def for_the_caller(error: BaseException) -> Exception:
    """What a waiter may be handed: a future takes no StopIteration, a loop survives no SystemExit."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    wrapped = StorageError(f"the use-case ended with {type(error).__name__}")
    wrapped.__cause__ = error
    return wrapped
