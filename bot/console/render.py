"""From a template to a response, with what every page of the console needs."""

from typing import Any

from aiohttp import web

from bot.console.access import FORM_COOKIE, FORM_TOKEN, LANGUAGE, LOGIN, cookie_name, form_token, is_fetch
from bot.console.deadlines.segments import pause_word
from bot.console.mail.news import NEWS
from bot.console.texts import PLACE, Say, client_sentences, sayer
from bot.console.times import SOON_PART, Almanac
from bot.console.ways.labels import Labels
from bot.keys import CLOCK, CONFIG, CONSOLE_SETTINGS, RULES, TEMPLATES, WAYS


def say_for(request: web.Request) -> Say:
    """say(key, ...) in the language of this request."""
    return sayer(request[LANGUAGE])


def almanac_for(request: web.Request) -> Almanac:
    """Tells times as the reader of this request expects them."""
    zone, reply_ms = request.config_dict[RULES].time_zone, request.config_dict[CONFIG].sla.reply
    now = request.config_dict[CLOCK]()
    return Almanac(say_for(request), zone, now, reply_ms // SOON_PART)


def page(request: web.Request, template: str, status: int = 200, **context: Any) -> web.Response:
    """Render templates/console/<template> for the reader of this request; ?done= names what was just done."""
    almanac = almanac_for(request)
    login = request.get(LOGIN)
    text = (
        request.config_dict[TEMPLATES]
        .get_template(f"console/{template}")
        .render(
            say=almanac.say,
            almanac=almanac,
            language=request[LANGUAGE],
            me=login.agent if login else None,
            csrf=form_token(request),
            path=request.path_qs,
            news=request.get(NEWS),
            way_label=Labels(request.config_dict[WAYS], almanac.say),
            pause_word=lambda reason: pause_word(reason or "", almanac.say),
            client_texts=client_sentences(request[LANGUAGE]),
            **{"done": _done(request, almanac.say), **context},
        )
    )
    response = web.Response(text=text, content_type="text/html", charset="utf-8", status=status)
    if login is None:
        _keep_form_token(request, response)
    return response


def _done(request: web.Request, say: Say) -> str | None:
    key = f"done.{request.query.get('done', '')}"
    return say(key) if say.knows(key) and not PLACE.search(say.sentences[key]) else None


def _keep_form_token(request: web.Request, response: web.Response) -> None:
    """Before login the browser itself keeps the token that a form must send back."""
    name = cookie_name(request, FORM_COOKIE)
    if request.cookies.get(name) != request[FORM_TOKEN]:
        secure = request.config_dict[CONSOLE_SETTINGS].secure
        response.set_cookie(name, request[FORM_TOKEN], path="/", httponly=True, secure=secure, samesite="Lax")


def problem(request: web.Request, status: int, key: str, **values: object) -> web.Response:
    """Say what went wrong: JSON to the page's own script, a page to a person."""
    text = say_for(request)(f"error.{key}", **values)
    if is_fetch(request):
        return web.json_response({"error": key, "text": text}, status=status)
    return page(request, "error.html", status, status_code=status, text=text)
