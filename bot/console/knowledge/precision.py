"""The precision wanted: one number, perhaps another one for a channel, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.console.access import Permission, Route, read_form
from bot.console.knowledge.publications import propose
from bot.console.render import page, problem
from bot.keys import DATABASE, LIBRARY, REPLAYING
from bot.messages import Channel
from bot.replaying import Settings
from knowledgebase.judging.calibration import Calibration
from knowledgebase.model import Thresholds
from knowledgebase.publishing import questions, register, terms
from knowledgebase.publishing.model import ChangeSet
from knowledgebase.publishing.terms import ALL_CHANNELS
from storage.database import Transaction

SHOWN = (0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.99)
LEAST, MOST, STEP = 80.0, 99.5, 0.5
# Below so many real questions their share says too little.
ENOUGH_REAL = 100
REAL = 1_000


@dataclass(frozen=True, slots=True)
class Known:
    """What is wanted by channel, and how sure the bot was of questions: of customers' and of labelled ones."""

    wanted: Mapping[str, float]
    real: Sequence[float]
    labelled: Sequence[float]


@dataclass(frozen=True, slots=True)
class Line:
    """What a precision comes to: thresholds, and the share of questions that would be answered, if that is known."""

    precision: float
    thresholds: Thresholds
    answered: float | None
    in_force: bool


async def show_precision(request: web.Request) -> web.StreamResponse:
    """GET /console/knowledge/precision: what is wanted, what it rests on, and what other numbers would come to."""
    return await _show(request)


async def change_precision(request: web.Request) -> web.StreamResponse:
    """POST /console/knowledge/precision: have it replayed; 409 if it is not as the form says it was."""
    form = await read_form(request)
    found = {name: _percent(form.get(name, "")) for name in (ALL_CHANNELS, *Channel)}
    if any(share is not None and not LEAST <= share <= MOST for share in found.values()):
        return await _show(request, 422, {name: form.get(name, "") for name in found})
    wanted = {name: round(share / 100, 4) for name, share in found.items() if share is not None}
    known = await request.config_dict[DATABASE].read(terms.precision)
    if form.get("seen", "") != _as_text(known):
        return problem(request, 409, "moved_on")
    if wanted == known:
        raise web.HTTPSeeOther("/console/knowledge/precision?done=precision_same")
    return await propose(request, ChangeSet(precision=wanted))


async def _show(request: web.Request, status: int = 200, typed: Mapping[str, str] | None = None) -> web.Response:
    known = await request.config_dict[DATABASE].read(_known)
    library, settings = request.config_dict[LIBRARY], request.config_dict[REPLAYING].settings
    calibration = library.calibration
    general = known.wanted.get(ALL_CHANNELS, settings.precision)
    values = {name: f"{known.wanted[name] * 100:g}" for name in known.wanted}
    chosen = {each.value: settings.fixed(library.thresholds(each)) for each in Channel}
    return page(
        request,
        "knowledge/precision.html",
        status,
        channels=[each.value for each in Channel],
        values=typed or values,
        wrong=typed is not None,
        seen=_as_text(known.wanted),
        general=general,
        by_settings=settings.precision,
        otherwise={each.value: _otherwise(each, known.wanted, settings) for each in Channel},
        chosen=chosen,
        fixed=any(settings.fixed(one) != one for one in (Thresholds(0.01, 0.01), Thresholds(0.99, 0.99))),
        calibration=calibration,
        lines=[_line(each, general, calibration, known) for each in sorted({*SHOWN, general})],
        basis=_basis(calibration, known),
        known=known,
        limits=(LEAST, MOST, STEP),
    )


def _otherwise(channel: Channel, wanted: Mapping[str, float], settings: Settings) -> float:
    """What holds on a channel for which nothing is published."""
    others = {name: share for name, share in wanted.items() if name != channel}
    return terms.wanted_on(channel, others, settings.precision, settings.least)


def _known(tx: Transaction) -> Known:
    outcomes = register.accepted_outcomes(tx) or []
    labelled = [outcome.confidence for question, outcome in outcomes if question.source.value == "labelled"]
    return Known(terms.precision(tx), questions.real_confidences(tx, REAL), labelled)


def _line(precision: float, general: float, calibration: Calibration, known: Known) -> Line:
    thresholds = calibration.thresholds_for(precision)
    basis = _basis(calibration, known)
    sure = {"real": known.real, "labelled": known.labelled}.get(basis, ())
    answered = calibration.choice_for(precision).answered if basis == "trials" else None
    if sure:
        answered = sum(confidence >= thresholds.answer for confidence in sure) / len(sure)
    return Line(precision, thresholds, answered, abs(precision - general) < 1e-9)


def _basis(calibration: Calibration, known: Known) -> str:
    """What the expected share rests on: real questions, trials, labelled questions, or nothing."""
    if len(known.real) >= ENOUGH_REAL:
        return "real"
    if any(choice.answered is not None for choice in calibration.choices):
        return "trials"
    return "labelled" if known.labelled else "nothing"


def _percent(text: str) -> float | None:
    """The number of a field; None for an empty one, -1 for what is no number."""
    stripped = text.strip().rstrip("%％").strip()
    if not stripped:
        return None
    try:
        return float(stripped) if len(stripped) < 9 else -1.0
    except ValueError:
        return -1.0


def _as_text(wanted: Mapping[str, float]) -> str:
    return " ".join(f"{name}={share:g}" for name, share in sorted(wanted.items()))


ROUTES = (
    Route("GET", "/knowledge/precision", show_precision, Permission.AGENT),
    Route("POST", "/knowledge/precision", change_precision, Permission.SUPERVISOR),
)
