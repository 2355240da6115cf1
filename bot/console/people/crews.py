"""What administrators do to teams."""

import logging
from collections.abc import Mapping, Sequence

from aiohttp import web

from bot.console.access import LOGIN, read_form
from bot.console.knowledge.numbers import version_in
from bot.console.people.listing import people_page
from bot.console.render import page, problem
from bot.console.story import isolated
from bot.keys import CLOCK, DATABASE
from storage.database import Transaction
from tickets import agents, teams
from tickets.errors import AlreadyExists, Conflict, NotFound
from tickets.model import Agent
from tickets.sla.checking.findings import is_blank
from tickets.teams import LONGEST_NAME, Team

logger = logging.getLogger(__name__)

LISTED = "/console/rules/people?done={}#teams"


async def add_team(request: web.Request) -> web.StreamResponse:
    """POST /console/rules/teams: a new team."""
    typed = await read_form(request)
    name, lead_id = " ".join(typed.get("name", "").split()), typed.get("lead") or None
    if wrong := _wrong_name(name):
        return await people_page(request, 422, wrong, typed)
    try:
        team = await request.config_dict[DATABASE].write(_add, name, lead_id)
    except AlreadyExists:
        return await people_page(request, 422, "people.team_fault.taken", typed)
    except NotFound:
        return await people_page(request, 422, "people.team_fault.lead_gone", typed)
    logger.info("team=%s added by=%s", team.id, request[LOGIN].agent.id)
    raise web.HTTPSeeOther(LISTED.format("team_added"))


async def show_team(request: web.Request) -> web.StreamResponse:
    """GET /console/rules/teams/{id}: the form of a team."""
    team, others = await request.config_dict[DATABASE].read(_look, request.match_info["id"])
    return _form(request, team, others, {"name": team.name, "lead": team.lead_id or ""}, team.version)


async def save_team(request: web.Request) -> web.StreamResponse:
    """POST /console/rules/teams/{id}: its name and lead; 409 with what is kept if somebody was faster."""
    typed = await read_form(request)
    seen, name = version_in(typed.get("version")), " ".join(typed.get("name", "").split())
    wrong = _wrong_name(name)
    team, others = await request.config_dict[DATABASE].read(_look, request.match_info["id"])
    if wrong:
        return _form(request, team, others, typed, seen, 422, wrong)
    try:
        await request.config_dict[DATABASE].write(_change, team.id, seen, name, typed.get("lead") or None)
    except AlreadyExists:
        return _form(request, team, others, typed, seen, 422, "people.team_fault.taken")
    except NotFound:
        return _form(request, team, others, typed, seen, 422, "people.team_fault.lead_gone")
    except Conflict:
        team, others = await request.config_dict[DATABASE].read(_look, team.id)
        return _form(request, team, others, typed, team.version, 409)
    logger.info("team=%s changed by=%s", team.id, request[LOGIN].agent.id)
    raise web.HTTPSeeOther(LISTED.format("team_saved"))


async def archive_team(request: web.Request) -> web.StreamResponse:
    """POST /console/rules/teams/{id}/archive: it gets no tickets any more."""
    team_id, seen = request.match_info["id"], version_in((await read_form(request)).get("version"))
    try:
        await request.config_dict[DATABASE].write(teams.archive, team_id, seen, request.config_dict[CLOCK]())
    except Conflict:
        return problem(request, 409, "team_moved")
    logger.info("team=%s archived by=%s", team_id, request[LOGIN].agent.id)
    raise web.HTTPSeeOther(LISTED.format("team_archived"))


async def revive_team(request: web.Request) -> web.StreamResponse:
    """POST /console/rules/teams/{id}/revive: it gets tickets again."""
    team_id, seen = request.match_info["id"], version_in((await read_form(request)).get("version"))
    try:
        await request.config_dict[DATABASE].write(teams.revive, team_id, seen)
    except Conflict:
        return problem(request, 409, "team_moved")
    logger.info("team=%s revived by=%s", team_id, request[LOGIN].agent.id)
    raise web.HTTPSeeOther(LISTED.format("team_revived"))


def _form(
    request: web.Request,
    team: Team,
    others: Sequence[Agent],
    typed: Mapping[str, str],
    version: int,
    status: int = 200,
    wrong: str = "",
) -> web.Response:
    return page(
        request,
        "people/team.html",
        status,
        area="people",
        isolated=isolated,
        team=team,
        others=others,
        typed=typed,
        version=version,
        problem=wrong,
        conflict=status == 409,
    )


def _wrong_name(name: str) -> str:
    if is_blank(name):
        return "people.team_fault.no_name"
    return "people.team_fault.too_long" if len(name) > LONGEST_NAME else ""


def _add(tx: Transaction, name: str, lead_id: str | None) -> Team:
    _require_lead(tx, lead_id)
    return teams.add(tx, name, lead_id)


def _change(tx: Transaction, team_id: str, seen: int, name: str, lead_id: str | None) -> Team:
    _require_lead(tx, lead_id)
    return teams.change(tx, team_id, seen, name, lead_id)


def _require_lead(tx: Transaction, lead_id: str | None) -> None:
    """Raises NotFound for a lead who is none of the active agents."""
    if lead_id is not None and lead_id not in {one.id for one in agents.active_agents(tx)}:
        raise NotFound(f"no active agent {lead_id}")


def _look(tx: Transaction, team_id: str) -> tuple[Team, Sequence[Agent]]:
    return teams.get_team(tx, team_id), agents.active_agents(tx)
