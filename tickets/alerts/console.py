"""Alerts in the console: a banner, a sound and a notification on every page that an agent has open."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from tickets.alerts.errors import DeliveryError, Failure
from tickets.alerts.notice import Notice, Sent
from tickets.alerts.transport import Addressing, Transport


class Shown(StrEnum):
    """What became of an alarm. NOWHERE: the agent has no page open; UNSEEN: none of those that are open answered."""

    SHOWN = "shown"
    UNSEEN = "unseen"
    NOWHERE = "nowhere"


Show = Callable[[Notice], Awaitable[Shown]]


@dataclass(frozen=True, slots=True)
class PagesSettings:
    """show puts a notice on every page that the agent who is its recipient has open, each notice once a browser."""

    show: Show


async def send(settings: PagesSettings, notice: Notice) -> Sent:
    """Return when a page of the agent has said that it shows the alarm.

    Raises DeliveryError, ABSENT: for good where none is open, for nobody knows when one will be and the other ways go
    on meanwhile; to be tried again where those that are open do not answer, as on a computer that fell asleep.
    """
    match await settings.show(notice):
        case Shown.SHOWN:
            return Sent()
        case Shown.UNSEEN:
            raise DeliveryError("no open console page answered", Failure.ABSENT, 0, "no_answer")
        case Shown.NOWHERE:
            raise DeliveryError("the agent has no console page open", Failure.ABSENT, code="no_page")


TRANSPORT = Transport("console", Addressing.AGENT, PagesSettings, send)
