"""The DKIM signature of a mail, checked here. Blocks on the network: call it in a thread."""

import logging
import re
import time
from collections.abc import Callable, Sequence

import dkim
import dns.exception
import dns.nameserver
import dns.resolver

from bot.mail.settling.authenticity import Proof
from bot.mail.settling.domains import are_aligned, registered_domain

log = logging.getLogger(__name__)
_QUIET = logging.getLogger(f"{__name__}.library")
_QUIET.setLevel(logging.CRITICAL)

LOOKUP_S = 3.0
MOST_SIGNATURES = 8
MOST_CHECKED = 2
LONGEST_SIGNATURE = 4_000
# The library's time grows with the square of each run of blanks, and nothing else runs meanwhile.
MOST_BLANKS = 30_000_000
SPARED_S = 20.0
MOST_SILENT = 1_000
_HOSTILE = (dkim.DKIMException, ValueError, TypeError, LookupError, ArithmeticError, AssertionError, AttributeError)

_BLANKS = re.compile(rb"(?<![ \t])[ \t]{16,}")
_WHITE = re.compile(rb"(?<!\s)\s{200,}")

Lookup = Callable[[str], bytes | None]


class NoLookup(Exception):
    """Nobody answered where a key should be."""


def dns_lookup(servers: Sequence[str]) -> Lookup:
    """Asks these servers ('127.0.0.1' or '127.0.0.1:5353'), or those of the machine, for TXT records.

    None: there is no such record. Raises NoLookup, after LOOKUP_S at the latest.
    """

    def look_up(name: str) -> bytes | None:
        try:
            answer = _resolver(servers).resolve(name, "TXT", lifetime=LOOKUP_S, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise NoLookup(type(error).__name__) from error
        return next((b"".join(record.strings) for record in answer), None)

    return look_up


def sparing(look_up: Lookup, steady: Callable[[], float] = time.monotonic) -> Lookup:
    """The same, but a domain whose servers have just not answered is not asked for SPARED_S: the mails of one that
    never answers must not hold up all others."""
    silent_until: dict[str, float] = {}

    def look_up_unless_silent(name: str) -> bytes | None:
        domain = registered_domain(name) or name
        if silent_until.get(domain, 0.0) > steady():
            raise NoLookup("did not answer just now")
        try:
            return look_up(name)
        except NoLookup:
            if len(silent_until) >= MOST_SILENT:
                silent_until.clear()
            silent_until[domain] = steady() + SPARED_S
            raise

    return look_up_unless_silent


def _resolver(servers: Sequence[str]) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=not servers)
    if servers:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(*_endpoint(server)) for server in servers]
    return resolver


def _endpoint(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":") if server.count(":") == 1 else (server, "", "53")
    return host, int(port)


def check_signature(raw: bytes, domain: str, look_up: Lookup) -> Proof:
    """SIGNATURE if one of the topmost signatures is valid, covers From and the whole body, and belongs to this domain.

    BAD_SIGNATURE, NO_LOOKUP (a key could not be looked up), or NOTHING if there is none of this domain.
    """
    if not _is_bearable(raw):
        return Proof.BAD_SIGNATURE
    worst = Proof.NOTHING
    checked = 0
    for index in range(MOST_SIGNATURES):
        if checked == MOST_CHECKED:
            break
        found = _check_one(raw, index, domain, look_up)
        if found is None:
            break
        checked += found is not Proof.NOTHING
        if found is Proof.SIGNATURE:
            return found
        worst = worst if found is Proof.NOTHING else found
    return worst


def _is_bearable(raw: bytes) -> bool:
    """Whether the library reads this in reasonable time."""
    return sum((found.end() - found.start()) ** 2 for found in _BLANKS.finditer(raw)) <= MOST_BLANKS


def _is_signature_bearable(value: bytes) -> bool:
    return len(value) <= LONGEST_SIGNATURE and _WHITE.search(value) is None


def _check_one(raw: bytes, index: int, domain: str, look_up: Lookup) -> Proof | None:
    """What one signature is worth: NOTHING if it is of another domain; None if there are no more."""

    def key(name: bytes, timeout: float) -> bytes | None:
        return look_up(name.decode("ascii"))

    try:
        checker = dkim.DKIM(raw, logger=_QUIET, minkey=1024, timeout=LOOKUP_S)
        signatures = (value for name, value in checker.headers if name.lower() == b"dkim-signature")
        if not all(_is_signature_bearable(value) for value in signatures):
            return Proof.BAD_SIGNATURE
        prepared = checker.verify_headerprep(index)
        if not prepared:
            return None
        fields, covered, _ = prepared
        if not are_aligned(fields[b"d"].decode("utf-8"), domain):
            return Proof.NOTHING
        if b"l" in fields or b"from" not in covered or fields[b"a"] != b"rsa-sha256":
            return Proof.BAD_SIGNATURE
        valid = checker.verify(index, dnsfunc=key)
    except NoLookup:
        return Proof.NO_LOOKUP
    except _HOSTILE as error:
        log.debug("a signature could not be read: %s", type(error).__name__)
        return Proof.BAD_SIGNATURE
    return Proof.SIGNATURE if valid else Proof.BAD_SIGNATURE
