"""Commands that change the data, in one form for the command line and for a running server."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from bot.console.passwords import hashed, password_problem
from bot.errors import BotError
from knowledgebase.authoring import entries
from knowledgebase.authoring.plain import entry_from_json
from knowledgebase.errors import KnowledgeError
from knowledgebase.model import Entry
from storage import outbox
from storage.database import Database
from tickets import agents
from tickets.model import Role

Command = Callable[[Database, dict[str, Any], int], Awaitable[dict[str, Any]]]


class CommandRefused(BotError):
    """The command was not carried out, and why."""


async def import_entries(database: Database, arguments: dict[str, Any], now: int) -> dict[str, Any]:
    """Save and publish these entries, all or none; returns how many were created, changed, unchanged."""
    found = [_entry(one) for one in arguments["entries"]]
    try:
        report = await database.write(entries.save, found, arguments["by"], now)
    except KnowledgeError as error:
        raise CommandRefused(str(error)) from error
    return asdict(report)


def _entry(plain: dict[str, Any]) -> Entry:
    entry, finding = entry_from_json(plain)
    if entry is None:
        raise CommandRefused(f"entry {plain.get('id')!r}: {finding}")
    return entry


async def add_user(database: Database, arguments: dict[str, Any], now: int) -> dict[str, Any]:
    """Make an agent who can log in to the console."""
    login, password = arguments["login"], arguments["password"]
    if (problem := password_problem(password, login)) is not None:
        raise CommandRefused(f"the password is not good enough: {problem.value}")
    if await database.read(agents.by_login, login) is not None:
        raise CommandRefused(f"there is already a user {login}")
    password_hash = await hashed(password)
    agent = await database.write(
        agents.create,
        login,
        arguments["name"],
        Role(arguments["role"]),
        password_hash,
        arguments["email"],
        now,
    )
    return {"id": agent.id, "login": agent.login}


async def retry_dead_letter(database: Database, arguments: dict[str, Any], now: int) -> dict[str, Any]:
    """Queue a delivery again that was given up."""
    if not await database.write(outbox.retry_dead, arguments["id"], now):
        raise CommandRefused(f"there is no given-up delivery {arguments['id']}")
    return {}


COMMANDS: dict[str, Command] = {
    "import-entries": import_entries,
    "user-add": add_user,
    "outbox-retry": retry_dead_letter,
}
