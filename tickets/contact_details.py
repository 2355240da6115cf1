"""Reading a phone number or mail address as people type it."""

from dataclasses import dataclass
from typing import Literal

from email_validator import EmailNotValidError, validate_email

from tickets import phones

LONGEST = 320


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """A way to reach a contact: a phone number in E.164 form, or a mail address."""

    kind: Literal["phone", "email"]
    value: str


def parse_details(text: str) -> ContactDetails | None:
    """The phone number or mail address that the whole text is, or None.

    Full-width characters, spaces and hyphens are accepted; a number without a country code is a Chinese one.
    Nothing is asked of the network: an address that looks right may still not exist.
    """
    typed = phones.printable(text)
    if not typed or len(typed) > LONGEST:
        return None
    return _email(typed) if "@" in typed else _phone(typed)


def mask(value: str) -> str:
    """The value with its middle hidden, for a place where a glance must not give it away."""
    if "@" in value:
        local, _, domain = value.rpartition("@")
        return f"{local[:1]}***@{domain}"
    return phones.masked(value)


def _email(typed: str) -> ContactDetails | None:
    try:
        return ContactDetails("email", validate_email(typed, check_deliverability=False).normalized)
    except EmailNotValidError:
        return None


def _phone(typed: str) -> ContactDetails | None:
    try:
        return ContactDetails("phone", phones.parse_any(typed))
    except phones.PhoneError:
        return None
