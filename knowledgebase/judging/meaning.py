"""Matchers with the vectors of an encoder, for whoever asks trials or customers' questions."""

from collections.abc import Sequence

from knowledgebase.encoders.vectors import Vectors
from knowledgebase.judging.trials import other_topics
from knowledgebase.matching.match import Matcher
from knowledgebase.model import Entry
from knowledgebase.wording.text import Vocabulary


def everyday(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Texts of no particular trade; the mean of their vectors is the centre that others are seen from."""
    return (*vocabulary.background, *(topic.utterance for topic in other_topics()))


def by_meaning(matcher: Matcher, entries: Sequence[Entry], vectors: Vectors) -> Matcher:
    """The matcher of these entries with vectors, which hold those of the wordings and of everyday texts."""
    wordings = [text for entry in entries for text in (entry.question, *entry.similar)]
    centre = vectors.of(everyday(matcher.vocabulary)).mean(axis=0)
    return matcher.meaning(vectors.of(wordings).reshape(len(wordings), vectors.dimensions), centre)
