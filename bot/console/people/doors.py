"""The addresses of people and teams in the console, with who may use them."""

from bot.console.access import Permission, Route
from bot.console.people.crews import add_team, archive_team, revive_team, save_team, show_team
from bot.console.people.listing import show_people
from bot.console.people.profile import disable, enable, save_me, save_person, show_me, show_person
from bot.console.rules.around import RULE_ID

PERSON = f"/rules/people/{RULE_ID}"
TEAM = f"/rules/teams/{RULE_ID}"

ROUTES = (
    Route("GET", "/me", show_me, Permission.AGENT),
    Route("POST", "/me", save_me, Permission.AGENT),
    Route("GET", "/rules/people", show_people, Permission.SUPERVISOR),
    Route("GET", PERSON, show_person, Permission.ADMIN),
    Route("POST", PERSON, save_person, Permission.ADMIN),
    Route("POST", f"{PERSON}/disable", disable, Permission.ADMIN),
    Route("POST", f"{PERSON}/enable", enable, Permission.ADMIN),
    Route("POST", "/rules/teams", add_team, Permission.ADMIN),
    Route("GET", TEAM, show_team, Permission.ADMIN),
    Route("POST", TEAM, save_team, Permission.ADMIN),
    Route("POST", f"{TEAM}/archive", archive_team, Permission.ADMIN),
    Route("POST", f"{TEAM}/revive", revive_team, Permission.ADMIN),
)
