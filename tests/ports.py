"""Ports of 127.0.0.1 for servers that open theirs later, or close it and come back to it."""

import itertools
import os
import socket
from collections.abc import Iterator

# Below the ports that a system gives to connections by itself (32768 upwards on Linux, 49152 elsewhere): a port that
# was only asked for with bind(0) would soon be somebody's connection.
LOWEST, EACH = 16_000, 2_000


def _own() -> Iterator[int]:
    """The ports of this process: those that run tests side by side share none; other runs begin elsewhere."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    begin = os.getpid() * 97
    return itertools.cycle([LOWEST + worker * EACH + (begin + turn) % EACH for turn in range(EACH)])


_ports = _own()


def free_port() -> int:
    """A port on which nobody listens; it is not given again for a long while."""
    for port in itertools.islice(_ports, EACH):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("every port is taken")
