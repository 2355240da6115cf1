"""A sign of life to a service outside, which calls people when it stays away: a process that died tells nobody."""

import asyncio
import logging
from functools import partial

from aiohttp import web

from bot.alerting import readiness
from bot.keys import CONFIG, WORKERS
from bot.workers import LONGEST_ROUND_MS
from tickets.alerts import DeliveryError, http

log = logging.getLogger(__name__)

WHO = "the heartbeat's service"
WITHIN_S = 10.0


def start_heartbeat(app: web.Application) -> None:
    """A loop that gives the sign as long as deadlines are watched and somebody can be told; nothing without a URL."""
    alerts = app[CONFIG].alerts
    if alerts.heartbeat_url is None:
        return
    networks = tuple(map(str, alerts.allow_networks))
    app[WORKERS].start(
        "heartbeat",
        partial(_beat, app, alerts.heartbeat_url, networks),
        partial(asyncio.sleep, alerts.heartbeat_every / 1000),
        alerts.heartbeat_every + LONGEST_ROUND_MS,
    )


async def _beat(app: web.Application, url: str, networks: tuple[str, ...]) -> None:
    reasons = await readiness.of_alerts(app)
    if reasons:
        log.warning("no heartbeat: %s", "; ".join(reasons))
        return
    try:
        answer = await http.get(WHO, url, networks, WITHIN_S)
    except DeliveryError as error:
        log.warning("no heartbeat: %s", error)
        return
    if not 200 <= answer.status <= 299:
        log.warning("no heartbeat: %s answered %d", WHO, answer.status)
