"""The templates room as one Jinja environment."""

from pathlib import Path

import jinja2

FOLDER = Path(__file__).parent.parent / "templates"


def load_templates() -> jinja2.Environment:
    """Every word a person reads: HTML is escaped, an undefined name is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=jinja2.select_autoescape(("html", "html.j2")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
