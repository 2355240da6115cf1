"""The chat protocol's frames (docs/protocol.md): text in, checked types out, and back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.errors import FrameError
from tickets.model import Author, Message

LARGEST_FRAME = 16 * 1024
PAGE_OF_MESSAGES = 100

ClientId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
Number = Annotated[int, Field(ge=0, le=2**53)]


class _Frame(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PageInfo(_Frame):
    url: str = Field("", max_length=2_000)
    title: str = Field("", max_length=300)


class Hello(_Frame):
    type: Literal["hello"]
    token: str | None = Field(None, max_length=200)
    after: Number = 0
    page: PageInfo | None = None
    language: Literal["zh-CN", "zh-TW", "en"] = "zh-CN"


class Text(_Frame):
    type: Literal["message"]
    client_message_id: ClientId
    text: str


class Press(_Frame):
    type: Literal["press"]
    client_message_id: ClientId
    action: str = Field(max_length=200)
    about: Number | None = None


class ContactFrame(_Frame):
    type: Literal["contact"]
    client_message_id: ClientId
    value: str | None = Field(None, max_length=200)
    refused: Literal[True] | None = None


class Resume(_Frame):
    type: Literal["resume"]
    after: Number


class Typing(_Frame):
    type: Literal["typing"]


Frame = Hello | Text | Press | ContactFrame | Resume | Typing
_FRAMES: TypeAdapter[Frame] = TypeAdapter(Annotated[Frame, Field(discriminator="type")])


def parse_frame(raw: str | bytes, max_chars: int) -> Frame:
    """The frame, or FrameError with the protocol's code; no input makes it raise anything else."""
    size = len(raw) if isinstance(raw, bytes) else len(raw.encode("utf-8", "surrogatepass"))
    if size > LARGEST_FRAME:
        raise FrameError("too_large")
    try:
        frame = _FRAMES.validate_json(raw)
    except ValidationError as error:
        raise FrameError(_code(error.errors(include_url=False)[0])) from error
    except UnicodeEncodeError as error:
        raise FrameError("bad_text") from error
    _check_text(frame, max_chars)
    return frame


def _code(problem: Mapping[str, Any]) -> str:
    if problem["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return "unknown_type"
    if problem["type"] == "json_invalid" and "surrogate" in problem["msg"]:
        return "bad_text"
    return "malformed"


def _check_text(frame: Frame, max_chars: int) -> None:
    match frame:
        case Text(client_message_id=client_id, text=text):
            if "\x00" in text:
                raise FrameError("bad_text", client_message_id=client_id)
            if len(text) > max_chars:
                raise FrameError("too_large", client_message_id=client_id)
            if not is_visible(text):
                raise FrameError("empty", client_message_id=client_id)
        case Press(client_message_id=client_id, action=text) if "\x00" in text:
            raise FrameError("bad_text", client_message_id=client_id)
        case ContactFrame(client_message_id=client_id, value=value, refused=refused):
            if (value is None) == (refused is None):
                raise FrameError("malformed", client_message_id=client_id)
        case Hello(page=PageInfo(url=url, title=title)) if "\x00" in url + title:
            raise FrameError("bad_text")


def is_visible(text: str) -> bool:
    """Whether anything can be seen: white space and invisible format characters alone do not count."""
    return any(not (char.isspace() or char in INVISIBLE) for char in text)


INVISIBLE = frozenset(
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2800\u3164"
)


def message_item(message: Message, names: Mapping[str, str]) -> dict[str, Any]:
    """A message as the page gets it; names are the agents' names by id."""
    item: dict[str, Any] = {
        "number": message.number,
        "author": message.author.value,
        "kind": message.kind.value,
        "text": message.text,
        "at": iso(message.created_at),
        "actions": message.extras.get("actions", []),
    }
    if message.author is Author.AGENT and message.agent_id:
        item["name"] = names.get(message.agent_id, "")
    if message.author is Author.CONTACT:
        item["client_message_id"] = message.external_id
    if message.action:
        item["action"] = message.action
    if "form" in message.extras:
        item["form"] = message.extras["form"]
    return item


def iso(at: int) -> str:
    """Epoch milliseconds as ISO 8601 UTC with milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
