"""The loops that send, put together from what the application carries."""

from aiohttp import web

from bot.keys import BLOBS, CHAT, CLOCK, CONFIG, DATABASE, OFFICE, SIGNER, TEMPLATES, WORKERS
from bot.mail.posting.delivery import Delivery
from bot.mail.posting.dispatch import LONGEST_ROUND_MS, Dispatch
from bot.mail.posting.outlets import Outlet, outlets_of


def start_posting(app: web.Application, public_url: str) -> list[Dispatch]:
    """A loop for each mailbox; without mail.sending what the bot wrote waits."""
    sending = app[CONFIG].mail.sending
    return [_start(app, outlet, public_url, sending) for outlet in outlets_of(app[CONFIG]).all]


def _start(app: web.Application, outlet: Outlet, public_url: str, sending: bool) -> Dispatch:
    delivery = Delivery(
        database=app[DATABASE],
        outlet=outlet,
        office=app[OFFICE],
        signer=app[SIGNER],
        blobs=app[BLOBS],
        templates=app[TEMPLATES],
        base=public_url,
        clock=app[CLOCK],
        presence=app[CHAT].hub.presence,
    )
    dispatch = Dispatch(delivery, [outlet.topic, *([outlet.automatic_topic] if sending else [])])
    app[WORKERS].start(outlet.topic, dispatch.turn, dispatch.wait, LONGEST_ROUND_MS)
    return dispatch
