"""What readers of the help centre said lately about articles that did not help them."""

from dataclasses import dataclass

from aiohttp import web

from bot.keys import CLOCK, DATABASE
from knowledgebase.authoring import catalogue
from knowledgebase.learning import articles
from knowledgebase.learning.articles import ArticleCount
from knowledgebase.model import Entry
from storage.database import Transaction

LATELY_MS = 90 * 86_400_000
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ArticleHeard:
    """An entry with the words of its readers."""

    entry: Entry
    count: ArticleCount


async def articles_heard(request: web.Request) -> list[ArticleHeard]:
    """The entries whose article did not help somebody lately, the worst first, at most MOST_SHOWN."""
    since = request.config_dict[CLOCK]() - LATELY_MS
    return await request.config_dict[DATABASE].read(_heard, since)


def _heard(tx: Transaction, since: int) -> list[ArticleHeard]:
    counts = [one for one in articles.counts(tx, since) if one.not_helped][:MOST_SHOWN]
    named = {head.entry.id: head.entry for head in catalogue.heads_of(tx, [one.entry_id for one in counts])}
    return [ArticleHeard(named[one.entry_id], one) for one in counts if one.entry_id in named]
