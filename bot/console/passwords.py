"""Agents' passwords: argon2id with the parameters of OWASP's Password Storage Cheat Sheet, off the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 10
LONGEST = 256

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# One at a time: 50 people logging in together may wait a second, the chat may not.
_thread = ThreadPoolExecutor(1, thread_name_prefix="password")
# What an unknown login is checked against, so that it takes as long as a known one. Nobody knows its password.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LWF0LWFsbC4uLg$K2ocnrBSRFmEdQ0VJ7Ah2SVgiIIsDz0XfsbPmO3KBvM"


class PasswordProblem(StrEnum):
    """Why a new password is refused."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    IS_LOGIN = "is_login"


def password_problem(password: str, login: str) -> PasswordProblem | None:
    """What is wrong with a new password for this login, or None."""
    if len(password) < SHORTEST:
        return PasswordProblem.TOO_SHORT
    if len(password) > LONGEST:
        return PasswordProblem.TOO_LONG
    if password.strip().casefold() == login.strip().casefold():
        return PasswordProblem.IS_LOGIN
    return None


def hash_password(password: str) -> str:
    """The argon2id hash to store. Takes tens of milliseconds: await hashed() on the event loop."""
    return _hasher.hash(password)


def verify(password_hash: str | None, password: str) -> bool:
    """Whether this is the password. None (no such login) takes as long as a wrong password and is False."""
    try:
        _hasher.verify(password_hash or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


async def hashed(password: str) -> str:
    """hash_password() without holding up the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_thread, hash_password, password)


async def verified(password_hash: str | None, password: str) -> bool:
    """verify() without holding up the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_thread, verify, password_hash, password)
