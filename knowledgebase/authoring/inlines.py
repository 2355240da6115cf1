"""One run of an answer's text, read: bold, links, images, placeholders, addresses and phone numbers. Pure.

Every pattern stops at the character that could begin it anew, so that reading takes time in proportion to the text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from knowledgebase.authoring.placeholders import named
from knowledgebase.authoring.tree import Bold, Break, Image, Inline, Inlines, Link, Slot, Text

PICTURES = "/media/"
PICTURE_NAME = r"[0-9a-f]{32}-([1-9][0-9]{0,3})x([1-9][0-9]{0,3})\.(?:png|jpg|webp)"

_TARGET = r"[^()\s]{1,1000}+(?:\([^()\s]{0,200}+\)[^()\s]{0,200}+){0,5}+"
_TOKEN = re.compile(
    r"\\(?P<escaped>[\\*\[\]{}!|])"
    r"|(?P<line>\n)"
    r"|(?P<stars>\*{2,}+)"
    rf"|!\[(?P<alt>[^\[\]\n]{{0,300}}+)\]\((?P<source>{_TARGET})\)"
    rf"|\[(?P<label>[^\[\]\n]{{1,300}}+)\]\((?P<href>{_TARGET})\)"
    r"|\{(?P<slot>[^\W\d]\w{0,30}+)\}"
    r"|(?P<web>https?://[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]{1,500}+)"
    r"|(?<![A-Za-z0-9_+.-])(?P<phone>400-[0-9]{3}-[0-9]{4}|400-[0-9]{4}-[0-9]{3}|400 ?[0-9]{3} ?[0-9]{4}"
    r"|0[0-9]{2,3}-[0-9]{7,8}|(?:\+86[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4})(?![A-Za-z0-9_-])"
)
_PICTURE = re.compile(PICTURES + PICTURE_NAME)
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_PHONE = re.compile(r"\+?[0-9][0-9-]{1,30}")
_ODD = re.compile(r"[\x00-\x20\x7f-\x9f\\\"<>^`{|}\u2028\u2029]")
_AFTER_AN_ADDRESS = ".,;:!?'*"


class Problem(StrEnum):
    """What an author is told about an answer's Markdown; what is wrong is shown as it was typed."""

    BAD_LINK = "bad_link"
    BAD_IMAGE = "bad_image"
    IMAGE_WITHOUT_ALT = "image_without_alt"
    UNKNOWN_PLACEHOLDER = "unknown_placeholder"
    TOO_DEEP = "too_deep"


@dataclass(frozen=True, slots=True)
class Remark:
    """One problem, the line in which it is (from 1), and what was typed there."""

    problem: Problem
    line: int
    typed: str


@dataclass(slots=True)
class _Run:
    """What has been read so far; inside is the bold that has begun, if one has."""

    done: list[Inline] = field(default_factory=list)
    inside: list[Inline] | None = None

    def add(self, *found: Inline) -> None:
        (self.done if self.inside is None else self.inside).extend(found)

    def end(self) -> Inlines:
        """Everything; stars that were never closed are stars."""
        if self.inside is not None:
            self.done += [Text("**"), *self.inside]
        return joined(self.done)


def read_inlines(text: str, line: int, remarks: list[Remark], inside_link: bool = False) -> Inlines:
    """The text as inlines; problems are added to remarks. line is that of its first character. Never raises."""
    run, end = _Run(), 0
    while found := _TOKEN.search(text, end):
        run.add(Text(text[end : found.start()]))
        line += found["line"] is not None
        end = found.start() + _take(found, run, line, remarks, inside_link)
    run.add(Text(text[end:]))
    return run.end()


def with_addresses(text: str) -> Inlines:
    """Words that are no markup, with links for the web addresses and phone numbers in them."""
    return joined(_addresses(text))


def joined(inlines: Iterable[Inline]) -> Inlines:
    """The same with neighbouring words in one piece, and no empty ones."""
    made: list[Inline] = []
    for one in inlines:
        if isinstance(one, Text) and made and isinstance(made[-1], Text):
            made[-1] = Text(made[-1].text + one.text)
        elif one != Text(""):
            made.append(one)
    return tuple(made)


def safe_address(href: str) -> str | None:
    """The address if it may stand in a link: http, https, mailto, tel, or a path of our own; else None."""
    scheme, separator, rest = href.partition(":")
    if _ODD.search(href):
        return None
    if href.startswith("/"):
        return None if href.startswith("//") else href
    match scheme.lower() if separator else "":
        case "http" | "https":
            return href if _has_host(href) else None
        case "mailto":
            return href if _MAIL.fullmatch(rest) else None
        case "tel":
            return href if _PHONE.fullmatch(rest) else None
    return None


def safe_source(source: str) -> str | None:
    """The address if an image may come from there: https, or a picture kept here; else None."""
    if source.startswith("/"):
        return source if picture_size(source) else None
    return source if source.lower().startswith("https://") and safe_address(source) else None


def picture_size(source: str) -> tuple[int, int] | None:
    """Width and height of a picture kept here, which its address tells; None for any other address."""
    found = _PICTURE.fullmatch(source)
    return (int(found[1]), int(found[2])) if found else None


def _take(found: re.Match[str], run: _Run, line: int, remarks: list[Remark], inside_link: bool) -> int:
    """Read one token into the run; returns how many of its characters that took."""
    whole = found[0]
    match found.lastgroup:
        case "escaped":
            run.add(Text(found["escaped"]))
        case "line":
            run.add(Break())
        case "stars":
            _take_stars(found, run)
        case "slot":
            run.add(_slot(found["slot"], whole, line, remarks))
        case _ if inside_link:
            run.add(Text(whole))
        case "source":
            run.add(_image(found, line, remarks))
        case "href":
            run.add(_link(found, line, remarks))
        case "web":
            return _take_web(whole, run)
        case "phone":
            run.add(_phone(whole))
    return len(whole)


def _take_stars(found: re.Match[str], run: _Run) -> None:
    text, stars = found.string, found[0]
    after = text[found.end() : found.end() + 1]
    before = text[max(found.start() - 1, 0) : found.start()]
    if len(stars) != 2:
        run.add(Text(stars))
    elif run.inside is None and after.strip():
        run.inside = []
    elif run.inside and before.strip():
        bold, run.inside = Bold(joined(run.inside)), None
        run.add(bold)
    else:
        run.add(Text(stars))


def _slot(name: str, whole: str, line: int, remarks: list[Remark]) -> Inline:
    if placeholder := named(name):
        return Slot(placeholder)
    remarks.append(Remark(Problem.UNKNOWN_PLACEHOLDER, line, whole))
    return Text(whole)


def _image(found: re.Match[str], line: int, remarks: list[Remark]) -> Inline:
    source, alt = safe_source(found["source"]), found["alt"].strip()
    if source and alt:
        return Image(source, alt)
    remarks.append(Remark(Problem.IMAGE_WITHOUT_ALT if source else Problem.BAD_IMAGE, line, found[0]))
    return Text(found[0])


def _link(found: re.Match[str], line: int, remarks: list[Remark]) -> Inline:
    href = safe_address(found["href"])
    if href and found["label"].strip():
        return Link(read_inlines(found["label"], line, remarks, inside_link=True), href)
    # A footnote such as [1](2) is no link that went wrong.
    if re.search(r"[:/.]", found["href"]):
        remarks.append(Remark(Problem.BAD_LINK, line, found[0]))
    return Text(found[0])


def _addresses(text: str) -> Iterator[Inline]:
    run, end = _Run(), 0
    while found := _TOKEN.search(text, end):
        run.add(Text(text[end : found.start()]))
        whole = found[0]
        end = found.end()
        match found.lastgroup:
            case "web":
                end = found.start() + _take_web(whole, run)
            case "phone":
                run.add(_phone(whole))
            case _:
                # What would be markup in an answer hides addresses that begin inside it: look again one further on.
                run.add(Text(whole[0]))
                end = found.start() + 1
    run.add(Text(text[end:]))
    yield from run.done


def _take_web(found: str, run: _Run) -> int:
    """A web address without the sentence's own punctuation, and without a bracket that it did not open."""
    shown = found
    while shown and (shown[-1] in _AFTER_AN_ADDRESS or _unopened(shown)):
        shown = shown[:-1]
    if safe_address(shown) is None:
        run.add(Text(found))
        return len(found)
    run.add(Link((Text(shown),), shown))
    return len(shown)


def _unopened(address: str) -> bool:
    return address[-1] == ")" and address.count(")") > address.count("(")


def _phone(shown: str) -> Link:
    return Link((Text(shown),), f"tel:{re.sub('[^0-9+]', '', shown)}")


def _has_host(address: str) -> bool:
    """Whether it names a host, and nobody's name and password before it."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False
