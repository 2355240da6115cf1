"""The templates room as one Jinja environment."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import jinja2

from bot.markup import Values
from knowledgebase.authoring.placeholders import Placeholder

FOLDER = Path(__file__).parent.parent / "templates"


@cache
def load_templates() -> jinja2.Environment:
    """Every word a person reads: HTML is escaped, an undefined name is an error.

    One for the whole process, which compiles each template once.
    """
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=jinja2.select_autoescape(("html", "html.j2")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def neutral_words() -> Mapping[str, Values]:
    """What stands for a placeholder without a value, by language."""
    told = json.loads((FOLDER / "words" / "placeholders.json").read_text(encoding="utf-8"))
    return {language: {Placeholder(name): text for name, text in words.items()} for language, words in told.items()}
