"""Prints the zone of this process and a digest of what random cases give: `python -m … SEED COUNT`."""

import hashlib
import sys
import time

from tests.tickets.business_time.cases import cases
from tickets import business_time


def main(seed: int, count: int) -> None:
    digest = hashlib.sha256()
    for case in cases(seed, count):
        due = business_time.deadline(case.start, case.budget, case.calendar, case.pauses)
        account = business_time.segments(case.start, due, case.calendar, case.pauses)
        unknown = business_time.unknown_years(case.start, due, case.calendar)
        digest.update(repr((due, account, unknown)).encode())
    print(time.tzname[0], digest.hexdigest())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
