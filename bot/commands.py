"""Commands that change the data, in one form for the command line and for a running server."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Any

from bot.console.passwords import hashed, password_problem
from bot.errors import BotError
from knowledgebase.authoring import entries, versions
from knowledgebase.authoring.lifecycle import Action
from knowledgebase.authoring.plain import entry_from_json
from knowledgebase.authoring.rows import Change
from knowledgebase.errors import KnowledgeError
from knowledgebase.judging.replay import Flip, FlipKind, Mark, Outcome, Replay, Replayed, Side, Source
from knowledgebase.model import Entry
from knowledgebase.publishing import publications
from knowledgebase.publishing.model import ChangeSet, Origin
from storage import outbox
from storage.database import Database, Transaction
from tickets import agents
from tickets.escalation.ways import way_of_topic
from tickets.mail import inbox, ledger
from tickets.mail.inbox import Wish
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


async def move_entry(database: Database, arguments: dict[str, Any], now: int) -> dict[str, Any]:
    """Submit, restore, publish, archive or roll back an entry as it stands now; says its version or what it waits for.

    What customers get changes only after a replay: then the id of the publication is returned.
    """
    try:
        return await database.write(_move_entry, arguments, Change(arguments["by"], now))
    except KnowledgeError as error:
        raise CommandRefused(str(error)) from error


def _move_entry(tx: Transaction, arguments: dict[str, Any], change: Change) -> dict[str, Any]:
    head = entries.get_head(tx, arguments["id"])
    entry_id, version = head.entry.id, head.entry.version
    match Action(arguments["action"]):
        case Action.PUBLISH:
            return _begin(tx, ChangeSet(publish={entry_id: version}), change)
        case Action.ARCHIVE if head.published_version is not None:
            return _begin(tx, ChangeSet(archive={entry_id: version}), change)
        case Action.ARCHIVE:
            moved = entries.archive(tx, entry_id, version, None, change.by, change.at)
        case Action.ROLL_BACK:
            moved = versions.roll_back(tx, entry_id, int(arguments["to"]), version, change)
        case action:
            moved = entries.move(tx, entry_id, version, action, change)
    return {"version": moved.version, "status": moved.status.value}


def _begin(tx: Transaction, changes: ChangeSet, change: Change) -> dict[str, Any]:
    return {"publication": publications.begin(tx, changes, change.by, change.at, Origin.COMMAND_LINE).id}


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
    """Queue a delivery again that was given up; not one of a way that is none of arguments' ways."""
    dead = await database.read(outbox.dead_letter, arguments["id"])
    way = way_of_topic(dead.topic) if dead is not None else None
    if way is not None and way not in arguments["ways"]:
        raise CommandRefused(f"{arguments['id']} cannot be sent again: {way} is no longer in the settings")
    if not await database.write(outbox.retry_dead, arguments["id"], now):
        raise CommandRefused(f"there is no given-up delivery {arguments['id']}")
    return {}


async def read_mail_again(database: Database, arguments: dict[str, Any], now: int) -> dict[str, Any]:
    """Have a mail that came in read again; wish: 'release' or 'ticket', or None."""
    row = await database.read(ledger.find, arguments["id"])
    wish = Wish(arguments["wish"]) if arguments["wish"] else None
    if row is None or not await database.write(inbox.replay, row.id, row.attempts, now, wish):
        raise CommandRefused(f"there is no mail {arguments['id']} of which that can be done")
    return {}


async def accept_replay(database: Database, arguments: dict[str, Any], now: int) -> dict[str, Any]:
    """Keep that every flip of a replay made by a command is accepted."""
    found, outcomes = replay_from_plain(arguments["replay"])
    try:
        publication_id = await database.write(
            publications.record_accepted,
            arguments["base"],
            found,
            outcomes,
            arguments["by"],
            now,
            arguments["proposed"],
        )
    except KnowledgeError as error:
        raise CommandRefused(str(error)) from error
    return {"id": publication_id}


def replay_as_plain(found: Replay, outcomes: Sequence[tuple[Replayed, Outcome]]) -> dict[str, Any]:
    """A replay as JSON has it."""
    kept = {
        "questions": [_question(question) for question, _ in outcomes],
        "outcomes": [asdict(one) for _, one in outcomes],
    }
    told = [{**asdict(flip), "question": _question(flip.question)} for flip in found.flips]
    return {**kept, "found": {**asdict(found), "flips": told}}


def replay_from_plain(plain: dict[str, Any]) -> tuple[Replay, list[tuple[Replayed, Outcome]]]:
    """A replay from its form in JSON."""
    found = plain["found"]
    flips = tuple(
        Flip(
            FlipKind(flip["kind"]),
            _question_from(flip["question"]),
            Outcome(**flip["before"]),
            Outcome(**flip["after"]),
            Mark(flip["mark"]) if flip["mark"] else None,
        )
        for flip in found["flips"]
    )
    sides = {name: Side(**found[name]) for name in ("before", "after")}
    pairs = zip(plain["questions"], plain["outcomes"], strict=True)
    return Replay(**{**found, "flips": flips, **sides}), [(_question_from(one), Outcome(**two)) for one, two in pairs]


def _question(question: Replayed) -> dict[str, Any]:
    expected = None if question.expected is None else sorted(question.expected)
    return {**asdict(question), "expected": expected}


def _question_from(plain: dict[str, Any]) -> Replayed:
    expected = None if plain["expected"] is None else frozenset(plain["expected"])
    return Replayed(**{**plain, "source": Source(plain["source"]), "expected": expected})


COMMANDS: dict[str, Command] = {
    "import-entries": import_entries,
    "replay-accept": accept_replay,
    "entry-move": move_entry,
    "user-add": add_user,
    "outbox-retry": retry_dead_letter,
    "mail-replay": read_mail_again,
}
