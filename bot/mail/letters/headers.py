"""The headers of a letter (RFC 5322, RFC 3834), and how long ones are folded. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy

from bot.mail.letters.model import Letter
from tickets.mail.headers import one_line

MOST_IDS = 50
MOST_ID_BYTES = 8_000
LONGEST_ID = 900
LOOP_HEADER = "X-Yingsheng-Loop"
LONGEST_NAME = 60


class _Unbroken(UnstructuredHeader, BaseHeader):
    """Ids or an address, each on a line of its own: one may be longer than a line should be, and is never encoded."""

    def fold(self, *, policy: Policy) -> str:
        """The header as it is sent."""
        words = f"{policy.linesep} ".join(str(self).split())
        return f"{self.name}: {words}{policy.linesep}"


def _registry() -> HeaderRegistry:
    registry = HeaderRegistry()
    for name in ("message-id", "in-reply-to", "references", LOOP_HEADER.lower()):
        registry.map_to_type(name, _Unbroken)
    return registry


# Every server takes seven bits.
POLICY = policy.SMTP.clone(cte_type="7bit", header_factory=_registry())


def put_headers(message: EmailMessage, letter: Letter) -> None:
    """Write the letter's headers. Raises ValueError or IndexError for an address that is none."""
    message["From"] = _address(letter.sender, letter.title)
    message["To"] = _address(letter.recipient)
    message["Reply-To"] = _address(letter.reply_to)
    message["Subject"] = one_line(letter.subject)
    message["Date"] = datetime.fromtimestamp(letter.sent_at / 1000, UTC)
    message["Message-ID"] = _ids([letter.message_id])
    if answered := _ids([letter.in_reply_to] if letter.in_reply_to else []):
        message["In-Reply-To"] = answered
    if references := _ids(capped(letter.references)):
        message["References"] = references
    if letter.automatic:
        message["Auto-Submitted"] = "auto-replied"
        message["X-Auto-Response-Suppress"] = "All"
        message[LOOP_HEADER] = letter.sender


def capped(references: Sequence[str]) -> list[str]:
    """The first id and the last ones, each once: at most MOST_IDS and MOST_ID_BYTES of them."""
    known = [one for one in dict.fromkeys(references) if _is_id(one)]
    first, room = known[:1], MOST_ID_BYTES - sum(len(one) + 3 for one in known[:1])
    kept: list[str] = []
    for one in reversed(known[1:]):
        room -= len(one) + 3
        if room < 0 or len(kept) == MOST_IDS - 1:
            break
        kept.append(one)
    return first + kept[::-1]


def _ids(ids: Sequence[str]) -> str:
    return " ".join(f"<{one}>" for one in ids if _is_id(one))


def _is_id(text: str) -> bool:
    """Whether it can stand between angle brackets."""
    plain = text.isascii() and text.isprintable() and not any(char in text for char in " <>")
    return plain and 0 < len(text) <= LONGEST_ID


def _address(written: str, name: str = "") -> Address:
    """An address of ASCII; a domain of other characters is written in them."""
    local, _, domain = written.rpartition("@")
    domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    address = Address(display_name=one_line(name)[:LONGEST_NAME], addr_spec=f"{local}@{domain}")
    if not address.addr_spec.isascii() or not address.addr_spec.isprintable() or " " in address.addr_spec:
        raise ValueError("an address that not every server can deliver to")
    return address
