"""One visitor's page, whatever carries its frames: frames in, acknowledgements and new messages out."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jinja2

from bot.errors import FrameError
from bot.files.links import Links
from bot.gateway.addresses import subscriber
from bot.gateway.frames import (
    LARGEST_FRAME,
    PAGE_OF_MESSAGES,
    ContactFrame,
    Frame,
    Hello,
    PageInfo,
    Press,
    Resume,
    Suggest,
    Text,
    Typing,
    id_of,
    is_visible,
    iso,
    message_item,
)
from bot.gateway.hub import Hub, Seat
from bot.gateway.limits import Traffic
from bot.messages import Channel, InboundMessage, Page
from bot.receive import CONTACT_REFUSED, Accepted, accept
from bot.visitors import Visitors
from knowledgebase.model import Entry
from knowledgebase.wording.text import to_traditional
from storage.database import Database, Transaction
from storage.errors import StorageUnavailable
from tickets import agents, attachments, contacts, conversations, tickets
from tickets.attachments import Attachment
from tickets.clocks import rows
from tickets.contact_details import parse_details
from tickets.model import Owner

log = logging.getLogger(__name__)

TYPING_EVERY_MS = 2_000
GREET_AGAIN_S = 2.0
ACTION_HUMAN = "human"
MOST_SUGGESTED = 3
TRY_AGAIN = frozenset({"too_fast", "unavailable", "too_many_connections"})


@dataclass(frozen=True, slots=True)
class Desk:
    """What every page shares. Lives as long as the server."""

    database: Database
    hub: Hub
    traffic: Traffic
    visitors: Visitors
    templates: jinja2.Environment
    clock: Callable[[], int]
    max_message_chars: int
    accepted: Callable[[], None]
    suggest: Callable[[str], Awaitable[Sequence[Entry]]]
    links: Links
    file_bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class View:
    """What a page has to show: new messages in order, and who speaks for us."""

    items: list[dict[str, Any]]
    last: int
    state: dict[str, Any]


class ChatPage:
    """The server's side of one connected page. sent is the number of the last message given to it."""

    def __init__(self, desk: Desk, address: str) -> None:
        self._desk = desk
        self._address = address
        self._language = "zh-CN"
        self._page: PageInfo | None = None
        self._typed_at = 0
        self._state: dict[str, Any] | None = None
        self.sent = 0
        self.seat: Seat | None = None

    async def take(self, frame: Frame) -> list[dict[str, Any]]:
        """Carry out one frame and return what to send back at once. Raises FrameError."""
        if isinstance(frame, Hello):
            return await self.greet(frame)
        if self.seat is None:
            raise FrameError("not_greeted", client_message_id=id_of(frame))
        if isinstance(frame, Suggest):
            return [await self._suggest(frame.text, self.seat)]
        self._desk.traffic.frame(self.seat.visitor, id_of(frame))
        match frame:
            case Text() | Press() | ContactFrame():
                return [await self._accept(frame, self.seat)]
            case Resume(after=after):
                self.sent = after
                self._state = None
                return await self.news()
            case Typing():
                self._pass_on_typing(self.seat)
        return []

    async def greet(self, frame: Hello) -> list[dict[str, Any]]:
        """Seat the visitor and say where the conversation stands; a visitor who cannot be told is not seated."""
        self._language, self._page = frame.language, frame.page
        token = self._new_token() if frame.token is None else frame.token
        visitor = self._desk.visitors.address(token)
        self._desk.traffic.frame(visitor)
        self.leave()
        self.seat, self.sent = self._desk.hub.take_seat(visitor), frame.after
        try:
            view = await self._join(self.seat)
        except StorageUnavailable as error:
            self.leave()
            raise FrameError("unavailable", retry_after=GREET_AGAIN_S) from error
        self._state = view.state
        limits = {
            "message_chars": self._desk.max_message_chars,
            "frame_bytes": LARGEST_FRAME,
            "file_bytes": self._desk.file_bytes,
            "files": self._desk.files,
        }
        welcome = {
            "type": "welcome",
            "token": token,
            "last": view.last,
            "state": view.state,
            "limits": limits,
        }
        return [welcome, *self._give(view)]

    async def _join(self, seat: Seat) -> View:
        """What stands in the visitor's conversation.

        The seat was taken before the conversation is looked up: one that begins in between is then not missed.
        Whatever rang for this seat until now is in the view.
        """
        conversation_id = await self._desk.database.read(_conversation_of, seat.visitor)
        if conversation_id is not None:
            self._desk.hub.joined(seat.visitor, conversation_id)
        seat.bell.clear()
        return await self._view()

    def _new_token(self) -> str:
        self._desk.traffic.new_visitor(subscriber(self._address))
        return self._desk.visitors.new_token()

    async def news(self) -> list[dict[str, Any]]:
        """Everything that this page has not been given yet: messages, a changed state, somebody typing."""
        seat = self.seat
        if seat is None:
            return []
        view = await self._view()
        frames = self._give(view)
        if view.state != self._state:
            self._state = view.state
            frames.append({"type": "state", **view.state})
        if seat.typing is not None:
            frames.append({"type": "typing", "author": "agent", "name": seat.typing})
            seat.typing = None
        return frames

    def leave(self) -> None:
        """The page is gone."""
        if self.seat is not None:
            self._desk.hub.leave(self.seat)
            self.seat = None

    def explain(self, error: FrameError) -> dict[str, Any]:
        """The error as a frame, in the visitor's language."""
        words: Any = self._desk.templates.get_template("chat/errors.jinja").module
        frame = {
            "type": "error",
            "code": error.code,
            "text": str(words.sentence(error.code, self._language, self._desk.max_message_chars)).strip(),
            "retry": error.code in TRY_AGAIN,
        }
        if error.client_message_id is not None:
            frame["client_message_id"] = error.client_message_id
        if error.retry_after is not None:
            frame["retry_after"] = error.retry_after
        return frame

    async def _suggest(self, text: str, seat: Seat) -> dict[str, Any]:
        """Questions that this may become; nothing of it is kept. None where the pages of one address ask too much."""
        self._desk.traffic.suggestion(seat.visitor)
        free = self._desk.traffic.may_suggest(subscriber(self._address))
        found = await self._desk.suggest(text) if free else ()
        write = to_traditional if self._language == "zh-TW" else str
        items = [{"id": entry.id, "question": write(entry.question)} for entry in found[:MOST_SUGGESTED]]
        return {"type": "suggestions", "text": text, "items": items}

    async def _accept(self, frame: Text | Press | ContactFrame, seat: Seat) -> dict[str, Any]:
        """Acknowledge a message after, and only after, its commit."""
        self._desk.traffic.message(seat.visitor, frame.client_message_id)
        inbound = self._inbound(frame, seat)
        try:
            accepted: Accepted = await self._desk.database.write(accept, inbound)
        except StorageUnavailable as error:
            log.warning("message not kept: %s", error)
            self._desk.traffic.unkept(seat.visitor)
            raise FrameError("unavailable", client_message_id=frame.client_message_id) from error
        self._desk.hub.joined(seat.visitor, accepted.conversation.id)
        if not accepted.repeat:
            self._desk.accepted()
        return {
            "type": "ack",
            "client_message_id": frame.client_message_id,
            "number": accepted.message.number,
            "at": iso(accepted.message.created_at),
        }

    def _inbound(self, frame: Text | Press | ContactFrame, seat: Seat) -> InboundMessage:
        text, action, about = self._said(frame)
        page = Page(self._page.url, self._page.title) if self._page else None
        now = self._desk.clock()
        files = frame.attachments if isinstance(frame, Text) else ()
        if len(files) > self._desk.files:
            raise FrameError("malformed", client_message_id=frame.client_message_id)
        return InboundMessage(
            Channel.CHAT,
            frame.client_message_id,
            seat.visitor,
            text,
            now,
            action,
            about,
            page,
            attachments=files,
            attachment_owner=f"contact:{seat.visitor}" if files else None,
        )

    def _said(self, frame: Text | Press | ContactFrame) -> tuple[str, str | None, int | None]:
        """The text, the action and the message that the action is about."""
        match frame:
            case Text():
                return frame.text if is_visible(frame.text) else "", None, None
            case Press() if frame.about is None and frame.action != ACTION_HUMAN:
                raise FrameError("malformed", client_message_id=frame.client_message_id)
            case Press():
                return self._label("human"), frame.action, frame.about
            case ContactFrame(value=None):
                return self._label("refuse"), CONTACT_REFUSED, None
            case ContactFrame():
                if parse_details(frame.value or "") is None:
                    raise FrameError("contact_invalid", client_message_id=frame.client_message_id)
                return frame.value or "", None, None

    def _label(self, name: str) -> str:
        words: Any = self._desk.templates.get_template("chat/errors.jinja").module
        return str(words.label(name, self._language)).strip()

    def _pass_on_typing(self, seat: Seat) -> None:
        now = self._desk.clock()
        if seat.conversation_id is not None and now - self._typed_at >= TYPING_EVERY_MS:
            self._typed_at = now
            self._desk.hub.visitor_typing(seat.conversation_id)

    async def _view(self) -> View:
        if self.seat is None or self.seat.conversation_id is None:
            return View([], 0, {"mode": "bot"})
        return await self._desk.database.read(
            _look, self.seat.conversation_id, self.sent, partial(self._desk.links.item, now=self._desk.clock())
        )

    def _give(self, view: View) -> list[dict[str, Any]]:
        """The view as a frame. Rings again when there is more; a page that claims more than there is starts there."""
        self.sent = int(view.items[-1]["number"]) if view.items else min(self.sent, view.last)
        if self.seat is not None and self.sent < view.last:
            self.seat.bell.set()
        if not view.items:
            return []
        return [{"type": "messages", "items": view.items, "last": view.last}]


def _conversation_of(tx: Transaction, visitor: str) -> str | None:
    """The conversation that this visitor goes on with, if there is one."""
    contact = contacts.find(tx, Channel.CHAT, visitor)
    conversation = conversations.find(tx, contact.id, Channel.CHAT) if contact else None
    return conversation.id if conversation else None


def _look(tx: Transaction, conversation_id: str, after: int, item: Callable[[Attachment], dict[str, Any]]) -> View:
    """What a page that has everything up to ``after`` still lacks."""
    conversation = conversations.get_conversation(tx, conversation_id)
    names = agents.names(tx)
    messages = conversations.history(tx, conversation_id, after=after, limit=PAGE_OF_MESSAGES)
    contact = contacts.get_contact(tx, conversation.contact_id)
    files = attachments.of_conversation(tx, conversation_id) if messages else {}
    items = [
        message_item(message, names, contact.may_be_asked, [item(file) for file in files.get(message.id, ())])
        for message in messages
    ]
    return View(items, conversation.last_number, _state(tx, conversation_id, names))


def _state(tx: Transaction, conversation_id: str, names: dict[str, str]) -> dict[str, Any]:
    conversation = conversations.get_conversation(tx, conversation_id)
    ticket = tickets.live_of_conversation(tx, conversation_id)
    state: dict[str, Any] = {"mode": "bot"}
    if conversation.owner is Owner.AGENT:
        state = {"mode": "agent", "agent_name": names.get(conversation.owner_agent_id or "", "")}
    elif ticket is not None:
        clock = rows.running_reply(tx, conversation_id)
        state = {"mode": "waiting" if clock and clock.needs_person else "bot"}
    return {**state, "ticket": ticket.number} if ticket else state
