"""How what waits in the outbox for each way of telling people is sent."""

from functools import partial

from aiohttp import web

from bot.alerting import words
from bot.alerting.words import Speech
from bot.keys import CLOCK, CONFIG, DATABASE, TEMPLATES, WAYS
from bot.workers import Deliver
from storage.outbox import OutboxRow
from tickets.alerts import DeliveryError, Failure
from tickets.escalation import outcomes
from tickets.escalation.notices import Purpose
from tickets.escalation.ways import Way


def transports(app: web.Application, public_url: str) -> dict[str, Deliver]:
    """How to deliver each outbox topic of a way that is set up."""
    config = app[CONFIG]
    speech = Speech(app[TEMPLATES], config.escalation.language, config.sla.time_zone, public_url)
    return {way.topic: partial(_deliver, app, speech, way) for way in app[WAYS].values()}


async def _deliver(app: web.Application, speech: Speech, way: Way, row: OutboxRow) -> None:
    database, clock, notice_id = app[DATABASE], app[CLOCK], row.payload["notice_id"]
    waiting = await database.write(outcomes.begin, notice_id, clock())
    if waiting is None or (row.payload["purpose"] == Purpose.ALERTS and not waiting.alerts):
        await database.write(outcomes.withdraw, notice_id, clock())
        return
    try:
        sent = await way.transport.send(way.settings, words.notice(row, waiting, speech, clock()))
    except DeliveryError as error:
        await database.write(outcomes.failed, notice_id, error.failure, error.code, error.reason, clock())
        raise
    except Exception:
        await database.write(outcomes.failed, notice_id, Failure.UNKNOWN, "", "unforeseen", clock())
        raise
    await database.write(outcomes.sent, notice_id, sent.reference, clock())
