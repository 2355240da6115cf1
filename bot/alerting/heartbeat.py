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


class Heart:
    """Gives the sign as long as deadlines are watched and somebody can be told. Lives as long as the server."""

    def __init__(self, app: web.Application, url: str, allow_networks: tuple[str, ...]) -> None:
        self._app = app
        self._url = url
        self._allow_networks = allow_networks
        self._trouble = ""

    async def beat(self) -> None:
        """Give the sign, or not; the log tells when that changes, and why."""
        trouble = "; ".join(await readiness.of_alerts(self._app)) or await self._call()
        if trouble != self._trouble:
            log.warning("no heartbeat: %s", trouble) if trouble else log.info("heartbeat again")
        self._trouble = trouble

    async def _call(self) -> str:
        """What went wrong; empty if nothing did."""
        try:
            answer = await http.get(WHO, self._url, self._allow_networks, WITHIN_S)
        except DeliveryError as error:
            return error.reason
        return "" if 200 <= answer.status <= 299 else f"{WHO} answered {answer.status}"


def start_heartbeat(app: web.Application) -> None:
    """The loop of the heartbeat; none without a URL."""
    alerts = app[CONFIG].alerts
    if alerts.heartbeat_url is None:
        return
    heart = Heart(app, alerts.heartbeat_url, tuple(map(str, alerts.allow_networks)))
    pause = partial(asyncio.sleep, alerts.heartbeat_every / 1000)
    app[WORKERS].start("heartbeat", heart.beat, pause, alerts.heartbeat_every + LONGEST_ROUND_MS)
