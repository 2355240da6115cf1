"""Is the sender who From says? Pure. Nothing but the receiving server's word, or a signature, proves it."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from bot.mail.model import Mail
from bot.mail.settling.domains import are_aligned
from bot.mail.settling.results import Result, Results, read_results


class Trust(StrEnum):
    """What is known of a sender. FAILED: the owner of the domain says that the mail is not his."""

    ALIGNED = "aligned"
    UNVERIFIED = "unverified"
    FAILED = "failed"


class Proof(StrEnum):
    """What that rests on."""

    DMARC = "dmarc"
    DKIM = "dkim"
    SPF = "spf"
    SIGNATURE = "signature"
    NOT_ALIGNED = "not_aligned"
    NOTHING = "nothing"
    BAD_SIGNATURE = "bad_signature"
    NO_LOOKUP = "no_lookup"
    NO_ONE_SENDER = "no_one_sender"
    DMARC_FAILED = "dmarc_failed"


@dataclass(frozen=True, slots=True)
class Authenticity:
    """What is known of the sender, and what it rests on."""

    trust: Trust
    proof: Proof

    @property
    def aligned(self) -> bool:
        """Whether the address in From is proved to be the sender's."""
        return self.trust is Trust.ALIGNED


UNKNOWN = Authenticity(Trust.UNVERIFIED, Proof.NOTHING)


def sender_domain(mail: Mail) -> str | None:
    """The domain of the one sender; None if From names several, none, or stands there twice."""
    address = mail.from_address
    if address is None or len(mail.headers.get("from", ())) != 1:
        return None
    return address.rpartition("@")[2] or None


def by_receiving_server(mail: Mail, trusted: Collection[str]) -> Authenticity | None:
    """What the receiving server found, by the topmost header alone; None if it is none that we trust."""
    results = _topmost(mail, trusted)
    if results is None:
        return None
    domain = sender_domain(mail)
    if domain is None:
        return Authenticity(Trust.UNVERIFIED, Proof.NO_ONE_SENDER)
    return _judged(results, domain)


def by_signature(mail: Mail, signed: Proof) -> Authenticity:
    """What the check of the signature found: SIGNATURE if a valid one belongs to the sender's domain."""
    if sender_domain(mail) is None:
        return Authenticity(Trust.UNVERIFIED, Proof.NO_ONE_SENDER)
    return Authenticity(Trust.ALIGNED if signed is Proof.SIGNATURE else Trust.UNVERIFIED, signed)


def _topmost(mail: Mail, trusted: Collection[str]) -> Results | None:
    """Others further down came with the mail, or speak of an earlier hop."""
    header = mail.first("authentication-results")
    results = None if header is None else read_results(header)
    names = {name.lower() for name in trusted}
    return results if results is not None and results.server in names else None


def _judged(results: Results, domain: str) -> Authenticity:
    dmarc = [one for one in results.results if one.method == "dmarc"]
    if any(one.found == "fail" for one in dmarc):
        return Authenticity(Trust.FAILED, Proof.DMARC_FAILED)
    passed = [one for one in results.results if one.found == "pass"]
    for one in passed:
        if one.method == "dmarc" and _is_about(one.properties.get("header.from", domain), domain):
            return Authenticity(Trust.ALIGNED, Proof.DMARC)
    for method, proof in ((_dkim_domain, Proof.DKIM), (_spf_domain, Proof.SPF)):
        if any(are_aligned(found, domain) for one in passed if (found := method(one))):
            return Authenticity(Trust.ALIGNED, proof)
    return Authenticity(Trust.UNVERIFIED, Proof.NOT_ALIGNED if passed else Proof.NOTHING)


def _is_about(named: str, domain: str) -> bool:
    """Whether a result about DMARC speaks of the sender's domain, which may be written in two ways."""
    return named == domain or are_aligned(named, domain)


def _dkim_domain(result: Result) -> str | None:
    if result.method != "dkim":
        return None
    return result.properties.get("header.d") or result.properties.get("header.i", "").rpartition("@")[2] or None


def _spf_domain(result: Result) -> str | None:
    if result.method != "spf":
        return None
    return result.properties.get("smtp.mailfrom", "").rpartition("@")[2] or None
