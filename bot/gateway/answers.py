"""What the server says on the chat and health routes (docs/protocol.md), as types: the API's description is made
of them, and the tests hold every frame against them.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TextPiece(_Answer):
    kind: Literal["text"]
    text: str


class BreakPiece(_Answer):
    kind: Literal["break"]


class BoldPiece(_Answer):
    kind: Literal["bold"]
    inlines: list["Piece"]


class LinkPiece(_Answer):
    kind: Literal["link"]
    href: str = Field(description="http, https, mailto, tel, or a path below the server's own address")
    inlines: list["Piece"]


class ImagePiece(_Answer):
    kind: Literal["image"]
    source: str = Field(description="https, or a path below the server's own address")
    alt: str = Field(min_length=1)
    width: int | None = Field(None, ge=1)
    height: int | None = Field(None, ge=1)


Piece = Annotated[TextPiece | BreakPiece | BoldPiece | LinkPiece | ImagePiece, Field(discriminator="kind")]


class NestedList(_Answer):
    ordered: bool
    first: int = Field(ge=0)
    items: list["ListItem"]


class ListItem(_Answer):
    inlines: list[Piece]
    nested: NestedList | None = None


class _Block(_Answer):
    apart: bool = Field(description="A blank line stands before it")


class ParagraphBlock(_Block):
    kind: Literal["paragraph"]
    inlines: list[Piece]


class ListBlock(_Block, NestedList):
    kind: Literal["list"]


class TableBlock(_Block):
    kind: Literal["table"]
    head: list[list[Piece]]
    rows: list[list[list[Piece]]]


Block = Annotated[ParagraphBlock | ListBlock | TableBlock, Field(discriminator="kind")]


class ActionItem(_Answer):
    id: str
    label: str


class AttachmentItem(_Answer):
    id: str
    name: str
    content_type: str = Field(description="What the bytes are")
    size: int = Field(ge=0, description="Bytes")
    url: str = Field(description="Good for a day at least")
    thumbnail: str | None = Field(None, description="A small picture of a picture")
    width: int | None = Field(None, ge=1)
    height: int | None = Field(None, ge=1)


class MessageItem(_Answer):
    number: int = Field(ge=1)
    author: Literal["contact", "bot", "agent"]
    kind: Literal["text", "answer", "clarify", "small_talk", "handoff", "notice", "holding"]
    text: str
    blocks: list[Block] | None = Field(None, description="What text says, with its lists, links and images")
    at: str = Field(description="ISO 8601, UTC")
    actions: list[ActionItem]
    name: str | None = Field(None, description="The agent's name")
    client_message_id: str | None = None
    action: str | None = None
    form: Literal["contact"] | None = None
    attachments: list[AttachmentItem] | None = None


class ChatState(_Answer):
    mode: Literal["bot", "waiting", "agent"]
    agent_name: str | None = None
    ticket: str | None = None


class ChatLimits(_Answer):
    message_chars: int
    frame_bytes: int
    file_bytes: int
    files: int


class Welcome(_Answer):
    type: Literal["welcome"]
    token: str
    last: int = Field(ge=0)
    state: ChatState
    limits: ChatLimits


class Messages(_Answer):
    type: Literal["messages"]
    items: list[MessageItem] = Field(min_length=1, max_length=100)
    last: int = Field(ge=1)


class Ack(_Answer):
    type: Literal["ack"]
    client_message_id: str
    number: int = Field(ge=1)
    at: str = Field(description="ISO 8601, UTC")


class StateChange(ChatState):
    type: Literal["state"]


class TypingNotice(_Answer):
    type: Literal["typing"]
    author: Literal["bot", "agent"]
    name: str | None = None


class SuggestedQuestion(_Answer):
    id: str
    question: str


class Suggestions(_Answer):
    type: Literal["suggestions"]
    text: str = Field(description="What was asked for, as it was sent")
    items: list[SuggestedQuestion] = Field(max_length=3)


class ErrorFrame(_Answer):
    type: Literal["error"]
    code: Literal[
        "malformed",
        "unknown_type",
        "too_large",
        "empty",
        "bad_text",
        "too_fast",
        "too_many_connections",
        "contact_invalid",
        "action_gone",
        "file_gone",
        "unavailable",
        "bad_token",
        "not_greeted",
    ]
    text: str = Field(min_length=1, description="A sentence for the customer")
    retry: bool = Field(description="Whether sending the same frame again is right")
    client_message_id: str | None = None
    retry_after: float | None = Field(None, description="Seconds")


ServerFrame = Annotated[
    Welcome | Messages | Ack | StateChange | TypingNotice | Suggestions | ErrorFrame, Field(discriminator="type")
]


class Frames(_Answer):
    frames: list[ServerFrame]


class Health(_Answer):
    status: Literal["ok"]


class Readiness(_Answer):
    status: Literal["ok", "unavailable"]
    reasons: list[str]
    entries: int = Field(ge=0, description="Published entries in force")


class Problem(_Answer):
    error: str
