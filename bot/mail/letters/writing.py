"""A letter as a mail: text, the same as HTML, the files that go with it. Pure."""

import re
from collections.abc import Callable
from dataclasses import replace
from email.errors import MessageError
from email.message import EmailMessage
from typing import Any

import jinja2

from bot.errors import LetterUnwritable
from bot.mail.letters.headers import POLICY, put_headers
from bot.mail.letters.model import Enclosure, Letter, Passage
from bot.mail.letters.quoting import brief, fit
from bot.mail.letters.subjects import reply_subject
from tickets.mail.headers import checked, one_line

LANGUAGES = {"zh": "zh-CN", "zh-TW": "zh-TW", "en": "en"}

_CONTENT_TYPE = re.compile(r"([a-z]{1,20})/([a-z0-9][a-z0-9.+-]{0,80})")
# A mail in a mail has rules of its own; as a file it needs none.
_NO_FILES = ("multipart", "message")
_ANY_FILE = ("application", "octet-stream")

Say = Callable[[str], str]


def write(letter: Letter, templates: jinja2.Environment) -> EmailMessage:
    """The mail, with exactly the headers of headers.put_headers. Raises LetterUnwritable for what cannot be one."""
    message = EmailMessage(policy=POLICY)
    told = _told(letter, templates)
    try:
        put_headers(message, letter)
        message.set_content(templates.get_template("mail/letter.txt").render(told))
        message.add_alternative(templates.get_template("mail/letter.html").render(told), subtype="html")
        for enclosure in letter.enclosures:
            _enclose(message, enclosure)
        return checked(message)
    except (ValueError, IndexError, MessageError) as error:
        # IndexError: what the standard parser raises for some malformed addresses.
        raise LetterUnwritable("an address or a header cannot be written") from error


def subject_for(theirs: str | None, ticket: str | None, language: str, templates: jinja2.Environment) -> str:
    """What a reply is called; theirs None: nothing of what the customer called it may be repeated."""
    ours = words(language, templates)("subject")
    return (reply_subject(theirs, ticket) if theirs else "") or (f"[{ticket}] {ours}" if ticket else ours)


def words(language: str, templates: jinja2.Environment) -> Say:
    """Says by name what templates/mail/ has in this language."""
    module: Any = templates.get_template(f"mail/{language if language in LANGUAGES else 'zh'}.jinja").module
    return lambda name: str(getattr(module, name)()).strip()


def _told(letter: Letter, templates: jinja2.Environment) -> dict[str, Any]:
    """What the templates may name."""
    return {
        "letter": replace(letter, title=one_line(letter.title), agent=one_line(letter.agent or "") or None),
        "lang": LANGUAGES.get(letter.language, "zh-CN"),
        "say": words(letter.language, templates),
        "said": [_shown(passage) for passage in letter.said],
        "asked": brief(letter.asked) if letter.asked else (),
        "absolute": lambda address: _absolute(str(address), letter.base),
    }


def _shown(passage: Passage) -> dict[str, Any]:
    text = fit(passage.text)
    paragraphs = [part.strip("\n").split("\n") for part in re.split(r"\n{2,}", text)]
    return {"text": text, "blocks": passage.blocks, "paragraphs": paragraphs}


def _absolute(address: str, base: str) -> str:
    return f"{base}{address}" if address.startswith("/") and not address.startswith("//") else address


def _enclose(message: EmailMessage, enclosure: Enclosure) -> None:
    found = _CONTENT_TYPE.fullmatch(enclosure.content_type.lower())
    kind, subtype = found.groups() if found and found[1] not in _NO_FILES else _ANY_FILE
    message.add_attachment(enclosure.content, maintype=kind, subtype=subtype, filename=one_line(enclosure.name))
