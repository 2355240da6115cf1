"""What a conversation says in place of a mail that cannot be shown as it is."""

from typing import Any

import jinja2

from bot.mail.settling.settle import Words

MEGABYTE = 1024 * 1024


def ledger_words(templates: jinja2.Environment, language: str) -> Words:
    """Says so in this language, from templates/mail/."""
    module: Any = templates.get_template(f"mail/ledger.{language}.jinja").module

    def say(why: str, size: int) -> str:
        return str(getattr(module, why)(round(size / MEGABYTE, 1))).strip()

    return say
