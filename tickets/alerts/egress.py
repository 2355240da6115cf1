"""Keeps outgoing requests to public addresses: checked on the address itself, at the moment of connecting.

A name is resolved, and may change, after any check of the URL; an address that a socket is about to be opened
for cannot.
"""

import ipaddress
import socket
from collections.abc import Iterable

from aiohttp.connector import AddrInfoType

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Not public in effect although the standard library calls them global: a cloud's own service address, the old
# site-local range, and IPv6 forms that carry an IPv4 address inside (NAT64, 6to4, Teredo, IPv4-compatible,
# IPv4-translated).
_REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",
        "fec0::/10",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "::/96",
        "::ffff:0:0:0/96",
    )
)


class ForbiddenAddress(OSError):
    """A connection to an address that is not public was about to be made."""


def check_networks(texts: Iterable[str]) -> None:
    """Raises ValueError, which names the text, unless all of them are networks in CIDR form."""
    for text in texts:
        ipaddress.ip_network(text)


class EgressGuard:
    """Opens the sockets of one request; refuses addresses neither public nor in the allowed networks.

    Raises ValueError for a network that is none.
    """

    def __init__(self, allow_networks: Iterable[str]) -> None:
        self._allowed = [ipaddress.ip_network(text) for text in allow_networks]
        self._refused = 0
        self._opened = 0

    @property
    def refused_all(self) -> bool:
        """Whether there were addresses to try and none of them was allowed."""
        return self._refused > 0 and self._opened == 0

    def open_socket(self, target: AddrInfoType) -> socket.socket:
        """A socket for this target, as aiohttp's TCPConnector asks for. Raises ForbiddenAddress."""
        family, kind, protocol, _, address = target
        if not self.allows(ipaddress.ip_address(address[0])):
            self._refused += 1
            raise ForbiddenAddress("not a public address")
        self._opened += 1
        return socket.socket(family, kind, protocol)

    def allows(self, address: IPAddress) -> bool:
        """Whether a request may go to this address."""
        plain = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        target = plain or address
        if any(target in network for network in self._allowed):
            return True
        return target.is_global and not target.is_multicast and not any(target in net for net in _REFUSED)
