"""The loops that tell people, put together from what the application carries."""

from aiohttp import web

from bot.alerting.delivery.attempt import Delivery
from bot.alerting.delivery.dispatch import LONGEST_ROUND_MS, Dispatch
from bot.alerting.words import Speech
from bot.keys import CLOCK, CONFIG, DATABASE, TEMPLATES, WAYS, WORKERS
from tickets.escalation.ways import Way


def start_delivering(app: web.Application, public_url: str) -> list[Dispatch]:
    """A loop for each way that is set up: one that hangs holds up no other."""
    config = app[CONFIG]
    speech = Speech(app[TEMPLATES], config.escalation.language, config.sla.time_zone, public_url)
    return [_start(app, way, speech) for way in app[WAYS].values()]


def _start(app: web.Application, way: Way, speech: Speech) -> Dispatch:
    dispatch = Dispatch(Delivery(app[DATABASE], way, speech, app[CLOCK]))
    app[WORKERS].start(way.topic, dispatch.turn, dispatch.wait, LONGEST_ROUND_MS)
    return dispatch
