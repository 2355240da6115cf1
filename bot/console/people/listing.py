"""Everybody who works here, with how each is reached, and the teams."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.console.access import LOGIN
from bot.console.people.contactable import Contactable, contactable
from bot.console.people.form import minute_written
from bot.console.render import page, say_for
from bot.console.story import isolated
from bot.console.ways.labels import Labels
from bot.keys import CLOCK, DATABASE, RULES, WAYS
from storage.database import Transaction
from tickets import agents, teams
from tickets.escalation.telling import staff_now
from tickets.escalation.ways import Ways
from tickets.model import Agent, Role
from tickets.teams import Team


@dataclass(frozen=True, slots=True)
class Everybody:
    """Agents who may log in, those who may not, teams with the agents in them, archived teams, and names by id."""

    people: Sequence[Contactable]
    disabled: Sequence[Agent]
    teams: Sequence[Team]
    members: Mapping[str, Sequence[Agent]]
    archived: Sequence[Team]
    names: Mapping[str, str]

    @property
    def team_names(self) -> Mapping[str, str]:
        """The teams' names by id."""
        return {team.id: team.name for team in self.teams}


async def show_people(request: web.Request) -> web.StreamResponse:
    """GET /console/rules/people: who works here and in which teams."""
    return await people_page(request)


async def people_page(
    request: web.Request, status: int = 200, problem: str = "", typed: Mapping[str, str] | None = None
) -> web.Response:
    """The page; problem: what is wrong with a team that somebody tried to add, typed what was typed of it."""
    now, zone = request.config_dict[CLOCK](), request.config_dict[RULES].time_zone
    everybody = await request.config_dict[DATABASE].read(_everybody, request.config_dict[WAYS], now, zone)
    return page(
        request,
        "people/list.html",
        status,
        area="people",
        isolated=isolated,
        label=Labels(request.config_dict[WAYS], say_for(request)),
        clock=minute_written,
        everybody=everybody,
        may_edit=request[LOGIN].agent.role is Role.ADMIN,
        problem=problem,
        typed=typed or {},
    )


def _everybody(tx: Transaction, ways: Ways, now: int, zone: str) -> Everybody:
    staff = staff_now(tx, ways, now, zone)
    every, active_teams = agents.everybody(tx), teams.all_teams(tx)
    active = [one for one in every if one.disabled_at is None]
    return Everybody(
        [contactable(one, staff, ways) for one in active],
        [one for one in every if one.disabled_at is not None],
        active_teams,
        {team.id: [one for one in active if one.team_id == team.id] for team in active_teams},
        teams.archived(tx),
        {one.id: one.name for one in every},
    )
