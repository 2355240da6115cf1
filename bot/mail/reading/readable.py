"""HTML of a mail as a text that can be read: lines, lists, tables, links, quotes. Pure.

The parser hands over events, so nothing here depends on how deep the elements nest.
"""

import re
from collections.abc import Mapping

from lxml import etree

_BLOCKS = frozenset(
    {
        "address", "article", "aside", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
        "figcaption", "figure", "footer", "form", "header", "li", "main", "nav", "section", "summary", "tr",
        "caption", "legend", "html",
    }
)  # fmt: skip
_PARAGRAPHS = frozenset(
    {
        "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre",
    }
)  # fmt: skip
_UNREAD = frozenset(
    {
        "script", "style", "head", "title", "template", "object", "svg", "math", "noframes", "audio", "video",
        "iframe", "map",
    }
)  # fmt: skip
_VOID = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
        "wbr",
    }
)  # fmt: skip
_SPACE = re.compile(r"[ \t\r\n\f]+")
_HIDDEN = re.compile(r"(?:display\s*:\s*none|mso-hide\s*:\s*all)", re.IGNORECASE)
_WIDE = re.compile(r"(?<=[⺀-鿿　-〿豈-﫿＀-￯])[ \t]*\n[ \t\r\n]*(?=[⺀-鿿　-〿豈-﫿＀-￯])")
_RULE = "_" * 32
_MOST_DEPTH = 8
_MOST_LINK = 500
_FILE_NAME = re.compile(r"\.\w{2,4}$|^https?:|^image\d*$|^cid:", re.IGNORECASE)


def readable(html: str) -> str:
    """The text of html, quotes marked with > and lists with - or numbers; addresses of links stand after their line."""
    writer = _Writer()
    parser = etree.HTMLParser(target=writer, huge_tree=True, no_network=True)
    try:
        parser.feed(html)
        parser.close()
    except etree.LxmlError:
        pass
    return writer.text()


class _Writer:
    """Takes the events of a parser and keeps the lines that were written so far."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.links: list[str] = []
        self.anchors: list[tuple[str, int]] = []
        self.lists: list[int | None] = []
        self.quotes = 0
        self.depth = 0
        self.preformatted = 0
        self.unread = 0
        self.wants_blank = False
        self.marker = ""
        self.cell = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        if self.unread or tag in _UNREAD or _HIDDEN.search(attributes.get("style", "")):
            self.unread += tag not in (
                "br",
                "img",
                "hr",
                "input",
                "meta",
                "link",
                "col",
                "wbr",
                "area",
                "base",
                "source",
            )
            return
        self._begin_block(tag)
        match tag:
            case "br":
                self._end_line(even_empty=True)
            case "a":
                self.anchors.append((attributes.get("href", "").strip(), len(self.line)))
            case "img":
                self._picture(attributes.get("alt", "").strip())
            case "hr":
                self._end_line()
                self.line.append(_RULE)
                self._end_line()
            case "ul" | "ol":
                self.lists.append(0 if tag == "ol" else None)
            case "li":
                self._item()
            case "td" | "th":
                self.cell = bool(self.line)
            case "blockquote":
                self.quotes += 1
            case "pre":
                self.preformatted += 1

    def end(self, tag: str) -> None:
        """An element is closed."""
        if self.unread:
            self.unread -= tag not in _VOID
            return
        match tag:
            case "a" if self.anchors:
                self._end_link(*self.anchors.pop())
            case "ul" | "ol" if self.lists:
                self.lists.pop()
        self._begin_block(tag)
        match tag:
            case "blockquote":
                self.quotes = max(self.quotes - 1, 0)
            case "pre":
                self.preformatted = max(self.preformatted - 1, 0)
            case "tr":
                self.cell = False

    def data(self, text: str) -> None:
        """Text between the elements."""
        if self.unread:
            return
        if self.preformatted:
            self._verbatim(text)
            return
        flat = text if text.isprintable() and "  " not in text else _SPACE.sub(" ", _WIDE.sub("", text))
        if flat.startswith(" ") and (not self.line or self.line[-1].endswith((" ", "\t"))):
            flat = flat[1:]
        if flat:
            self._write(flat)

    def comment(self, text: str) -> None:
        """Comments are not read."""

    def close(self) -> None:
        """The document is over."""
        self._end_line()

    def text(self) -> str:
        """What was written."""
        self._end_line()
        return re.sub(r"\n{4,}", "\n\n\n", "\n".join(self.lines)).strip("\n")

    def _write(self, text: str) -> None:
        if self.cell and self.line:
            self.line.append("\t")
        self.cell = False
        self.line.append(text)

    def _verbatim(self, text: str) -> None:
        first, *others = text.split("\n")
        if first:
            self._write(first)
        for each in others:
            self._end_line(even_empty=True)
            if each:
                self._write(each)

    def _begin_block(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._end_line()
            self.wants_blank = not (tag in ("ul", "ol") and self.lists)
        elif tag in _BLOCKS:
            self._end_line()

    def _end_line(self, even_empty: bool = False) -> None:
        line = "".join(self.line).replace("\xa0", " ").rstrip()
        self.line = []
        if not line.strip() and not even_empty:
            self.links = []
            return
        depth = min(self.quotes, _MOST_DEPTH)
        if self.wants_blank and self.lines and self.lines[-1].strip("> "):
            self.lines.append(("> " * min(depth, self.depth)).rstrip())
        prefix, self.depth = "> " * depth, depth
        self.wants_blank = False
        shown = self.marker + line + "".join(f" ({link})" for link in dict.fromkeys(self.links) if link not in line)
        self.marker, self.links = "", []
        self.lines.append((prefix + shown).rstrip())

    def _item(self) -> None:
        indent = "  " * min(max(len(self.lists) - 1, 0), _MOST_DEPTH)
        number = self.lists[-1] if self.lists else None
        if number is None:
            self.marker = f"{indent}- "
        else:
            self.lists[-1] = number + 1
            self.marker = f"{indent}{number + 1}. "

    def _end_link(self, address: str, begin: int) -> None:
        text = "".join(self.line[begin:]).strip()
        is_web = address.lower().startswith(("http://", "https://")) and len(address) <= _MOST_LINK
        if is_web and text and text.rstrip("/") not in (address.rstrip("/"), address.partition("://")[2].rstrip("/")):
            self.links.append(address)

    def _picture(self, description: str) -> None:
        if not description or len(description) > 200 or _FILE_NAME.search(description):
            return
        self._write(description if not any(map(str.isalnum, description)) else f"[{description}]")
