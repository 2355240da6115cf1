"""Phone numbers: read as people type them, kept in E.164, shown in part. The only module that knows the library."""

import unicodedata
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

REGION = "CN"
LONGEST = 64

_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


class PhoneFault(StrEnum):
    """Why a text is no number to which an SMS can go."""

    EMPTY = "empty"
    NOT_A_NUMBER = "not_a_number"
    IMPOSSIBLE = "impossible"
    NOT_MOBILE = "not_mobile"


class PhoneError(ValueError):
    """The text is no phone number. It holds nothing of the text."""

    def __init__(self, fault: PhoneFault) -> None:
        super().__init__(f"not a phone number ({fault.value})")
        self.fault = fault


def parse(text: str, region: str = REGION) -> str:
    """The mobile number that the whole text is, in E.164. region: where a number without a country code is.

    Full-width characters, spaces, hyphens and the invisible characters of copied text are accepted. Raises PhoneError.
    """
    number = _read(text, region)
    if phonenumbers.number_type(number) not in _MOBILE:
        raise PhoneError(PhoneFault.NOT_MOBILE)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def parse_any(text: str, region: str = REGION) -> str:
    """As parse, for landlines and service numbers too."""
    return phonenumbers.format_number(_read(text, region), PhoneNumberFormat.E164)


def national(e164: str, region: str = REGION) -> str:
    """The digits as a provider in this region wants them: without the country code at home, with it (no +) abroad."""
    home = f"+{phonenumbers.country_code_for_region(region)}"
    return e164.removeprefix(home) if e164.startswith(home) else e164.removeprefix("+")


def masked(e164: str) -> str:
    """The number with its middle hidden, fit for a page or a log, such as 138****0012."""
    shown = e164.removeprefix("+86")
    return f"{shown[:-8]}****{shown[-4:]}" if len(shown) > 8 else f"****{shown[-2:]}"


def printable(text: str) -> str:
    """The text in half-width characters, without those that cannot be seen, and without spaces around it."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(char for char in normal if unicodedata.category(char) not in ("Cf", "Cc")).strip()


def _read(text: str, region: str) -> PhoneNumber:
    typed = printable(text)
    if not typed:
        raise PhoneError(PhoneFault.EMPTY)
    if len(typed) > LONGEST or any(char.isalpha() for char in typed):
        raise PhoneError(PhoneFault.NOT_A_NUMBER)
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException as error:
        raise PhoneError(PhoneFault.NOT_A_NUMBER) from error
    if number.extension:
        raise PhoneError(PhoneFault.NOT_A_NUMBER)
    if not phonenumbers.is_valid_number(number):
        raise PhoneError(PhoneFault.IMPOSSIBLE)
    return number
