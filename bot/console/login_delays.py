"""Slows down guessing: after ten bad logins each further try has to wait, longer and longer, never for ever.

Counted per account and per address, so that neither one machine trying all accounts nor many machines trying
one account gets far. The longest wait is short for an account, because its owner pays it as well.
"""

from collections import OrderedDict
from dataclasses import dataclass

FREE_TRIES = 10
FIRST_WAIT_MS = 1_000
LONGEST_WAIT_MS = {"account": 30_000, "address": 15 * 60_000}
FORGOTTEN_AFTER_MS = 60 * 60_000
MOST_REMEMBERED = 20_000


@dataclass(slots=True)
class _Tries:
    failed: int
    last_at: int


class LoginDelays:
    """Remembers failed logins for as long as this process lives, and no more than MOST_REMEMBERED of them."""

    def __init__(self) -> None:
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()

    def begin(self, login: str, address: str, now: int) -> int:
        """Count one try and return 0, or, if it has to wait, how many milliseconds (then it is not counted).

        A try counts as failed until succeed() says otherwise, so that a hundred at once are a hundred.
        """
        keys = _keys(login, address)
        wait = max(self._wait(key, now) for key in keys)
        if wait == 0:
            for key in keys:
                self._count(key, now)
        return wait

    def succeed(self, login: str, address: str) -> None:
        """The try was right: forget the account's failures, and this one of the address."""
        account, place = _keys(login, address)
        self._tries.pop(account, None)
        if place in self._tries:
            self._tries[place].failed -= 1

    def _wait(self, key: tuple[str, str], now: int) -> int:
        tries = self._tries.get(key)
        if tries is None or tries.failed < FREE_TRIES:
            return 0
        doublings = min(tries.failed - FREE_TRIES, 20)
        pause = min(FIRST_WAIT_MS << doublings, LONGEST_WAIT_MS[key[0]])
        return max(0, tries.last_at + pause - now)

    def _count(self, key: tuple[str, str], now: int) -> None:
        tries = self._tries.pop(key, None)
        if tries is None or now - tries.last_at > FORGOTTEN_AFTER_MS:
            tries = _Tries(0, now)
        self._tries[key] = _Tries(tries.failed + 1, now)
        while len(self._tries) > MOST_REMEMBERED:
            self._tries.popitem(last=False)


def _keys(login: str, address: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("account", login.strip().casefold()[:64]), ("address", address)
