"""Why the bot matched a question as it did: worked out anew with the knowledge base in force."""

import asyncio
import time

from aiohttp import web

from bot.console.access import LANGUAGE, LOGIN, is_fetch
from bot.console.render import page, problem
from bot.console.story import LONGEST_ASKED
from bot.explaining import tell
from bot.gateway.limits import MINUTE_S, Pace
from bot.keys import LIBRARY, TEMPLATES, THRESHOLDS
from knowledgebase.matching.explain import explain

MOST_MATCHES = 3
EXPLANATIONS_PER_MINUTE = 60

PACE = web.AppKey("console_explanations", Pace)


def explanation_pace() -> Pace:
    """How often one agent may ask: each explanation costs a few searches."""
    return Pace(EXPLANATIONS_PER_MINUTE, MINUTE_S)


async def show_explanation(request: web.Request) -> web.StreamResponse:
    """GET /console/explain?text=…: how this text is matched now, as a page, or as a part for the page's script."""
    text = request.query.get("text", "")
    if len(text) > LONGEST_ASKED:
        return problem(request, 413, "too_large")
    if (wait := request.config_dict[PACE].hit(request[LOGIN].agent.id, time.monotonic())) is not None:
        refusal = problem(request, 429, "too_often")
        refusal.headers["Retry-After"] = str(int(wait) + 1)
        return refusal
    base, vector = await request.config_dict[LIBRARY].consult(text)
    thresholds = request.config_dict[THRESHOLDS]()
    explanation = await asyncio.to_thread(explain, base, text, MOST_MATCHES, thresholds, vector)
    told = tell(explanation, request[LANGUAGE], request.config_dict[TEMPLATES])
    template = "parts/explanation.html" if is_fetch(request) else "explanation.html"
    return page(request, template, told=told, text=text, longest=LONGEST_ASKED)
