"""The chat protocol's frames (docs/protocol.md): text in, checked types out, and back."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.errors import FrameError
from tickets.model import Author, Message

LARGEST_FRAME = 16 * 1024
PAGE_OF_MESSAGES = 100

CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
ClientId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
FileId = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
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
    text: str = ""
    attachments: Annotated[tuple[FileId, ...], Field(strict=False, max_length=20)] = ()


class Press(_Frame):
    type: Literal["press"]
    client_message_id: ClientId
    action: str = Field(max_length=200)
    about: Annotated[int, Field(ge=1, le=2**53)] | None = None


class ContactFrame(_Frame):
    type: Literal["contact"]
    client_message_id: ClientId
    value: str | None = Field(None, max_length=200)
    refused: Literal[True] | None = None


class Resume(_Frame):
    type: Literal["resume"]
    after: Number


class Suggest(_Frame):
    type: Literal["suggest"]
    text: str = Field(max_length=200)


class Typing(_Frame):
    type: Literal["typing"]


Frame = Hello | Text | Press | ContactFrame | Resume | Suggest | Typing
PageFrame = Annotated[Frame, Field(discriminator="type")]
_FRAMES: TypeAdapter[Frame] = TypeAdapter(PageFrame)


def parse_frame(raw: str | bytes, max_chars: int) -> Frame:
    """The frame, or FrameError with the protocol's code; no input makes it raise anything else."""
    size = len(raw) if isinstance(raw, bytes) else len(raw.encode("utf-8", "surrogatepass"))
    if size > LARGEST_FRAME:
        raise FrameError("too_large")
    try:
        frame = _FRAMES.validate_json(raw)
    except ValidationError as error:
        raise _refusal(raw, error) from error
    except UnicodeEncodeError as error:
        raise FrameError("bad_text") from error
    _check_text(frame, max_chars)
    return frame


def id_of(frame: Frame) -> str | None:
    """The page's own id of the message in this frame, if it carries one."""
    match frame:
        case Text(client_message_id=one) | Press(client_message_id=one) | ContactFrame(client_message_id=one):
            return one
    return None


def _refusal(raw: str | bytes, error: ValidationError) -> FrameError:
    """Why a frame cannot be accepted, with the page's own id, so that the page knows what not to send again.

    json is more lenient than what checks frames: it reads a lone surrogate, and any depth that fits.
    """
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        return FrameError("malformed")
    one = told.get("client_message_id") if isinstance(told, dict) else None
    client_id = one if isinstance(one, str) and CLIENT_ID.fullmatch(one) else None
    return FrameError(_code(error, told), client_message_id=client_id)


def _code(error: ValidationError, told: object) -> str:
    kind = error.errors(include_url=False, include_input=False)[0]["type"]
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return "unknown_type"
    return "bad_text" if kind == "json_invalid" and _holds_surrogate(told) else "malformed"


def _holds_surrogate(told: object) -> bool:
    try:
        json.dumps(told, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except RecursionError:
        return False
    return False


def _check_text(frame: Frame, max_chars: int) -> None:
    match frame:
        case Text(client_message_id=client_id, text=text, attachments=attachments):
            if "\x00" in text:
                raise FrameError("bad_text", client_message_id=client_id)
            if len(text) > max_chars:
                raise FrameError("too_large", client_message_id=client_id)
            if not is_visible(text) and not attachments:
                raise FrameError("empty", client_message_id=client_id)
        case Press(client_message_id=client_id, action=text) if "\x00" in text:
            raise FrameError("bad_text", client_message_id=client_id)
        case ContactFrame(client_message_id=client_id, value=value, refused=refused):
            if (value is None) == (refused is None):
                raise FrameError("malformed", client_message_id=client_id)
            if value is not None and "\x00" in value:
                raise FrameError("bad_text", client_message_id=client_id)
        case Suggest(text=text) if "\x00" in text:
            raise FrameError("bad_text")
        case Hello(page=PageInfo(url=url, title=title)) if "\x00" in url + title:
            raise FrameError("bad_text")


def is_visible(text: str) -> bool:
    """Whether anything can be seen: blanks, controls, format characters and marks alone do not count."""
    return any(_is_ink(char) for char in text)


def _is_ink(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] not in "ZM" and category not in ("Cc", "Cf") and char not in BLANK_LETTERS


# Braille pattern blank and the Hangul fillers: letters and symbols by category, blank to the eye.
BLANK_LETTERS = frozenset("\u2800\u115f\u1160\u3164\uffa0")


def message_item(
    message: Message, names: Mapping[str, str], with_forms: bool, files: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """A message as the page gets it; names are the agents' names by id.

    with_forms: whether a form that it offers is still to be filled in.
    """
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
    if "blocks" in message.extras:
        item["blocks"] = message.extras["blocks"]
    if "form" in message.extras and with_forms:
        item["form"] = message.extras["form"]
    if files:
        item["attachments"] = list(files)
    return item


def iso(at: int) -> str:
    """Epoch milliseconds as ISO 8601 UTC with milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
