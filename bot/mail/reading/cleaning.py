"""Characters that no text of ours may hold, taken out: controls, lone surrogates, ends of lines in a header. Pure."""

import re

_SPACES = re.compile("[\t\n\r\v\f\x1c-\x1f\x85\u2028\u2029]+")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_ENDS = re.compile("\r+\n|\r|[\v\f\x85\u2028\u2029]")
_UNTEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


def one_line(text: str) -> str:
    """text as the value of a header: whatever could end a line is a space, other controls are gone."""
    if text.isprintable():
        return text.strip()
    return _CONTROLS.sub("", _SPACES.sub(" ", text)).strip()


def lines(text: str) -> str:
    """text with \\n as its only end of a line and no control but that and the tab."""
    if "\r" in text or not text.isascii() or not text.isprintable():
        text = _UNTEXT.sub("", _LINE_ENDS.sub("\n", text))
    return text.removeprefix("\ufeff")
