"""The form of a person: what was typed, the profile that it makes, and what could not be read. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.console.rules.units import read_minute
from tickets import contact_details, phones
from tickets.model import Agent
from tickets.profiles import Profile

FIELDS = ("email", "phone", "quiet_from", "quiet_until", "deputy", "team")
OWN_FIELDS = ("phone", "quiet_from", "quiet_until", "deputy")


@dataclass(frozen=True, slots=True)
class PersonForm:
    """A form: the texts as they were typed, by field, the profile that they make, and by field why one is not taken."""

    typed: Mapping[str, str]
    profile: Profile
    problems: Mapping[str, str]


def filled(agent: Agent) -> dict[str, str]:
    """The texts of the form of a person as things are."""
    return {
        "email": agent.email or "",
        "phone": agent.phone or "",
        "quiet_from": minute_written(agent.quiet_from),
        "quiet_until": minute_written(agent.quiet_until),
        "deputy": agent.deputy_id or "",
        "team": agent.team_id or "",
    }


def written(form: Mapping[str, str], agent: Agent, own: bool) -> PersonForm:
    """What a form says. own: of oneself, which leaves mail address and team as they are."""
    changeable = OWN_FIELDS if own else FIELDS
    typed = {**filled(agent), **{name: form.get(name, "").strip() for name in changeable}}
    problems: dict[str, str] = {}
    profile = Profile(
        email=_email(typed, problems),
        phone=_phone(typed, problems),
        quiet_from=_minute(typed, "quiet_from", problems),
        quiet_until=_minute(typed, "quiet_until", problems),
        deputy_id=typed["deputy"] or None,
        team_id=typed["team"] or None,
    )
    return PersonForm(typed, profile, problems)


def minute_written(minute: int | None) -> str:
    """A minute of the day as a time of day; nothing for None."""
    return "" if minute is None else f"{minute // 60:02}:{minute % 60:02}"


def _email(typed: Mapping[str, str], problems: dict[str, str]) -> str | None:
    if not typed["email"]:
        return None
    found = contact_details.parse_details(typed["email"])
    if found is None or found.kind != "email":
        problems["email"] = "people.fault.email"
        return None
    return found.value


def _phone(typed: Mapping[str, str], problems: dict[str, str]) -> str | None:
    if not typed["phone"]:
        return None
    try:
        return phones.parse(typed["phone"])
    except phones.PhoneError as error:
        problems["phone"] = f"people.fault.phone.{error.fault}"
        return None


def _minute(typed: Mapping[str, str], name: str, problems: dict[str, str]) -> int | None:
    if not typed[name]:
        return None
    minute = read_minute(typed[name])
    if minute is None:
        problems["quiet"] = "people.fault.time"
    return minute
