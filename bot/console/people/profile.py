"""One person: how they are reached, who stands in for them, and whether they may log in."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.console.access import LOGIN, read_form
from bot.console.knowledge.numbers import version_in
from bot.console.people.contactable import Contactable, contactable
from bot.console.people.form import FIELDS, OWN_FIELDS, PersonForm, filled, written
from bot.console.render import page, problem, say_for
from bot.console.story import isolated
from bot.console.ways.labels import Labels
from bot.keys import CLOCK, DATABASE, RULES, WAYS
from storage.database import Transaction
from tickets import agents, profiles, staff, teams
from tickets.errors import Conflict
from tickets.escalation.telling import staff_now
from tickets.escalation.ways import Ways
from tickets.model import Agent, Role
from tickets.profiles import ProfileFault, ProfileRefused
from tickets.staff import Duties, LastAdmin
from tickets.teams import Team

logger = logging.getLogger(__name__)

PLACES = {
    ProfileFault.QUIET_HALF: "quiet",
    ProfileFault.QUIET_ALL_DAY: "quiet",
    ProfileFault.QUIET_OUT_OF_RANGE: "quiet",
    ProfileFault.QUIET_NEEDS_DEPUTY: "deputy",
    ProfileFault.DEPUTY_SELF: "deputy",
    ProfileFault.DEPUTY_GONE: "deputy",
    ProfileFault.DEPUTY_CIRCLE: "deputy",
    ProfileFault.TEAM_GONE: "team",
}


@dataclass(frozen=True, slots=True)
class Known:
    """A person with what the form of one needs to know."""

    agent: Agent
    reach: Contactable
    duties: Duties
    others: Sequence[Agent]
    teams: Sequence[Team]


async def show_person(request: web.Request) -> web.StreamResponse:
    """GET /console/rules/people/{id}: the form of a person."""
    return await _form(request, await _known(request, request.match_info["id"]))


async def save_person(request: web.Request) -> web.StreamResponse:
    """POST /console/rules/people/{id}: keep it; 409 with what is kept if somebody was faster."""
    return await _save(request, request.match_info["id"], own=False)


async def show_me(request: web.Request) -> web.StreamResponse:
    """GET /console/me: how the reader of this request is reached."""
    return await _form(request, await _known(request, request[LOGIN].agent.id), own=True)


async def save_me(request: web.Request) -> web.StreamResponse:
    """POST /console/me: keep one's own phone, quiet hours and deputy."""
    return await _save(request, request[LOGIN].agent.id, own=True)


async def disable(request: web.Request) -> web.StreamResponse:
    """POST /console/rules/people/{id}/disable: lock somebody out, at once and everywhere."""
    agent_id, seen = request.match_info["id"], version_in((await read_form(request)).get("version"))
    if agent_id == request[LOGIN].agent.id:
        return problem(request, 422, "own_access")
    try:
        await request.config_dict[DATABASE].write(staff.disable, agent_id, seen, request.config_dict[CLOCK]())
    except LastAdmin:
        return problem(request, 422, "last_admin")
    except Conflict:
        return problem(request, 409, "person_moved")
    logger.info("agent=%s disabled by=%s", agent_id, request[LOGIN].agent.id)
    raise web.HTTPSeeOther("/console/rules/people?done=person_disabled")


async def enable(request: web.Request) -> web.StreamResponse:
    """POST /console/rules/people/{id}/enable: let somebody log in again."""
    agent_id, seen = request.match_info["id"], version_in((await read_form(request)).get("version"))
    try:
        await request.config_dict[DATABASE].write(staff.enable, agent_id, seen)
    except Conflict:
        return problem(request, 409, "person_moved")
    logger.info("agent=%s enabled by=%s", agent_id, request[LOGIN].agent.id)
    raise web.HTTPSeeOther("/console/rules/people?done=person_enabled")


async def _save(request: web.Request, agent_id: str, own: bool) -> web.StreamResponse:
    typed = await read_form(request)
    known, seen = await _known(request, agent_id), version_in(typed.get("version"))
    form = written(typed, known.agent, own)
    if form.problems:
        return await _form(request, known, form, seen, 422, own)
    try:
        await request.config_dict[DATABASE].write(staff.change_profile, agent_id, seen, form.profile)
    except ProfileRefused as refused:
        found = {PLACES[fault]: f"people.fault.{fault}" for fault in refused.faults}
        return await _form(request, known, PersonForm(form.typed, form.profile, found), seen, 422, own)
    except Conflict:
        newest = await _known(request, agent_id)
        return await _form(request, newest, form, newest.agent.version, 409, own)
    logger.info("agent=%s profile changed by=%s", agent_id, request[LOGIN].agent.id)
    raise web.HTTPSeeOther("/console/me?done=person_saved" if own else "/console/rules/people?done=person_saved")


async def _form(
    request: web.Request,
    known: Known,
    form: PersonForm | None = None,
    seen: int | None = None,
    status: int = 200,
    own: bool = False,
) -> web.Response:
    """The form; with status 409 beside what somebody else has kept meanwhile."""
    agent = known.agent
    kept = filled(agent)
    shown = form or PersonForm(kept, profiles.profile_of(agent), {})
    differing = [name for name in (OWN_FIELDS if own else FIELDS) if shown.typed[name] != kept[name]]
    return page(
        request,
        "people/edit.html",
        status,
        area="people",
        isolated=isolated,
        label=Labels(request.config_dict[WAYS], say_for(request)),
        known=known,
        agent=agent,
        own=own,
        form=shown,
        version=agent.version if seen is None else seen,
        theirs={name: kept[name] for name in differing} if status == 409 else {},
        conflict=status == 409,
        may_edit=own or request[LOGIN].agent.role is Role.ADMIN,
        names={one.id: one.name for one in known.others},
        team_names={team.id: team.name for team in known.teams},
    )


async def _known(request: web.Request, agent_id: str) -> Known:
    now, zone = request.config_dict[CLOCK](), request.config_dict[RULES].time_zone
    return await request.config_dict[DATABASE].read(_look, agent_id, request.config_dict[WAYS], now, zone)


def _look(tx: Transaction, agent_id: str, ways: Ways, now: int, zone: str) -> Known:
    agent = agents.get_agent(tx, agent_id)
    there = staff_now(tx, ways, now, zone)
    others = [one for one in there.agents.values() if one.id != agent_id]
    return Known(agent, contactable(agent, there, ways), staff.duties_of(tx, agent_id), others, teams.all_teams(tx))
