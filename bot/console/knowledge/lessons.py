"""What there is to learn from the questions of the last weeks, brought together for the page that shows it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from aiohttp import web

from bot.console.knowledge.findings import FINDINGS
from bot.keys import CLOCK, DATABASE, LIBRARY, THRESHOLDS
from knowledgebase.authoring import catalogue
from knowledgebase.learning import acts, asked, edits, topics
from knowledgebase.learning.acts import LearningAct
from knowledgebase.learning.asked import AskedQuestion, given_entry
from knowledgebase.learning.deflection import Experience, Worth, experience, next_entries
from knowledgebase.learning.edits import EditedAnswer
from knowledgebase.learning.masking import mask_personal
from knowledgebase.learning.topics import MOST_KNOWN, MOST_QUESTIONS, WEEK_MS, WINDOW_MS, Search, Topic, waits
from knowledgebase.learning.wordings import Offer, confirmed_entry, offers
from knowledgebase.model import Entry, EntryStatus
from storage.database import Transaction
from tickets import agents, conversations, tickets

MOST_READ = 20_000
MOST_NAMED = 200
MOST_ACTS = 8
MOST_NOTES = 20


@dataclass(frozen=True, slots=True)
class Dispute:
    """An entry whose answer did not solve it. given counts how often customers got it in the window."""

    entry: Entry
    questions: tuple[AskedQuestion, ...]
    given: int

    @property
    def wordings(self) -> tuple[str, ...]:
        """What was asked, each text once, newest first."""
        return tuple(dict.fromkeys(question.text for question in self.questions))


@dataclass(frozen=True, slots=True)
class NotedEdit:
    """An agent's note that the answer of an entry should change; told is what the agent sent instead."""

    edit: EditedAnswer
    entry: Entry
    told: str


@dataclass(frozen=True, slots=True)
class Records:
    """What one view of the database says. entries: working copies by id. tickets: numbers by conversation."""

    questions: Sequence[AskedQuestion]
    entries: Mapping[str, Entry]
    rejected: frozenset[tuple[str, str]]
    notes: Sequence[NotedEdit]
    acts: Sequence[LearningAct]
    tickets: Mapping[str, str]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Lessons:
    """Everything that waits for an editor, and what has been done of late."""

    records: Records
    known: Experience
    topics: Sequence[Topic]
    worths: Sequence[Worth]
    offers: Sequence[Offer]
    disputes: Sequence[Dispute]

    def topic(self, key: str) -> Topic | None:
        """The topic in which this message asked, or None."""
        return next((one for one in self.topics if any(asked.message_id == key for asked in one.questions)), None)

    def offer(self, key: str) -> Offer | None:
        """The offer that this question confirms, by entry id and message id, or None."""
        entry_id, _, message_id = key.rpartition("/")
        own = (one for one in self.offers if one.entry_id == entry_id)
        return next((one for one in own if any(asked.message_id == message_id for asked in one.questions)), None)


async def lessons(request: web.Request) -> Lessons:
    """What there is to learn now."""
    database, library = request.config_dict[DATABASE], request.config_dict[LIBRARY]
    now = request.config_dict[CLOCK]()
    records = await database.read(_read, now)
    waiting = [one for one in records.questions if waits(one)][:MOST_QUESTIONS]
    confirmed = [one for one in records.questions if confirmed_entry(one)][:MOST_QUESTIONS]
    found = await request.config_dict[FINDINGS].find(library, (one.text for one in (*waiting, *confirmed)))
    base = found.base
    known = list(islice((text for entry in base.entries for text in (entry.question, *entry.similar)), MOST_KNOWN))
    answer = request.config_dict[THRESHOLDS]().answer
    search = Search(found.matches, known, base.matcher.vocabulary, answer, found.meaning)
    gathered = await asyncio.to_thread(topics.topics, waiting, search, now)
    shown = experience(records.questions, now)
    return Lessons(
        records=records,
        known=shown,
        topics=gathered,
        worths=next_entries(gathered, shown),
        offers=offers(confirmed, records.entries, found.matches, records.rejected),
        disputes=_disputes(records),
    )


def _read(tx: Transaction, now: int) -> Records:
    questions = asked.since(tx, now - WINDOW_MS, MOST_READ)
    noted = edits.noted(tx, MOST_NOTES)
    done = acts.recent(tx, now - WEEK_MS, MOST_ACTS)
    named = dict.fromkeys(
        entry_id
        for entry_id in (
            *(one.entry_id for one in noted),
            *(one.entry_id for one in done),
            *(given_entry(one) for one in questions if one.solved is False),
            *(confirmed_entry(one) for one in questions),
        )
        if entry_id
    )
    heads = {head.entry.id: head.entry for head in catalogue.heads_of(tx, list(named)[:MOST_NAMED])}
    live = {entry_id: entry for entry_id, entry in heads.items() if entry.status is not EntryStatus.ARCHIVED}
    return Records(
        questions=questions,
        entries=live,
        rejected=acts.rejected(tx),
        notes=[_noted(tx, one, live[one.entry_id]) for one in noted if one.entry_id in live],
        acts=done,
        tickets=tickets.numbers_since(tx, now - WINDOW_MS),
        names=agents.names(tx),
    )


def _noted(tx: Transaction, edit: EditedAnswer, entry: Entry) -> NotedEdit:
    """At most MOST_NOTES look-ups by key for a page."""
    return NotedEdit(edit, entry, mask_personal(conversations.get_message(tx, edit.message_id).text))


def _disputes(records: Records) -> list[Dispute]:
    """The entries that are disputed by questions that wait, most disputed first."""
    disputed: dict[str, list[AskedQuestion]] = {}
    given: dict[str, int] = {}
    for question in records.questions:
        entry_id = given_entry(question)
        if entry_id is None:
            continue
        given[entry_id] = given.get(entry_id, 0) + 1
        if question.solved is False and waits(question) and entry_id in records.entries:
            disputed.setdefault(entry_id, []).append(question)
    found = [Dispute(records.entries[one], tuple(questions), given[one]) for one, questions in disputed.items()]
    return sorted(found, key=lambda one: (-len(one.questions), one.entry.id))
