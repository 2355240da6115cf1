"""Reading a phone number or mail address as people type it."""

import unicodedata
from dataclasses import dataclass
from typing import Literal

import phonenumbers
from email_validator import EmailNotValidError, validate_email

LONGEST = 320
REGION = "CN"


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
    typed = _printable(unicodedata.normalize("NFKC", text)).strip()
    if not typed or len(typed) > LONGEST:
        return None
    return _email(typed) if "@" in typed else _phone(typed)


def mask(value: str) -> str:
    """The value with its middle hidden, for a place where a glance must not give it away."""
    if "@" in value:
        local, _, domain = value.rpartition("@")
        return f"{local[:1]}***@{domain}"
    return f"{value[:-8]}****{value[-4:]}" if len(value) > 8 else f"****{value[-2:]}"


def _printable(text: str) -> str:
    """Without the invisible characters that come along when a number is copied from a page."""
    return "".join(char for char in text if unicodedata.category(char) not in ("Cf", "Cc"))


def _email(typed: str) -> ContactDetails | None:
    try:
        return ContactDetails("email", validate_email(typed, check_deliverability=False).normalized)
    except EmailNotValidError:
        return None


def _phone(typed: str) -> ContactDetails | None:
    if any(char.isalpha() for char in typed):
        return None
    try:
        number = phonenumbers.parse(typed, REGION)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return ContactDetails("phone", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
