"""What the application carries, by typed key; build_app() fills them, request handlers read them.

A handler inside a mounted sub-application reads ``request.config_dict[KEY]``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import jinja2
from aiohttp import web

from bot.config import Config
from bot.files.links import Links
from bot.files.uploads import Uploads
from bot.gateway.addresses import Network
from bot.gateway.chat import Desk
from bot.gateway.metrics import Metrics
from bot.mail.addresses import Signer
from bot.mail.fetching.arrivals import Arrivals
from bot.mail.posting.office import PostOffice
from bot.mail.postman import Postman
from bot.markup import Letterhead
from bot.replaying import Replaying
from bot.workers import Workers
from knowledgebase.library import Library
from knowledgebase.model import Thresholds
from storage.blobs import Blobs
from storage.database import Database, Transaction
from storage.signals import Signals
from tickets.escalation.ways import Ways
from tickets.model import Message
from tickets.rules import DeskRules
from tickets.sessions import Lifetime

HOUR_MS = 60 * 60 * 1000


class SignallingDatabase(Database, Protocol):
    """A database of this process, with the wake-ups that follow its commits."""

    signals: Signals


class AgentTyping(Protocol):
    """Where the console says that an agent is writing; the customers' hub implements it.

    The other way round, a customer who is writing is the signal ("typing", conversation_id).
    """

    def agent_typing(self, conversation_id: str, agent_name: str) -> None:
        """Show the customer of this conversation that an agent is writing. Never blocks, never raises."""


class SendReply(Protocol):
    """Sends an agent's message by mail where the contact is to be reached by mail."""

    def __call__(self, tx: Transaction, message: Message, now: int) -> None:
        """Keep the mail in this transaction; nothing where there is none to send."""


class ChannelThresholds(Protocol):
    """Tells the thresholds in force on a channel."""

    def __call__(self, channel: str = "chat") -> Thresholds:
        """The least confidences for answering and for asking back."""


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """How agents reach the console and how long a login lasts.

    public_url: scheme, host and port that browsers see, without a trailing slash ('https://desk.example.com').
    idle_ms, absolute_ms: a login ends after so long without use, and after so long in any case; that of a screen which
    shows the wall-board after wall_ms.
    trusted_proxies: the networks whose X-Forwarded-For is believed.
    """

    public_url: str
    idle_ms: int = HOUR_MS // 2
    absolute_ms: int = 12 * HOUR_MS
    wall_ms: int = 30 * 24 * HOUR_MS
    trusted_proxies: tuple[Network, ...] = ()

    @property
    def lifetime(self) -> Lifetime:
        """How long logins last."""
        return Lifetime(self.idle_ms, self.absolute_ms, self.wall_ms)

    @property
    def secure(self) -> bool:
        """Whether browsers come over HTTPS."""
        return self.public_url.startswith("https://")


DATABASE = web.AppKey("database", SignallingDatabase)
BLOBS = web.AppKey("blobs", Blobs)
LINKS = web.AppKey("links", Links)
UPLOADS = web.AppKey("uploads", Uploads)
RULES = web.AppKey("rules", DeskRules)
WAYS = web.AppKey("ways", Ways)
CLOCK: web.AppKey[Callable[[], int]] = web.AppKey("clock")
TEMPLATES = web.AppKey("templates", jinja2.Environment)
CONSOLE_SETTINGS = web.AppKey("console_settings", ConsoleSettings)
TYPING = web.AppKey("typing", AgentTyping)
LETTERHEAD = web.AppKey("letterhead", Letterhead)
CONFIG = web.AppKey("config", Config)
CHAT = web.AppKey("chat", Desk)
LIBRARY = web.AppKey("library", Library)
THRESHOLDS = web.AppKey("thresholds", ChannelThresholds)
ORIGINS: web.AppKey[frozenset[str]] = web.AppKey("origins")
SOCKETS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("sockets")
WORKERS = web.AppKey("workers", Workers)
REPLAYING = web.AppKey("replaying", Replaying)
METRICS = web.AppKey("metrics", Metrics)
SIGNER = web.AppKey("signer", Signer)
ARRIVALS = web.AppKey("arrivals", Arrivals)
OFFICE = web.AppKey("office", PostOffice)
POSTMAN = web.AppKey("postman", Postman)
SEND_REPLY = web.AppKey("send_reply", SendReply)
