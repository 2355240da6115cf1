"""Who is connected right now, and who has to look again. Holds no message: the database does.

A signal ("conversation", id) rings every page that shows that conversation; each then reads what is new after
the last number it has sent. So a page can miss or repeat nothing, however signals are lost or doubled.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from storage.signals import Signals

# A page that asks over HTTP has no seat between two questions.
JUST_LEFT_S = 15.0
MOST_LEAVERS = 10_000


class Presence(StrEnum):
    """Whether a customer has the chat before them. LEAVING: had a moment ago, and may only be between two questions."""

    HERE = "here"
    LEAVING = "leaving"
    GONE = "gone"


@dataclass(eq=False, slots=True)
class Seat:
    """One connected page of one visitor. bell rings when there is something to read or typing to show."""

    visitor: str
    conversation_id: str | None = None
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    typing: str | None = None


class Hub:
    """The seats by visitor and by conversation. Lives as long as the server."""

    def __init__(self, signals: Signals, steady: Callable[[], float] = time.monotonic) -> None:
        self.closing = False
        self._steady = steady
        self._left: dict[str, float] = {}
        self._signals = signals
        self._by_visitor: dict[str, set[Seat]] = defaultdict(set)
        self._by_conversation: dict[str, set[Seat]] = defaultdict(set)
        self._stop = signals.listen("conversation", lambda _topic, key: self._ring(key))

    def take_seat(self, visitor: str) -> Seat:
        """A seat for a page that has just said hello; joined() tells it which conversation to show."""
        seat = Seat(visitor)
        self._by_visitor[visitor].add(seat)
        return seat

    def leave(self, seat: Seat) -> None:
        """The page is gone; whoever still waits for its bell is let go."""
        self._discard(self._by_visitor, seat.visitor, seat)
        if seat.conversation_id is not None:
            self._discard(self._by_conversation, seat.conversation_id, seat)
            self._remember_leaving(seat.conversation_id)
        seat.bell.set()

    def joined(self, visitor: str, conversation_id: str) -> None:
        """This is the visitor's conversation: all pages of that visitor now show it."""
        for seat in self._by_visitor.get(visitor, ()):
            if seat.conversation_id is None:
                seat.conversation_id = conversation_id
                self._by_conversation[conversation_id].add(seat)
                seat.bell.set()

    def agent_typing(self, conversation_id: str, agent_name: str) -> None:
        """Show the customer of this conversation that an agent is writing."""
        for seat in self._by_conversation.get(conversation_id, ()):
            seat.typing = agent_name
            seat.bell.set()

    def visitor_typing(self, conversation_id: str) -> None:
        """Tell the consoles that the customer of this conversation is writing."""
        self._signals.publish([("typing", conversation_id)])

    def presence(self, conversation_id: str) -> Presence:
        """Whether a page that shows this conversation is connected."""
        if self._by_conversation.get(conversation_id):
            return Presence.HERE
        left = self._left.get(conversation_id)
        return Presence.GONE if left is None or self._steady() - left > JUST_LEFT_S else Presence.LEAVING

    @property
    def seats(self) -> int:
        """How many pages are connected."""
        return sum(len(seats) for seats in self._by_visitor.values())

    def dismiss(self) -> None:
        """Let nobody wait any longer: the server is about to go."""
        self.closing = True
        for seats in self._by_visitor.values():
            for seat in seats:
                seat.bell.set()

    def close(self) -> None:
        """Stop listening."""
        self._stop()

    def _remember_leaving(self, conversation_id: str) -> None:
        self._left.pop(conversation_id, None)
        self._left[conversation_id] = self._steady()
        while len(self._left) > MOST_LEAVERS:
            del self._left[next(iter(self._left))]

    def _ring(self, conversation_id: str) -> None:
        for seat in self._by_conversation.get(conversation_id, ()):
            seat.bell.set()

    @staticmethod
    def _discard(index: dict[str, set[Seat]], key: str, seat: Seat) -> None:
        index[key].discard(seat)
        if not index[key]:
            del index[key]
