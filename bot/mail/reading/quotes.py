"""What somebody wrote now, apart from what they quote. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Written:
    """now: what was written with this mail, never empty where the text is not; rest: quotes and signature."""

    now: str
    rest: str


def split(text: str, sender: str = "") -> Written:
    """The two parts of a mail's text. sender: the address it came from, by which its signature is known."""
    return Written(text.strip(), "")
