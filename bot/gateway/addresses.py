"""Who is at the other end: the client's address behind trusted proxies, and the origins that may talk to us."""

from collections.abc import Collection, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from aiohttp import web

Network = IPv4Network | IPv6Network


def client_address(request: web.BaseRequest, trusted: Sequence[Network]) -> str:
    """The nearest address that is not one of our proxies; X-Forwarded-For counts only from those."""
    hops = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    address = request.remote or ""
    while hops and _within(address, trusted):
        address = hops.pop()
    return address


def _within(address: str, networks: Sequence[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def origin_allowed(request: web.BaseRequest, allowed: Collection[str]) -> bool:
    """Whether the Origin header is exactly one of those allowed; absent and 'null' are not."""
    return request.headers.get("Origin", "").lower() in allowed
