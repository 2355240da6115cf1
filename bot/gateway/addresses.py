"""Who is at the other end: the client's address behind trusted proxies, and the origins that may talk to us."""

from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

Network = IPv4Network | IPv6Network
HOUSEHOLD_BITS = 64


def client_address(request: web.BaseRequest, trusted: Sequence[Network]) -> str:
    """The nearest address that is not one of our proxies; X-Forwarded-For counts only from those.

    A hop that is no address ends the walk: whatever stands before it was told by nobody we trust.
    """
    listed = ",".join(request.headers.getall("X-Forwarded-For", []))
    hops = [part.strip() for part in listed.split(",") if part.strip()]
    address = _parsed(request.remote or "")
    while hops and address is not None and within(address, trusted):
        nearer = _parsed(hops.pop())
        if nearer is None:
            break
        address = nearer
    return str(address) if address is not None else request.remote or ""


def subscriber(address: str) -> str:
    """What limits count by: an IPv4 address, or the /64 network that one IPv6 subscriber has to himself."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, HOUSEHOLD_BITS), strict=False))
    return address


def is_within(address: str, networks: Sequence[Network]) -> bool:
    """Whether this text is an address of one of the networks."""
    parsed = _parsed(address)
    return parsed is not None and within(parsed, networks)


def is_loopback(address: str) -> bool:
    """Whether this text is an address of this machine alone."""
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def within(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    """Whether the address is in one of the networks."""
    return any(address in network for network in networks)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """The address, an IPv4 one written as IPv6 (::ffff:192.0.2.1) as itself."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def origin_allowed(request: web.BaseRequest, allowed: Collection[str]) -> bool:
    """Whether the one Origin header is exactly one of those allowed; absent and 'null' are not."""
    told = request.headers.getall("Origin", [])
    return len(told) == 1 and told[0].lower() in allowed
