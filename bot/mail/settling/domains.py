"""Which domains have one owner. Pure; the public suffix list comes with its package."""

from functools import cache

from publicsuffixlist import PublicSuffixList


def are_aligned(one: str, other: str) -> bool:
    """Whether two domains belong to one registered domain (relaxed alignment, RFC 7489, section 3.1)."""
    registered = registered_domain(one)
    return registered is not None and registered == registered_domain(other)


def registered_domain(domain: str) -> str | None:
    """The part of a domain that its owner registered, in ASCII; None for a public suffix and for what is no domain."""
    ascii_form = _ascii(domain.strip().rstrip(".").lower())
    return _list().privatesuffix(ascii_form) if ascii_form and "." in ascii_form else None


@cache
def _list() -> PublicSuffixList:
    return PublicSuffixList()


def _ascii(domain: str) -> str | None:
    try:
        return domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
