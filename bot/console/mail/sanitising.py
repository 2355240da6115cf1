"""The HTML of a mail, made harmless: what may stay is listed, everything else goes. Pure.

A second wall stands around it: it is shown in a sandboxed frame, by a policy that runs no script and loads nothing
(bot/console/mail/page.py).
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass

import nh3

LONGEST_HTML = 2_000_000
# All pictures of one letter together: they are written into the page, a third longer than they are.
MOST_PICTURE_BYTES = 12_000_000


def _named(names: str) -> frozenset[str]:
    return frozenset(names.split())


TAGS = _named(
    "a abbr address b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div dl dt em "
    "figcaption figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q ruby rt rp s samp small span "
    "strike strong sub sup table tbody td tfoot th thead tr tt u ul var wbr"
)
# What these hold is not text for people.
DROPPED_WHOLE = _named("script style title head object embed applet template noscript svg math select textarea")
_EVERYWHERE = {"dir", "lang", "title", "style"}
_CELL = {"align", "valign", "width", "height", "bgcolor", "colspan", "rowspan", "nowrap"}
ATTRIBUTES = {
    "*": _EVERYWHERE,
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color", "face", "size"},
    "table": {"align", "width", "border", "cellpadding", "cellspacing", "bgcolor"},
    "tr": {"align", "valign", "bgcolor"},
    "td": _CELL,
    "th": _CELL,
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "li": {"value"},
    "p": {"align"},
    "div": {"align"},
    "hr": {"width", "size", "color"},
    "del": {"datetime"},
    "ins": {"datetime"},
}
# None of them can name an address, cover the page or leave its place.
STYLES = _named(
    "background-color border border-bottom border-collapse border-color border-left border-right border-spacing "
    "border-style border-top border-width color direction font-family font-size font-style font-weight height "
    "letter-spacing line-height list-style-type margin margin-bottom margin-left margin-right margin-top "
    "max-width padding padding-bottom padding-left padding-right padding-top text-align text-decoration text-indent "
    "text-transform vertical-align white-space width word-break word-spacing"
)
LINKS = frozenset({"http", "https", "mailto", "tel", "cid"})
PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
_REMOTE = re.compile(r"\s*https?://", re.IGNORECASE)
# What a value of a style may not hold: anything that names an address, runs, or hides one of these behind escapes.
_ACTIVE = re.compile(r"[\\\\@<>]|url|expression|image|attr\(|var\(|/\*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that came with the mail; content_type is what its bytes are."""

    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """HTML that can do nothing but be read. remote: how many pictures were left out because they lie elsewhere."""

    text: str
    remote: int


@dataclass(slots=True)
class _Filter:
    """Decides about attributes one by one, and counts what it leaves out."""

    pictures: Mapping[str, Picture]
    remote: int = 0
    bytes_left: int = MOST_PICTURE_BYTES

    def __call__(self, tag: str, attribute: str, value: str) -> str | None:
        if tag == "img" and attribute == "src":
            return self._picture(value)
        if attribute == "style":
            return ";".join(one for one in value.split(";") if not _ACTIVE.search(one)) or None
        if attribute == "href" and value.strip().casefold().startswith("cid:"):
            return None
        return value

    def _picture(self, address: str) -> str | None:
        """The picture itself in place of its content id; None for what would have to be fetched."""
        if not address.strip().casefold().startswith("cid:"):
            self.remote += bool(_REMOTE.match(address))
            return None
        return self._written(address.strip()[4:].strip("<>").casefold())

    def _written(self, content_id: str) -> str | None:
        """Shown twice, it is written twice."""
        picture = self.pictures.get(content_id)
        if picture is None or picture.content_type not in PICTURE_TYPES or len(picture.content) > self.bytes_left:
            return None
        self.bytes_left -= len(picture.content)
        return f"data:{picture.content_type};base64,{base64.b64encode(picture.content).decode('ascii')}"


def sanitised(html: str, pictures: Mapping[str, Picture]) -> SafeHtml:
    """The harmless part of a mail's HTML, at most LONGEST_HTML characters of it. It may take long: see apart.py.

    pictures: those of the same mail by their content id, lower-case without angle brackets; no others are shown.
    """
    deciding = _Filter(pictures)
    text = nh3.clean(
        html[:LONGEST_HTML],
        tags=set(TAGS),
        clean_content_tags=set(DROPPED_WHOLE),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=deciding,
        url_schemes=set(LINKS),
        url_relative="deny",
        filter_style_properties=set(STYLES),
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
    )
    return SafeHtml(text, deciding.remote)
