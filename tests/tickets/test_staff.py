"""How people are reached: profiles, deputies, teams, and what hangs on somebody who is about to leave."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from storage.sqlite import SQLiteDatabase
from tests.tickets.cast import MORNING, ServiceDesk
from tickets import agents, profiles, sessions, staff, teams
from tickets.errors import AlreadyExists, Conflict, NotFound
from tickets.model import Agent, Role
from tickets.profiles import ProfileFault, ProfileRefused
from tickets.sla import rulebook
from tickets.sla.model import Chain, Level, Rota, RuleKind, Substitution

NIGHT: dict[str, Any] = {"quiet_from": 22 * 60, "quiet_until": 7 * 60}


async def changed(database: SQLiteDatabase, agent: Agent, **profile: Any) -> Agent:
    """The agent as kept, after this was changed of the profile."""
    kept = await database.read(agents.get_agent, agent.id)
    wanted = replace(profiles.profile_of(kept), **profile)
    return await database.write(staff.change_profile, agent.id, kept.version, wanted)


async def refused(database: SQLiteDatabase, agent: Agent, **profile: Any) -> tuple[ProfileFault, ...]:
    with pytest.raises(ProfileRefused) as told:
        await changed(database, agent, **profile)
    return told.value.faults


async def test_a_profile_is_kept_in_the_next_version(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou, chen = await shop.hire("zhou"), await shop.hire("chen")
    team = await database.write(teams.add, "售后", None)
    kept = await changed(database, zhou, phone="+8613800000001", deputy_id=chen.id, team_id=team.id, **NIGHT)
    assert (kept.version, kept.phone, kept.quiet_from, kept.deputy_id, kept.team_id) == (
        2,
        "+8613800000001",
        1_320,
        chen.id,
        team.id,
    )
    with pytest.raises(Conflict):
        await database.write(staff.change_profile, zhou.id, 1, profiles.profile_of(zhou))
    with pytest.raises(NotFound):
        await database.write(staff.change_profile, "nobody", 1, profiles.profile_of(zhou))


async def test_quiet_hours_need_two_times_and_somebody_who_stands_in(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou, chen = await shop.hire("zhou"), await shop.hire("chen")
    assert await refused(database, zhou, **NIGHT) == (ProfileFault.QUIET_NEEDS_DEPUTY,)
    assert await refused(database, zhou, quiet_from=60, deputy_id=chen.id) == (ProfileFault.QUIET_HALF,)
    assert await refused(database, zhou, quiet_from=60, quiet_until=60, deputy_id=chen.id) == (
        ProfileFault.QUIET_ALL_DAY,
    )
    assert await refused(database, zhou, quiet_from=60, quiet_until=1_440, deputy_id=chen.id) == (
        ProfileFault.QUIET_OUT_OF_RANGE,
    )
    assert await refused(database, zhou, team_id="gone") == (ProfileFault.TEAM_GONE,)


async def test_deputies_are_other_people_who_work_here_and_never_lead_back(
    shop: ServiceDesk, database: SQLiteDatabase
) -> None:
    zhou, chen, wang = await shop.hire("zhou"), await shop.hire("chen"), await shop.hire("wang")
    assert await refused(database, zhou, deputy_id=zhou.id) == (ProfileFault.DEPUTY_SELF,)
    assert await refused(database, zhou, deputy_id="nobody") == (ProfileFault.DEPUTY_GONE,)
    await changed(database, chen, deputy_id=wang.id, **NIGHT)
    await changed(database, wang, deputy_id=zhou.id, **NIGHT)
    assert await refused(database, zhou, deputy_id=chen.id, **NIGHT) == (ProfileFault.DEPUTY_CIRCLE,)
    await database.write(staff.disable, chen.id, 2, MORNING)
    assert await refused(database, zhou, deputy_id=chen.id) == (ProfileFault.DEPUTY_GONE,)


async def test_somebody_is_locked_out_and_let_in_again_as_seen(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    boss, zhou = await shop.hire("boss", Role.ADMIN), await shop.hire("zhou")
    await database.write(sessions.open_session, zhou.id, "hash-1", "csrf", MORNING)
    with pytest.raises(Conflict):
        await database.write(staff.disable, zhou.id, 7, MORNING)
    gone = await database.write(staff.disable, zhou.id, 1, MORNING + 1)
    assert (gone.disabled_at, gone.version) == (MORNING + 1, 2)
    assert [one.id for one in await database.read(agents.everybody)] == [boss.id, zhou.id]
    with pytest.raises(Conflict):
        await database.write(staff.enable, zhou.id, 1)
    back = await database.write(staff.enable, zhou.id, 2)
    assert (back.disabled_at, back.version) == (None, 3)
    with pytest.raises(staff.LastAdmin):
        await database.write(staff.disable, boss.id, 1, MORNING)


async def test_what_hangs_on_somebody_is_told(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou, chen = await shop.hire("zhou"), await shop.hire("chen")
    assert not (await database.read(staff.duties_of, zhou.id)).any
    team = await database.write(teams.add, "售后", zhou.id)
    await changed(database, chen, deputy_id=zhou.id)
    stand_in = Substitution(date(2026, 12, 1), date(2026, 12, 1), zhou.id)
    rotas = [Rota((zhou.id,), date(2026, 11, 1), 7, 0, "UTC"), Rota((chen.id,), date(2026, 11, 1), 7, 0, "UTC")]
    rotas.append(replace(rotas[1], substitutions=(stand_in,)))
    for number, rota in enumerate(rotas):
        await database.write(rulebook.add, RuleKind.ROTA, f"值班 {number}", rota, "x", 0, MORNING)
    named = Level("一级", 0, (f"agent:{zhou.id}",), ("mail",))
    other = replace(named, recipients=("assignee",))
    for number, chain in enumerate(
        (Chain((other,), None, 1, None, 1), Chain((other, named), None, 1, None, 1), Chain((other,), named, 1, None, 1))
    ):
        await database.write(rulebook.add, RuleKind.CHAIN, f"链 {number}", chain, "x", 0, MORNING)
    duties = await database.read(staff.duties_of, zhou.id)
    assert [one.id for one in duties.leads] == [team.id]
    assert [one.id for one in duties.deputy_of] == [chen.id]
    assert [one.name for one in duties.rotas] == ["值班 0", "值班 2"]
    assert [one.name for one in duties.chains] == ["链 1", "链 2"]


async def test_teams_are_renamed_led_and_archived_as_seen(shop: ServiceDesk, database: SQLiteDatabase) -> None:
    zhou = await shop.hire("zhou")
    team = await database.write(teams.add, " 售  后 ", None)
    await database.write(teams.add, "大客户", None)
    with pytest.raises(AlreadyExists):
        await database.write(teams.change, team.id, 1, "大客户", None)
    kept = await database.write(teams.change, team.id, 1, "售后组", zhou.id)
    assert (kept.name, kept.lead_id, kept.version) == ("售后组", zhou.id, 2)
    assert await database.read(teams.get_team, team.id) == kept
    with pytest.raises(Conflict):
        await database.write(teams.change, team.id, 1, "别的", None)
    with pytest.raises(NotFound):
        await database.write(teams.change, "nothing", 1, "别的", None)
    await changed(database, zhou, team_id=team.id)
    await database.write(teams.archive, team.id, 2, MORNING)
    assert (await database.read(agents.get_agent, zhou.id)).team_id is None
    assert [one.name for one in await database.read(teams.archived)] == ["售后组"]
    await database.write(teams.revive, team.id, 3)
    assert [one.name for one in await database.read(teams.all_teams)] == ["售后组", "大客户"]
